"""Runs a filter over all stored rows of a pool: every row falls to the first step that refuses it.

Memory is bounded whatever the number of rows: parts are read in batches, the number of the step that refused a row is
one byte in a file, and what needs all rows at once is left to a database that spills to disk.
"""

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path

import numpy as np
import pyarrow as pa

from datalines.errors import CountError, DatalinesError
from datalines.filters import exact, near  # noqa: F401  (their units register themselves)
from datalines.filters.alive import Codes, Rows
from datalines.filters.comparing import SET_UNITS, Others
from datalines.filters.database import database
from datalines.filters.parts import Part
from datalines.filters.reasons import KEPT, first_codes
from datalines.filters.registry import ROW_UNITS, Step, check_columns

MOST_STEPS = 250
NOT_STORED = 255
CHUNK = 1 << 24


@dataclass(frozen=True)
class Context:
    """What a filter needs besides the pool's own rows.

    `scratch` is an empty folder on a disk with room for some 200 bytes per row; `others` are the rows that steps
    compare with.
    """

    scratch: Path
    others: Others = field(default_factory=Others)
    threads: int = 1


@dataclass(frozen=True)
class Decision:
    """The outcome: for each position of the pool 0 (kept), the number of a step from 1, or NOT_STORED; the counts.

    `overlap` counts for each evaluation set the rows that a step found to look like one of its images.
    """

    codes: Codes
    steps: list[Step]
    input: int
    kept: int
    dropped: dict[str, int]
    overlap: dict[str, int]


def decide(parts: list[Part], steps: list[Step], context: Context) -> Decision:
    """Find the first step that refuses each stored row. Later steps see only what earlier ones kept.

    The outcome depends neither on the order of the parts, nor on threads or batches. Raises CountError if rows do not
    add up, DatalinesError if a step needs a column, a pool or an evaluation set that is not there.
    """
    if len(steps) > MOST_STEPS:
        raise DatalinesError(f"a filter has {len(steps)} steps, but at most {MOST_STEPS} can be told apart; merge some")
    for part in parts:
        check_columns([step for step in steps if step["kind"] in ROW_UNITS], part.schema().names)
    total = sum(part.requested for part in parts)
    codes = np.memmap(context.scratch / "codes", dtype=np.uint8, mode="w+", shape=max(total, 1))[:total]
    codes[:] = NOT_STORED
    overlap: Counter[str] = Counter()
    for before, group in _groups(steps):
        if group and group[0]["kind"] in SET_UNITS:
            overlap.update(_compare(parts, codes, before, group[0], context))
        else:
            _run_rows(parts, codes, before, group, context.threads)
    return _decision(codes, parts, steps, dict(overlap))


def _groups(steps: list[Step]) -> Iterator[tuple[int, list[Step]]]:
    """Row-wise steps that follow each other, and set-wise steps one by one, each with the steps before it.

    The first group is row-wise, if need be without a step: it finds the stored rows.
    """
    if not steps or steps[0]["kind"] in SET_UNITS:
        yield 0, []
    numbered = list(enumerate(steps))
    for _, group in groupby(numbered, key=lambda pair: pair[0] if pair[1]["kind"] in SET_UNITS else -1):
        found = list(group)
        yield found[0][0], [step for _, step in found]


def _run_rows(parts: list[Part], codes: Codes, before: int, steps: list[Step], threads: int) -> None:
    columns = sorted({column for step in steps for column in ROW_UNITS[step["kind"]].columns(step)})

    def run(part: Part) -> None:
        for batch in part.batches(columns):
            rows = batch.column("row").to_numpy()
            alive = (codes[rows] == KEPT) | (codes[rows] == NOT_STORED)
            if not alive.all():
                batch, rows = batch.filter(pa.array(alive)), rows[alive]
            found = first_codes(batch, steps)
            codes[rows] = np.where(found, found + before, KEPT)

    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(run, parts))


def _compare(parts: list[Part], codes: Codes, before: int, step: Step, context: Context) -> Counter[str]:
    """Write a set-wise step's verdicts into `codes`; return how many rows are like each evaluation set."""
    overlap = Counter(dict.fromkeys(step.get("shifts", []), 0))
    with database(context.scratch, context.threads) as connection:
        for refused in SET_UNITS[step["kind"]](Rows(parts, codes), step, context.others, connection):
            codes[refused.rows] = before + 1
            if refused.shift:
                overlap[refused.shift] += len(refused.rows)
    return overlap


def _decision(codes: Codes, parts: list[Part], steps: list[Step], overlap: dict[str, int]) -> Decision:
    counts = np.zeros(NOT_STORED + 1, dtype=np.int64)
    for start in range(0, len(codes), CHUNK):
        counts += np.bincount(codes[start : start + CHUNK], minlength=NOT_STORED + 1)
    stored = sum(part.stored for part in parts)
    dropped = {step["name"]: int(counts[number]) for number, step in enumerate(steps, start=1)}
    kept = int(counts[KEPT])
    if kept + sum(dropped.values()) != stored:
        raise CountError(f"filter: {stored} rows in, but {kept} kept and {dropped} dropped")
    return Decision(codes, steps, stored, kept, dropped, overlap)
