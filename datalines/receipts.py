"""Receipts: a small JSON file per job, written last, that says what made its outputs and what they are.

A receipt holds times and versions, so it is not part of what two clean runs must share byte for byte.
"""

import importlib.metadata
import platform
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from datalines.files import sha256_file, write_json

PACKAGES = ("torch", "open_clip_torch", "timm", "numpy", "pandas", "scipy", "pillow", "snakemake")


def versions() -> dict[str, str]:
    """Versions of Python and of the packages that can move a number; not every environment has all of them."""
    found = {"python": platform.python_version()}
    for name in PACKAGES:
        with suppress(importlib.metadata.PackageNotFoundError):
            found[name] = importlib.metadata.version(name)
    return found


def receipt_path(log_file: Path) -> Path:
    """`results/<scale>/logs/<rule>/<job>.log` -> `results/<scale>/receipts/<rule>/<job>.json`."""
    parts = list(log_file.parts)
    # The last `logs`: a folder above the results may have that name too.
    parts[len(parts) - 1 - parts[::-1].index("logs")] = "receipts"
    return Path(*parts).with_suffix(".json")


def write_receipt(job: Any, log_file: Path, started: float, ended: float) -> None:
    """Write a finished Snakemake job's receipt: rule, wildcards, params, digests of files, times, versions."""
    write_json(
        receipt_path(log_file),
        {
            "rule": job.rule,
            "wildcards": dict(job.wildcards.items()),
            "params": dict(job.params.items()),
            "inputs": {str(path): sha256_file(Path(path)) for path in job.input if Path(path).is_file()},
            "outputs": {
                str(path): {"bytes": Path(path).stat().st_size, "sha256": sha256_file(Path(path))}
                for path in job.output
            },
            "threads": job.threads,
            "started": datetime.fromtimestamp(started, UTC).isoformat(timespec="seconds"),
            "seconds": round(ended - started, 3),
            "host": platform.node(),
            "machine": platform.machine(),
            "versions": versions(),
        },
    )
