"""The rows of a pool that a filter has not dropped so far, as the steps that compare rows see them."""

from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from datalines.errors import DatalinesError
from datalines.filters.parts import BATCH, Part, needed

Codes = npt.NDArray[np.uint8]


class Source(Protocol):
    """Rows that can be read in batches, more than once."""

    def schema(self, columns: list[str], why: str) -> pa.Schema:
        """The schema of `batches`; DatalinesError saying `why` the columns are needed if one is missing."""

    def batches(self, columns: list[str]) -> Iterator[pa.RecordBatch]:
        """The named columns, and `row` where the rows have a position in a pool."""


class Rows:
    """Stored rows of a pool; with `codes` (uint8, one per position in the pool) only those whose code is 0."""

    def __init__(self, parts: list[Part], codes: Codes | None = None) -> None:
        self.parts = parts
        self._codes = codes

    def schema(self, columns: list[str], why: str) -> pa.Schema:
        """The schema of `batches`; DatalinesError saying `why` the columns are needed if one is missing."""
        return needed(self.parts, columns, why)

    def batches(self, columns: list[str]) -> Iterator[pa.RecordBatch]:
        """`row` (position in the pool) and the named columns, in the order of the parts."""
        for part in self.parts:
            for batch in part.batches(columns):
                if self._codes is not None:
                    batch = batch.filter(pa.array(self._codes[batch.column("row").to_numpy()] == 0))
                yield batch


class ShiftRows:
    """The hashes of an evaluation set's images."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def schema(self, columns: list[str], why: str) -> pa.Schema:
        """The schema of `batches`."""
        present = pq.read_schema(self._path)
        lacking = [name for name in columns if name not in present.names]
        if lacking:
            raise DatalinesError(f"{why} needs {', '.join(lacking)}, which {self._path} lacks; delete it and run again")
        return pa.schema([present.field(name) for name in columns])

    def batches(self, columns: list[str]) -> Iterator[pa.RecordBatch]:
        """The named columns in the order of the images."""
        yield from pq.ParquetFile(self._path).iter_batches(BATCH, columns=columns)
