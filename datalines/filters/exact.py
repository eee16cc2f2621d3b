"""Set-wise unit for rows that are equal: within the pool, and to rows of other pools."""

from collections.abc import Iterator

from datalines.filters.alive import Rows
from datalines.filters.comparing import Others, Refused, set_unit
from datalines.filters.database import Database, load, stream
from datalines.filters.registry import Step

_COLUMNS = {"image": ["sha256"], "caption": ["caption"], "pair": ["sha256", "caption"], "url": ["url"]}
# A caption's digest stands for it, as an image's does: of one length, and equal for equal bytes only.
_KEYS = {"image": "sha256", "caption": "sha256(caption)", "pair": "sha256 || sha256(caption)", "url": "nullif(url, '')"}


@set_unit("exact-duplicate")
def exact_duplicate(rows: Rows, step: Step, others: Others, database: Database) -> Iterator[Refused]:
    """Refuse rows that are equal to one with a smaller id, or to any stored row of the step's `pools`.

    `of` says what is compared, byte for byte: the stored image, the caption, both, or the canonical address (a row
    without one equals no other). Cost: a sort of the keys. Memory: the database's.
    """
    columns, key = _COLUMNS[step["of"]], _KEYS[step["of"]]
    why = f"filter step {step['name']!r}"
    pools = others.chosen_pools(step)
    own = ["id", *columns]
    load(database, "own", f"row, id, {key} AS key", rows.batches(own), rows.schema(own, why))
    places = "SELECT row, row_number() OVER (PARTITION BY key ORDER BY id) AS place FROM own WHERE key IS NOT NULL"
    yield from _refused(database, f"SELECT row FROM ({places}) WHERE place > 1")
    for pool in pools.values():
        load(database, "seen", f"DISTINCT {key} AS key", pool.batches(columns), pool.schema(columns, why))
        yield from _refused(database, "SELECT row FROM own SEMI JOIN seen USING (key)")


def _refused(database: Database, query: str) -> Iterator[Refused]:
    for batch in stream(database, query):
        yield Refused(batch.column("row").to_numpy())
