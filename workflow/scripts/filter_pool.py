"""Apply a filter to a pool's stored rows: the sorted ids that are kept, the dropped ones with reasons, the counts."""

import logging
from pathlib import Path
from typing import Any

import pandas as pd

from datalines.files import write_json, write_npy, write_parquet
from datalines.filters import decide, report
from datalines.job import run
from datalines.pools.rows import stored_rows

log = logging.getLogger(__name__)


def main(
    pool: str, filter: str, steps: list[dict[str, Any]], receipts: list[Path], kept: Path, dropped: Path, counts: Path
) -> None:
    rows = stored_rows(receipts)
    reasons = decide(rows, steps)
    result = report(rows, reasons, steps)
    write_npy(kept, rows.loc[reasons == "", "id"].sort_values().to_numpy(dtype="S32"))
    refused = pd.DataFrame({"id": rows["id"], "reason": reasons})[reasons != ""].sort_values("id")
    write_parquet(dropped, refused)
    write_json(counts, {"pool": pool, "filter": filter, "steps": steps, **result})
    log.info(
        "%d in, %d kept, dropped: %s",
        result["input"],
        result["kept"],
        {k: v for k, v in result["dropped"].items() if v} or "none",
    )


if __name__ == "__main__":
    run(main)
