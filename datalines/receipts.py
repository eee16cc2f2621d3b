"""Receipts: a small JSON file per job, written last, that says what made its outputs and what they are.

A receipt holds times and versions, so it is not part of what two clean runs must share byte for byte.
"""

import importlib.metadata
import platform
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from datalines.files import sha256_file, write_json

PACKAGES = ("torch", "open_clip_torch", "timm", "numpy", "pandas", "scipy", "pillow", "snakemake")


def versions() -> dict[str, str]:
    """Installed versions of the packages that can move a number, and Python's."""
    return {"python": platform.python_version(), **{name: importlib.metadata.version(name) for name in PACKAGES}}


def receipt_path(log_file: Path) -> Path:
    """`results/<scale>/logs/<rule>/<job>.log` -> `results/<scale>/receipts/<rule>/<job>.json`."""
    parts = ["receipts" if part == "logs" else part for part in log_file.parts]
    return Path(*parts).with_suffix(".json")


def write_receipt(job: Any, log_file: Path, started: float, ended: float) -> None:
    """Write the receipt of a finished Snakemake job: rule, wildcards, params, digests of inputs and outputs, times, versions."""
    write_json(
        receipt_path(log_file),
        {
            "rule": job.rule,
            "wildcards": dict(job.wildcards.items()),
            "params": dict(job.params.items()),
            "inputs": {str(path): sha256_file(Path(path)) for path in job.input if Path(path).is_file()},
            "outputs": {str(path): {"bytes": Path(path).stat().st_size, "sha256": sha256_file(Path(path))} for path in job.output},
            "threads": job.threads,
            "started": datetime.fromtimestamp(started, UTC).isoformat(timespec="seconds"),
            "seconds": round(ended - started, 3),
            "host": platform.node(),
            "machine": platform.machine(),
            "versions": versions(),
        },
    )
