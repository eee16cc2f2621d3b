"""What proofs read of a results folder: JSON files, indexes and weights' headers, each once, and what is lacking."""

import json
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from datalines.audit.results import Receipt, Results
from datalines.audit.verdicts import ORDER, Check, Finding, Verdict
from datalines.errors import DatalinesError
from datalines.files import read_json

SHOWN = 3
LEVEL = "closure"
SUMMARIES = ("train_model", "runs/*/*/*/summary.json")
MIXTURES = ("mix_shards", "mixtures/*/*/manifest.json")
SHARDS = ("write_shards", "shards/*/*/manifest.json")
EVALUATIONS = ("evaluate_run", "evals/*/*/*/*.json")
SETS = ("prepare_shift", "shifts/*/manifest.json")
_LENGTH = struct.Struct("<Q")
_LONGEST_HEADER = 100 << 20  # what safetensors itself allows


class LackingError(DatalinesError):
    """Something that a proof needs is not in the folder."""


@dataclass(frozen=True)
class Problem:
    """Where an artifact contradicts what it should follow from."""

    text: str
    verdict: Verdict = Verdict.DRIFTED


Problems = Iterator[Problem | str]


@dataclass
class Study:
    """A results folder and, where there is one, the checkout that it was made with."""

    results: Results
    checkout: Path | None = None
    _known: dict[tuple[str, str], Any] = field(default_factory=dict)

    def paths(self, rule: str, pattern: str) -> list[str]:
        """Files of one kind: outputs that receipts of the rule name, and what else lies in the folder, sorted."""
        root = self.results.root
        ending = pattern.rpartition("/")[2].lstrip("*")
        named = {
            path
            for receipt in self.results.receipts
            if receipt.rule == rule
            for path in receipt.outputs
            if path.endswith(ending)
        }
        return sorted(named | {path.relative_to(root).as_posix() for path in root.glob(pattern)})

    def file(self, path: str) -> Path:
        """Where a file lies; one that is not there is a LackingError."""
        found = self.results.file(path)
        if not found.is_file():
            raise LackingError(f"{path} is not there; copy it into the folder, or make it again")
        if self.results.bloated(path):
            raise ValueError(f"{path} is of another size than stated")
        return found

    def json(self, path: str) -> dict[str, Any]:
        """The content of a JSON file, which must be a mapping."""
        content = self.once("json", path, read_json)
        if not isinstance(content, dict):
            raise ValueError(f"{path} holds no mapping")
        return content

    def table(self, path: str, columns: tuple[str, ...]) -> pa.Table:
        """Columns of a Parquet file."""
        return pq.read_table(self.file(path), columns=list(columns))

    def header(self, path: str) -> dict[str, Any]:
        """Names, types and shapes of a safetensors file's arrays, and under `__metadata__` what it carries."""
        header: dict[str, Any] = self.once("header", path, read_header)
        return header

    def receipt(self, path: str) -> Receipt:
        """The receipt of the job that made a file."""
        found = self.results.maker(path)
        if found is None:
            raise LackingError(f"no receipt says what made {path}; run its rule again")
        return found

    def once(self, kind: str, path: str, read: Callable[[Path], Any]) -> Any:
        """What `read` makes of a file, read the first time that it is asked for."""
        if (kind, path) not in self._known:
            self._known[kind, path] = read(self.file(path))
        return self._known[kind, path]


def read_header(path: Path) -> dict[str, Any]:
    """The header of a safetensors file, which is JSON; no array is read."""
    with path.open("rb") as stream:
        start = stream.read(_LENGTH.size)
        length = _LENGTH.unpack(start)[0] if len(start) == _LENGTH.size else _LONGEST_HEADER + 1
        if length > _LONGEST_HEADER:
            raise ValueError(f"{path.name} is no safetensors file")
        header = json.loads(stream.read(length))
    if not isinstance(header, dict):
        raise ValueError(f"{path.name} is no safetensors file")
    ends = [entry["data_offsets"][1] for name, entry in header.items() if name != "__metadata__"]
    size = path.stat().st_size - _LENGTH.size - length
    if size != max(ends, default=0):
        raise ValueError(f"{path.name} holds {size} bytes of arrays, and its header says {max(ends, default=0)}")
    return header


@dataclass(frozen=True)
class Part:
    """Artifacts of one kind that a proof examines: how each may contradict what it should follow from, and what is told
    of one that does not."""

    paths: list[str]
    problems: Callable[[Study, str], Problems]
    told: Callable[[Study, str], str] | None = None


def proof(study: Study, name: str, title: str, lacking: str, *parts: Part) -> Check:
    """A proof of some parts; `lacking` says what the folder has none of where there is nothing to examine."""
    found = Check(name, LEVEL, title)
    for part in parts:
        for path in part.paths:
            problems = _problems(study, path, part)
            if problems:
                _add(found, path, problems)
            else:
                found.add(path)
                if part.told is not None:
                    say(found, path, part.told(study, path))
    if not found.examined:
        found.not_run = lacking
    return found


def _problems(study: Study, path: str, part: Part) -> list[Problem]:
    """All problems of an artifact; that something is lacking or cannot be read is one."""
    found: list[Problem] = []
    try:
        for entry in part.problems(study, path):
            found.append(entry if isinstance(entry, Problem) else Problem(entry))
    except LackingError as error:
        found.append(Problem(str(error), Verdict.UNVERIFIABLE))
    except Exception as error:  # the folder may be damaged in any way, and other artifacts are still to be looked at
        text = f"what it should follow from cannot be read as it should ({type(error).__name__}: {error})"
        found.append(Problem(text, Verdict.CORRUPT))
    return found


def _add(check: Check, artifact: str, problems: list[Problem]) -> None:
    """Add an artifact with the worst of its problems."""
    worst = max((problem.verdict for problem in problems), key=ORDER.index)
    texts = [problem.text for problem in sorted(problems, key=lambda problem: -ORDER.index(problem.verdict))]
    more = f"; and {len(texts) - SHOWN} more" if len(texts) > SHOWN else ""
    check.add(artifact, worst, "; ".join(texts[:SHOWN]) + more)


def say(check: Check, artifact: str, words: str) -> None:
    """Say something of an artifact that is no fault of it."""
    check.findings.append(Finding(artifact, Verdict.IDENTICAL, words))


def differing(said: Any, should: Any, what: str) -> Problems:
    """A problem where two values differ: `what` names the one that is said."""
    if said != should:
        yield f"{what} is {shown(said)}, but should be {shown(should)}"


def shown(value: Any) -> str:
    """A value in a sentence, long ones cut off."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 80 else f"{text[:77]}..."


def named(values: list[str]) -> str:
    """The first few of some names."""
    more = f" and {len(values) - SHOWN} more" if len(values) > SHOWN else ""
    return ", ".join(values[:SHOWN]) + more
