"""Bytes that a scale will leave on the disk, reckoned as `datalines plan` does, without asking Snakemake for the graph:
that takes longer than a person waits for a screen."""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from datalines.config.shifts import AdversarialShift
from datalines.config.study import Run, Study
from datalines.plan.jobs import Job
from datalines.plan.work import Estimate
from datalines.recordpaths import RecordPaths


class Needed(NamedTuple):
    """Bytes of what is not made yet, and the keys that would have to be stated for all of it to be counted."""

    bytes: float
    unknown: list[str]


def bytes_needed(study: Study, checkout: Path) -> Needed:
    """What the bulky jobs of the targets leave whose output is not there yet."""
    if study.archive:
        return Needed(0.0, [])
    estimate = Estimate(study, gpus=False)
    waiting = {output: job for output, job in _jobs(study) if not (checkout / output).exists()}
    return Needed(sum(estimate.work(job).bytes for job in waiting.values()), sorted(estimate.unknown))


def _jobs(study: Study) -> Iterator[tuple[str, Job]]:
    """(output, job) of everything that leaves images, weights or logits; one output may come more than once."""
    paths = RecordPaths(study)
    yield from _obtained(study, paths)
    suites = {
        (run, study.experiments[name].suite) for name in paths.experiments_of_targets() for run in study.runs(name)
    }
    for shift in study.shifts_used():
        spec = study.shifts[shift]
        if isinstance(spec, AdversarialShift):
            judge = spec.model
            suites.add((Run(judge.family, judge.size, judge.seed), judge.suite))
            yield paths.shift(shift), Job("filter_shift", {"shift": shift})
    for run, suite in sorted(suites):
        names = {"family": run.family, "size": run.size, "seed": str(run.seed)}
        mixture = study.families[run.family].mixture
        manifest = paths.trained_on(run.family, run.size)
        yield manifest, Job("mix_shards", {"mixture": mixture, "size": run.size})
        for shards in paths.mixed(mixture, run.size):
            *_, pool, kept, _ = shards.split("/")
            yield from _sharded(paths, pool, kept)
        summary = f"{paths.root}/runs/{run.family}/{run.size}/{run.seed}/summary.json"
        yield summary, Job("train_model", names)
        yield paths.evaluation(*run, suite), Job("evaluate_run", {**names, "suite": suite})


def _obtained(study: Study, paths: RecordPaths) -> Iterator[tuple[str, Job]]:
    for pool in study.pools_read():
        rule = "fetch_pool" if pool in paths.url_pools() else "download_pool"
        for part, receipt in zip(paths.part_names(pool), paths.parts(pool), strict=True):
            yield receipt, Job(rule, {"pool": pool, "part": part})
    for pool in study.pools_of():
        yield from _sharded(paths, pool, study.pools[pool].filter)
    for shift in study.prepared(study.shifts_read()):
        yield paths.shift(shift), Job("prepare_shift", {"shift": shift})


def _sharded(paths: RecordPaths, pool: str, name: str) -> Iterator[tuple[str, Job]]:
    names = {"pool": pool, "filter": name}
    yield f"{paths.root}/filters/{pool}/{name}/kept.npy", Job("filter_pool", names)
    yield f"{paths.root}/shards/{pool}/{name}/manifest.json", Job("write_shards", names)
