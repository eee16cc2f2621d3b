"""Snakemake's own notes on jobs (.snakemake/metadata): written so that they say what receipts or people say."""

import os
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from snakemake.persistence import RECORD_FORMAT_VERSION, MetadataRecord

from datalines.errors import DatalinesError
from datalines.reruns.graph import Graph, Step
from datalines.unlock import working


class NotesError(DatalinesError):
    """Notes that cannot be written now."""


def check_idle(checkout: Path) -> None:
    """Raise NotesError while a Snakemake works in a checkout: it writes the same notes."""
    others = [number for number in working(checkout) if number != os.getpid()]
    if others:
        raise NotesError(
            f"Snakemake works in {checkout} (process {others[0]}); wait for its end, or stop it, and call this again"
        )


@contextmanager
def writing(root: Path) -> Iterator[None]:
    """Tell a person where notes or acceptances cannot be written."""
    try:
        yield
    except OSError as error:
        raise NotesError(
            f"{error.filename or root} cannot be written ({error.strerror}); this changes {root} and .snakemake, so "
            "both must be writable and have space"
        ) from error


def settle(graph: Graph, places: Collection[int]) -> None:
    """Note that some jobs' outputs are what these jobs would make now: of the params, code and inputs as they are."""
    for place in sorted(places):
        graph.wait(graph.workflow.persistence.finished(graph.jobs[place]))


def remember(
    graph: Graph, place: int, params: dict[str, Any], inputs: Collection[str], digests: dict[str, str]
) -> None:
    """Note that a job's outputs were made with other params, or from other inputs; so Snakemake runs it again."""
    job, keeper = graph.jobs[place], graph.workflow.persistence
    for output in job.output:
        record = MetadataRecord(
            record_format_version=RECORD_FORMAT_VERSION,
            rule=job.rule.name,
            input=sorted(inputs),
            log=sorted(map(str, job.log)),
            params=sorted(map(repr, params.values())),
            software_stack_hash=keeper._software_stack_hash(job),
            starttime=_changed(output),
            endtime=_changed(output),
            incomplete=False,
            input_checksums={path: f"sha256:{digest}" for path, digest in digests.items()},
        )
        keeper._write_record(str(output), record)
        keeper._unmark_incomplete(str(output))


def mark_unfinished(graph: Graph, step: Step) -> None:
    """Note that a job was interrupted, so that Snakemake makes its outputs again."""
    for output in step.outputs:
        graph.workflow.persistence._mark_incomplete(output, None)


def _changed(path: str) -> float:
    return Path(path).stat().st_mtime
