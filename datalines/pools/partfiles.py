"""The two files of a part of any pool: a tar with the stored images and a table with a row for every requested item.

Both are written as the items come: memory holds one image and one group of rows.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from datalines.errors import CountError
from datalines.files import atomic, sha256_file
from datalines.images import DECODER
from datalines.pools.base import OK
from datalines.tars import TarWriter, tar_writer

COLUMNS = pa.schema(
    [
        ("id", pa.string()),
        ("key", pa.string()),
        ("status", pa.string()),
        ("message", pa.string()),
        ("caption", pa.string()),
        ("label", pa.string()),
        ("extension", pa.string()),
        ("width", pa.int32()),
        ("height", pa.int32()),
        ("offset", pa.int64()),
        ("bytes", pa.int32()),
        ("sha256", pa.string()),
        ("url", pa.string()),
    ]
)
EMPTY = {"message": "", "caption": "", "label": None, "extension": "", "url": ""}
UNSTORED = {"width": 0, "height": 0, "offset": 0, "bytes": 0, "sha256": ""}
FACT = "fact."
FACT_TYPES = {"text": pa.string(), "number": pa.float64()}
GROUP_ROWS = 16_384
GROUP_TEXT = 32 << 20


def fact_fields(facts: Mapping[str, str]) -> list[pa.Field]:
    """The columns of declared facts, `fact.<name>`, from {name: `text` or `number`}."""
    return [pa.field(f"{FACT}{name}", FACT_TYPES[kind]) for name, kind in facts.items()]


class RowGroups:
    """A parquet file (zstd) that is written in groups of rows, cut at 16,384 rows or 32 MiB of captions."""

    def __init__(self, path: Path, schema: pa.Schema) -> None:
        self._schema = schema
        self._writer = pq.ParquetWriter(path, schema, compression="zstd")
        self._rows: list[dict[str, Any]] = []
        self._text = 0
        self.count = 0

    def add(self, row: dict[str, Any], text: int = 0) -> None:
        """Append one row; `text` is the length of its longest column. A column without a value becomes null."""
        self._rows.append(row)
        self._text += text
        self.count += 1
        if len(self._rows) >= GROUP_ROWS or self._text >= GROUP_TEXT:
            self._flush()

    def close(self) -> None:
        """Write what is left and the end of the file; a second call does nothing."""
        self._flush()
        self._writer.close()

    def abandon(self) -> None:
        """Close an unfinished file that is going to be removed; after `close` this does nothing."""
        self._writer.close()

    def _flush(self) -> None:
        if self._rows:
            self._writer.write_batch(pa.RecordBatch.from_pylist(self._rows, self._schema))
            self._rows, self._text = [], 0


@contextmanager
def row_groups(path: Path, schema: pa.Schema) -> Iterator[RowGroups]:
    """Write a parquet file row by row; it appears when it is complete."""
    with atomic(path) as temporary:
        groups = RowGroups(temporary, schema)
        try:
            yield groups
            groups.close()
        finally:
            groups.abandon()


class PartWriter:
    """Takes the items of a part one after another; the order of calls is the order in both files."""

    def __init__(self, pool: str, tar: TarWriter, rows: RowGroups) -> None:
        self._pool = pool
        self._tar = tar
        self._rows = rows
        self._statuses: Counter[str] = Counter()

    def fail(self, row: dict[str, Any]) -> None:
        """An item without an image; `row` has id, key, a status other than `ok`, and what else is known of it."""
        self._add(row | UNSTORED)

    def store(self, row: dict[str, Any], image: bytes, sha256: str) -> int:
        """An item with its image, decoded before by the caller, and its digest; returns where it lies in the tar."""
        offset = self._tar.add(f"{row['id']}.{row['extension']}", image)
        self._add(row | {"offset": offset, "bytes": len(image), "sha256": sha256})
        return offset

    def _add(self, row: dict[str, Any]) -> None:
        self._statuses[row["status"]] += 1
        self._rows.add(EMPTY | row, len(row.get("caption", "")))

    def counts(self, tar: Path, rows: Path) -> dict[str, Any]:
        """What the receipt says of the finished files; requested = stored + failed by status is checked."""
        failed = Counter(self._statuses)
        stored = failed.pop(OK, 0)
        if stored + sum(failed.values()) != self._rows.count:
            counted = f"{stored} stored and {dict(failed)} failed"
            raise CountError(f"{self._pool}: {self._rows.count} requested, but {counted}")
        return {
            "requested": self._rows.count,
            "stored": stored,
            "failed": dict(sorted(failed.items())),
            "decoder": DECODER,
            "tar": {"path": tar.name, "bytes": tar.stat().st_size, "sha256": self._tar.hexdigest()},
            "rows": {"path": rows.name, "bytes": rows.stat().st_size, "sha256": sha256_file(rows)},
        }


@contextmanager
def part_files(pool: str, tar: Path, rows: Path, facts: list[pa.Field]) -> Iterator[PartWriter]:
    """Write both files of a part; they appear when they are complete, the table last, and on an error neither does.

    `facts` are the columns after the fixed ones. `counts` may be asked for after the block.
    """
    schema = pa.schema([*COLUMNS, *facts])
    with row_groups(rows, schema) as groups, tar_writer(tar) as writer:
        yield PartWriter(pool, writer, groups)
        groups.close()
