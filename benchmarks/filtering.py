"""Rows a second that a filter of tag, length and list steps decides, files read and written; prints one line of JSON.

Usage: python -m benchmarks.filtering [rows] [repeats] [threads]
"""

import json
import logging
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from datalines.files import write_json, write_text
from workflow.scripts import filter_pool

PARTS = 8
ROW_GROUP = 1 << 17
STEPS: list[dict[str, Any]] = [
    {"kind": "tag", "name": "nsfw", "fact": "nsfw", "keep": ["UNLIKELY"], "drop": None, "missing": "drop"},
    {"kind": "tag", "name": "language", "fact": "language", "keep": ["en"], "drop": None, "missing": "drop"},
    {"kind": "caption-length", "name": "length", "unit": "words", "min": 5, "max": 17},
    {"kind": "class-list", "name": "class", "classes": [f"class {number}" for number in range(900)]},
]


def measure(rows: int = 2_000_000, repeats: int = 5, threads: int = 2) -> dict[str, Any]:
    """Median rows a second of `filter_pool`: parts in Parquet with captions of 60 to 120 characters, and an exclusion
    list of 2,000 ids, to sorted ids, dropped rows and report. The first run fills the file cache and is not counted.
    """
    with tempfile.TemporaryDirectory() as folder:
        receipts = [_write_part(Path(folder) / "pools" / "web", part, rows // PARTS) for part in range(PARTS)]
        write_text(Path(folder) / "exclusions.txt", "".join(f"{number:032x}\n" for number in range(2000)))
        seconds = [_run(Path(folder), receipts, threads) for _ in range(repeats + 1)][1:]
    total = rows // PARTS * PARTS
    raw = {"rows": total, "parts": PARTS, "threads": threads, "seconds": [round(value, 3) for value in seconds]}
    return {"filter_rows_per_second": round(total / statistics.median(seconds)), "raw": raw}


def _run(folder: Path, receipts: list[Path], threads: int) -> float:
    outputs = [folder / name for name in ("kept.npy", "dropped.parquet", "report.json")]
    started = time.perf_counter()
    filter_pool.main("web", "bench", STEPS, receipts, *outputs, exclusions=[folder / "exclusions.txt"], threads=threads)
    return time.perf_counter() - started


def _write_part(folder: Path, part: int, rows: int) -> Path:
    """Rows as a pool of addresses has them, in the order of their ids."""
    draw = np.random.default_rng(part)
    alphabet = np.array(list("abcdefghijklmnopqrstuvwxyz"))
    words = np.array(["".join(draw.choice(alphabet, size)) for size in draw.integers(2, 9, 20_000)])
    picked = words[draw.integers(0, len(words), rows * 19)]
    edges = np.cumsum(draw.integers(10, 20, rows))
    starts = np.concatenate([[0], edges[:-1]])
    captions = [" ".join(picked[start:end]) for start, end in zip(starts, edges, strict=True)]
    ids = np.sort([draw.bytes(16).hex() for _ in range(rows)])
    table = pa.table(
        {
            "id": ids.tolist(),
            "key": ids.tolist(),
            "status": ["ok"] * rows,
            "caption": captions,
            "label": [f"class {number}" for number in draw.integers(0, 1000, rows)],
            "sha256": [draw.bytes(32).hex() for _ in range(rows)],
            "fact.nsfw": draw.choice(["UNLIKELY", "UNSURE", "NSFW"], rows, p=[0.9, 0.07, 0.03]).tolist(),
            "fact.language": draw.choice(["en", "de", "fr"], rows, p=[0.8, 0.1, 0.1]).tolist(),
        }
    )
    folder.mkdir(parents=True, exist_ok=True)
    pq.write_table(table, folder / f"{part}.parquet", compression="zstd", row_group_size=ROW_GROUP)
    receipt = folder / f"{part}.json"
    write_json(receipt, {"requested": rows, "stored": rows, "rows": {"path": f"{part}.parquet"}})
    return receipt


def main(rows: int = 2_000_000, repeats: int = 5, threads: int = 2) -> None:
    """Print what `measure` returns."""
    logging.disable(logging.INFO)
    sys.stdout.write(json.dumps({"benchmark": "filtering", **measure(rows, repeats, threads)}) + "\n")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
