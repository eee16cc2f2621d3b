"""Mixing outputs against mixing inputs: lines of models, paths of ensembles, their distance from the mixture's line."""

from collections.abc import Sequence
from dataclasses import replace

import pandas as pd
from matplotlib.lines import Line2D

from datalines.plotting.drawing import Drawing, Figure
from datalines.plotting.marks import DASHES
from datalines.plotting.networks import network_handles, network_markers
from datalines.plotting.panels import LinePanels
from datalines.plotting.roles import ENSEMBLE_COLOUR, mixture_of, role_looks
from datalines.prediction import Pair, Settings

LARGER = 2.0  # points that an ensemble's marker is larger than a model's


def ensemble_panels(records: pd.DataFrame, fits: pd.DataFrame, figure: Figure) -> Drawing:
    """Lines of the families, large markers of equal-weight ensembles, and dashed paths where weights vary.

    Option `mixture` names the family (or the line, where the experiment declares lines) that the ensembles are held
    against; option `networks` {recipe: name} tells networks apart by marker. Raises DatalinesError for a mixture that
    the figure does not draw.
    """
    panels = LinePanels(records, fits, figure)
    kind = "line" if panels.lines else "model"
    families, ensembles = panels.slugs(kind), panels.slugs("ensemble")
    mixture = mixture_of(figure, families)
    look, markers = role_looks(panels.spec, families, mixture, ensembles), network_markers(records, figure)
    for slug in families:
        panels.family(slug, look[slug], kind, markers=markers)
    walked: dict[str, str] = {}
    for slug in ensembles:
        own = replace(look[slug], marker=markers.get(slug, look[slug].marker))
        weights = sorted(panels.own(slug, "ensemble")["weight"].unique())
        if len(weights) > 1:
            panels.paths(slug, own)
            walked[slug] = f"Weights on the paths: {', '.join(f'{weight:g}' for weight in weights)}."
        panels.family(slug, own, "ensemble", line=False, larger=LARGER, legend=not markers)
    if markers:
        panels.handles.append(Line2D([], [], color=ENSEMBLE_COLOUR, linestyle=DASHES, linewidth=0.8,
                                     label="Ensembles; large: equal weight"))  # fmt: skip
    panels.handles.extend(network_handles(records, figure))
    panels.notes.extend(dict.fromkeys(walked.values()))
    if mixture and ensembles:
        panels.notes.extend(distance_notes(panels, records, ensembles, mixture))
    return panels.drawing()


def distance_notes(panels: LinePanels, records: pd.DataFrame, ensembles: Sequence[str], mixture: str) -> list[str]:
    """How far the equal-weight ensembles lie above the mixture's line, per shift, in percentage points."""
    spec, settings = panels.spec, Settings.of({**panels.spec.options, "axis": panels.spec.axis})
    members = panels.lines[mixture]["families"] if panels.lines else [mixture]
    pair = Pair(records, ensembles, members, spec.reference, settings)
    notes = []
    for shift in spec.shifts:
        row = pair.errors(shift).row(settings.level)
        interval = f"{100 * settings.level:g} % interval {row['distance_low']:+.1f} to {row['distance_high']:+.1f}"
        if row["distance_low"] != row["distance_low"]:
            interval = f"no interval from {' and '.join(map(str, pair.runs))} runs"
        beyond = f", {row['outside']} of them beyond its models" if row["outside"] else ""
        notes.append(
            f"{spec.name(shift)}: equal-weight ensembles lie {row['distance']:+.1f} points from the line of "
            f"{spec.name(mixture)} on average ({interval}; mean size {row['absolute']:.1f}, n = {row['n']}{beyond})."
        )
    return notes
