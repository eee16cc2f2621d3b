"""A results folder as its receipts tell it: which job made which file from which, wherever the folder now lies."""

import json
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from datalines.artifacts import kind_of, vouched
from datalines.errors import DatalinesError
from datalines.files import LARGE as LARGE_BYTES

RECEIPTS = "receipts"
LARGE = "large"
"""Below the receipts: digests of large files, which are no receipts."""
UNLISTED = ("receipts", "logs", "benchmarks", "state")
"""Folders whose files no receipt names."""

QUOTING = ("evaluate_run", "filter_shift")
"""Rules whose manifests quote weights of a run, which are other jobs' files."""
WEIGHTS = ".safetensors"
ELSEWHERE = ("../downloads/", "../../artifacts/")
"""Where jobs make files outside of their results folder."""
LONGEST = 1 << 28
"""Bytes of a receipt or manifest that is read."""


class ResultsError(DatalinesError):
    """A folder that holds no results, or receipts that cannot be read."""


@dataclass(frozen=True)
class Receipt:
    """One job's receipt. Paths are relative to the results folder; those outside of it begin with `../` or are
    absolute."""

    path: str
    rule: str
    wildcards: dict[str, str]
    params: dict[str, Any]
    inputs: dict[str, str]
    outputs: dict[str, dict[str, Any]]
    said: dict[str, Any] = field(repr=False)
    """The whole receipt as it stands in the file."""


@dataclass(frozen=True)
class Artifact:
    """One file that a job made: an output of it, or a file that one of its manifests vouches for."""

    path: str
    kind: str
    sha256: str
    bytes: int | None
    mtime_ns: int | None
    receipt: str
    manifest: str | None = None
    """The manifest that names the file, where it is no declared output."""


@dataclass(frozen=True)
class Unreadable:
    """A receipt or manifest that cannot be read, and why."""

    path: str
    reason: str


@dataclass
class Results:
    """A folder `results/<scale>`, as it was or copied elsewhere."""

    root: Path
    receipts: list[Receipt]
    artifacts: dict[str, Artifact]
    unreadable: list[Unreadable]
    doubled: dict[str, list[str]]
    """Files that more than one receipt says it made, with the receipts."""

    def file(self, path: str) -> Path:
        """Where a file named by a receipt lies now."""
        return self.root / path

    def bloated(self, path: str) -> bool:
        """Whether a file is large and of another size than stated: nothing in it need be read to know that it is not
        what was made, and reading a file of any size may never end."""
        made = self.artifacts.get(path)
        try:
            size = self.file(path).stat().st_size
        except (OSError, ValueError):
            return False
        return made is not None and made.bytes not in (None, size) and size >= LARGE_BYTES

    def maker(self, path: str) -> Receipt | None:
        """The receipt of the job that made a file, also one that only a manifest names."""
        made = self.artifacts.get(path)
        return self._by_path.get(made.receipt) if made else None

    def __post_init__(self) -> None:
        self._by_path = {receipt.path: receipt for receipt in self.receipts}

    def files(self) -> Iterator[str]:
        """Every file in the folder that a receipt could name, sorted; temporary files (`.name`) included. A link to a
        folder counts as a file, unless receipts name what lies in it: people put bulk on another disk."""
        for folder, names, files in os.walk(self.root):
            names.sort()
            inside = os.path.relpath(folder, self.root)
            if inside == ".":
                names[:] = [name for name in names if name not in UNLISTED]
            links = [name for name in names if Path(folder, name).is_symlink()]
            known = [name for name in links if self._names_below((Path(inside) / name).as_posix())]
            yield from sorted((Path(inside) / name).as_posix() for name in {*files, *links}.difference(known))

    def _names_below(self, folder: str) -> bool:
        return any(path.startswith(f"{folder}/") for path in self.artifacts)


def read_results(root: Path) -> Results:
    """Read every receipt below `root`, and every manifest that one of them names.

    Raises ResultsError if the folder holds no receipts. Receipts and manifests that cannot be read are listed.
    """
    if not (root / RECEIPTS).is_dir():
        raise ResultsError(
            f"{root} holds no receipts/; name the folder of one scale, such as results/demo, or a copy of it"
        )
    receipts: list[Receipt] = []
    unreadable: list[Unreadable] = []
    for path in sorted((root / RECEIPTS).rglob("*.json")):
        inside = path.relative_to(root).as_posix()
        if inside.split("/")[1] == LARGE:
            continue
        try:
            receipts.append(_receipt(inside, read_plain(path)))
        except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            unreadable.append(Unreadable(inside, f"{type(error).__name__}: {error}"))
    artifacts: dict[str, Artifact] = {}
    doubled: dict[str, list[str]] = {}
    for receipt in receipts:
        for artifact in _artifacts(root, receipt, unreadable):
            if artifact.path in artifacts:
                earlier = artifacts[artifact.path].receipt
                if earlier != receipt.path:
                    doubled.setdefault(artifact.path, [earlier]).append(receipt.path)
                continue
            artifacts[artifact.path] = artifact
    return Results(root, receipts, artifacts, unreadable, doubled)


