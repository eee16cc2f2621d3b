# Sources: download, filter, shard, mix. Evaluation sets: prepare, filter.


rule download_pool:
    """Obtain one part of a pool: images, a row for every requested item, a receipt."""
    input:
        files=pool_files,
    output:
        images="<pools>/{pool}/{part}.tar",
        rows="<pools>/{pool}/{part}.parquet",
        receipt="<pools>/{pool}/{part}.json",
    log:
        "<logs>/download_pool/{pool}-{part}.log",
    wildcard_constraints:
        pool=declared_pools,
    conda:
        "../../envs/data.yaml"
    params:
        spec=entry("download_pool/{pool}"),
        code=code_if_followed("download_pool"),
    message:
        "download pool {wildcards.pool}, part {wildcards.part}"
    script:
        "../scripts/download_pool.py"


rule filter_pool:
    """Decide which of a pool's stored samples a filter keeps; no bytes move."""
    input:
        receipts=pool_parts,
        rows=pool_rows,
        hashes=filter_hashes,
        scores=filter_scores,
        other_receipts=compared_parts,
        other_rows=compared_rows,
        other_hashes=compared_hashes,
        shift_hashes=compared_sets,
        exclusions=ancient_exclusions,
    output:
        kept="<filters>/{pool}/{filter}/kept.npy",
        dropped="<filters>/{pool}/{filter}/dropped.parquet",
        counts="<filters>/{pool}/{filter}/report.json",
    log:
        "<logs>/filter_pool/{pool}-{filter}.log",
    conda:
        "../../envs/data.yaml"
    params:
        steps=entry("filter_pool/{filter}"),
        excluded=excluded_digest,
        code=code_of("filter_pool"),
    message:
        "filter pool {wildcards.pool} with {wildcards.filter}"
    script:
        "../scripts/filter_pool.py"


rule write_shards:
    """Write a pool's kept samples as immutable shards in keyed order."""
    input:
        receipts=pool_parts,
        rows=pool_rows,
        kept="<filters>/{pool}/{filter}/kept.npy",
        counts="<filters>/{pool}/{filter}/report.json",
        lists=pool_list,
    output:
        manifest="<shards>/{pool}/{filter}/manifest.json",
        listing="<shards>/{pool}/{filter}/index.parquet",
    log:
        "<logs>/write_shards/{pool}-{filter}.log",
    conda:
        "../../envs/data.yaml"
    params:
        spec=entry("write_shards/{pool}"),
        code=code_of("write_shards"),
    message:
        "write shards of {wildcards.pool} after {wildcards.filter}"
    script:
        "../scripts/write_shards.py"


rule mix_shards:
    """Compose a mixture of a stated size from the shards of its pools."""
    input:
        shards=mixed_shards,
        listings=mixed_listings,
        subsets=mixed_subsets,
    output:
        manifest="<mixtures>/{mixture}/{size}/manifest.json",
        listing="<mixtures>/{mixture}/{size}/index.parquet",
    log:
        "<logs>/mix_shards/{mixture}-{size}.log",
    conda:
        "../../envs/data.yaml"
    params:
        spec=entry("mix_shards/{mixture}/{size}"),
        states=states,
        code=code_of("mix_shards"),
    message:
        "mix {wildcards.mixture}, size {wildcards.size}"
    script:
        "../scripts/mix_shards.py"


rule prepare_shift:
    """Prepare an evaluation set of the declared size."""
    input:
        files=shift_files,
    output:
        images="<shifts>/{shift}/images.tar",
        listing="<shifts>/{shift}/index.parquet",
        manifest="<shifts>/{shift}/manifest.json",
    log:
        "<logs>/prepare_shift/{shift}.log",
    wildcard_constraints:
        shift=declared_shifts,
    conda:
        "../../envs/data.yaml"
    params:
        spec=entry("prepare_shift/{shift}"),
        code=code_if_followed("prepare_shift"),
    message:
        "prepare shift {wildcards.shift}"
    script:
        "../scripts/prepare_shift.py"


rule filter_shift:
    """Keep the candidates that a reference model gets wrong, as ImageNet-A was made."""
    input:
        candidates=shift_candidates,
        candidates_listing=shift_candidates_listing,
        evaluation=shift_judgement,
        predictions=shift_judgement_predictions,
    output:
        images="<shifts>/{shift}/images.tar",
        listing="<shifts>/{shift}/index.parquet",
        manifest="<shifts>/{shift}/manifest.json",
    log:
        "<logs>/filter_shift/{shift}.log",
    wildcard_constraints:
        shift=adversarial_shifts,
    conda:
        "../../envs/data.yaml"
    params:
        spec=entry("prepare_shift/{shift}"),
        code=code_if_followed("filter_shift"),
    message:
        "filter shift {wildcards.shift} adversarially"
    script:
        "../scripts/filter_shift.py"
