"""Exclusion proof: nothing that a filter dropped, that a list names, or that could not be used is in shards, mixtures,
or what training saw."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from datalines.audit.proofs.replay import index_of, mixture_of
from datalines.audit.proofs.study import (
    MIXTURES,
    SHARDS,
    SUMMARIES,
    LackingError,
    Part,
    Problem,
    Problems,
    Study,
    differing,
    named,
    proof,
)
from datalines.audit.results import Receipt
from datalines.audit.verdicts import Check, Verdict
from datalines.files import sha256_file
from datalines.filters.exclusions import FIELDS, Entries, read_exclusions
from datalines.idsets import IdSet
from datalines.pools.base import OK
from datalines.shards import id_set_digest

TEXT = pa.large_string()
BATCH = 1 << 16


def check(study: Study) -> Check:
    """Every pool's shards, every mixture, and every run."""
    return proof(
        study,
        "exclusion-proof",
        "No sample that was excluded, opted out or dropped is in shards, mixtures or what training saw.",
        "the folder holds no shards, no mixtures and no trained runs",
        Part(study.paths(*SHARDS), _shards),
        Part(study.paths(*MIXTURES), _mixture),
        Part(study.paths(*SUMMARIES), _run),
    )


def _shards(study: Study, path: str) -> Problems:
    _, pool, name = path.split("/")[:3]
    manifest, rows = study.json(path), study.table(index_of(path), ("id", "url", "sha256"))
    ids = _texts(rows["id"])
    yield from differing([manifest["pool"], manifest["filter"]], [pool, name], "the source")
    yield from differing(manifest["samples"], len(ids), f"the number of rows of {index_of(path)}")
    kept = IdSet(study.file(f"filters/{pool}/{name}/kept.npy"))
    strangers = len(ids) - int(kept.contains(ids).sum())
    if strangers or len(kept) != len(ids):
        yield f"{strangers} of {len(ids)} samples are none of the {len(kept)} that filter {name} kept"
    yield from _hits(ids, _dropped(study, pool, name), "samples that the filter dropped")
    yield from _hits(ids, _excluded(study, pool, name), "samples on an exclusion list", study, pool, name)
    usable = pa.concat_arrays([_texts(rows["id"]) for rows in _pool_rows(study, pool, ["id"])])
    lost = len(ids) - _count(pc.is_in(ids, value_set=usable))
    if lost:
        yield f"{lost} samples are none that the pool could use: they failed, opted out, or were never asked for"


def _mixture(study: Study, path: str) -> Problems:
    rows = study.table(index_of(path), ("pool", "id"))
    for entry in study.json(path)["entries"]:
        ids = _texts(rows["id"].filter(pc.equal(rows["pool"], entry["pool"])))
        yield from _banned(study, ids, entry)


def _run(study: Study, path: str) -> Problems:
    """The set of ids that the run names: the mixture's, or one kept aside when the mixture was made again."""
    summary = study.json(path)
    manifest = study.json(mixture_of(summary))
    if manifest["id_set_sha256"] == summary["id_set_sha256"]:
        yield from _mixture(study, mixture_of(summary))
        return
    kept = f"state/mixtures/{summary['id_set_sha256']}.npy"
    if not study.results.file(kept).is_file():
        raise LackingError(f"{kept} is not there and the mixture was made again, so nobody can tell what the run saw")
    digest = study.once(
        "id set", kept, lambda file: id_set_digest(np.load(file, mmap_mode="r", allow_pickle=False).astype(str))
    )
    yield from differing(digest, summary["id_set_sha256"], f"the digest of the ids in {kept}")
    for entry in manifest["entries"]:
        yield from _banned(study, IdSet(study.file(kept)), entry)


def _id_set(file: Path) -> str:
    return id_set_digest(np.load(file, mmap_mode="r", allow_pickle=False).astype(str).tolist())


def _banned(study: Study, ids: pa.Array | IdSet, entry: dict[str, Any]) -> Problems:
    """What must not be there of one source: what its filter dropped, that of its subset, and what lists name."""
    pool, name = entry["pool"], entry["filter"]
    for which in filter(None, (name, entry.get("subset"))):
        yield from _hits(ids, _dropped(study, pool, which), f"samples of {pool} that filter {which} dropped")
    yield from _hits(ids, _excluded(study, pool, name), f"samples of {pool} on an exclusion list", study, pool, name)


