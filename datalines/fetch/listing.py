"""A part of a list as `read_list` leaves it, row by row, and which of its rows a round asks for."""

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from datalines.errors import CountError
from datalines.fetch.statuses import is_retryable
from datalines.files import read_json
from datalines.pools.partfiles import FACT

BATCH = 2_048


class Listing:
    """The rows that a part, or a supplement to it, is made of. Rows are read in batches of 2,048.

    A supplement asks again for what the receipts in `previous` left with a status that may get better; memory grows by
    about 150 bytes for each of these.
    """

    def __init__(self, path: Path, previous: Sequence[Path] = ()) -> None:
        self.path = path
        self.round = len(previous)
        self._previous = previous
        self._again = _latest_retryable(previous) if previous else {}
        self.requested = len(self._again) if previous else pq.read_metadata(path).num_rows

    def facts(self) -> list[pa.Field]:
        """The columns `fact.<name>`."""
        return [field for field in pq.read_schema(self.path) if field.name.startswith(FACT)]

    def asked_again(self) -> dict[str, int]:
        """How many rows of each status a supplement asks for again; nothing for a part itself."""
        return dict(sorted(Counter(self._again.values()).items()))

    def earlier(self, identity: str) -> str:
        """The status that a row had in the round before; empty for a part itself."""
        return self._again.get(identity, "")

    def rows(self, columns: list[str] | None = None) -> Iterator[dict[str, Any]]:
        """The rows with these columns (all of them without), in the order of their ids, which is checked."""
        before, seen = "", 0
        with pq.ParquetFile(self.path) as file:
            for batch in file.iter_batches(BATCH, columns=columns):
                for row in batch.to_pylist():
                    if row["id"] <= before:
                        raise CountError(f"{self.path}: the ids are not sorted or stand twice; delete it and run again")
                    before = row["id"]
                    if not self.round or before in self._again:
                        seen += 1
                        yield row
        if seen != self.requested:
            text = f"holds {seen} of the {self.requested} rows that are to be asked for again"
            raise CountError(f"{self.path} {text}; delete {self._previous[0]} and run again to rebuild the part")


def _latest_retryable(previous: Sequence[Path]) -> dict[str, str]:
    """{id: status} of all rows whose status after the last of these rounds may get better."""
    latest: dict[str, str] = {}
    for receipt in previous:
        rows = receipt.with_name(read_json(receipt)["rows"]["path"])
        with pq.ParquetFile(rows) as file:
            for batch in file.iter_batches(BATCH, columns=["id", "status"]):
                for row in batch.to_pylist():
                    if is_retryable(row["status"]):
                        latest[row["id"]] = row["status"]
                    else:
                        latest.pop(row["id"], None)
    return latest
