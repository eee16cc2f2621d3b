# Training: one job is one run, a member of a family.


rule train_model:
    """Train on a mixture by a recipe from a seed; keeps weights of declared epochs. Resumes after a kill from an undeclared folder."""
    input:
        mixture=training_mixture,
        listing=training_listing,
    output:
        summary="<runs>/{family}/{size}/{seed}/summary.json",
        history="<runs>/{family}/{size}/{seed}/history.csv",
    log:
        "<logs>/train_model/{family}-{size}-{seed}.log",
    benchmark:
        "<benchmarks>/train_model/{family}-{size}-{seed}.tsv"
    conda:
        "../../envs/train.yaml"
    threads: 1
    params:
        spec=entry("train_model/{family}"),
        states=states,
        code=code_if_followed("train_model"),
    message:
        "train {wildcards.family}, size {wildcards.size}, seed {wildcards.seed}"
    script:
        "../scripts/train_model.py"
