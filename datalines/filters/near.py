"""Set-wise unit for images that look alike: perceptual hashes that differ in few of their 64 bits.

All pairs within the distance are found, none is guessed: if two hashes differ in at most d bits and the 64 bits are cut
into d + m bands, then at least m bands are equal (pigeonhole). So for every choice of m bands the rows are joined on
those bands, and what is joined is compared bit by bit. More bands make more joins and fewer pairs to compare; `bands`
takes the cheaper way. n random hashes at distance 4 cost 15 joins, n log n, until n^2 / 2^20 pairs cost more; then 35
joins. Measured on two busy cores, a million random hashes: 5 s at distance 4, 80 s at distance 8. Images that are
alike by the thousand, such as empty ones, have few different hashes, and only different hashes are compared.
"""

import math
from collections.abc import Iterator
from itertools import combinations, pairwise

from datalines.filters.alive import Rows
from datalines.filters.comparing import Others, Refused, set_unit
from datalines.filters.database import Database, load, stream
from datalines.filters.registry import Step

BITS = 64
HASH = "phash"
# Measured on one core: joining a row takes as long as comparing this many pairs. Only the speed depends on it.
_JOIN_COST = 4
_MOST_JOINS = 2000


def bands(left: int, right: int, distance: int) -> list[int]:
    """The bit masks to join `left` hashes with `right` hashes on, so that no pair within the distance is missed."""
    choices = [m for m in range(1, BITS - distance + 1) if math.comb(distance + m, m) <= _MOST_JOINS]
    count = min(choices, key=lambda m: _cost(left, right, distance, m))
    edges = [round(BITS * edge / (distance + count)) for edge in range(distance + count + 1)]
    return [
        sum((1 << high) - (1 << low) for low, high in chosen) for chosen in combinations(list(pairwise(edges)), count)
    ]


def _cost(left: int, right: int, distance: int, count: int) -> float:
    pairs = left * right / 2.0 ** (BITS // (distance + count) * count)
    return math.comb(distance + count, count) * (_JOIN_COST * (left + right) + pairs)


def near_pairs(database: Database, left: str, right: str, distance: int) -> Iterator[str]:
    """FROM clauses of SQL that together hold every pair (x of `left`, y of `right`) whose `h` are within the distance.

    A pair may be in several of them.
    """
    lefts, rights = (database.execute(f"SELECT count(*) FROM {table}").fetchall()[0][0] for table in (left, right))
    for mask in bands(lefts, rights, distance):
        on = f"(x.h & {mask}::UBIGINT) = (y.h & {mask}::UBIGINT)"
        yield f"FROM {left} x JOIN {right} y ON {on} AND bit_count(xor(x.h, y.h)) <= {distance}"


@set_unit("near-duplicate")
def near_duplicate(rows: Rows, step: Step, others: Others, database: Database) -> Iterator[Refused]:
    """Refuse rows whose hash is at most `distance` bits from that of a row with a smaller id (`within`), or of any
    stored row of the step's `pools`, or of any image of its evaluation sets (`shifts`).

    A row counts that was left when the step began, even if the step refuses it: a chain of look-alikes keeps its first
    row alone, and the outcome depends on no order. Cost: see the module. Memory: the database's.
    """
    why = f"filter step {step['name']!r}"
    pools, shifts = others.chosen_pools(step), others.chosen_shifts(step)
    load(database, "own", f"row, id, {HASH} AS h", rows.batches(["id", HASH]), rows.schema(["id", HASH], why))
    # Of equal hashes only the row with the smallest id is compared: a copied image costs nothing more.
    ranked = "SELECT row, h, row_number() OVER (ORDER BY id) AS rank FROM own"
    database.execute(f"CREATE TABLE firsts AS SELECT h, min(rank) AS rank FROM ({ranked}) GROUP BY h")
    if step["within"]:
        yield from _refused(database, f"SELECT row FROM ({ranked}) ANTI JOIN firsts USING (rank)")
        yield from _like(database, "firsts", step["distance"], "AND y.rank < x.rank")
    for name, other in [("", pool) for pool in pools.values()] + list(shifts.items()):
        load(database, "seen", f"DISTINCT {HASH} AS h", other.batches([HASH]), other.schema([HASH], why))
        yield from _like(database, "seen", step["distance"], "", name)


def _like(database: Database, others: str, distance: int, condition: str, shift: str = "") -> Iterator[Refused]:
    """The rows whose hash is near one of the table `others`."""
    database.execute("CREATE OR REPLACE TABLE alike (h UBIGINT)")
    for pairs in near_pairs(database, "firsts", others, distance):
        database.execute(f"INSERT INTO alike SELECT DISTINCT x.h {pairs} {condition}")
    yield from _refused(database, "SELECT row FROM own SEMI JOIN alike USING (h)", shift)


def _refused(database: Database, query: str, shift: str = "") -> Iterator[Refused]:
    for batch in stream(database, query):
        yield Refused(batch.column("row").to_numpy(), shift)
