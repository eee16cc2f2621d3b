# Concepts in captions: how often each class is named in a pool.


rule count_concepts:
    """Count how many captions of a pool name each class, for every set of classes that names this pool."""
    input:
        kept=counted_shards,
        listings=counted_listings,
        listed=counted_lists,
        terms=counted_terms,
    output:
        table="<records>/concepts-{pool}.csv",
        summary="<records>/concepts-{pool}.json",
    log:
        "<logs>/count_concepts/{pool}.log",
    wildcard_constraints:
        pool=counted_pools,
    conda:
        "../../envs/data.yaml"
    threads: 2
    params:
        specs=entry("count_concepts/{pool}"),
        code=code_of("count_concepts"),
    message:
        "count concepts in captions of {wildcards.pool}"
    script:
        "../scripts/count_concepts.py"
