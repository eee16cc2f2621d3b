"""Receipts: a small JSON file per job, written last, that says what made its outputs and what they are.

A receipt holds times and versions, so it is not part of what two clean runs must share byte for byte.
"""

import json
import os
import platform
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from datalines.artifacts import contents, kind_of
from datalines.audit.sealing import sealed
from datalines.environment import cluster_job, environment, versions
from datalines.files import LARGE, read_json, sha256_file, write_json

__all__ = ["SCHEMA", "note", "receipt_path", "versions", "write_receipt"]

SCHEMA = 2
"""Version of a receipt's form. Those of version 1 hold neither kinds nor the environment."""
SETTLING_NS = 3600 * 10**9
"""Snakemake sets the time of a job's outputs once more when it has seen them all, at most so long after the receipt."""
_notes: dict[str, Any] = {}


def note(key: str, value: Any) -> None:
    """Have the receipt of this process's job say more of how it went: plain data, such as who trained which steps."""
    _notes[key] = value


def receipt_path(log_file: Path) -> Path:
    """`results/<scale>/logs/<rule>/<job>.log` -> `results/<scale>/receipts/<rule>/<job>.json`."""
    parts = list(log_file.parts)
    # The last `logs`: a folder above the results may have that name too.
    parts[_place(parts)] = "receipts"
    return Path(*parts).with_suffix(".json")


def _place(parts: list[str]) -> int:
    return len(parts) - 1 - parts[::-1].index("logs")


def write_receipt(job: Any, log_file: Path, started: float, ended: float) -> None:
    """Write a finished Snakemake job's receipt: what it was asked for, what went in and came out, where it ran."""
    root = Path(*log_file.parts[: _place(list(log_file.parts))])
    params = dict(job.params.items())
    write_json(
        receipt_path(log_file),
        sealed(
            {
                "schema": SCHEMA,
                "root": str(root),
                "rule": job.rule,
                "wildcards": dict(job.wildcards.items()),
                "params": params,
                "code": params.get("code"),
                "seeds": found({"wildcards": dict(job.wildcards.items()), **params}, "seed"),
                "determinism": next(iter(found(params, "determinism").values()), None),
                "inputs": {str(path): known_digest(Path(path), root) for path in job.input if Path(path).is_file()},
                "outputs": {str(path): output(Path(path), root) for path in job.output},
                "names": {"inputs": named(job.input), "outputs": named(job.output)},
                "threads": job.threads,
                "started": _moment(started),
                "ended": _moment(ended),
                "seconds": round(ended - started, 3),
                "host": platform.node(),
                "machine": platform.machine(),
                "slurm": cluster_job(),
                "attempt": _attempt(job),
                "environment": environment(),
                "notes": dict(_notes),
            }
        ),
    )


def output(path: Path, root: Path) -> dict[str, Any]:
    """What a job made: kind, bytes, time of its last change, digest, and what it holds."""
    status = path.stat()
    digest = sha256_file(path)
    if status.st_size >= LARGE:
        large = {"bytes": status.st_size, "mtime_ns": status.st_mtime_ns, "sha256": digest}
        write_json(_sidecar(path, root), large)
    return {
        "kind": kind_of(path, root),
        "bytes": status.st_size,
        "mtime_ns": status.st_mtime_ns,
        "sha256": digest,
        **contents(path),
    }


def named(files: Any) -> dict[str, str | list[str]]:
    """The files that a rule calls by name, as its script is given them: with them a job can be done again."""
    return {
        name: str(value) if isinstance(value, (str, Path)) else [str(path) for path in value]
        for name, value in files.items()
    }


def known_digest(path: Path, root: Path) -> str:
    """A file's digest: of a large one what the job said that made it, as long as size and time are still the same."""
    status = path.stat()
    if status.st_size >= LARGE:
        with suppress(OSError, json.JSONDecodeError, KeyError, ValueError):
            said = read_json(_sidecar(path, root))
            if said["bytes"] == status.st_size and 0 <= status.st_mtime_ns - said["mtime_ns"] <= SETTLING_NS:
                return str(said["sha256"])
    return sha256_file(path)


def _sidecar(path: Path, root: Path) -> Path:
    """Where the digest of one large file is kept; a file of another study is kept under its whole path."""
    inside = os.path.relpath(path, root)
    return root / "receipts" / "large" / f"{inside.replace('../', 'above/')}.json"


def found(value: Any, key: str, at: str = "") -> dict[str, Any]:
    """Every plain value that stands under `key` somewhere in params, by its place: {'spec.seed': 1101}."""
    if isinstance(value, dict):
        named = {f"{at}{name}": inner for name, inner in value.items() if name in (key, f"{key}s")}
        plain = {place: inner for place, inner in named.items() if not isinstance(inner, dict)}
        deeper = [found(inner, key, f"{at}{name}.") for name, inner in value.items()]
        return {**plain, **{place: inner for part in deeper for place, inner in part.items()}}
    if isinstance(value, list):
        parts = [found(inner, key, f"{at}{number}.") for number, inner in enumerate(value)]
        return {place: inner for part in parts for place, inner in part.items()}
    return {}


def _moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")


def _attempt(job: Any) -> int | None:
    """At which attempt the job runs: the Snakefile asks Snakemake, or a cluster's profile does."""
    value = dict(getattr(job, "resources", {}) or {}).get("attempt")
    return int(value) if value is not None else None
