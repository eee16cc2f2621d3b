"""The jobs that Snakemake would start now, from a dry run in this process: a plan that cannot differ from the graph."""

import contextlib
import io
import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from snakemake.api import SnakemakeApi
from snakemake.cli import parse_args, parse_config
from snakemake.settings.types import (
    ConfigSettings,
    DAGSettings,
    ExecutionSettings,
    OutputSettings,
    Quietness,
    ResourceSettings,
)

from datalines.errors import DatalinesError


class PlanError(DatalinesError):
    """A workflow whose jobs cannot be told, in Snakemake's words."""


@dataclass(frozen=True)
class Job:
    """One job: rule, wildcards, places in the list of the jobs that it waits for, and what the profile gives it."""

    rule: str
    wildcards: dict[str, str]
    needs: tuple[int, ...] = ()
    threads: int = 1
    gpus: int = 0
    network: int = 0


@dataclass(frozen=True)
class Planned:
    """The jobs to run, each after those that it waits for, and how many of the graph are done already."""

    jobs: tuple[Job, ...]
    done: int


def planned(
    checkout: Path, config: Sequence[str] = (), profile: str = "profiles/local", cores: int | None = None
) -> Planned:
    """What `snakemake --dry-run --workflow-profile PROFILE --cores CORES --config CONFIG` in `checkout` would start,
    but for the rule that only gathers files; without `cores`, all of this machine.

    Data need not be there. Raises PlanError where Snakemake would stop, a wrong configuration included.
    """
    if not (checkout / profile).exists():
        raise PlanError(f"there is no profile {profile} in {checkout}; write profiles/local, or a folder of your own")
    given = ["--cores", str(cores or "all"), *(["--config", *config] if config else [])]
    settings = OutputSettings(dryrun=True, quiet={Quietness.RULES, Quietness.PROGRESS}, enable_file_logging=False)
    with contextlib.chdir(checkout), _silent() as said:
        try:
            _, options = parse_args(["--dry-run", "--workflow-profile", profile, *given])
            with SnakemakeApi(settings) as api:
                return _jobs(_dry_run(api, options))
        except SystemExit as stop:
            raise PlanError(said.getvalue().strip().rpartition("\n")[2]) from stop
        except Exception as error:
            raise PlanError(str(error).strip() or type(error).__name__) from error


def overrides(config: Sequence[str]) -> dict[str, Any]:
    """`KEY=VALUE` pairs as Snakemake reads them."""
    return dict(parse_config(list(config)))


def _dry_run(api: SnakemakeApi, options: Any) -> Any:
    """Snakemake's graph for the profile's settings; those that decide nothing about which jobs run are left out."""
    workflow = api.workflow(
        resource_settings=ResourceSettings(
            cores=options.cores,
            overwrite_threads=options.set_threads,
            overwrite_resources=options.set_resources,
            default_resources=options.default_resources,
            resources=options.resources,
        ),
        config_settings=ConfigSettings(config=parse_config(options.config), config_args=options.config),
    )
    graph = workflow.dag(
        DAGSettings(
            force_incomplete=options.rerun_incomplete,
            rerun_triggers=options.rerun_triggers,
            max_checksum_file_size=options.max_checksum_file_size,
        )
    )
    graph.execute_workflow(executor="dryrun", execution_settings=ExecutionSettings(lock=False))
    return workflow._workflow.dag


def _jobs(graph: Any) -> Planned:
    """The graph's jobs that need to run, in an order in which they could; the target that only gathers is none."""
    ordered = [job for level in graph.toposorted() for job in sorted(level, key=str)]
    wanted = [job for job in ordered if graph.needrun(job) and job.output]
    places = {job: place for place, job in enumerate(wanted)}
    jobs = [
        Job(
            rule=job.rule.name,
            wildcards=dict(job.wildcards_dict),
            needs=tuple(sorted(places[other] for other in graph.dependencies[job] if other in places)),
            threads=int(job.threads),
            gpus=_whole(job.resources.get("gpu", 0)),
            network=_whole(job.resources.get("network", 0)),
        )
        for job in wanted
    ]
    return Planned(tuple(jobs), sum(bool(job.output) for job in ordered) - len(jobs))


def _whole(value: Any) -> int:
    return value if isinstance(value, int) else 0


@contextlib.contextmanager
def _silent() -> Iterator[io.StringIO]:
    """Without what Snakemake says on its way: the profile it takes, its header, the table of jobs. What it says of
    wrong options is kept."""
    logger = logging.getLogger("snakemake.logging")
    before = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        with contextlib.redirect_stderr(io.StringIO()) as said:
            yield said
    finally:
        logger.setLevel(before)
