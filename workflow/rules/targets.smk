# What can be asked for by name beside everything: one paper, such as `paper_qnq`.

for paper in dag.specs["papers"]:

    rule:
        """Every table, figure and claim of one paper."""
        name:
            f"paper_{paper.replace('-', '_')}"
        input:
            dag.figures([paper], "pdf"),
            dag.tables_of([paper], "csv"),
            dag.ledgers([paper], "csv"),
        localrule: True


rule lists:
    """Read the lists of every pool that the targets use; a dry run then tells which parts an edit of a list concerns."""
    input:
        [dag.listed(pool) for pool in dag.study.pools_read() if pool in dag.url_pools()],
    localrule: True


rule pools:
    """Obtain every pool that the targets use, supplements included, and go no further."""
    input:
        [part for pool in dag.study.pools_read() for part in dag.parts(pool)],
    localrule: True


rule retry:
    """Ask again for what failed, as often as `rounds` of the pools says; finished parts stay as they are."""
    input:
        dag.supplements(),
    localrule: True


rule mixtures:
    """Shards and mixtures of everything that the targets train on, without training."""
    input:
        dag.mixtures_used(),
    localrule: True
