"""Sets of ids in files: sorted, 32 bytes each, in numpy's own format, searched without being read into memory."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from numpy.lib import format as npy

from datalines.errors import CountError, DatalinesError
from datalines.files import atomic

ID = np.dtype("S32")
_BLOCK = 1 << 20  # ids compared at once


class IdSet:
    """The sorted ids of a file that a filter or a mixture wrote. Memory: none of its own, the file is mapped."""

    def __init__(self, path: Path) -> None:
        self._ids: npt.NDArray[np.bytes_] = np.load(path, mmap_mode="r", allow_pickle=False)
        if self._ids.dtype != ID or self._ids.ndim != 1:
            text = f"holds {self._ids.dtype}, shape {self._ids.shape}, and not ids of 32 bytes"
            raise DatalinesError(f"{path} {text}: delete it and run again to rebuild it")

    def __len__(self) -> int:
        return len(self._ids)

    def contains(self, ids: pa.Array | pa.ChunkedArray) -> npt.NDArray[np.bool_]:
        """Whether each id is in the set."""
        if not len(self._ids) or not len(ids):
            return np.zeros(len(ids), dtype=bool)
        # Of the set's own width: numpy would otherwise convert the whole set.
        wanted = np.array(ids.to_pylist(), dtype=ID)
        places = np.minimum(np.searchsorted(self._ids, wanted), len(self._ids) - 1)
        return np.asarray(self._ids[places] == wanted)


def write_ids(path: Path, batches: Iterable[list[str]], count: int, where: str) -> None:
    """Write `count` ids, which come in any order, sorted. An id that comes twice is a CountError naming `where`.

    Memory: one batch; the ids are sorted where they lie, in a mapped file of 32 bytes each.
    """
    with atomic(path) as temporary:
        ids = npy.open_memmap(temporary, mode="w+", dtype=ID, shape=(count,))
        filled = 0
        for batch in batches:
            ids[filled : filled + len(batch)] = batch
            filled += len(batch)
        if filled != count:
            raise CountError(f"{path}: {count} ids announced, but {filled} came")
        ids.sort()
        repeated = 0
        for start in range(0, count - 1, _BLOCK):
            block = ids[start : start + _BLOCK + 1]
            repeated += int((block[1:] == block[:-1]).sum())
        if repeated:
            text = f"{repeated} of {count} samples are taken more than once"
            raise CountError(f"{where}: {text}; let entries of one pool have filters without common samples")
        ids.flush()
