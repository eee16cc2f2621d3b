"""A mixture as a loader sees it: the shards, their samples' places in them, and a check that all is as declared."""

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow.parquet as pq

from datalines.errors import DatalinesError
from datalines.files import read_json, sha256_file
from datalines.loading.order import Shard, listed

COLUMNS = ["start", "end", "image_offset", "image_bytes"]
HASHING = 8  # files hashed at the same time


@dataclass(frozen=True)
class Contents:
    """What lies where. Row i of the arrays is row i of the index; memory: 20 bytes a sample, shared by forked workers.

    `starts` are bytes from the beginning of the sample's shard, `sizes` the bytes of a sample with all its members,
    `image_starts` counts from the sample's start.
    """

    manifest: Path
    shards: tuple[Shard, ...]
    digest: str
    starts: npt.NDArray[np.int64]
    sizes: npt.NDArray[np.int32]
    image_starts: npt.NDArray[np.int32]
    image_sizes: npt.NDArray[np.int32]

    @property
    def samples(self) -> int:
        """Samples in all shards."""
        return len(self.starts)

    def path(self, shard: int) -> Path:
        """The file of a shard."""
        return self.manifest.parent / self.shards[shard].name

    @classmethod
    def open(cls, manifest: Path, check: bool = True) -> "Contents":
        """Read a mixture's manifest and the index beside it.

        Every shard must be there with its bytes; `check` compares the sha256 of shards and index too, reading each
        once. A file that is not as the manifest says is a DatalinesError that names it.
        """
        content = read_json(manifest)
        _check_files(manifest, content, check)
        places = _places(_index(manifest, content), manifest)
        contents = cls(manifest, listed(content), content["order_sha256"], *places)
        contents._check_places([entry["bytes"] for entry in content["shards"]])
        return contents

    def _check_places(self, sizes: list[int]) -> None:
        """The index must list the shards' samples in the shards' order, one after the other, inside their files."""
        counts = [shard.samples for shard in self.shards]
        ends = self.starts + self.sizes
        borders = np.cumsum(counts)
        matches = sum(counts) == self.samples
        if matches:
            same = np.repeat(np.arange(len(counts)), counts)
            matches = bool(
                ((same[1:] != same[:-1]) | (self.starts[1:] >= ends[:-1])).all()
                and (ends[borders[np.array(counts) > 0] - 1] <= np.array(sizes)[np.array(counts) > 0]).all()
                and (self.image_starts + self.image_sizes <= self.sizes).all()
            )
        if not matches:
            index = self.manifest.with_name("index.parquet")
            raise DatalinesError(f"{index} does not list the shards of {self.manifest}: {again(self.manifest)}")


def again(manifest: Path) -> str:
    """What to do about files that contradict their manifest."""
    return f"delete {manifest} and run again to rebuild them"


def _index(manifest: Path, content: dict[str, Any]) -> Path:
    return manifest.with_name(content["index"]["path"])


def _check_files(manifest: Path, content: dict[str, Any], hashes: bool) -> None:
    """Compare the index and every shard with the manifest; the first file that differs is the error."""
    declared = [content["index"], *content["shards"]]
    with ThreadPoolExecutor(min(HASHING, os.cpu_count() or 1)) as pool:
        found = pool.map(lambda entry: _fault(manifest.parent / entry["path"], entry, hashes), declared)
        faults = [fault for fault in found if fault is not None]
    if faults:
        more = f" (and {len(faults) - 1} more files are not as declared)" if len(faults) > 1 else ""
        raise DatalinesError(f"{faults[0]}{more}: {again(manifest)}")


def _fault(path: Path, entry: dict[str, Any], hashes: bool) -> str | None:
    """What is wrong with a file, in words."""
    if not path.is_file():
        return f"{path} is missing"
    size = path.stat().st_size
    if "bytes" in entry and size != entry["bytes"]:
        return f"{path} has {size} bytes, not the {entry['bytes']} that its manifest declares"
    if hashes and sha256_file(path) != entry["sha256"]:
        return f"{path} has been altered: its sha256 is not the one that its manifest declares"
    return None


def _places(index: Path, manifest: Path) -> Iterator[npt.NDArray[Any]]:
    """Starts, sizes, image starts and image sizes of all samples. Memory besides: one row group of four columns."""
    try:
        with pq.ParquetFile(index) as file:
            rows = file.metadata.num_rows
            starts = np.empty(rows, dtype=np.int64)
            rest = [np.empty(rows, dtype=np.int32) for _ in range(3)]
            place = 0
            for batch in file.iter_batches(columns=COLUMNS, use_threads=False):
                start, end, image, size = (batch.column(name).to_numpy() for name in COLUMNS)
                here = slice(place, place + len(start))
                starts[here] = start
                for array, values in zip(rest, (end - start, image - start, size), strict=True):
                    array[here] = values
                place += len(start)
    except (OSError, ValueError, KeyError) as error:
        raise DatalinesError(f"{index} cannot be read ({error}): {again(manifest)}") from error
    return iter((starts, *rest))
