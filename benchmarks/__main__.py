"""All measurements against the peers, side by side on this machine: `make bench` writes results/bench.json.

Usage: python -m benchmarks [--quick] [--only NAME ...] [--out FILE]

The named ratios are what counts: both sides run in turns, so that a noisy machine is noisy for both. The raw figures
stand beside them. --quick measures less data, to see that everything works.
"""

import argparse
import os
import platform
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks import (
    captions,
    dag,
    fetching,
    figures,
    filtering,
    fits,
    list_reading,
    loading,
    open_clip_training,
    sharding,
)
from datalines.files import write_json
from datalines.receipts import versions

FULL: dict[str, Callable[[], dict[str, Any]]] = {
    "sharding": sharding.measure,
    "filtering": filtering.measure,
    "list_reading": list_reading.measure,
    "fetching": fetching.measure,
    "loading": loading.measure,
    "training": open_clip_training.measure,
    "dag": dag.measure,
    "fits": fits.measure,
    "figures": figures.measure,
    "published": figures.measure_published,
    "captions": captions.measure,
}
QUICK: dict[str, Callable[[], dict[str, Any]]] = {
    "sharding": lambda: sharding.measure(1500),
    "filtering": lambda: filtering.measure(200_000),
    "list_reading": lambda: list_reading.measure(500_000),
    "fetching": lambda: fetching.measure(300),
    "loading": lambda: loading.measure(200, 1),
    "training": lambda: open_clip_training.measure(1024, 2, 1, 2, gpu_samples=1, only=("cpu", "gpu")),
    "dag": lambda: dag.measure(repeats=1),
    "fits": lambda: fits.measure(repeats=1),
    "figures": lambda: figures.measure(repeats=1),
    "published": lambda: figures.measure_published(repeats=1),
    "captions": lambda: captions.measure(5000, 1),
}
# What is promised, as (name, bound, whether the bound is a least value).
PROMISED = (
    ("mix_vs_shardwriter", 50.0, True),
    ("subset_vs_shardwriter", 5.0, True),
    ("write_vs_shardwriter", 1.5, True),
    ("filter_rows_per_second", 1_000_000.0, True),
    ("fetch_vs_img2dataset", 1.0, True),
    ("list_reader_peak_mb", 1000.0, False),
    ("loader_overhead", 0.05, False),
    ("loader_vs_webdataset", 1.0, True),
    ("train_vs_open_clip_cpu", 1.0, True),
    ("train_vs_open_clip_gpu", 1.25, True),
    ("train_loss_gap_vs_open_clip", 1.25, False),
    ("dag_paper_seconds", 15.0, False),
    ("dag_paper_jobs", 5000.0, False),
    ("dag_paper_peak_mb", 1000.0, False),
    ("fits_seconds", 5.0, False),
    ("figures_seconds", 60.0, False),
    ("one_figure_seconds", 5.0, False),
    ("published_seconds", 60.0, False),
    ("published_figure_seconds", 3.0, False),
    ("captions_per_second", 20_000.0, True),
)
MIRRORED = ("published_seconds", "published_figure_seconds")


def machine() -> dict[str, Any]:
    """What the figures were measured on."""
    return {"cores": os.cpu_count(), "machine": platform.machine(), "system": platform.system(), "versions": versions()}


def verdict(results: dict[str, Any], quick: bool) -> list[str]:
    """One line for each promise: the figure, the bound, and whether it holds, of which less data say nothing.

    A figure that this machine cannot give, such as one of a GPU, is None and is said to be missing.
    """
    lines = []
    for name, bound, least in PROMISED:
        if name in results and results[name] is None:
            lacking = "$DATALINES_MIRROR names no folder" if name in MIRRORED else "this machine has no GPU"
            lines.append(f"{name:26} {'none':>14}   not measured: {lacking}")
        elif name in results:
            value = results[name]
            holds = value >= bound if least else value <= bound
            lines.append(
                f"{name:26} {value:14,.2f}   {'at least' if least else 'at most '} {bound:12,.2f}   "
                f"{'not judged' if quick else 'holds' if holds else 'MISSED'}"
            )
    return lines


def main() -> int:
    """Run the measurements one after the other; returns 1 if a promise is missed at full size."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__.split("\n")[0] if __doc__ else "")
    parser.add_argument("--quick", action="store_true", help="less data; the ratios are then no measurement")
    parser.add_argument("--only", nargs="+", choices=sorted(FULL), default=list(FULL))
    parser.add_argument("--out", type=Path, default=Path("results/bench.json"))
    options = parser.parse_args()
    chosen = QUICK if options.quick else FULL
    results: dict[str, Any] = {}
    raw: dict[str, Any] = {}
    for name in options.only:
        started = time.time()
        sys.stderr.write(f"bench: {name} ...\n")
        measured = chosen[name]()
        raw[name] = {**measured.pop("raw"), "seconds": round(time.time() - started, 1)}
        results |= measured
    write_json(options.out, {**results, "quick": options.quick, "machine": machine(), "raw": raw})
    lines = verdict(results, options.quick)
    sys.stdout.write("\n".join([*lines, f"{options.out}"]) + "\n")
    return int(any(line.endswith("MISSED") for line in lines))


if __name__ == "__main__":
    sys.exit(main())
