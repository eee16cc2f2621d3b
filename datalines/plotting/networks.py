"""Networks of one line told apart by marker: a colour says what they were trained on, a shape which network it is."""

import pandas as pd
from matplotlib.lines import Line2D

from datalines.plotting.drawing import Figure
from datalines.plotting.house import MARKERS


def network_markers(records: pd.DataFrame, figure: Figure) -> dict[str, str]:
    """Marker of every family and ensemble by its recipe, in the order of option `networks` {recipe: name}; empty
    without the option. An ensemble has the recipe of its members."""
    order = {recipe: MARKERS[place] for place, recipe in enumerate(figure.options.get("networks", {}))}
    pairs = records[["family", "recipe"]].astype(str).drop_duplicates()
    return {family: order[recipe] for family, recipe in pairs.itertuples(index=False) if recipe in order}


def network_handles(records: pd.DataFrame, figure: Figure) -> list[Line2D]:
    """Grey markers for the legend, of the networks that the records hold."""
    present = set(records["recipe"].astype(str))
    return [
        Line2D([], [], color="#5a5a5a", marker=MARKERS[place], linestyle="none", markersize=4.2,
               markeredgecolor="white", markeredgewidth=0.4, label=str(name))
        for place, (recipe, name) in enumerate(figure.options.get("networks", {}).items())
        if recipe in present
    ]  # fmt: skip
