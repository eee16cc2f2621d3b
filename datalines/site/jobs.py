"""What a page says of a job: inputs and outputs with digests, each a link to the job that made it, and its params."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from datalines.audit.results import Artifact, Receipt
from datalines.site.lineage import Lineage, Step, job_name, job_page, job_title, steps

SHOWN = (".csv", ".json", ".md", ".tex", ".pdf", ".png", ".svg")
"""Endings of files that a browser or an editor opens: only these are linked."""
MANIFEST = ".json"
MOST_ROWS = 500
"""Files that one list of a page shows; the receipt or manifest has them all."""
MOST_LINKS = 60
"""Jobs of one rule that a chain links."""


@dataclass(frozen=True)
class FileRow:
    """A file as a page lists it. `maker` is the page of the job that made it, empty where no receipt here names it."""

    path: str
    sha256: str
    href: str = ""
    maker: str = ""
    made_by: str = ""
    bytes: int | None = None
    items: int | None = None
    content: str = ""


@dataclass(frozen=True)
class Rows:
    """Files of one list, and how many more there are."""

    rows: list[FileRow]
    more: int


@dataclass(frozen=True)
class Link:
    """A page and what it is called."""

    page: str
    text: str


@dataclass(frozen=True)
class ChainStep:
    """Jobs of one rule behind a file, as links, and how many more there are."""

    rule: str
    jobs: int
    links: list[Link]
    more: int


@dataclass(frozen=True)
class Job:
    """A job as its page shows it, without anything that two clean runs do not share."""

    rule: str
    title: str
    page: str
    receipt: str
    facts: dict[str, str]
    inputs: Rows
    outputs: Rows
    named: Rows
    lacking: list[str]
    """Manifests that are not there: what they vouch for is not listed."""
    params: str
    chain: list[ChainStep]


def job_of(lineage: Lineage, receipt: Receipt, named: Iterable[Artifact]) -> Job:
    """The job behind one receipt; `named` are the files that its manifests vouch for."""
    return Job(
        rule=receipt.rule,
        title=job_title(receipt),
        page=job_page(receipt),
        receipt=receipt.path,
        facts=_facts(receipt),
        inputs=_rows([_input(lineage, receipt, *pair) for pair in zip(receipt.inputs, _said(receipt), strict=True)]),
        outputs=_rows([_output(path, entry) for path, entry in receipt.outputs.items()]),
        named=_rows([_vouched(artifact) for artifact in named]),
        lacking=[path for path in receipt.outputs if _is_gone(lineage, path)],
        params=json.dumps(receipt.params, indent=2, ensure_ascii=False),
        chain=chain(steps(lineage.behind(receipt.inputs))),
    )


def chain(found: list[Step]) -> list[ChainStep]:
    """Steps behind a file as links."""
    return [
        ChainStep(
            step.rule,
            len(step.receipts),
            [job_link(job) for job in step.receipts[:MOST_LINKS]],
            max(0, len(step.receipts) - MOST_LINKS),
        )
        for step in found
    ]


def job_link(job: Receipt) -> Link:
    """A job's page, called by its name, or by its rule where it has none."""
    return Link(job_page(job), job_name(job) or job.rule)


def file_link(path: str) -> str:
    """Where a file of the results folder lies, seen from a page; empty for bulk and for files elsewhere."""
    return f"../../{path}" if path.endswith(SHOWN) and not path.startswith(("/", "../")) else ""


def size_text(count: int | None) -> str:
    """A number of bytes for reading."""
    if count is None:
        return ""
    for unit, size in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if count >= size:
            return f"{count / size:.1f} {unit}"
    return f"{count} B"


def _rows(rows: list[FileRow]) -> Rows:
    return Rows(rows[:MOST_ROWS], max(0, len(rows) - MOST_ROWS))


def _said(receipt: Receipt) -> list[str]:
    """Inputs as the job was given them, in the order of `receipt.inputs`; two names of one file are shown as one."""
    said = list(receipt.said["inputs"])
    return said if len(said) == len(receipt.inputs) else list(receipt.inputs)


def _input(lineage: Lineage, receipt: Receipt, path: str, said: str) -> FileRow:
    made = lineage.results.maker(path)
    inside = not path.startswith(("/", "../"))
    entry = made.outputs.get(path, {}) if made else {}
    return FileRow(
        path if inside else said,
        receipt.inputs[path],
        file_link(path),
        job_page(made) if made else "",
        job_title(made) if made else "",
        entry.get("bytes"),
        entry.get("items"),
        str(entry.get("content", "")),
    )


def _output(path: str, entry: Mapping[str, Any]) -> FileRow:
    return FileRow(
        path,
        entry["sha256"],
        file_link(path),
        bytes=entry.get("bytes"),
        items=entry.get("items"),
        content=str(entry.get("content", "")),
    )


def _is_gone(lineage: Lineage, path: str) -> bool:
    return path.endswith(MANIFEST) and not lineage.results.file(path).is_file()


def _vouched(artifact: Artifact) -> FileRow:
    return FileRow(artifact.path, artifact.sha256, bytes=artifact.bytes)


def _facts(receipt: Receipt) -> dict[str, str]:
    """The receipt's short entries that two clean runs on one machine share, whichever profile gave them threads."""
    said = receipt.said
    environment = said.get("environment", {"versions": said.get("versions", {})})
    seeds = said.get("seeds") or {}
    found = {
        "rule": receipt.rule,
        **receipt.wildcards,
        "code digest": str(said.get("code") or receipt.params.get("code") or ""),
        "seeds": ", ".join(f"{place} {value}" for place, value in seeds.items()),
        "determinism": said.get("determinism") or "",
        "versions": ", ".join(f"{name} {version}" for name, version in environment["versions"].items()),
        "decoder": environment.get("decoder") or "",
        "locks": ", ".join(f"{name} {digest}" for name, digest in environment.get("locks", {}).items()),
        "all that is installed": environment.get("installed", ""),
        "GPUs": ", ".join(environment.get("gpus") or []),
        "driver": environment.get("driver") or "",
    }
    return {name: value for name, value in found.items() if value}
