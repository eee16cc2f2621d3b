"""The workflow's graph from a dry run in this process, with Snakemake's reasons: what runs is decided by Snakemake."""

import contextlib
import io
import json
import logging
import os
from collections.abc import Collection, Iterator, Mapping, Sequence
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
from datalines.receipts import receipt_path


class GraphError(DatalinesError):
    """A workflow whose jobs cannot be told, in Snakemake's words."""


@dataclass(frozen=True)
class Asked:
    """What a call of Snakemake would be given: profile, `KEY=VALUE` pairs, targets, further settings of the study as
    plain data, and the jobs, by an output of each, that are to run whatever their state."""

    config: tuple[str, ...] = ()
    profile: str = "profiles/local"
    cores: int | None = None
    targets: tuple[str, ...] = ()
    settings: Mapping[str, Any] | None = None
    forced: tuple[str, ...] = ()


@dataclass(frozen=True)
class Step:
    """One job of the graph, and what Snakemake says of it. Paths are those that Snakemake knows: most begin with
    `results/<scale>`."""

    rule: str
    wildcards: dict[str, str]
    inputs: tuple[str, ...]
    ancient: frozenset[str]
    outputs: tuple[str, ...]
    params: dict[str, Any]
    receipt: str | None
    needs: tuple[int, ...]
    runs: bool
    reasons: frozenset[str]
    """`params`, `inputs`, `software`, `forced`, `missing`, as far as Snakemake looked: it stops at the first."""
    updated: frozenset[str]
    """Inputs that are newer, and not known to be the same."""
    missing: frozenset[str]
    unfinished: frozenset[str]
    """Outputs of a job that was interrupted."""

    @property
    def name(self) -> str:
        """Rule and wildcards in a few words."""
        return " ".join([self.rule, "-".join(self.wildcards.values())]).strip()


class Graph:
    """The jobs of a call in an order in which they could run; `jobs` are Snakemake's own, in the same order."""

    def __init__(self, workflow: Any) -> None:
        self.workflow, self.dag = workflow, workflow.dag
        ordered = [job for level in self.dag.toposorted() for job in sorted(level, key=str)]
        self.jobs = [job for job in ordered if job.output]
        places = {job: place for place, job in enumerate(self.jobs)}
        self.steps = [self._step(job, places) for job in self.jobs]
        self.study = workflow.globals["dag"].study
        self.root = Path(workflow.globals["dag"].root)
        """The folder of the scale's results, from the checkout."""
        self.makers = {path: place for place, step in enumerate(self.steps) for path in step.outputs}

    def _step(self, job: Any, places: Mapping[Any, int]) -> Step:
        reason = self.dag.reason(job)
        changes = {
            "params": bool(reason.params_changed),
            "inputs": bool(reason.input_changed),
            "software": bool(reason.software_stack_changed),
            "forced": bool(reason.forced),
            "missing": bool(reason.missing_output),
        }
        return Step(
            rule=job.rule.name,
            wildcards=dict(job.wildcards_dict),
            inputs=tuple(map(str, job.input)),
            ancient=frozenset(str(path) for path in job.input if path.is_ancient),
            outputs=tuple(map(str, job.output)),
            params=json.loads(json.dumps(dict(job.params.items()), default=str)),
            receipt=str(receipt_path(Path(job.log[0]))) if job.log else None,
            needs=tuple(sorted(places[other] for other in self.dag.dependencies[job] if other in places)),
            runs=bool(self.dag.needrun(job)),
            reasons=frozenset(name for name, holds in changes.items() if holds),
            updated=frozenset(map(str, reason.updated_input)),
            missing=frozenset(map(str, reason.missing_output)),
            unfinished=frozenset(map(str, self.wait(self.workflow.persistence.incomplete(job)))),
        )

    def wait(self, work: Any) -> Any:
        """The result of something that Snakemake does asynchronously."""
        return self.workflow.async_run(work)

    def rules(self) -> set[str]:
        """Names of all rules, also of those that no job here follows."""
        return {rule.name for rule in self.workflow.rules}

    def upstream(self, places: Collection[int]) -> set[int]:
        """Some jobs and all that they need."""
        found: set[int] = set()
        queue = list(places)
        while queue:
            place = queue.pop()
            if place not in found:
                found.add(place)
                queue += self.steps[place].needs
        return found


@contextlib.contextmanager
def opened(checkout: Path, asked: Asked) -> Iterator[Graph]:
    """The graph of a call in `checkout`, while in that folder; nothing is started. Data need not be there.

    Raises GraphError where Snakemake would stop, a wrong configuration included.
    """
    if not (checkout / asked.profile).exists():
        raise GraphError(
            f"there is no profile {asked.profile} in {checkout}; write profiles/local, or a folder of your own"
        )
    settings = OutputSettings(dryrun=True, quiet={Quietness.RULES, Quietness.PROGRESS}, enable_file_logging=False)
    with contextlib.chdir(checkout), _silent(), contextlib.ExitStack() as stack:
        said = io.StringIO()
        try:
            # Snakemake's handlers keep the stream that they find.
            with contextlib.redirect_stderr(said):
                graph = Graph(_dry_run(stack.enter_context(SnakemakeApi(settings)), asked))
        except SystemExit as stop:
            raise GraphError(said.getvalue().strip().rpartition("\n")[2]) from stop
        except Exception as error:
            raise GraphError(str(error).strip() or type(error).__name__) from error
        yield graph


def _dry_run(api: SnakemakeApi, asked: Asked) -> Any:
    """Snakemake's workflow after a dry run with the profile's settings; those that decide nothing about which jobs run
    are left out."""
    given = ["--cores", str(asked.cores or "all"), *(["--config", *asked.config] if asked.config else [])]
    _, options = parse_args(["--dry-run", "--workflow-profile", asked.profile, *given])
    config = parse_config(options.config)
    _lay_over(config, asked.settings or {})
    workflow = api.workflow(
        resource_settings=ResourceSettings(
            cores=options.cores,
            overwrite_threads=options.set_threads,
            overwrite_resources=options.set_resources,
            default_resources=options.default_resources,
            resources=options.resources,
        ),
        config_settings=ConfigSettings(config=config, config_args=options.config),
    )
    graph = workflow.dag(
        DAGSettings(
            targets=frozenset(asked.targets),
            forcerun=frozenset(asked.forced),
            force_incomplete=options.rerun_incomplete,
            rerun_triggers=options.rerun_triggers,
            max_checksum_file_size=options.max_checksum_file_size,
        )
    )
    graph.execute_workflow(executor="dryrun", execution_settings=ExecutionSettings(lock=False))
    return workflow._workflow


def _lay_over(config: dict[str, Any], settings: Mapping[str, Any]) -> None:
    for key, value in settings.items():
        if isinstance(value, Mapping) and isinstance(config.get(key), dict):
            _lay_over(config[key], value)
        else:
            config[key] = value


def inside(path: str, root: Path) -> str:
    """A path that Snakemake knows, from the folder of the scale's results, as receipts are read; one that leads
    elsewhere from the system's root stays as it is."""
    same = Path(path).is_absolute() == root.is_absolute()
    return Path(os.path.relpath(path, root)).as_posix() if same else path


def call_of(scale: str | None, config: Sequence[str]) -> tuple[str, ...]:
    """The `KEY=VALUE` pairs of a call for a scale."""
    return (*([f"scale={scale}"] if scale else []), *config)


@contextlib.contextmanager
def _silent() -> Iterator[None]:
    """Without what Snakemake says on its way: the profile it takes, its header, the table of jobs."""
    logger = logging.getLogger("snakemake.logging")
    before = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        logger.setLevel(before)
