"""Cutting a pool's list into parts: every row read is requested with a status, not sampled, or not selected.

A row's part follows from its URL and the number of parts alone, so an edit of the list changes only the parts of the
edited rows; the file of a part whose rows are unchanged is left as it is.
"""

import hashlib
import shutil
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from datalines.errors import CountError, DatalinesError, PoolError
from datalines.fetch.statuses import CAPTION_TOO_LONG, DUPLICATE_ROW
from datalines.files import atomic, digest_json, sha256_file
from datalines.filters import first_reasons
from datalines.filters.exclusions import entries_about
from datalines.lists.columns import PLACE
from datalines.lists.excluding import mark_excluded
from datalines.lists.files import in_order
from datalines.lists.keys import PART, in_sample, with_names
from datalines.lists.normal import KEPT_OF_LONG, normalise
from datalines.lists.read import BATCH_ROWS, check_files, read_batches
from datalines.lists.spill import Spill
from datalines.pools.base import OK, item_id

ROW_GROUP = 1 << 16
LARGEST_PART = 1 << 30
DIGEST = b"rows_sha256"
UNREADABLE = (pa.ArrowInvalid, OSError)


def split_list(
    pool: str,
    spec: dict[str, Any],
    paths: list[Path],
    out: Path,
    where: str,
    batch_rows: int = BATCH_ROWS,
    exclusions: Sequence[Path] = (),
) -> dict[str, Any]:
    """Write `<part>.parquet` for all parts of a list to `out` and return the manifest; `where` is the list's key.

    The parts do not depend on the order of the rows, on how they are spread over files (but for malformed rows, which
    are named by file and line) or on `batch_rows`. Rows that one of the files `exclusions` names get the status
    `excluded`. Raises PoolError, before any row is read, for what the declaration or a file lacks, later for a part of
    more than 1 GiB, and CountError if rows were lost. Memory: some batches, 32 MiB of rows that wait to be written, the
    rows of the largest part three times, and the exclusions; all rows of one URL share a part.
    Disk: the requested rows once more.
    """
    ordered = in_order(paths, where)
    check_files(ordered, spec["list"], where)
    schema = _schema(spec["list"])
    _check_steps(spec["select"], schema, where)
    excluded = entries_about(exclusions, pool)
    found = _Counts(spec)
    with _scratch(out) as folder:
        spill = Spill(folder / "parts", schema.append(pa.field(PART, pa.int32())), 0, spec["parts"])
        for path in ordered:
            for batch in read_batches(path, spec["list"], where, batch_rows):
                spill.add(_requested(batch, pool, spec, found))
        if not found.rows:
            raise PoolError(f"{where}.path: no rows in {', '.join(map(str, ordered[:5]))}; give a list that has some")
        parts = []
        for number, rows in enumerate(spill.tables()):
            _check_size(rows, spec["parts"], where)
            finished = _finished(pool, rows.drop_columns([PART]))
            if excluded.count and len(finished):
                finished = mark_excluded(finished, excluded)
            parts.append(_write_part(out, number, finished, found))
    _remove_stale(out, spec["parts"])
    return _manifest(pool, spec, ordered, parts, found)


class _Counts:
    """What became of the rows read so far."""

    def __init__(self, spec: dict[str, Any]) -> None:
        self.rows = 0
        self.not_selected = Counter({step["name"]: 0 for step in spec["select"]})
        self.not_sampled = 0
        self.statuses: Counter[str] = Counter()
        self.unreadable: Counter[str] = Counter()


def _schema(spec: dict[str, Any]) -> pa.Schema:
    """Columns of a part, in their order."""
    facts = spec.get("facts") or {}
    types = {"text": pa.string(), "number": pa.float64()}
    names = ("id", "key", "url", "caption", "status", "message", "expected_sha256")
    fields = [pa.field(name, pa.string()) for name in names]
    return pa.schema([*fields, *(pa.field(f"fact.{name}", types[facts[name]["type"]]) for name in sorted(facts))])


def _check_steps(steps: list[dict[str, Any]], schema: pa.Schema, where: str) -> None:
    """PoolError for a step that cannot judge the rows of a list, before any row is read."""
    try:
        first_reasons(_judged(schema.empty_table()), steps)
    except DatalinesError as error:
        raise PoolError(f"{where.removesuffix('.list')}.select: {error}") from error


def _judged(rows: pa.Table) -> pa.Table:
    return rows.select([name for name in rows.column_names if name in ("caption", "url") or name.startswith("fact.")])


def _requested(batch: pa.RecordBatch, pool: str, spec: dict[str, Any], found: _Counts) -> pa.Table:
    """The rows of a batch that are selected and sampled, with id, key and part; nothing is known that could deselect a
    malformed row."""
    normal = normalise(batch, spec["list"])
    rows = normal.rows
    found.rows += len(rows)
    found.unreadable.update(normal.unreadable)
    if spec["select"]:
        malformed = pc.greater(pc.binary_length(rows.column(PLACE)), 0)
        reasons = pc.if_else(malformed, "", first_reasons(_judged(rows), spec["select"]))
        kept = pc.equal(reasons, "")
        for entry in pc.value_counts(reasons.filter(pc.invert(kept))).to_pylist():
            found.not_selected[entry["values"]] += entry["counts"]
        rows = rows.filter(kept)
    rows = with_names(rows, pool, spec["parts"])
    if spec["sample"]:
        chosen = in_sample(rows.column("id"), spec["sample"]["share"], spec["sample"]["seed"])
        found.not_sampled += int((~chosen).sum())
        rows = rows.filter(pa.array(chosen))
    too_long = pc.equal(rows.column("status"), CAPTION_TOO_LONG)
    caption = pc.if_else(too_long, pc.utf8_slice_codeunits(rows.column("caption"), 0, KEPT_OF_LONG), rows["caption"])
    return rows.set_column(rows.column_names.index("caption"), "caption", caption)