def _hits(
    ids: pa.Array | IdSet, banned: pa.Array, what: str, study: Study | None = None, pool: str = "", name: str = ""
) -> Problems:
    """A problem where ids are among those that are banned; stale where a list was changed after the filter ran."""
    if isinstance(ids, IdSet):
        mask = pa.array(ids.contains(banned))
        found = banned.filter(mask)
    else:
        found = ids.filter(pc.is_in(ids, value_set=banned))
    if len(found):
        stale = study is not None and _lists_changed(study, pool, name)
        text = f"it holds {len(found)} {what} ({named(found.to_pylist())})"
        yield Problem(text, Verdict.STALE) if stale else Problem(text)


def _dropped(study: Study, pool: str, name: str) -> pa.Array:
    return _texts(study.table(f"filters/{pool}/{name}/dropped.parquet", ("id",))["id"])


def _texts(column: pa.ChunkedArray | pa.Array) -> pa.Array:
    text = column.cast(TEXT)
    return text.combine_chunks() if isinstance(text, pa.ChunkedArray) else text


def _count(mask: pa.Array) -> int:
    return int(pc.sum(mask).as_py() or 0)


def _excluded(study: Study, pool: str, name: str) -> pa.Array:
    """Ids of a pool that the exclusion lists name, which the pool's filter was given."""

    def look() -> pa.Array:
        entries = Entries()
        for path in _lists(study, pool, name):
            entries.extend(read_exclusions(path, pool))
        found = [pa.array(entries.values["id"], TEXT)]
        columns = [field for field in FIELDS if entries.values[field]]
        for rows in _pool_rows(study, pool, columns) if columns else ():
            mask = entries.listed(rows)
            found.append(_texts(rows.column("id").filter(pa.array(mask))))
        return pa.concat_arrays(found).unique()

    return study.once(f"excluded {pool}", f"filters/{pool}/{name}/report.json", lambda _: look())


def _lists(study: Study, pool: str, name: str) -> list[Path]:
    """The exclusion lists among the inputs of a filter."""
    return [_there(study, path) for path in _listed(study, pool, name)]


def _listed(study: Study, pool: str, name: str) -> list[str]:
    """Their paths. A receipt of before inputs had names tells them by their place: outside of the folder."""
    receipt = study.receipt(f"filters/{pool}/{name}/report.json")
    names = receipt.said.get("names")
    if names is None:
        return [path for path in receipt.inputs if path.startswith(("../", "/")) and "/downloads/" not in path]
    lists = names["inputs"].get("exclusions", [])
    wanted = [lists] if isinstance(lists, str) else lists
    return [_relative(receipt, path) for path in wanted]


def _relative(receipt: Receipt, path: str) -> str:
    """The path of an input as the receipt's relative paths have it."""
    return next((own for own in receipt.inputs if own == path or own.endswith(f"/{path}")), path)


def _there(study: Study, path: str) -> Path:
    """Where a list lies: beside the folder, or in the checkout that the study was made in."""
    places = [study.results.file(path)]
    if study.checkout is not None and path.startswith("../"):
        places.append(study.checkout / path.lstrip("./"))
    for place in places:
        if place.is_file():
            return place
    raise LackingError(f"the exclusion list {path} is not at hand; give the checkout that the study was made in")


def _lists_changed(study: Study, pool: str, name: str) -> bool:
    inputs = study.receipt(f"filters/{pool}/{name}/report.json").inputs
    return any(sha256_file(_there(study, path)) != inputs.get(path) for path in _listed(study, pool, name))


def _pool_rows(study: Study, pool: str, columns: list[str]) -> Iterator[pa.RecordBatch]:
    """Rows of a pool's parts that could be used; columns that a pool does not have are empty."""
    parts = sorted(study.results.file(f"pools/{pool}").glob("*.parquet"))
    parts = [path for path in parts if not path.name.endswith(".attempts.parquet")]
    if not parts:
        raise LackingError(f"pools/{pool}/*.parquet is not there, so samples cannot be held against what was asked for")
    for path in parts:
        with pq.ParquetFile(path) as file:
            names = file.schema_arrow.names
            reading = [name for name in dict.fromkeys(["id", "status", *columns]) if name in names]
            for batch in file.iter_batches(BATCH, columns=reading):
                good = batch.filter(pc.equal(batch.column("status"), OK).fill_null(False))
                absent = pa.nulls(len(good), TEXT)
                given = {name: good.column(name) if name in names else absent for name in ["id", *columns]}
                yield pa.RecordBatch.from_pydict(given)
