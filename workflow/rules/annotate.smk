# What filters want to know of images beyond their rows: perceptual hashes and CLIP scores, one job a part.


rule hash_part:
    """Perceptual hashes of one part's stored images."""
    input:
        receipt="<pools>/{pool}/{part}.json",
        rows="<pools>/{pool}/{part}.parquet",
    output:
        hashes="<hashes>/{pool}/{part}.parquet",
    log:
        "<logs>/hash_part/{pool}-{part}.log",
    conda:
        "../../envs/data.yaml"
    params:
        code=code_of("hash_part"),
    message:
        "hash the images of pool {wildcards.pool}, part {wildcards.part}"
    script:
        "../scripts/hash_part.py"


rule hash_shift:
    """Perceptual hashes of an evaluation set."""
    input:
        manifest="<shifts>/{shift}/manifest.json",
        listing="<shifts>/{shift}/index.parquet",
    output:
        hashes="<hashes>/shifts/{shift}.parquet",
    log:
        "<logs>/hash_shift/{shift}.log",
    conda:
        "../../envs/data.yaml"
    params:
        code=code_of("hash_shift"),
    message:
        "hash the images of shift {wildcards.shift}"
    script:
        "../scripts/hash_shift.py"


rule score_part:
    """Cosine of image and caption under a CLIP model, for one part's stored pairs."""
    input:
        receipt="<pools>/{pool}/{part}.json",
        rows="<pools>/{pool}/{part}.parquet",
    output:
        scores="<scores>/{scorer}/{pool}/{part}.parquet",
    log:
        "<logs>/score_part/{scorer}-{pool}-{part}.log",
    conda:
        "../../envs/train.yaml"
    params:
        spec=entry("score_part/{scorer}"),
        code=code_if_followed("score_part"),
    message:
        "score pool {wildcards.pool}, part {wildcards.part} with {wildcards.scorer}"
    script:
        "../scripts/score_part.py"
