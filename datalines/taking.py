"""What a mixture takes of a pool: which shards, in an order drawn by its seed, and how many samples of each."""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from datalines.errors import CountError
from datalines.idsets import IdSet
from datalines.sharding.index import INDEX


@dataclass(frozen=True)
class Source:
    """A pool's shards as they lie on disk; with `subset`, ids kept by a further filter of the pool, only its samples.

    `name` is that filter's.
    """

    pool: str
    filter: str
    folder: Path
    manifest: dict[str, Any]
    subset: Path | None = None
    name: str | None = None


@dataclass(frozen=True)
class Piece:
    """What a mixture takes of one shard: its first `samples` samples, of those in the subset if there is one."""

    shard: dict[str, Any]
    group: int  # the shard's place in the manifest, and its row group in the index
    samples: int


@dataclass(frozen=True)
class Taken:
    """What a mixture takes of one source, of how many samples that there are."""

    source: Source
    asked: int | str
    available: int
    pieces: list[Piece]

    @property
    def samples(self) -> int:
        """Samples in all pieces."""
        return sum(piece.samples for piece in self.pieces)


class Listing:
    """The index of a source's shards, read one shard at a time. Memory: the rows of one shard."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._path = source.folder / "index.parquet"
        self._subset = None if source.subset is None else IdSet(source.subset)
        self._file = pq.ParquetFile(self._path)
        groups, shards = self._file.metadata.num_row_groups, source.manifest["shards"]
        sizes = [self._file.metadata.row_group(group).num_rows for group in range(groups)]
        if sizes != [shard["samples"] for shard in shards]:
            text = f"does not list the {len(shards)} shards of the manifest beside it"
            raise CountError(f"{self._path} {text}: delete {source.folder / 'manifest.json'} and run again")

    def __enter__(self) -> "Listing":
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def available(self) -> list[int]:
        """Samples that can be taken of each shard, in the manifest's order."""
        shards = self._source.manifest["shards"]
        if self._subset is None:
            return [shard["samples"] for shard in shards]
        return [int(self._wanted(self._file.read_row_group(group, ["id"])).sum()) for group in range(len(shards))]

    def rows(self, piece: Piece) -> pa.Table:
        """The rows of a piece."""
        table = self._file.read_row_group(piece.group, INDEX.names, use_threads=False)
        if self._subset is not None:
            table = table.filter(pa.array(self._wanted(table)))
        return table.slice(0, piece.samples)

    def _wanted(self, table: pa.Table) -> npt.NDArray[np.bool_]:
        assert self._subset is not None
        return self._subset.contains(table["id"])


def shard_order(source: Source, seed: int) -> list[int]:
    """The pool's shards, as places in its manifest, in the order in which a mixture with this seed takes them.

    Every shard is a uniform random subset of the pool, so any shards in any order are one too; one seed gives nested
    subsets.
    """

    def rank(place: int) -> bytes:
        path = source.manifest["shards"][place]["path"]
        return hashlib.blake2b(f"{seed}\0{source.pool}\0{path}".encode(), digest_size=16).digest()

    return sorted(range(len(source.manifest["shards"])), key=rank)


def take(source: Source, sizes: list[int], count: int | str, seed: int, where: str) -> Taken:
    """Pieces for `count` samples of a source, or for `all` of them; `sizes` are the samples of each of its shards."""
    available = sum(sizes)
    wanted = available if count == "all" else int(count)
    if wanted > available:
        after = f"filter {source.filter}" + (f" and subset {source.name}" if source.subset is not None else "")
        raise CountError(
            f"{where}: asks for {wanted} samples of pool {source.pool}, but {available} are left after {after}; "
            f"lower the size or the share, or enlarge pools.{source.pool}"
        )
    pieces = []
    left = wanted
    for place in shard_order(source, seed):
        part = min(left, sizes[place])
        if part:
            pieces.append(Piece(source.manifest["shards"][place], place, part))
        left -= part
    return Taken(source, count, available, pieces)
