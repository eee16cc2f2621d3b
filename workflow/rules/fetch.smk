# Sources on the web: their lists, and the images that the lists name.


rule download_list:
    """Obtain one file that a list, pool or shift names by its address; the mirror is asked first."""
    output:
        target="<downloads>/{place}",
    log:
        "<logs>/download_list/{place}.log",
    wildcard_constraints:
        place=downloads,
    conda:
        "../../envs/data.yaml"
    resources:
        network=1,
    params:
        wanted=wanted_download,
    message:
        "download {wildcards.place}"
    script:
        "../scripts/download_list.py"


rule read_list:
    """Read a pool's list: choose its rows, give each an id, cut it into parts by a hash of the address."""
    input:
        files=list_files,
        exclusions=ancient_exclusions,
    output:
        manifest="<lists>/{pool}/manifest.json",
    log:
        "<logs>/read_list/{pool}.log",
    wildcard_constraints:
        pool=url_pools,
    conda:
        "../../envs/data.yaml"
    params:
        spec=entry("read_list/{pool}"),
        request=list_digest,
        code=code_if_followed("read_list"),
    message:
        "read the list of pool {wildcards.pool}"
    script:
        "../scripts/read_list.py"


rule fetch_pool:
    """Fetch one part of a list: images, a row for every requested item, the attempts, a receipt."""
    input:
        listing=pool_listing,
        previous=earlier_rounds,
        previous_rows=earlier_rows,
    output:
        images="<pools>/{pool}/{part}.tar",
        rows="<pools>/{pool}/{part}.parquet",
        attempts="<pools>/{pool}/{part}.attempts.parquet",
        receipt="<pools>/{pool}/{part}.json",
    log:
        "<logs>/fetch_pool/{pool}-{part}.log",
    wildcard_constraints:
        pool=url_pools,
    conda:
        "../../envs/data.yaml"
    threads: 2
    resources:
        network=1,
    params:
        spec=entry("fetch_pool/{pool}"),
        states=states,
        requested=rows_digest,
        code=code_if_followed("fetch_pool"),
    message:
        "fetch pool {wildcards.pool}, part {wildcards.part}"
    script:
        "../scripts/fetch_pool.py"


for published, wanted in dag.bundles().items():

    rule:
        """Obtain all files of one entry of published results; they are many and small, so one job does."""
        name:
            f"download_published_{published.replace('-', '_')}"
        output:
            targets=list(wanted),
        log:
            f"<logs>/download_published/{published}.log",
        localrule: True
        conda:
            "../../envs/data.yaml"
        resources:
            network=1,
        params:
            wanted=list(wanted.values()),
        message:
            f"download the files of {published}"
        script:
            "../scripts/download_published.py"


rule read_published:
    """Read the files of one entry of published results into its table; count what is left out and why."""
    input:
        files=published_files,
    output:
        table="<results>/published/{published}.csv",
        summary="<results>/published/{published}.json",
    log:
        "<logs>/read_published/{published}.log",
    wildcard_constraints:
        published=published_read,
    localrule: True
    conda:
        "../../envs/figures.yaml"
    params:
        spec=entry("read_published/{published}"),
        wanted=published_wanted,
        code=code_of("read_published"),
    message:
        "read the published results {wildcards.published}"
    script:
        "../scripts/read_published.py"


rule fit_published:
    """Fit the lines through the standard models of one table of published results."""
    input:
        rows="<results>/published/{published}.csv",
    output:
        lines="<results>/published/{published}-lines.csv",
    log:
        "<logs>/fit_published/{published}.log",
    wildcard_constraints:
        published=published_with_lines,
    localrule: True
    conda:
        "../../envs/figures.yaml"
    params:
        code=code_of("fit_published"),
    message:
        "fit lines through the standard models of {wildcards.published}"
    script:
        "../scripts/fit_published.py"