def read_plain(path: Path) -> Any:
    """The content of a JSON file that others may have damaged. Raises ValueError for what is no plain file, or longer
    than any receipt or manifest."""
    status = path.stat()
    if not stat.S_ISREG(status.st_mode):
        raise ValueError("it is not a plain file")
    if status.st_size > LONGEST:
        raise ValueError(f"it has {status.st_size:,} bytes, more than any receipt or manifest")
    return json.loads(path.read_text(encoding="utf-8"))


def _receipt(inside: str, said: dict[str, Any]) -> Receipt:
    _check(said)
    root = said.get("root") or _root_of(said)
    outputs = {_relative(path, root): dict(entry) for path, entry in said["outputs"].items()}
    if astray := [path for path in outputs if _is_astray(path)]:
        raise ValueError(f"it says that its job made {astray[0]}, where no job makes anything")
    return Receipt(
        path=inside,
        rule=said["rule"],
        wildcards=said["wildcards"],
        params=said["params"],
        inputs={_relative(path, root): digest for path, digest in said["inputs"].items()},
        outputs=outputs,
        said=said,
    )


def _check(said: dict[str, Any]) -> None:
    """Raise TypeError or KeyError where a receipt lacks what every form has."""
    for key, kind in {"rule": str, "wildcards": dict, "params": dict, "inputs": dict, "outputs": dict}.items():
        if not isinstance(said[key], kind):
            raise TypeError(f"{key} is no {kind.__name__}")
    for path, digest in said["inputs"].items():
        if not isinstance(digest, str):
            raise TypeError(f"it states no digest of {path}")
    for path, entry in said["outputs"].items():
        stated = (entry["sha256"], entry["bytes"], entry.get("mtime_ns", 0), entry.get("kind", ""))
        if not all(isinstance(value, kind) for value, kind in zip(stated, (str, int, int, str), strict=True)):
            raise TypeError(f"it states no digest, size, time and kind of {path}")


def _root_of(said: dict[str, Any]) -> str:
    """The folder of the scale for a receipt that does not state it (version 1): results/<scale>."""
    for path in [*said["outputs"], *said["inputs"]]:
        if path.startswith("results/") and not path.startswith("results/downloads/"):
            return "/".join(path.split("/")[:2])
    return "results/scale"  # only the depth counts for what lies beside the scale


def _relative(path: str, root: str) -> str:
    if path.startswith(f"{root}/") and "/../" not in path:
        return path[len(root) + 1 :]
    same = Path(path).is_absolute() == Path(root).is_absolute()
    return Path(os.path.relpath(path, root)).as_posix() if same else path


def _is_astray(path: str) -> bool:
    """True for a path that leads out of the results to where no job makes files."""
    return path.startswith(("/", "../")) and not path.startswith(ELSEWHERE)


def _artifacts(root: Path, receipt: Receipt, unreadable: list[Unreadable]) -> Iterator[Artifact]:
    """The outputs of a job, and the files that its manifests name."""
    for path, entry in receipt.outputs.items():
        kind = entry.get("kind") or kind_of(root / path, root)
        yield Artifact(path, kind, entry["sha256"], entry["bytes"], entry.get("mtime_ns"), receipt.path)
    for path in receipt.outputs:
        if not path.endswith(".json"):
            continue
        try:
            if not (root / path).is_file():
                continue
            files = vouched(root / path, read_plain(root / path))
        except (OSError, ValueError, RecursionError) as error:
            unreadable.append(Unreadable(path, f"{type(error).__name__}: {error}"))
            continue
        for file in files:
            inside = Path(os.path.relpath(file.path, root)).as_posix()
            if _is_astray(inside):
                unreadable.append(Unreadable(path, f"it names {inside}, where no job makes anything"))
                continue
            quoted = receipt.rule in QUOTING and inside.endswith(WEIGHTS)
            if inside not in receipt.outputs and not quoted:
                kind = kind_of(root / path, root)
                yield Artifact(inside, kind, file.sha256, file.bytes, None, receipt.path, path)
