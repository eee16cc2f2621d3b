"""Seconds to rebuild every table, figure and claim from archived records, to redraw one figure whose script changed,
and to build everything that published results allow: all as people call it, with Snakemake's start, on two cores, in a
checkout that holds no results."""

import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.dag import NEEDED, ROOT

ARCHIVE = "artifacts/qnq"
CHANGED = Path("workflow/scripts/papers/qnq/fig_02_sources.py")
CORES = "2"
FIGURES = ("--config", "scale=study", f"archive={ARCHIVE}", "--", "figures")
PUBLISHED = ("--config", "scale=published")
TOTAL = re.compile(r"^total +(\d+)$", re.MULTILINE)


def measure(repeats: int = 3) -> dict[str, Any]:
    """`figures_seconds` and `one_figure_seconds`, medians of the runs, with the single runs and the number of jobs."""
    every, one, jobs = [], [], 0
    for _ in range(repeats):
        with tempfile.TemporaryDirectory() as folder:
            checkout = checked_out(Path(folder))
            seconds, jobs = rebuild(checkout, FIGURES)
            every.append(seconds)
            script = checkout / CHANGED
            script.write_text(script.read_text().replace('"""', '"""Once more. ', 1))
            seconds, redrawn = rebuild(checkout, FIGURES)
            if redrawn != 2:
                raise RuntimeError(f"a change of {CHANGED} ran {redrawn} jobs, not the figure and the target alone")
            one.append(seconds)
    return {
        "figures_seconds": round(statistics.median(every), 1),
        "one_figure_seconds": round(statistics.median(one), 1),
        "raw": {
            "cores": int(CORES),
            "jobs": jobs,
            "every": [round(value, 1) for value in every],
            "one": [round(value, 1) for value in one],
        },
    }


def checked_out(folder: Path) -> Path:
    """A copy of the checkout with the archive and without results."""
    checkout = folder / "checkout"
    for name in (*NEEDED, ARCHIVE):
        if not (ROOT / name).exists():
            raise RuntimeError(f"{name} is missing in {ROOT}; restore it with git")
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, checkout / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            checkout.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, checkout / name)
    return checkout


def measure_published(repeats: int = 3) -> dict[str, Any]:
    """`published_seconds`, median of the runs, and `published_figure_seconds`, the slowest figure script's median; None
    where $DATALINES_MIRROR names no folder that holds the published files."""
    if not os.environ.get("DATALINES_MIRROR"):
        return {"published_seconds": None, "published_figure_seconds": None, "raw": {}}
    every, slowest, jobs = [], [], 0
    for _ in range(repeats):
        with tempfile.TemporaryDirectory() as folder:
            checkout = checked_out(Path(folder))
            seconds, jobs = rebuild(checkout, PUBLISHED)
            every.append(seconds)
            receipts = (checkout / "results/published/receipts/draw_figure").glob("*.json")
            slowest.append(max(json.loads(receipt.read_text())["seconds"] for receipt in receipts))
    return {
        "published_seconds": round(statistics.median(every), 1),
        "published_figure_seconds": round(statistics.median(slowest), 1),
        "raw": {"cores": int(CORES), "jobs": jobs, "every": [round(value, 1) for value in every], "slowest": slowest},
    }


def rebuild(checkout: Path, target: Sequence[str]) -> tuple[float, int]:
    """What `make figures` or `make published` does after the set-up: (seconds, jobs)."""
    workflow = ["--workflow-profile", "profiles/local", "--cores", CORES]
    started = time.perf_counter()
    said = ""
    for command in (["datalines.unlock"], ["snakemake", *workflow, *target]):
        done = subprocess.run(
            [sys.executable, "-m", *command], cwd=checkout, capture_output=True, text=True, check=False
        )
        said = done.stdout + done.stderr
        if done.returncode:
            raise RuntimeError(f"{' '.join(command)} ended with {done.returncode}:\n{said[-2000:]}")
    seconds = time.perf_counter() - started
    totals = TOTAL.findall(said)
    return seconds, int(totals[0]) if totals else 0
