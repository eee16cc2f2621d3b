# Lines through families, effective robustness, and what the theory says of them: from records alone.


rule fit_lines:
    """Fit a line through every family on every shift and axis, with intervals."""
    input:
        records="<records>/{experiment}.csv",
    output:
        fits="<fits>/{experiment}.csv",
    log:
        "<logs>/fit_lines/{experiment}.log",
    localrule: True
    conda:
        "../../envs/figures.yaml"
    params:
        spec=entry("fit_lines/{experiment}"),
        code=code_of("fit_lines"),
    message:
        "fit lines of {wildcards.experiment}"
    script:
        "../scripts/fit_lines.py"


rule measure_robustness:
    """Effective robustness of every point: above the baseline's line, and beside several in-distribution sets."""
    input:
        records="<records>/{experiment}.csv",
    output:
        points="<fits>/{experiment}-points.csv",
    log:
        "<logs>/measure_robustness/{experiment}.log",
    localrule: True
    conda:
        "../../envs/figures.yaml"
    params:
        spec=entry("measure_robustness/{experiment}"),
        code=code_of("measure_robustness"),
    message:
        "measure effective robustness of {wildcards.experiment}"
    script:
        "../scripts/measure_robustness.py"


rule simulate_theory:
    """Simulate one part of a paper's theory and compare it with its closed form."""
    output:
        table="<results>/theory/{simulation}.csv",
    log:
        "<logs>/simulate_theory/{simulation}.log",
    wildcard_constraints:
        simulation=simulations,
    conda:
        "../../envs/figures.yaml"
    params:
        spec=entry("simulate_theory/{simulation}"),
        code=code_of("simulate_theory"),
    message:
        "simulate {wildcards.simulation}"
    script:
        "../scripts/simulate_theory.py"
