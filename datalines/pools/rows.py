"""Reading a pool's parts back: the rows of all parts together, and the counts of their receipts."""

from collections import Counter
from pathlib import Path
from typing import Any

import pandas as pd

from datalines.errors import CountError
from datalines.files import read_json
from datalines.pools.base import OK


def stored_rows(receipts: list[Path]) -> pd.DataFrame:
    """Rows with status `ok` of all parts, with the column `tar` naming the part's tar; ids must be unique over the parts."""
    frames = []
    for path in receipts:
        receipt = read_json(path)
        rows = pd.read_parquet(path.with_name(receipt["rows"]["path"]))
        stored = rows[rows["status"] == OK]
        if len(stored) != receipt["stored"] or len(rows) != receipt["requested"]:
            raise CountError(f"{path} counts {receipt['stored']} stored of {receipt['requested']}, its rows {len(stored)} of {len(rows)}; rebuild the part")
        frames.append(stored.assign(tar=receipt["tar"]["path"]))
    table = pd.concat(frames, ignore_index=True)
    if table["id"].duplicated().any():
        raise CountError(f"{receipts[0].parent}: the key {table.loc[table['id'].duplicated(), 'key'].iloc[0]!r} stands in two parts")
    return table


def attrition(receipts: list[Path]) -> dict[str, Any]:
    """Counts over all parts: requested, stored, and failed by status."""
    contents = [read_json(path) for path in receipts]
    failed: Counter[str] = Counter()
    for content in contents:
        failed.update(content["failed"])
    totals = {name: sum(content[name] for content in contents) for name in ("requested", "stored")}
    if totals["requested"] != totals["stored"] + sum(failed.values()):
        raise CountError(f"{receipts[0].parent}: {totals['requested']} requested, but {totals['stored']} stored and {dict(failed)} failed")
    return {**totals, "failed": dict(sorted(failed.items()))}
