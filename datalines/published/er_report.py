"""What `datalines er` says: the effective robustness of points, the lines that they are held against, what to heed."""

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from datalines.published.baselines import Baseline
from datalines.published.names import EVERY_ROW, LONG
from datalines.published.testbed import LEVEL
from datalines.published.tidy import FULL, RESTRICTED

COVERS = (
    "which models are behind the line (bootstrap of models)",
    "the binomial errors of both accuracies",
)
COVERS_NOT = (
    "the chance of the model's own training run",
    "the choice of the baseline and of its axis",
)
RESTRICTABLE = ("imagenet-r", "imagenet-a", "objectnet")


def single(baseline: Baseline, point: Mapping[str, Any], source: Mapping[str, Any]) -> str:
    """One point of `own_models.OUT_COLUMNS` in words; `source` as of `baseline_files.provenance`."""
    shift, level = LONG[baseline.shift], f"{100 * LEVEL:g} %"
    on_x = f"{point['id']:.4f} on ImageNet ({set_named(baseline)}; {point['n_id']:,} images)"
    low, high = baseline.range
    behind = f"{baseline.n:,} {'rows' if baseline.models == EVERY_ROW else 'standard models'}"
    alone = f"the first alone: {_signed(point['line_low'])} to {_signed(point['line_high'])}"
    lines = [
        f"{shift}: effective robustness {_signed(point['er'])} points, "
        f"{level} interval {_signed(point['er_low'])} to {_signed(point['er_high'])}",
        "",
        f"point     {on_x}, {point['ood']:.4f} on {shift} ({point['n_ood']:,} images)",
        f"baseline  {baseline.name}, {behind} from {low:.4f} to {high:.4f}; at {point['id']:.4f} it has "
        f"{point['expected']:.4f}",
        *line_texts(baseline, str(point["part"])),
        f"interval  covers {COVERS[0]},",
        f"          and {COVERS[1]}; {alone}",
        f"          does not cover {COVERS_NOT[0]},",
        f"          nor {COVERS_NOT[1]}",
        f"source    {source['entry']}: {source['citation']}",
    ]
    heed = [f"note: {text}" for text in notes(baseline)]
    heed += [f"warning: {text}" for text in warnings(baseline, point)]
    return "\n".join([*lines, *([""] if heed else []), *heed])


def line_texts(baseline: Baseline, part: str) -> list[str]:
    """The lines of a baseline, the one for `part` marked where there are two."""
    found = []
    for piece in baseline.pieces:
        line, axis = piece.line, baseline.axis
        y, x = (f"{axis}(y)", f"{axis}(x)") if axis != "linear" else ("y", "x")
        slope, intercept = piece.resampled.intervals(LEVEL)
        where, used = "", ""
        if len(baseline.pieces) > 1:
            where = f" {piece.part.replace('-', ' the ')} {baseline.knee:g}, n {line.n}:"
            used = ", which counts here" if piece.part == part else ""
        sign = "+" if line.slope >= 0 else "-"
        found += [
            f"line     {where} {y} = {line.intercept:.4f} {sign} {abs(line.slope):.4f} {x}, R² {line.r2:.3f}{used}",
            f"          {100 * LEVEL:g} %: intercept {intercept[0]:.4f} to {intercept[1]:.4f}, "
            f"slope {slope[0]:.4f} to {slope[1]:.4f}",
        ]
    return found


def set_named(baseline: Baseline) -> str:
    """What the in-distribution accuracy is measured on."""
    if baseline.x_set == FULL:
        return f"{FULL}: all of its classes"
    return f"{RESTRICTED}: its classes that {LONG[baseline.shift]} has"


def notes(baseline: Baseline) -> list[str]:
    """What is to be known about a baseline wherever the point lies."""
    shift, found = LONG[baseline.shift], []
    if shift in RESTRICTABLE and baseline.x_set == FULL:
        found.append(
            "the in-distribution accuracy is taken as the one on all of ImageNet's classes; the testbed has the one "
            f"on the classes of {shift}: --x {RESTRICTED}"
        )
    if baseline.models == EVERY_ROW:
        found.append(
            "rows of one model at several image sizes are resampled as if they were independent, so the interval is "
            "too narrow; --rows one-per-model has one of each"
        )
    return found


def warnings(baseline: Baseline, point: Mapping[str, Any]) -> list[str]:
    """What speaks against the number of one point."""
    if point["in_range"]:
        return []
    low, high = baseline.range
    side = "below" if point["id"] < low else "above"
    return [
        f"{point['id']:.4f} lies {side} all models behind the line ({low:.4f} to {high:.4f}); the line is "
        "extrapolated, and the interval does not cover that it may bend there"
    ]


def as_json(baselines: Sequence[Baseline], points: pd.DataFrame, source: Mapping[str, Any]) -> str:
    """Baselines and points as JSON text; numbers that are not there are null."""
    heed = [text for baseline in baselines for text in notes(baseline)]
    content = {
        "level": LEVEL,
        "covers": COVERS,
        "covers_not": COVERS_NOT,
        "source": source,
        "baselines": [_described(baseline) for baseline in baselines],
        "notes": heed,
        "points": [{key: _plain(value) for key, value in row.items()} for row in points.to_dict("records")],
    }
    return json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False)


def _described(baseline: Baseline) -> dict[str, Any]:
    lines = []
    for piece in baseline.pieces:
        slope, intercept = piece.resampled.intervals(LEVEL)
        numbers = {"part": piece.part, "n": piece.line.n, "slope": piece.line.slope, "slope_interval": slope}
        numbers |= {"intercept": piece.line.intercept, "intercept_interval": intercept, "r2": piece.line.r2}
        lines.append({**numbers, "range": (piece.x_min, piece.x_max)})
    facts: dict[str, Any] = {
        "name": baseline.name,
        "rows": baseline.models,
        "shift": LONG[baseline.shift],
        "x_set": baseline.x_set,
    }
    facts |= {"axis": baseline.axis, "n": baseline.n, "range": baseline.range, "knee": baseline.knee}
    return {**facts, "lines": lines}


def _plain(value: Any) -> Any:
    if value is pd.NA or (isinstance(value, float) and not math.isfinite(value)):
        return None
    return value.item() if hasattr(value, "item") else value


def _signed(points: float) -> str:
    return f"{points:+.2f}"
