"""Peak memory and speed of reading a long list of URLs and cutting it into parts; prints one line of JSON.

Usage: python -m benchmarks.list_reading [rows]
"""

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet as pq

from datalines.lists.keys import with_names
from datalines.lists.normal import normalise
from datalines.lists.read import read_batches
from datalines.lists.split import split_list

PARTS = 200
CHUNK = 100_000
WORDS = 5_000
HOSTS = 20_000
CHILD = "--split"


def measure(rows: int = 10_000_000) -> dict[str, Any]:
    """Peak memory in MB (10**6 bytes) of a process that cuts `rows` rows into 200 parts; the larger of two formats."""
    raw: dict[str, Any] = {"rows": rows, "parts": PARTS}
    with tempfile.TemporaryDirectory(prefix="list-reading-") as name:
        folder = Path(name)
        for format, write in {"parquet": write_parquet, "tsv": write_tsv}.items():
            path = folder / f"list.{format}"
            write(path, rows)
            raw[format] = {"bytes": path.stat().st_size, **_in_a_process(path, format, folder / "out")}
            path.unlink()
    return {"list_reader_peak_mb": max(raw[format]["peak_mb"] for format in ("parquet", "tsv")), "raw": raw}


def batches(rows: int) -> Iterator[pa.Table]:
    """Rows like those of a web crawl: URLs of about 75 characters, captions of 4 to 16 words, a tag and a score."""
    draw = np.random.default_rng(0)
    letters = np.array(list("abcdefghijklmnopqrstuvwxyz"))
    words = pa.array(["".join(draw.choice(letters, size)) for size in draw.integers(2, 11, WORDS)])
    hosts = pa.array([f"cdn{number % 7}.{words[number % WORDS]}{number}.com" for number in range(HOSTS)])
    # Some URLs are not in their usual spelling, as in real lists.
    prefixes = pa.array([*["https://"] * 18, "HTTPS://", "http://www."])
    for start in range(0, rows, CHUNK):
        count = min(CHUNK, rows - start)
        offsets = np.concatenate([[0], np.cumsum(draw.integers(4, 17, count))])
        listed = pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), _drawn(draw, words, offsets[-1]))
        numbers = pa.array(np.arange(start, start + count)).cast(pa.string())
        pieces = (_drawn(draw, prefixes, count), _drawn(draw, hosts, count), "/images/", _drawn(draw, words, count))
        url = pc.binary_join_element_wise(*pieces, "/large-product-photo-", numbers, ".jpg", "")
        tag = _drawn(draw, pa.array(["UNLIKELY", "UNLIKELY", "UNSURE", "NSFW"]), count)
        columns = {"URL": url, "TEXT": pc.binary_join(listed, " "), "NSFW": tag, "similarity": draw.random(count)}
        yield pa.table(columns)


def _drawn(draw: np.random.Generator, values: pa.Array, count: int) -> pa.Array:
    return values.take(pa.array(draw.integers(0, len(values), count)))


def write_parquet(path: Path, rows: int) -> None:
    """The list as Parquet, in row groups of 100,000 rows."""
    writer = None
    for table in batches(rows):
        writer = writer or pq.ParquetWriter(path, table.schema)
        writer.write_table(table)
    if writer:
        writer.close()


def write_tsv(path: Path, rows: int) -> None:
    """The list as tab-separated lines with a header."""
    with path.open("wb") as stream:
        stream.write(b"URL\tTEXT\tNSFW\tsimilarity\n")
        options = pa.csv.WriteOptions(include_header=False, delimiter="\t", quoting_style="none")
        for table in batches(rows):
            pa.csv.write_csv(table, stream, options)


def declaration(format: str) -> dict[str, Any]:
    """The pool's declaration."""
    facts = {"nsfw": {"column": "NSFW", "type": "text"}, "similarity": {"column": "similarity", "type": "number"}}
    columns = {"url": "URL", "caption": "TEXT", "sha256": None}
    listed = {"format": format, "header": True, "quoting": "none", "columns": columns, "facts": facts, "records": None}
    return {"version": "1", "source": None, "parts": PARTS, "list": listed, "select": [], "sample": None}


def _in_a_process(path: Path, format: str, out: Path) -> dict[str, Any]:
    command = [sys.executable, "-m", "benchmarks.list_reading", CHILD, str(path), format, str(out)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def split(path: Path, format: str, out: Path) -> dict[str, Any]:
    """Peak memory of this process and rows a second, for the whole split and for judging and naming rows alone."""
    spec = declaration(format)
    started = time.perf_counter()
    manifest = split_list("benchmark", spec, [path], out, "pools.benchmark.list")
    seconds = time.perf_counter() - started
    status = Path("/proc/self/status").read_text(encoding="ascii")
    (peak,) = (int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM:"))
    batch = next(read_batches(path, spec["list"], "pools.benchmark.list"))
    began = time.process_time()
    with_names(normalise(batch, spec["list"]).rows, "benchmark", PARTS)
    return {
        "peak_mb": round(peak * 1024 / 1e6),
        "rows_per_second": round(manifest["rows"] / seconds),
        "judged_and_named_per_core_second": round(len(batch) / (time.process_time() - began)),
        "largest_part": max(part["rows"] for part in manifest["parts"]),
        "statuses": manifest["statuses"],
    }


def main(arguments: list[str]) -> None:
    """Print the measurement, or, in the process that is measured, what it took."""
    if arguments[:1] == [CHILD]:
        path, format, out = arguments[1:]
        result = split(Path(path), format, Path(out))
    else:
        result = {"benchmark": "list_reading", **measure(*map(int, arguments))}
    sys.stdout.write(json.dumps(result) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
