# Papers: tables and figures from records and fits alone, sheets of samples, the report.

from datalines.site.cards import pool_cards


rule draw_figure:
    """Draw one figure of a paper from tables: pdf, png, svg, the csv of every plotted point, the caption."""
    input:
        tables=figure_tables,
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
    """Draw one figure of pools or evaluation sets: distributions from statistics, or a sheet of samples."""
    input:
        statistics="<records>/statistics.csv",
        samples="<records>/samples.parquet",
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
        titles=pool_figure_titles,
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


rule judge_claims:
    """Judge every claim of a paper from records and simulations: effect, interval, verdict, and what it would take."""
    input:
        inputs=claimed_tables,
    output:
        csv="<papers>/{paper}/claims.csv",
        parts="<papers>/{paper}/claims-parts.csv",
        tex="<papers>/{paper}/claims.tex",
        md=report(
            "<papers>/{paper}/claims.md",
            caption="../report/table.rst",
            category="{paper}",
            labels={"table": "claims"},
        ),
    log:
        "<logs>/judge_claims/{paper}.log",
    localrule: True
    conda:
        "../../envs/figures.yaml"
    params:
        claims=entry("judge_claims/{paper}/claims"),
        experiments=entry("judge_claims/{paper}/experiments"),
        study=tables["study"],
        code=code_of("judge_claims"),
    message:
        "judge the claims of {wildcards.paper}"
    script:
        "../scripts/judge_claims.py"


rule draw_samples:
    """Draw a sheet of random samples: every source with captions, or every shift with classes."""
    input:
        samples="<records>/samples.parquet",
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


rule write_report:
    """Write the report: one HTML file with every figure and table of the targets, and pages of where they come from."""
    input:
        figures=dag.figures(dag.study.targets(), "md"),
        figure_files=[dag.figures(dag.study.targets(), extension) for extension in ("pdf", "png", "svg", "csv")],
        tables=dag.tables_of(dag.study.targets(), "csv"),
        table_files=[dag.tables_of(dag.study.targets(), extension) for extension in ("tex", "md")],
        ledgers=dag.ledgers(dag.study.targets(), "csv"),
        ledger_files=[dag.ledgers(dag.study.targets(), extension) for extension in ("tex", "md")],
        pools=dag.counts(),
        fits=[f"<fits>/{experiment}.csv" for experiment in dag.experiments_of_targets()],
        records=list(dag.records().values()),
        samples=dag.sheets("png"),
        sample_files=[dag.sheets(extension) for extension in ("pdf", "svg", "csv")],
        batches=dag.batches("png"),
        batch_files=[dag.batches(extension) for extension in ("pdf", "svg", "csv")],
        styles=multiext("workflow/report/", "report.html.j2", "style.css"),
        assets=sorted(Path("datalines/site/assets").iterdir()),
    output:
        html="<report>/index.html",
        pages="<report>/pages.json",
    log:
        "<logs>/write_report/report.log",
    localrule: True
    conda:
        "../../envs/figures.yaml"
    params:
        study=tables["study"],
        papers={paper: dag.specs["papers"][paper] for paper in dag.study.targets()},
        titles=tables["titles"],
        experiments={name: tables["experiments"][name] for name in dag.experiments_of_targets()},
        sources=pool_cards(dag),
        code=code_of("write_report"),
    message:
        "write the report"
    script:
        "../scripts/write_report.py"


rule figures:
    """Every table, figure and claim of the targets, and no report."""
    input:
        dag.figures(dag.study.targets(), "pdf"),
        dag.tables_of(dag.study.targets(), "csv"),
        dag.ledgers(dag.study.targets(), "csv"),
    localrule: True