def _check_size(rows: pa.Table, parts: int, where: str) -> None:
    """PoolError if a part is too large to be sorted in memory."""
    if rows.nbytes > LARGEST_PART:
        text = f"one of {parts} parts has {len(rows)} rows with {rows.nbytes >> 20} MiB, more than {LARGEST_PART >> 20}"
        needed = parts * (2 * rows.nbytes // LARGEST_PART + 1)
        raise PoolError(f"{where.removesuffix('.list')}.parts: {text}; write {needed} or more")


def _finished(pool: str, rows: pa.Table) -> pa.Table:
    """A part's rows by id, each id once: a row whose URL and caption occurred before is a duplicate, named anew.

    Which of equal rows comes first is decided by what else they hold, not by where they stand.
    """
    contents = ["id", "caption", *(name for name in rows.column_names if name not in ("id", "caption", "key"))]
    rows = rows.take(pc.sort_indices(rows, [(name, "ascending") for name in contents]))
    ids = rows.column("id").to_pylist()
    repeats = [row for row in range(1, len(ids)) if ids[row] == ids[row - 1]]
    if not repeats:
        return rows
    columns = {name: rows.column(name).to_pylist() for name in ("key", "caption", "status", "message")}
    keys, captions, statuses, messages = columns.values()
    previous = count = 0
    for row in repeats:
        count = count + 1 if previous == row - 1 and count else 2
        previous = row
        keys[row] = f"{keys[row]} #{count}"
        ids[row] = item_id(pool, keys[row])
        # Short hashes of two captions may be equal; then neither row is a duplicate.
        if statuses[row] == OK and captions[row] == captions[row - 1]:
            statuses[row], messages[row] = DUPLICATE_ROW, "another row has this URL and caption"
    for name, values in {"id": ids, **columns}.items():
        rows = rows.set_column(rows.column_names.index(name), name, pa.array(values, pa.string()))
    return rows.sort_by("id")


def _write_part(out: Path, number: int, rows: pa.Table, found: _Counts) -> dict[str, Any]:
    """Write a part unless its file holds these rows already; return its entry for the manifest."""
    digest = rows_digest(rows)
    path = out / f"{number}.parquet"
    if _stored_digest(path) != digest:
        with atomic(path) as temporary:
            content = rows.replace_schema_metadata({DIGEST: digest})
            pq.write_table(content, temporary, compression="zstd", row_group_size=ROW_GROUP)
    for entry in pc.value_counts(rows.column("status")).to_pylist():
        found.statuses[entry["values"]] += entry["counts"]
    return {"part": str(number), "rows": len(rows), "digest": digest}


def rows_digest(rows: pa.Table) -> str:
    """Sha256 of the rows' content, column by column, whatever file or chunks they are stored in."""
    digest = hashlib.sha256()
    for name, column in zip(rows.column_names, rows.columns, strict=True):
        digest.update(f"{name}\0{column.type}\0{len(column)}\0".encode())
        digest.update(np.packbits(column.is_valid().to_numpy()).tobytes())
        if pa.types.is_string(column.type):
            digest.update(pc.binary_length(column).fill_null(0).to_numpy().astype("<i4").tobytes())
            for chunk in column.fill_null("").chunks:
                bounds = np.frombuffer(chunk.buffers()[1], np.int32)[chunk.offset :][: len(chunk) + 1]
                if len(chunk):
                    digest.update(memoryview(chunk.buffers()[2])[bounds[0] : bounds[-1]])
        else:
            digest.update(column.fill_null(0).to_numpy().astype("<f8").tobytes())
    return digest.hexdigest()


def _stored_digest(path: Path) -> str | None:
    """The digest of the rows that a part's file says it holds; None without a readable file."""
    try:
        return (pq.read_schema(path).metadata or {}).get(DIGEST, b"").decode()
    except UNREADABLE:
        return None


@contextmanager
def _scratch(out: Path) -> Iterator[Path]:
    """A folder for intermediate files; what a killed run left behind goes first."""
    folder = out / ".spill"
    shutil.rmtree(folder, ignore_errors=True)
    for left in out.glob(".*.parquet.*.tmp"):
        left.unlink()
    folder.mkdir(parents=True)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _remove_stale(out: Path, parts: int) -> None:
    """Parts of an earlier split into more."""
    for path in out.glob("*.parquet"):
        if path.stem.isdecimal() and int(path.stem) >= parts:
            path.unlink()


def _manifest(
    pool: str, spec: dict[str, Any], paths: list[Path], parts: list[dict[str, Any]], found: _Counts
) -> dict[str, Any]:
    requested = sum(part["rows"] for part in parts)
    dropped = sum(found.not_selected.values()) + found.not_sampled
    if found.rows != dropped + requested or requested != sum(found.statuses.values()):
        counted = f"{found.rows} rows read, but {dropped} left out and {requested} requested ({dict(found.statuses)})"
        raise CountError(f"pools.{pool}: {counted}; delete its list folder and run again")
    decisive = {key: value for key, value in spec["list"].items() if key != "path"}
    return {
        "pool": pool,
        "version": spec["version"],
        "source": spec["source"],
        "spec": digest_json({"list": decisive, **{key: spec[key] for key in ("select", "sample", "parts")}}),
        "sources": [{"path": path.name, "bytes": path.stat().st_size, "sha256": sha256_file(path)} for path in paths],
        "rows": found.rows,
        "not_selected": dict(found.not_selected),
        "not_sampled": found.not_sampled,
        "requested": requested,
        "statuses": dict(sorted(found.statuses.items())),
        "unreadable_facts": dict(sorted(found.unreadable.items())),
        "parts": parts,
    }
