# Records: what figures and tables are made from, where the data and models are. Figures need nothing else, so that an archive of them is enough.


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


rule collect_samples:
    """Collect random samples of every pool and evaluation set, small enough to be kept with the records."""
    input:
        manifests=[dag.shards(pool) for pool in dag.pools()] + [dag.shift(name) for name in dag.study.shifts_used()],
        listings=listings(
            [dag.shards(pool) for pool in dag.pools()] + [dag.shift(name) for name in dag.study.shifts_used()]
        ),
    output:
        table="<records>/samples.parquet",
    log:
        "<logs>/collect_samples/samples.log",
    conda:
        "../../envs/data.yaml"
    params:
        pools=tables["collect_samples"]["pools"],
        shifts=tables["collect_samples"]["shifts"],
        code=code_of("collect_samples"),
    message:
        "collect samples of all pools and evaluation sets"
    script:
        "../scripts/collect_samples.py"


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


rule archive_records:
    """Archive the records of the targets with checksums, to rebuild figures where nothing was trained."""
    input:
        records=list(dag.records().values()),
    output:
        manifest=f"artifacts/{dag.study.targets()[0]}/manifest.json",
    log:
        "<logs>/archive_records/archive.log",
    localrule: True
    conda:
        "../../envs/figures.yaml"
    params:
        study=tables["study"],
        experiments=dag.experiment_digests(),
        names=list(dag.records()),
        code=code_of("archive_records"),
    message:
        "archive the records"
    script:
        "../scripts/archive_records.py"
