"""What a run must have seen: the order of the samples worked out again from manifest, seed and recipe, without images
and without a GPU."""

from typing import Any

import numpy as np
import pyarrow.compute as pc

from datalines.audit.proofs.study import LackingError, Study
from datalines.loading.order import Order, listed
from datalines.loading.seen import Rows, Seen
from datalines.shards import Digests


def mixture_of(summary: dict[str, Any]) -> str:
    """Manifest of the mixture that a run was trained on."""
    return f"mixtures/{summary['mixture']}/{summary['size']}/manifest.json"


def index_of(manifest: str) -> str:
    """The index beside a manifest."""
    return f"{manifest.rpartition('/')[0]}/index.parquet"


def logged(summary: dict[str, Any]) -> list[dict[str, Any]]:
    """What the run says that it saw, epoch by epoch; runs of before this was noted are a LackingError."""
    if summary.get("seen") is None:
        raise LackingError("the run noted neither order nor sources of what it saw; train it again to have it proved")
    return list(summary["seen"])


def counted(study: Study, manifest: str) -> Digests:
    """Number and digests of the ids of an index, counted anew."""

    def count() -> Digests:
        found = Digests()
        for batch in study.table(index_of(manifest), ("id",)).to_batches():
            found.add(batch.column("id").to_pylist())
        return found

    found: Digests = study.once("ids", index_of(manifest), lambda _: count())
    return found


def replayed(study: Study, path: str) -> list[dict[str, Any]]:
    """What the run of a summary must have seen, in the form in which it is noted."""
    found: list[dict[str, Any]] = study.once("replay", path, lambda _: _replay(study, study.json(path)))
    return found


def _replay(study: Study, summary: dict[str, Any]) -> list[dict[str, Any]]:
    manifest, recipe = study.json(mixture_of(summary)), summary["recipe"]
    order = Order(listed(manifest), manifest["order_sha256"], int(summary["seed"]), recipe["shuffle_window"])
    batch, width = recipe["batch"], recipe["micro_batch"] or recipe["batch"]
    seen, failed = Seen(order, width), _undecodable(study, summary)
    in_epoch = order.samples // batch
    for step in range(in_epoch * recipe["epochs"]):
        epoch, start = step // in_epoch + 1, step % in_epoch * batch
        seen.add(epoch, step, 0, _substituted(order.rows(epoch, start, start + batch), failed, width))
    seen.settle(lambda own: [own])
    return seen.listed()


def _undecodable(study: Study, summary: dict[str, Any]) -> Rows:
    """Rows of the samples that did not decode, whose places others took."""
    if not summary["undecodable"]:
        return np.empty(0, dtype=np.int64)
    ids = study.table(index_of(mixture_of(summary)), ("id",))["id"]
    names = [entry["id"] for entry in summary["undecodable"]]
    rows = np.array([pc.index(ids, name).as_py() for name in names], dtype=np.int64)
    if (rows < 0).any():
        raise ValueError(f"{names[int(rows.argmin())]}, which did not decode, is not in the mixture's index")
    return rows


def _substituted(rows: Rows, failed: Rows, width: int) -> Rows:
    """The rows as they were trained on: the place of one that did not decode has the next of its micro-batch that did,
    from its end on from its start."""
    bad = np.isin(rows, failed)
    if not bad.any():
        return rows
    taken = rows.copy()
    for first in range(0, len(rows), width):
        good = first + np.flatnonzero(~bad[first : first + width])
        if not len(good):
            raise ValueError("none of a micro-batch's samples is said to have decoded")
        for place in first + np.flatnonzero(bad[first : first + width]):
            after = good[good > place]
            taken[place] = rows[after[0] if len(after) else good[0]]
    return taken
