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
        figure=line_figures,
    localrule: True
    conda:
        "../../envs/figures.yaml"
    params:
        spec=entry("draw_figure/{paper}/{figure}"),
        experiment=figure_experiment,
        titles=tables["titles"],
        study=tables["study"],
        code=figure_code,
    message:
        "draw {wildcards.figure} of {wildcards.paper}"
    script:
        "../scripts/draw_figure.py"


rule draw_pool_figure:
    """Draw one figure of pools: distributions from statistics, or a sheet of samples from shards."""
    input:
        statistics="<records>/statistics.csv",
        manifests=pictured_shards,
        listings=pictured_listings,
        script=pool_figure_script,
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
        "<logs>/draw_pool_figure/{paper}-{figure}.log",
    wildcard_constraints:
        figure=pool_figures,
    localrule: True
    conda:
        "../../envs/figures.yaml"
    params:
        spec=entry("draw_pool_figure/{paper}/{figure}"),
        titles=tables["pool_titles"],
        study=tables["study"],
        code=pool_figure_code,
    message:
        "draw {wildcards.figure} of {wildcards.paper}"
    script:
        "../scripts/draw_pool_figure.py"


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
        spec=entry("make_table/{paper}/{table}"),
        titles=table_titles,
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
        lists=[dag.listed(pool) for pool in dag.pools() if pool in dag.url_pools()],
        statistics="<records>/statistics.csv",
    output:
        table="<records>/pools.csv",
    log:
        "<logs>/collect_pools/pools.log",
    conda:
        "../../envs/data.yaml"
    params:
        pools={pool: dag.labels(pool) for pool in dag.pools()},
        code=code_of("collect_pools"),
    message:
        "collect the counts of all pools"
    script:
        "../scripts/collect_pools.py"


rule collect_statistics:
    """Measure 10,000 random samples of every pool: caption lengths and image sizes."""
    input:
        manifests=[dag.shards(pool) for pool in dag.pools()],
        listings=listings([dag.shards(pool) for pool in dag.pools()]),
    output:
        table="<records>/statistics.csv",
    log:
        "<logs>/collect_statistics/statistics.log",
    conda:
        "../../envs/data.yaml"
    params:
        pools=dag.pools(),
        sample=10000,
        seed=0,
        code=code_of("collect_statistics"),
    message:
        "measure samples of all pools"
    script:
        "../scripts/collect_statistics.py"


rule collect_overlap:
    """Count equal and alike images between pools, and between pools and evaluation sets."""
    input:
        kept=[dag.kept(pool) for pool in dag.pools()],
        receipts=[part for pool in dag.pools() for part in dag.parts(pool)],
        rows=[rows for pool in dag.pools() for rows in dag.parts(pool, "parquet")],
        hashes=[hashes for pool in dag.pools() for hashes in dag.hashes(pool)],
        shift_hashes=[dag.shift_hashes(shift) for shift in dag.overlap_sets()],
    output:
        table="<records>/overlap.csv",
    log:
        "<logs>/collect_overlap/overlap.log",
    conda:
        "../../envs/data.yaml"
    params:
        distance=dag.specs["study"]["overlap_distance"],
        code=code_of("collect_overlap"),
    message:
        "count what pools and evaluation sets share"
    script:
        "../scripts/collect_overlap.py"


rule draw_samples:
    """Draw a sheet of random samples: every source with captions, or every shift with classes."""
    input:
        manifests=shown_sets,
        listings=shown_listings,
    output:
        png="<samples>/{sheet}.png",
        pdf="<samples>/{sheet}.pdf",
        svg="<samples>/{sheet}.svg",
        csv="<samples>/{sheet}.csv",
    log:
        "<logs>/draw_samples/{sheet}.log",
    wildcard_constraints:
        sheet="sources|shifts",
    localrule: True
    conda:
        "../../envs/figures.yaml"
    params:
        titles=entry("draw_samples/{sheet}"),
        cells=8,
        code=code_of("draw_samples"),
    message:
        "draw samples of all {wildcards.sheet}"
    script:
        "../scripts/draw_samples.py"


rule draw_batches:
    """Draw the sources in the first batches of training, for every mixture of several sources."""
    input:
        manifests=dag.batched(),
    output:
        png="<samples>/batches.png",
        pdf="<samples>/batches.pdf",
        svg="<samples>/batches.svg",
        csv="<samples>/batches.csv",
    log:
        "<logs>/draw_batches/batches.log",
    localrule: True
    conda:
        "../../envs/figures.yaml"
    params:
        mixtures=tables["draw_batches"],
        titles=tables["pool_titles"],
        batches=100,
        code=code_of("draw_batches"),
    message:
        "draw the sources in the first batches"
    script:
        "../scripts/draw_batches.py"


rule write_report:
    """Write the report: one HTML file with every figure and table of the targets."""
    input:
        figures=dag.figures(dag.study.targets(), "md"),
        figure_files=[dag.figures(dag.study.targets(), extension) for extension in ("pdf", "png", "svg", "csv")],
        tables=dag.tables_of(dag.study.targets(), "csv"),
        table_files=[dag.tables_of(dag.study.targets(), extension) for extension in ("tex", "md")],
        pools="<records>/pools.csv",
        fits=[f"<fits>/{experiment}.csv" for experiment in dag.experiments_of_targets()],
        samples=dag.sheets("png"),
        sample_files=[dag.sheets(extension) for extension in ("pdf", "svg", "csv")],
        batches=dag.batches("png"),
        batch_files=[dag.batches(extension) for extension in ("pdf", "svg", "csv")],
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
