"""How much pools share with each other and with evaluation sets: equal images, and images that look alike."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa

from datalines.errors import CountError
from datalines.filters.alive import ShiftRows
from datalines.filters.database import Database, database, load
from datalines.filters.near import near_pairs
from datalines.filters.parts import Part, needed

_COLUMNS = ["id", "phash", "sha256"]
_WHY = "the overlap of pools"
_ROWS = pa.schema([("side", pa.int16()), ("h", pa.uint64()), ("sha256", pa.string())])
# Rows of side a with an equal one on side b, by the digest of the stored bytes.
_EXACT = """
    SELECT x.side AS a, y.side AS b, 'exact' AS kind, sum(x.n)::BIGINT AS n
    FROM (SELECT side, sha256, count(*) AS n FROM images GROUP BY ALL) x
    JOIN (SELECT DISTINCT side, sha256 FROM images) y USING (sha256) WHERE x.side <> y.side GROUP BY ALL
"""
_NEAR = """
    SELECT a, b, 'near' AS kind, sum(n)::BIGINT AS n
    FROM (SELECT DISTINCT a, b, h FROM alike) pairs JOIN hashes ON hashes.side = a AND hashes.h = pairs.h GROUP BY ALL
"""


@dataclass(frozen=True)
class Kept:
    """A pool's rows after its filter: `ids` is the file of sorted ids (S32)."""

    name: str
    parts: list[Part]
    ids: Path


def overlap(pools: list[Kept], shifts: dict[str, Path], distance: int, scratch: Path, threads: int) -> pd.DataFrame:
    """Columns a, b, kind (exact, near), n, of, share: n of the `of` kept rows of pool a have a row in b that is equal,
    or whose hash differs in at most `distance` bits; b is another pool or an evaluation set.

    Every ordered pair is there, also those that share nothing. Memory: the database's, whatever the number of rows.
    """
    names = [*(pool.name for pool in pools), *shifts]
    with database(scratch, threads) as connection:
        connection.execute("CREATE TABLE images (side SMALLINT, h UBIGINT, sha256 VARCHAR)")
        sizes = [_add(connection, _kept_rows(number, pool)) for number, pool in enumerate(pools)]
        for number, path in enumerate(shifts.values(), start=len(pools)):
            _add(connection, _shift_rows(number, ShiftRows(path)))
        connection.execute("CREATE TABLE hashes AS SELECT side, h, count(*) AS n FROM images GROUP BY ALL")
        connection.execute("CREATE TABLE alike (a SMALLINT, b SMALLINT, h UBIGINT)")
        for pairs in near_pairs(connection, "hashes", "hashes", distance):
            connection.execute(f"INSERT INTO alike SELECT DISTINCT x.side, y.side, x.h {pairs} AND x.side <> y.side")
        found = {(a, b, kind): n for query in (_EXACT, _NEAR) for a, b, kind, n in connection.execute(query).fetchall()}
    rows = [
        {"a": names[a], "b": names[b], "kind": kind, "n": found.get((a, b, kind), 0), "of": size}
        for a, size in enumerate(sizes)
        for b in range(len(names))
        for kind in ("exact", "near")
        if a != b
    ]
    table = pd.DataFrame(rows, columns=["a", "b", "kind", "n", "of"])
    return table.assign(share=table["n"] / table["of"].where(table["of"] > 0))


def _add(connection: Database, batches: Iterator[pa.RecordBatch]) -> int:
    """Add rows to the table `images`; return how many."""
    load(connection, "added", "*", batches, _ROWS)
    connection.execute("INSERT INTO images SELECT * FROM added")
    return int(connection.execute("SELECT count(*) FROM added").fetchall()[0][0])


def _kept_rows(side: int, pool: Kept) -> Iterator[pa.RecordBatch]:
    ids = np.load(pool.ids, mmap_mode="r", allow_pickle=False)
    needed(pool.parts, _COLUMNS, _WHY)
    count = 0
    for part in pool.parts:
        for batch in part.batches(_COLUMNS):
            wanted = batch.column("id").to_numpy(zero_copy_only=False).astype(ids.dtype)
            places = np.minimum(np.searchsorted(ids, wanted), max(len(ids) - 1, 0))
            chosen = batch.filter(pa.array(ids[places] == wanted)) if len(ids) else batch.slice(0, 0)
            count += len(chosen)
            yield _row(side, chosen)
    if count != len(ids):
        raise CountError(f"{pool.ids} holds {len(ids)} ids, of which {count} are stored; delete it and run again")


def _shift_rows(side: int, rows: ShiftRows) -> Iterator[pa.RecordBatch]:
    rows.schema(_COLUMNS, _WHY)
    for batch in rows.batches(_COLUMNS):
        yield _row(side, batch)


def _row(side: int, batch: pa.RecordBatch) -> pa.RecordBatch:
    sides = pa.array(np.full(len(batch), side, dtype=np.int16))
    digests = batch.column("sha256").cast(pa.string())
    return pa.RecordBatch.from_arrays([sides, batch.column("phash"), digests], schema=_ROWS)
