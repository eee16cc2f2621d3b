# Balance of classes: the labels of pools, counted. Records that tables and figures can name as records/balance and records/balance-classes.


rule measure_balance:
    """Measure how evenly the classes of every pool that the targets use are filled, after the pool's own filter."""
    input:
        manifests=[dag.shards(pool) for pool in dag.pools()],
        listings=listings([dag.shards(pool) for pool in dag.pools()]),
    output:
        table="<records>/balance.csv",
        classes="<records>/balance-classes.csv",
    log:
        "<logs>/measure_balance/balance.log",
    conda:
        "../../envs/data.yaml"
    params:
        pools=tables["measure_balance"],
        code=code_of("measure_balance"),
    message:
        "measure the class balance of all pools"
    script:
        "../scripts/measure_balance.py"
