"""Reading a pool's parts back: the rows of all parts, whole or batch by batch, and the counts of their receipts."""

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from datalines.errors import CountError, DatalinesError
from datalines.files import read_json
from datalines.pools.base import OK

BATCH = 4096  # rows read at once
TEXT = pa.large_string()
# What a shard needs of a stored row. Only url pools have a URL.
STORED = pa.schema(
    [
        ("id", TEXT),
        ("extension", TEXT),
        ("caption", TEXT),
        ("label", TEXT),
        ("width", pa.int32()),
        ("height", pa.int32()),
        ("offset", pa.int64()),
        ("bytes", pa.int64()),
        ("sha256", TEXT),
        ("url", TEXT),
    ]
)


def stored_rows(receipts: list[Path]) -> pd.DataFrame:
    """Rows with status `ok` of all parts; the column `tar` names the part's tar. Ids must be unique over the parts.

    All rows are held in memory.
    """
    frames = []
    for path in receipts:
        receipt = read_json(path)
        rows = pd.read_parquet(path.with_name(receipt["rows"]["path"]))
        stored = rows[rows["status"] == OK]
        _check(path, receipt, len(stored), len(rows))
        frames.append(stored.assign(tar=receipt["tar"]["path"]))
    table = pd.concat(frames, ignore_index=True)
    if table["id"].duplicated().any():
        key = table.loc[table["id"].duplicated(), "key"].iloc[0]
        raise CountError(
            f"{receipts[0].parent}: the key {key!r} stands twice among the stored items; rebuild the parts"
        )
    return table


def stored_batches(receipts: list[Path]) -> Iterator[tuple[int, pa.RecordBatch]]:
    """(number of the receipt, some of its part's rows with status `ok`, columns `STORED`), all parts in order.

    Every part's counts are checked when its last row was handed out. Memory: one batch of `BATCH` rows.
    """
    for number, path in enumerate(receipts):
        receipt = read_json(path)
        stored = 0
        with pq.ParquetFile(path.with_name(receipt["rows"]["path"]), buffer_size=1 << 20) as rows:
            there = set(rows.schema_arrow.names)
            if missing := sorted({"status", *STORED.names} - {"url"} - there):
                text = f"has no column {missing[0]}: delete {path} and run again to rebuild the part"
                raise DatalinesError(f"{path.with_name(receipt['rows']['path'])} {text}")
            columns = [name for name in ("status", *STORED.names) if name in there]
            for batch in rows.iter_batches(BATCH, columns=columns, use_threads=False):
                chosen = batch.filter(pc.equal(batch["status"], OK))
                stored += chosen.num_rows
                yield number, _conform(chosen)
            _check(path, receipt, stored, rows.metadata.num_rows)


def _conform(batch: pa.RecordBatch) -> pa.RecordBatch:
    absent = pa.repeat(pa.scalar("", TEXT), batch.num_rows)
    columns = [batch[field.name].cast(field.type) if field.name in batch.schema.names else absent for field in STORED]
    return pa.record_batch(columns, schema=STORED)


def _check(path: Path, receipt: dict[str, Any], stored: int, rows: int) -> None:
    if (stored, rows) != (receipt["stored"], receipt["requested"]):
        counted = f"{receipt['stored']} stored of {receipt['requested']}, its rows {stored} of {rows}"
        raise CountError(f"{path} counts {counted}; delete it and run again to rebuild the part")


def attrition(receipts: list[Path], lists: Sequence[Path] = ()) -> dict[str, Any]:
    """Counts over all parts: requested, stored, and failed by status.

    A supplement (a receipt with a round) asks again for what failed before: its requests are not new ones, and what
    it asked again no longer counts as failed there. With the manifests of a pool's lists also the rows of the lists,
    those not selected by reason, and those not sampled.
    """
    contents = [read_json(path) for path in receipts]
    failed: Counter[str] = Counter()
    for content in contents:
        failed.update(content["failed"])
    for content in contents:
        failed.subtract(content.get("asked_again", {}))
    requested = sum(content["requested"] for content in contents if not content.get("round"))
    stored = sum(content["stored"] for content in contents)
    again = sum(content["requested"] for content in contents if content.get("round"))
    asked = sum(sum(content.get("asked_again", {}).values()) for content in contents)
    if requested != stored + sum(failed.values()) or min(failed.values(), default=0) < 0 or again != asked:
        counted = f"{requested} requested, but {stored} stored and {dict(failed)} failed"
        supplement = f" ({again} asked again in later rounds, for {asked} that had failed)" if again or asked else ""
        raise CountError(
            f"{receipts[0].parent}: {counted}{supplement}; delete the receipts and run again to rebuild the parts"
        )
    statuses = {status: count for status, count in sorted(failed.items()) if count}
    return {"requested": requested, "stored": stored, "failed": statuses} | _listed(lists, requested)


def _listed(lists: Sequence[Path], requested: int) -> dict[str, Any]:
    """How a pool's lists came down to what was requested; nothing for a pool without lists."""
    if not lists:
        return {}
    contents = [read_json(path) for path in lists]
    not_selected: Counter[str] = Counter()
    for content in contents:
        not_selected.update(content["not_selected"])
    rows, not_sampled, asked = (
        sum(content[name] for content in contents) for name in ("rows", "not_sampled", "requested")
    )
    if asked != requested or rows != sum(not_selected.values()) + not_sampled + asked:
        counted = (
            f"{rows} rows, {sum(not_selected.values())} not selected, {not_sampled} not sampled, {asked} requested"
        )
        text = f"but its parts' receipts count {requested} requested; delete both and run again"
        raise CountError(f"{lists[0]} counts {counted}, {text}")
    return {"list_rows": rows, "not_selected": dict(sorted(not_selected.items())), "not_sampled": not_sampled}


def decoders(receipts: list[Path]) -> str:
    """What decoded the parts' images in full, such as `pillow 13.0.0`; several are separated by commas."""
    return ", ".join(sorted({read_json(path)["decoder"] for path in receipts}))
