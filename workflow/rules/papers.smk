# Papers: tables and figures from records and fits alone, sheets of samples, the report.


rule draw_figure:
    """Draw one figure of a paper from records: pdf, png, svg, the csv of every plotted point, the caption."""
    input:
        records=figure_records,
        fits=figure_fits,
        script=figure_script,
    output:
        pdf=report(
            "<papers>/{paper}/{figure}.pdf",
            caption="../report/figure.rst",
            category="{paper}",
            labels={"figure": "{figure}"},
        ),
        png="<papers>/{paper}/{figure}.png",
        svg="<papers>/{paper}/{figure}.svg",
        csv="<papers>/{paper}/{figure}.csv",
        md="<papers>/{paper}/{figure}.md",
    log:
        "<logs>/draw_figure/{paper}-{figure}.log",
    wildcard_constraints:
        figure=figures,
    localrule: True
    conda:
        "../../envs/figures.yaml"
    params:
        spec=lookup(dpath="draw_figure/{paper}/{figure}", within=tables),
        experiment=figure_experiment,
        titles=tables["titles"],
        study=tables["study"],
        code=figure_code,
    message:
        "draw {wildcards.figure} of {wildcards.paper}"
    script:
        "../scripts/draw_figure.py"


rule make_table:
    """Make one table of a paper from records: csv, LaTeX, Markdown."""
    input:
        rows=table_rows,
        script=table_script,
    output:
        csv="<papers>/{paper}/{table}.csv",
        tex="<papers>/{paper}/{table}.tex",
        md=report(
            "<papers>/{paper}/{table}.md",
            caption="../report/table.rst",
            category="{paper}",
            labels={"table": "{table}"},
        ),
    log:
        "<logs>/make_table/{paper}-{table}.log",
    wildcard_constraints:
        table=paper_tables,
    localrule: True
    conda:
        "../../envs/figures.yaml"
    params:
        spec=lookup(dpath="make_table/{paper}/{table}", within=tables),
        titles=tables["titles"],
        study=tables["study"],
        code=table_code,
    message:
        "make {wildcards.table} of {wildcards.paper}"
    script:
        "../scripts/make_table.py"


rule collect_pools:
    """Collect attrition, filters, shards and statistics of all pools that the targets use."""
    input:
        manifests=[dag.shards(pool) for pool in dag.pools()],
        listings=listings([dag.shards(pool) for pool in dag.pools()]),
        receipts=[part for pool in dag.pools() for part in dag.parts(pool)],
        rows=[rows for pool in dag.pools() for rows in dag.parts(pool, "parquet")],
    output:
        table="<records>/pools.csv",
    log:
        "<logs>/collect_pools/pools.log",
    localrule: True
    conda:
        "../../envs/data.yaml"
    params:
        pools={pool: dag.labels(pool) for pool in dag.pools()},
        code=code_of("collect_pools"),
    message:
        "collect the counts of all pools"
    script:
        "../scripts/collect_pools.py"


rule draw_samples:
    """Draw sheets of random samples: every source with captions, every shift with classes."""
    input:
        pool_manifests=[dag.shards(pool) for pool in dag.pools()],
        pool_listings=listings([dag.shards(pool) for pool in dag.pools()]),
        shift_manifests=[dag.shift(shift) for shift in dag.study.shifts_used()],
        shift_listings=listings([dag.shift(shift) for shift in dag.study.shifts_used()]),
    output:
        sources="<samples>/sources.png",
        source_files=multiext("<samples>/sources", ".pdf", ".svg", ".csv"),
        sets="<samples>/shifts.png",
        set_files=multiext("<samples>/shifts", ".pdf", ".svg", ".csv"),
    log:
        "<logs>/draw_samples/samples.log",
    localrule: True
    conda:
        "../../envs/figures.yaml"
    params:
        pools={pool: dag.specs["pools"][pool]["title"] for pool in dag.pools()},
        shifts={shift: dag.specs["shifts"][shift]["title"] for shift in dag.study.shifts_used()},
        cells=8,
        code=code_of("draw_samples"),
    message:
        "draw the sheets of samples"
    script:
        "../scripts/draw_samples.py"


rule write_report:
    """Write the report: one HTML file with every figure and table of the targets."""
    input:
        figures=dag.figures(dag.study.targets(), "md"),
        figure_files=[dag.figures(dag.study.targets(), extension) for extension in ("pdf", "png", "svg", "csv")],
        tables=dag.tables_of(dag.study.targets(), "csv"),
        table_files=[dag.tables_of(dag.study.targets(), extension) for extension in ("tex", "md")],
        pools="<records>/pools.csv",
        fits=[f"<fits>/{experiment}.csv" for experiment in dag.experiments_of_targets()],
        samples=["<samples>/sources.png", "<samples>/shifts.png"],
        sample_files=multiext("<samples>/sources", ".pdf", ".svg", ".csv")
        + multiext("<samples>/shifts", ".pdf", ".svg", ".csv"),
        styles=multiext("workflow/report/", "report.html.j2", "style.css"),
    output:
        html="<report>/index.html",
    log:
        "<logs>/write_report/report.log",
    localrule: True
    conda:
        "../../envs/figures.yaml"
    params:
        study=tables["study"],
        papers={paper: dag.specs["papers"][paper] for paper in dag.study.targets()},
        titles=tables["titles"],
        code=code_of("write_report"),
    message:
        "write the report"
    script:
        "../scripts/write_report.py"
