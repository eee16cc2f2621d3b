"""The database behind sorts and joins: bounded memory, room on disk, errors of what it reads, nothing left behind."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from datalines.errors import CountError, DatalinesError
from datalines.files import write_json
from datalines.filters import database as module
from datalines.filters.database import database, in_order, load, scratch_folder

ROOT = Path(__file__).resolve().parents[2]
SCHEMA = pa.schema([("row", pa.int64())])
LENGTH = 1000
# Peak memory in KiB of a filter over the parts whose receipts are given.
MEASURE = """
import resource, sys
from pathlib import Path
from workflow.scripts import filter_pool
out = Path(sys.argv[1])
steps = [
    {"kind": "caption-length", "name": "short", "unit": "words", "min": 2, "max": None},
    {"kind": "exact-duplicate", "name": "twins", "of": "caption", "pools": []},
]
receipts = [Path(path) for path in sys.argv[2:]]
filter_pool.main("web", "some", steps, receipts, out / "k", out / "d", out / "r", threads=2)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def numbers(count: int, fail: bool = False) -> Iterator[pa.RecordBatch]:
    for start in range(0, count, 1000):
        yield pa.RecordBatch.from_pydict({"row": np.arange(start, start + 1000)[::-1]}, schema=SCHEMA)
    if fail:
        raise CountError("the numbers do not add up")


def test_rows_come_sorted_in_batches_whatever_memory_there_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LEAST_MIB", 24)
    monkeypatch.setattr(module, "MIB_PER_THREAD", 1)
    monkeypatch.setattr(module, "BATCH", 4096)
    with database(tmp_path, 1) as connection:
        batches = list(in_order(connection, "row", numbers(4_000_000), SCHEMA))
    assert max(map(len, batches)) <= 4096
    assert (np.concatenate([batch.column("row") for batch in batches]) == np.arange(4_000_000)).all()
    assert not list(tmp_path.iterdir())


def test_an_error_of_what_is_read_comes_out_as_it_is(tmp_path: Path) -> None:
    for _ in range(2):
        with (
            pytest.raises(CountError, match=r"^the numbers do not add up$"),
            database(tmp_path, 2) as connection,
        ):
            load(connection, "found", "*", numbers(2000, fail=True), SCHEMA)
        with (
            pytest.raises(CountError, match=r"^the numbers do not add up$"),
            database(tmp_path, 2) as connection,
        ):
            list(in_order(connection, "row", numbers(2000, fail=True), SCHEMA))
    assert not list(tmp_path.iterdir())


def test_a_full_disk_is_a_sentence_that_names_the_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LEAST_MIB", 24)
    monkeypatch.setattr(module, "MIB_PER_THREAD", 1)
    with (
        pytest.raises(DatalinesError, match=rf"^{tmp_path}/spill: no room to sort or join .*; free disk space there"),
        database(tmp_path, 1) as connection,
    ):
        connection.execute("SET max_temp_directory_size = '1MB'")
        connection.execute("CREATE TABLE big AS SELECT uuid() AS id FROM range(20_000_000)")
    assert not list(tmp_path.iterdir())


def test_a_scratch_folder_is_empty_whatever_a_killed_run_left(tmp_path: Path) -> None:
    output = tmp_path / "new" / "kept.npy"
    with scratch_folder(output) as first:
        (first / "codes").write_bytes(b"left")
        with scratch_folder(output) as second:
            assert second == first
            assert not list(second.iterdir())
    assert not list(output.parent.iterdir())


def many(folder: Path, count: int) -> list[str]:
    """Receipts of parts whose captions are LENGTH characters long, written batch by batch."""
    draw = np.random.default_rng(count)
    schema = pa.schema([("id", pa.string()), ("status", pa.string()), ("caption", pa.string())])
    receipts = []
    for part in range(2):
        path = folder / "pools" / "web" / f"{part}.parquet"
        path.parent.mkdir(parents=True, exist_ok=True)
        with pq.ParquetWriter(path, schema) as writer:
            for _ in range(count // 2000):
                identities = [draw.bytes(16).hex() for _ in range(1000)]
                captions = [f"{identity} ".ljust(LENGTH, "x") for identity in identities]
                writer.write_batch(pa.RecordBatch.from_arrays([identities, ["ok"] * 1000, captions], schema=schema))
        receipt = path.with_suffix(".json")
        write_json(receipt, {"requested": count // 2, "stored": count // 2, "rows": {"path": path.name}})
        receipts.append(str(receipt))
    return receipts


def test_memory_does_not_grow_with_the_captions_of_a_pool(tmp_path: Path) -> None:
    peaks = []
    for count in (20_000, 200_000):
        folder = tmp_path / str(count)
        command = [sys.executable, "-c", MEASURE, str(folder), *many(folder, count)]
        result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=True)
        peaks.append(int(result.stdout) * 1024)
    # 180 MB of captions more; what grows is a digest and an id per row, which the database holds up to its bound.
    assert peaks[1] - peaks[0] < 180_000 * LENGTH / 2
