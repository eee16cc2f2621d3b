# Records from an archive, instead of the rules that make them.


rule open_archive:
    """Check an archive of records and lay its tables where figures look for them."""
    input:
        manifest=f"{dag.study.archive}/manifest.json",
    output:
        records=list(dag.records().values()),
    log:
        "<logs>/open_archive/archive.log",
    localrule: True
    conda:
        "../../envs/figures.yaml"
    params:
        experiments=dag.experiment_digests(),
        names=list(dag.records()),
        code=code_of("open_archive"),
    message:
        "open the archive"
    script:
        "../scripts/open_archive.py"
