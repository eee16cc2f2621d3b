"""Apply a filter to a pool's stored rows: the sorted ids that are kept, the dropped ones with reasons, the counts."""

import logging
from pathlib import Path
from typing import Any

from datalines.files import write_json
from datalines.filters.alive import Rows, ShiftRows, Source
from datalines.filters.comparing import Others
from datalines.filters.database import scratch_folder
from datalines.filters.decide import Context, decide
from datalines.filters.exclusions import NAME, entries_about
from datalines.filters.outcome import write_outcome
from datalines.filters.parts import by_pool, open_parts
from datalines.job import run

log = logging.getLogger(__name__)


def main(
    pool: str,
    filter: str,
    steps: list[dict[str, Any]],
    receipts: list[Path],
    kept: Path,
    dropped: Path,
    counts: Path,
    hashes: list[Path] | None = None,
    scores: list[Path] | None = None,
    other_receipts: list[Path] | None = None,
    other_hashes: list[Path] | None = None,
    shift_hashes: list[Path] | None = None,
    exclusions: list[Path] | None = None,
    threads: int = 1,
) -> None:
    parts = open_parts(receipts, [*(hashes or []), *(scores or [])])
    pools: dict[str, Source] = {
        name: Rows(found) for name, found in by_pool(other_receipts or [], other_hashes or []).items()
    }
    shifts: dict[str, Source] = {path.stem: ShiftRows(path) for path in shift_hashes or []}
    entries = entries_about(exclusions or [], pool)
    first = [{"kind": NAME, "name": NAME, "entries": entries}] if exclusions else []
    with scratch_folder(kept) as scratch:
        context = Context(scratch, Others(pools, shifts), threads)
        decision = decide(parts, [*first, *steps], context)
        write_outcome(decision, parts, kept, dropped, context)
        result = {"input": decision.input, "kept": decision.kept, "dropped": decision.dropped}
    further = {"overlap": decision.overlap, "unmatched": entries.unmatched()}
    write_json(counts, {"pool": pool, "filter": filter, "steps": steps, **result, **further})
    reasons = {name: count for name, count in decision.dropped.items() if count} or "none"
    log.info("%d in, %d kept, dropped: %s", decision.input, decision.kept, reasons)
    if further["unmatched"]:
        log.info("%d of %d entries of exclusion lists name no stored row", further["unmatched"], entries.count)


if __name__ == "__main__":
    run(main)
