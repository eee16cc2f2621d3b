"""Which trained models saw samples that are on an exclusion list.

A run's summary names the set of ids of its mixture, and that set is kept below the scale's states, so that the question
can be answered after shards and images were removed.
"""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from datalines.errors import DatalinesError
from datalines.files import read_json
from datalines.filters.exclusions import FIELDS, read_exclusions
from datalines.idsets import IdSet

RUNS = "runs/*/*/*/summary.json"
BATCH = 1 << 14


@dataclass(frozen=True)
class Model:
    """A trained run and how many of the listed samples are in its mixture; `listed` is None where it cannot be told,
    and `reason` says why."""

    scale: str
    family: str
    size: str
    seed: int
    mixture: str
    samples: int
    listed: int | None
    reason: str = ""


@dataclass(frozen=True)
class Exposure:
    """The answer: how many texts the list names things by, the samples they stand for, texts that fit no sample of the
    pools at hand, and every trained model."""

    names: int
    ids: list[str]
    unresolved: list[str]
    models: list[Model]


def exposure(results: Path, listing: Path, scale: str | None = None) -> Exposure:
    """Look up an exclusion list (see datalines/filters/exclusions.py) in all trained models, or in those of a scale.

    Ids are looked up as they are. Addresses, keys and digests become ids by the rows of the pools' parts: where these
    are gone, the names are unresolved. Memory: the list, and one batch of rows. Raises DatalinesError if the list
    cannot be read, or if there is no such scale below `results`.
    """
    if not listing.is_file():
        raise DatalinesError(f"{listing} does not exist; give an exclusion list, a csv or a text with one id a line")
    scales = sorted(folder for folder in results.glob(scale or "*") if (folder / "runs").is_dir())
    if scale and not scales:
        known = ", ".join(sorted(folder.parent.name for folder in results.glob("*/runs"))) or "none"
        raise DatalinesError(f"scale {scale} has no trained models in {results}; scales that have: {known}")
    pools = _pools_named(listing) | {path.name for folder in scales for path in folder.glob("pools/*")}
    named = {pool: read_exclusions(listing, pool).values for pool in sorted(pools)}
    wanted = {(name, text) for values in named.values() for name in FIELDS for text in values[name]}
    ids = {text for name, text in wanted if name == "id"}
    resolved: set[tuple[str, str]] = set()
    for folder in scales:
        for pool, values in named.items():
            for row_ids, found in _matches(folder / "pools" / pool, values):
                ids |= row_ids
                resolved |= found
    unresolved = sorted(f"{name} {text}" for name, text in wanted - resolved if name != "id")
    listed = pa.array(sorted(ids), pa.string())
    models = [model for folder in scales for model in _models(folder, listed)]
    return Exposure(len(wanted), listed.to_pylist(), unresolved, models)


def _pools_named(listing: Path) -> set[str]:
    """The pools that a csv names, and the empty name, which stands for entries that concern all."""
    with listing.open(encoding="utf-8-sig", newline="") as stream:
        reader = csv.reader(stream)
        header = [name.strip() for name in next(reader, [])]
        if "pool" not in header:
            return {""}
        column = header.index("pool")
        return {"", *(cells[column].strip() for cells in reader if len(cells) > column)}


def _matches(folder: Path, values: dict[str, list[str]]) -> Iterator[tuple[set[str], set[tuple[str, str]]]]:
    """Ids of a pool's rows that are named by address, key or digest, and the names that fitted, batch by batch."""
    asked = {name: pa.array(values[name], pa.large_string()) for name in FIELDS if name != "id" and values[name]}
    if not asked:
        return
    for path in sorted(folder.glob("*.parquet")):
        if path.name.endswith(".attempts.parquet"):
            continue
        file = pq.ParquetFile(path)
        columns = [name for name in asked if name in file.schema_arrow.names]
        for batch in file.iter_batches(BATCH, columns=["id", *columns]):
            ids: set[str] = set()
            found: set[tuple[str, str]] = set()
            for name in columns:
                texts = batch.column(name).cast(pa.large_string())
                fits = pc.is_in(texts, value_set=asked[name]).fill_null(False)
                ids.update(batch.column("id").filter(fits).to_pylist())
                found.update((name, text) for text in texts.filter(fits).to_pylist())
            yield ids, found


def _models(folder: Path, listed: pa.Array) -> Iterator[Model]:
    """Every trained run of a scale; one look into each set of ids."""
    known: dict[str, int] = {}
    for path in sorted(folder.glob(RUNS)):
        summary: dict[str, Any] = read_json(path)
        digest = summary.get("id_set_sha256", "")
        ids = folder / "state" / "mixtures" / f"{digest}.npy"
        count, reason = None, ""
        if not digest:
            reason = f"{path} does not name its samples; train it again"
        elif not ids.is_file():
            reason = f"{ids} is gone; make the mixture {summary['mixture']} again"
        else:
            if digest not in known:
                known[digest] = int(np.count_nonzero(IdSet(ids).contains(listed)))
            count = known[digest]
        family, size, seed, mixture, samples = (
            summary[key] for key in ("family", "size", "seed", "mixture", "samples")
        )
        yield Model(folder.name, family, size, seed, mixture, samples, count, reason)
