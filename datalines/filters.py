"""Filters decide from rows alone: keep, or drop for a named reason. They move no bytes.

A step takes the table of a pool's stored rows and returns a mask of those it keeps. Rows fall to the first step that
refuses them.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from datalines.errors import CountError

Mask = npt.NDArray[np.bool_]
Step = Callable[[pd.DataFrame, dict[str, Any]], Mask]


def caption_length(rows: pd.DataFrame, step: dict[str, Any]) -> Mask:
    """Keep captions with min..max words (separated by white space) or characters."""
    words = step["unit"] == "words"
    lengths = [len(caption.split()) if words else len(caption) for caption in rows["caption"]]
    return _between(pd.Series(lengths, dtype="int64"), step["min"], step["max"])


def exact_duplicate(rows: pd.DataFrame, step: dict[str, Any]) -> Mask:
    """Keep the first row of those with equal image bytes, caption, or both; first by id, however parts are ordered."""
    columns = {"image": ["sha256"], "caption": ["caption"], "pair": ["sha256", "caption"]}[step["of"]]
    repeated = rows.sort_values("id", kind="stable").duplicated(columns, keep="first")
    return (~repeated.reindex(rows.index)).to_numpy(dtype=bool)


def image_size(rows: pd.DataFrame, step: dict[str, Any]) -> Mask:
    """Keep images whose shorter side is at least `min_side` and whose longer side is at most `max_side` pixels."""
    sides = rows[["width", "height"]]
    return _between(sides.min(axis=1), step["min_side"], None) & _between(sides.max(axis=1), None, step["max_side"])


def aspect_ratio(rows: pd.DataFrame, step: dict[str, Any]) -> Mask:
    """Keep images whose longer side is at most `max` times the shorter one."""
    sides = rows[["width", "height"]]
    return _between(sides.max(axis=1) / sides.min(axis=1), None, step["max"])


def class_list(rows: pd.DataFrame, step: dict[str, Any]) -> Mask:
    """Keep rows whose label is one of the listed classes; rows without a label are dropped."""
    return rows["label"].isin(step["classes"]).to_numpy(dtype=bool)


STEPS: dict[str, Step] = {
    "caption-length": caption_length,
    "exact-duplicate": exact_duplicate,
    "image-size": image_size,
    "aspect-ratio": aspect_ratio,
    "class-list": class_list,
}


def decide(rows: pd.DataFrame, steps: list[dict[str, Any]]) -> pd.Series:
    """The reason for each row: an empty text if it is kept, else the name of the first step that refuses it.

    Later steps see only what earlier steps kept: a duplicate of a row that was dropped is not a duplicate.
    """
    reasons = pd.Series("", index=rows.index, dtype="string")
    for step in steps:
        alive = rows[reasons == ""]
        kept = STEPS[step["kind"]](alive, step)
        reasons.loc[alive.index[~kept]] = step["name"]
    return reasons


def report(rows: pd.DataFrame, reasons: pd.Series, steps: list[dict[str, Any]]) -> dict[str, Any]:
    """Counts per reason, in the order of the steps; input = kept + dropped is checked."""
    dropped = {step["name"]: int((reasons == step["name"]).sum()) for step in steps}
    kept = int((reasons == "").sum())
    if kept + sum(dropped.values()) != len(rows):
        raise CountError(f"filter: {len(rows)} rows in, but {kept} kept and {dropped} dropped")
    return {"input": len(rows), "kept": kept, "dropped": dropped}


def _between(values: pd.Series, low: float | None, high: float | None) -> Mask:
    mask = np.ones(len(values), dtype=bool)
    if low is not None:
        mask &= (values >= low).to_numpy(dtype=bool)
    if high is not None:
        mask &= (values <= high).to_numpy(dtype=bool)
    return mask
