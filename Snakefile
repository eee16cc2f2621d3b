# datalines: from data sources to lines, tables and figures. `snakemake --workflow-profile profiles/local --cores 2`
import time
from pathlib import Path

from snakemake.logging import logger
from snakemake.utils import min_version

min_version("9.20")

from datalines import clock, environment, forkserver, notes

# What Snakemake cannot read among its own notes would end this and every later call.
if workflow.is_main_process:
    for damaged in notes.mend(Path(".snakemake")):
        logger.warning(
            f"Snakemake's note on {damaged} was damaged, and is removed. `datalines explain {damaged}` says whether its job is up to date."
        )

environment.hand_on_restarts()

# Small jobs fork from one process that makes their imports while the configuration is read. It ends with this one.
if workflow.is_main_process and not workflow.output_settings.dryrun:
    forkserver.start()


configfile: "config/config.yaml"


include: "workflow/rules/common.smk"


# Nothing could be made from files that seem to come from the future: Snakemake would take their outputs for outdated.
if workflow.is_main_process and not workflow.output_settings.dryrun:
    ahead = sum(clock.to_the_present(Path(folder), time.time_ns()) for folder in (dag.root, "results/downloads"))
    if ahead:
        logger.warning(
            f"{ahead} files had times in the future, and have the present one now. Is the clock of this machine right?"
        )


pathvars:
    results=dag.root,
    downloads="results/downloads",
    lists="<results>/lists",
    pools="<results>/pools",
    hashes="<results>/hashes",
    scores="<results>/scores",
    filters="<results>/filters",
    shards="<results>/shards",
    mixtures="<results>/mixtures",
    runs="<results>/runs",
    shifts="<results>/shifts",
    evals="<results>/evals",
    records="<results>/records",
    fits="<results>/fits",
    samples="<results>/samples",
    papers="<results>/papers",
    report="<results>/report",
    logs="<results>/logs",
    benchmarks="<results>/benchmarks",


report: "workflow/report/workflow.rst"


if dag.study.archive:

    include: "workflow/rules/archive.smk"

else:

    include: "workflow/rules/fetch.smk"
    include: "workflow/rules/annotate.smk"
    include: "workflow/rules/data.smk"
    include: "workflow/rules/train.smk"
    include: "workflow/rules/evaluate.smk"
    include: "workflow/rules/records.smk"
    include: "workflow/rules/concepts.smk"
    include: "workflow/rules/balance.smk"
    include: "workflow/rules/targets.smk"


include: "workflow/rules/lines.smk"
include: "workflow/rules/papers.smk"


onstart:
    # Snakemake's default limit of 100 started jobs a second leaves a timer behind for every job that ends, and each of them makes it
    # choose again once a second: after 500 jobs that takes a whole core. No rule needs the limit; one that is given is kept.
    limit = workflow.scheduling_settings.max_jobs_per_timespan
    if limit and (limit.max_jobs, limit.timespan) == (100, 1):
        workflow.scheduler.job_rate_limiter = None
    forkserver.keep_for(job.rule.name for job in workflow.dag.needrun_jobs())


# A receipt says at which attempt its job succeeded. Of cluster jobs the profile tells it.
if workflow.is_main_process:
    for declared in workflow.rules:
        if "attempt" not in declared.resources:
            declared.resources["attempt"] = lambda wildcards, attempt: attempt


rule all:
    """The report with every table and figure of the scale's targets."""
    input:
        "<report>/index.html",
    localrule: True
