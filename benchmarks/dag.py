"""Time and memory of a dry run of the whole paper: `snakemake -n --config scale=paper` in a checkout without data.

The child's own clock and the largest memory that the kernel saw of it are taken; the median of the runs counts.
"""

import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
NEEDED = ("Snakefile", "workflow", "config", "datalines", "envs", "profiles")
DATA = ("SOURCES", "EVALSETS", "DATALINES_MIRROR", "PYTHONPATH")
# Started by a small process: the kernel counts towards a child's peak what its parent holds when it starts it.
MEASURED = """
import os, subprocess, sys, time
started = time.perf_counter()
child = subprocess.Popen(sys.argv[2:], stderr=subprocess.STDOUT)
_, status, usage = os.wait4(child.pid, 0)
with open(sys.argv[1], "w") as stream:
    stream.write(f"{time.perf_counter() - started} {usage.ru_maxrss}")
sys.exit(os.waitstatus_to_exitcode(status))
"""
TOTAL = re.compile(r"^total +(\d+)$", re.MULTILINE)


def measure(scale: str = "paper", repeats: int = 3) -> dict[str, Any]:
    """`dag_paper_seconds`, `dag_paper_jobs` (the target among them) and `dag_paper_peak_mb`, with the single runs."""
    with tempfile.TemporaryDirectory() as folder:
        checkout = Path(folder, "checkout")
        for name in NEEDED:
            if (ROOT / name).is_dir():
                shutil.copytree(ROOT / name, checkout / name, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                checkout.mkdir(parents=True, exist_ok=True)
                shutil.copy2(ROOT / name, checkout / name)
        runs = [dry_run(checkout, scale, Path(folder, "said")) for _ in range(repeats)]
    if len({jobs for _, jobs, _ in runs}) != 1:
        raise RuntimeError(f"dry runs of one checkout differ: {runs}")
    return {
        "dag_paper_seconds": round(statistics.median(seconds for seconds, _, _ in runs), 2),
        "dag_paper_jobs": runs[0][1],
        "dag_paper_peak_mb": round(statistics.median(peak for _, _, peak in runs)),
        "raw": {
            "scale": scale,
            "seconds": [round(seconds, 2) for seconds, _, _ in runs],
            "peak_mb": [round(peak) for _, _, peak in runs],
        },
    }


def dry_run(checkout: Path, scale: str, said: Path) -> tuple[float, int, float]:
    """One dry run: seconds on the clock, jobs, and peak memory in MB. What it prints goes to the file `said`."""
    command = [sys.executable, "-m", "snakemake", "-n", "--config", f"scale={scale}"]
    environment = {name: value for name, value in os.environ.items() if name not in DATA}
    figures = said.with_suffix(".figures")
    with said.open("w") as stream:
        measuring = [sys.executable, "-c", MEASURED, str(figures), *command]
        done = subprocess.run(measuring, cwd=checkout, env=environment, stdout=stream, check=False)
    text = said.read_text()
    totals = TOTAL.findall(text)
    if done.returncode or not totals:
        raise RuntimeError(f"{' '.join(command)} ended with {done.returncode}:\n{text[-2000:]}")
    seconds, peak = map(float, figures.read_text().split())
    # Linux counts in units of 1,024 bytes.
    return seconds, int(totals[0]), peak * 1024 / 1e6
