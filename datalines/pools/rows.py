"""Reading a pool's parts back: the rows of all parts together, and the counts of their receipts."""

from collections import Counter
from pathlib import Path
from typing import Any

import pandas as pd

from datalines.errors import CountError
from datalines.files import read_json
from datalines.pools.base import OK


def stored_rows(receipts: list[Path]) -> pd.DataFrame:
    """Rows with status `ok` of all parts; the column `tar` names the part's tar. Ids must be unique over the parts."""
    frames = []
    for path in receipts:
        receipt = read_json(path)
        rows = pd.read_parquet(path.with_name(receipt["rows"]["path"]))
        stored = rows[rows["status"] == OK]
        if len(stored) != receipt["stored"] or len(rows) != receipt["requested"]:
            counted = f"{receipt['stored']} stored of {receipt['requested']}, its rows {len(stored)} of {len(rows)}"
            raise CountError(f"{path} counts {counted}; delete it and run again to rebuild the part")
        frames.append(stored.assign(tar=receipt["tar"]["path"]))
    table = pd.concat(frames, ignore_index=True)
    if table["id"].duplicated().any():
        key = table.loc[table["id"].duplicated(), "key"].iloc[0]
        raise CountError(
            f"{receipts[0].parent}: the key {key!r} stands twice among the stored items; rebuild the parts"
        )
    return table


def attrition(receipts: list[Path]) -> dict[str, Any]:
    """Counts over all parts: requested, stored, and failed by status."""
    contents = [read_json(path) for path in receipts]
    failed: Counter[str] = Counter()
    for content in contents:
        failed.update(content["failed"])
    totals = {name: sum(content[name] for content in contents) for name in ("requested", "stored")}
    if totals["requested"] != totals["stored"] + sum(failed.values()):
        counted = f"{totals['requested']} requested, but {totals['stored']} stored and {dict(failed)} failed"
        raise CountError(f"{receipts[0].parent}: {counted}; delete the receipts and run again to rebuild the parts")
    return {**totals, "failed": dict(sorted(failed.items()))}
