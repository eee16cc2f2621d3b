"""What a figure script is given and gives back, and the one place where drawings become files."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd
from matplotlib.figure import Figure as Canvas

from datalines.plotting.house import house_style

PNG_DPI = 200
# Dates and version strings would change the bytes of an unchanged figure.
_METADATA: dict[str, dict[str, None]] = {
    "pdf": {"CreationDate": None, "Creator": None, "Producer": None},
    "png": {"Software": None},
    "svg": {"Date": None, "Creator": None},
}


@dataclass(frozen=True)
class Figure:
    """A figure as the config declares it.

    `shifts` are the panels, `axis` the transform of both axes, `titles` the display names of families, ensembles
    and shifts: families first and in the same order in all figures of a paper, for their order sets the colours.
    `options` are the script's own, and for every script: families and ensembles (slugs to draw, in order; all where
    not given), and floor, level and resamples (the experiment's, for the bands).
    """

    title: str
    shifts: list[str]
    reference: str
    axis: str = "probit"
    baseline: str | None = None
    titles: dict[str, str] = field(default_factory=dict)
    options: dict[str, Any] = field(default_factory=dict)

    def name(self, slug: str) -> str:
        """Display name of a family, ensemble or shift; the slug itself where none is given."""
        return self.titles.get(slug, slug)


@dataclass(frozen=True)
class PlainFigure:
    """A figure of other tables than one experiment's records, as the config declares it.

    `titles` are the display names of families, ensembles and shifts in the order of all figures, which sets the
    colours; `options` are the script's own.
    """

    title: str
    titles: dict[str, str] = field(default_factory=dict)
    options: dict[str, Any] = field(default_factory=dict)

    def name(self, slug: str) -> str:
        """Display name of a family, ensemble or shift; the slug itself where none is given."""
        return self.titles.get(slug, slug)


@dataclass(frozen=True)
class Drawing:
    """A matplotlib figure, every point, line, band and path in it as a table, and remarks for the caption."""

    figure: Canvas
    points: pd.DataFrame
    notes: list[str]


def save(drawing: Drawing, stem: str | Path, endings: Sequence[str] = ("pdf", "png", "svg", "csv")) -> list[Path]:
    """Write <stem>.pdf, .png (200 dpi), .svg and .csv; equal drawings give equal bytes. Returns the paths."""
    paths = [Path(f"{stem}.{ending}") for ending in endings]
    with house_style():
        # Automatic layout moves things a little each time it runs: run it once, then take it away. A mere freeze would
        # leave a placeholder, for which matplotlib draws every file twice.
        engine = drawing.figure.get_layout_engine()
        if engine is not None:
            engine.execute(drawing.figure)
        drawing.figure.set_layout_engine(None)
        for ending, path in zip(endings, paths, strict=True):
            if ending == "csv":
                drawing.points.to_csv(path, index=False, float_format="%.6g", lineterminator="\n")
            else:
                drawing.figure.savefig(path, format=ending, dpi=PNG_DPI, metadata=_METADATA[ending])
    return paths
