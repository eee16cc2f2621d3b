# What can be asked for by name beside everything: one paper, such as `paper_qnq`.

for paper in dag.specs["papers"]:

    rule:
        """Every table and figure of one paper."""
        name:
            f"paper_{paper.replace('-', '_')}"
        input:
            dag.figures([paper], "pdf"),
            dag.tables_of([paper], "csv"),
        localrule: True
