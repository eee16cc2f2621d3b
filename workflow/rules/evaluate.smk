# Evaluation: logits and accuracies of runs, records of experiments.


rule evaluate_run:
    """Evaluate all kept epochs of a run on all shifts of a suite."""
    input:
        summary="<runs>/{family}/{size}/{seed}/summary.json",
        sets=suite_sets,
        listings=suite_listings,
    output:
        evaluation="<evals>/{family}/{size}/{seed}/{suite}.json",
        predictions="<evals>/{family}/{size}/{seed}/{suite}.safetensors",
    log:
        "<logs>/evaluate_run/{family}-{size}-{seed}-{suite}.log",
    benchmark:
        "<benchmarks>/evaluate_run/{family}-{size}-{seed}-{suite}.tsv"
    conda:
        "../../envs/train.yaml"
    threads: 1
    params:
        recipe=entry("evaluate_run/{family}"),
        code=code_if_followed("evaluate_run"),
    message:
        "evaluate {wildcards.family}, size {wildcards.size}, seed {wildcards.seed} on {wildcards.suite}"
    script:
        "../scripts/evaluate_run.py"


rule collect_records:
    """Collect an experiment's records; a hole in the declared grid is an error."""
    input:
        evaluations=experiment_evaluations,
        predictions=experiment_predictions,
        published=experiment_published,
    output:
        table="<records>/{experiment}.csv",
    log:
        "<logs>/collect_records/{experiment}.log",
    localrule: True
    conda:
        "../../envs/figures.yaml"
    params:
        spec=entry("collect_records/{experiment}/spec"),
        families=entry("collect_records/{experiment}/families"),
        ensembles=entry("collect_records/{experiment}/ensembles"),
        code=code_of("collect_records"),
    message:
        "collect records of {wildcards.experiment}"
    script:
        "../scripts/collect_records.py"
