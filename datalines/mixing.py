"""Mixtures: whole shards of pools are linked, only the last shard of each source is cut, and nothing is re-encoded."""

import hashlib
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from datalines.errors import CountError, DatalinesError
from datalines.files import CHUNK, HashingWriter, atomic
from datalines.tars import END_OF_ARCHIVE


@dataclass(frozen=True)
class Source:
    """A pool's shards as they lie on disk: folder, manifest and index."""

    pool: str
    filter: str
    folder: Path
    manifest: dict[str, Any]
    index: pd.DataFrame


def shard_order(source: Source, seed: int) -> list[dict[str, Any]]:
    """The pool's shards in the order in which a mixture with this seed takes them.

    Every shard is a uniform random subset of the pool, so any shards in any order are one too; one seed gives nested
    subsets.
    """

    def rank(entry: dict[str, Any]) -> bytes:
        return hashlib.blake2b(f"{seed}\0{source.pool}\0{entry['path']}".encode(), digest_size=16).digest()

    return sorted(source.manifest["shards"], key=rank)


def take(source: Source, count: int | str, seed: int, where: str) -> list[tuple[dict[str, Any], int]]:
    """(shard, number of its first samples) for `count` samples of a pool, or for `all` of them."""
    available = source.manifest["samples"]
    wanted = available if count == "all" else int(count)
    if wanted > available:
        raise CountError(
            f"{where}: asks for {wanted} samples of pool {source.pool}, but {available} are left after filter "
            f"{source.filter}; lower the size or the share, or enlarge pools.{source.pool}"
        )
    chosen = []
    for entry in shard_order(source, seed):
        if wanted == 0:
            break
        part = min(wanted, entry["samples"])
        chosen.append((entry, part))
        wanted -= part
    return chosen


def mix(
    sources: list[tuple[Source, int | str]], out: Path, seed: int, where: str
) -> tuple[list[dict[str, Any]], list[dict[str, Any]], pd.DataFrame]:
    """Lay a mixture's shards into `out`; return entries (per source), shards (with origin and digest), and index."""
    chosen = [
        (source, count, take(source, count, seed, f"{where}.entries[{position}]"))
        for position, (source, count) in enumerate(sources)
    ]
    out.mkdir(parents=True, exist_ok=True)
    for stale in out.glob("*.tar"):
        stale.unlink()
    total = sum(part for _, _, parts in chosen for _, part in parts)
    entries, index = [], []
    shards: list[dict[str, Any]] = []
    for source, count, parts in chosen:
        samples = sum(part for _, part in parts)
        entries.append(
            {
                "pool": source.pool,
                "filter": source.filter,
                "asked": count,
                "samples": samples,
                "share": samples / total if total else 0.0,
            }
        )
        for shard, part in parts:
            rows = source.index[source.index["shard"] == shard["path"]].iloc[:part]
            entry = lay(source, shard, rows, out / f"{len(shards):05d}.tar")
            shards.append(entry)
            index.append(rows.assign(shard=entry["path"], pool=source.pool))
    return entries, shards, pd.concat(index, ignore_index=True)


def lay(source: Source, shard: dict[str, Any], rows: pd.DataFrame, target: Path) -> dict[str, Any]:
    """Link a whole shard, or write the byte range of its first samples and an end-of-archive marker."""
    origin = source.folder / shard["path"]
    if not origin.is_file() or origin.stat().st_size != shard["bytes"]:
        text = f"is missing or not as its manifest says: delete {source.folder / 'manifest.json'}"
        raise DatalinesError(f"{origin} {text} and run again to rebuild it")
    common = {"path": target.name, "pool": source.pool, "origin": shard["path"], "samples": len(rows)}
    if len(rows) == shard["samples"]:
        link(origin, target)
        return {**common, "how": "whole", "bytes": shard["bytes"], "sha256": shard["sha256"]}
    end = int(rows["end"].iloc[-1])
    digest = copy_range(origin, end, target)
    return {**common, "how": "cut", "range": [0, end], "bytes": end + len(END_OF_ARCHIVE), "sha256": digest}


def link(origin: Path, target: Path) -> None:
    """A hard link; a copy where the file system allows none."""
    try:
        os.link(origin, target)
    except OSError:
        with atomic(target) as temporary:
            shutil.copyfile(origin, temporary)


def copy_range(origin: Path, end: int, target: Path) -> str:
    """Copy the bytes 0..end of a tar, close it with an end-of-archive marker, and return the new file's sha256."""
    with origin.open("rb") as reading, atomic(target) as temporary, temporary.open("wb") as writing:
        writer = HashingWriter(writing)
        while (left := end - writer.position) > 0:
            piece = reading.read(min(CHUNK, left))
            if not piece:
                raise DatalinesError(
                    f"{origin} ends before byte {end}: delete the manifest beside it and run again to rebuild it"
                )
            writer.write(piece)
        writer.write(END_OF_ARCHIVE)
        return writer.hexdigest()
