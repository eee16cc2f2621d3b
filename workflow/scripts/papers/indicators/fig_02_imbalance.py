"""Accuracy of the nine blends of IN100 and OI100 in Table 3 against the paper's indicators of class balance and the
size of the data set. Circles: accuracy on the validation images of ImageNet-100; squares: average robustness, the mean
accuracy on the classes' images in ImageNet-V2, Sketch, R and A; both in percent. Hollow markers have nine classes with
fewer than 100 samples, filled ones have none. Numbers are the rows of Table 3; row 8 is OI100 as it is. Left-skew is
the share of samples in the five most common classes, long-tail@500 the share of classes with fewer than 500 samples.
In every panel: Spearman's rank correlation of the nine rows, one run each; two runs of one recipe differ by up to two
points. Left-skew, long tail and size change together from row to row, so no panel shows the effect of one alone."""

from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from datalines.plotting import Drawing, PlainFigure, house_style
from datalines.plotting.cells import Cells
from datalines.plotting.house import PALETTE
from datalines.published.indicators import OUTCOMES, agreement
from datalines.published.options import options_of, table_named

COLUMNS = ["panel", "outcome", "row", "x", "y", "long_tail_100"]
PANELS = {"left_skew": "Left-skew (%)", "long_tail_500": "Long-tail@500 (%)", "size": "Samples (thousand)"}
LOOKS = {"val": (PALETTE[0], "o", (54, 90)), "average": (PALETTE[1], "s", (29.5, 46))}
"""Colour, marker and vertical limits of an outcome, in percent."""

AXIS = {"val": "IN100 validation (%)", "average": "Average robustness (%)"}
ASIDE = 3.3  # points from a marker to the numbers of its rows
FREE = 0.11  # share of the axis that a label needs on the right of a marker, where it stands unless another is there
NEAR = (0.02, 0.055)  # markers so close, in shares of the axes, have one label


def draw(tables: dict[str, pd.DataFrame], figure: PlainFigure) -> Drawing:
    """A panel per outcome and indicator, from published/indicators-tab-03. No options."""
    options_of(figure.title, figure.options, {})
    blends = table_named(tables, "published/indicators-tab-03", figure.title)
    rows = blends.assign(size=blends["size"] / 1000)
    shown = [(outcome, name) for outcome in OUTCOMES for name in PANELS]
    with house_style():
        cells = Cells(len(shown), 0.8)
        drawn = [_panel(axes, rows, *what) for axes, what in zip(cells.axes, shown, strict=True)]
        for letter, axes, (outcome, name) in zip("abcdef", cells.axes, shown, strict=True):
            value = agreement(rows[name], rows[outcome], larger_is_better=name == "size").spearman
            axes.set_title(f"({letter}) Rank correlation {value:+.2f}".replace("-", "−"))
            axes.set_xlabel(PANELS[name])
            if name == next(iter(PANELS)):
                axes.set_ylabel(AXIS[outcome])
        cells.legend(_handles(len(rows)))
    return Drawing(cells.canvas, pd.concat(drawn, ignore_index=True)[COLUMNS], [f"n = {len(rows)} blends."])


def labels(x: pd.Series, y: pd.Series, names: pd.Series, near: tuple[float, float]) -> list[tuple[float, float, str]]:
    """(x, y, text) of the labels of points; points no further apart than `near` on both axes share one, upper first."""
    groups: list[list[tuple[float, float, str]]] = []
    points = zip(x.tolist(), y.tolist(), map(str, names), strict=True)
    for at, height, name in sorted(points, key=lambda point: (-point[1], point[0])):
        close = [one for one in groups if abs(one[-1][0] - at) <= near[0] and abs(one[-1][1] - height) <= near[1]]
        if close:
            close[0].append((at, height, name))
        else:
            groups.append([(at, height, name)])
    return [
        (
            max(at for at, _, _ in one),
            sum(height for _, height, _ in one) / len(one),
            ", ".join(name for *_, name in one),
        )
        for one in groups
    ]


def _panel(axes: Axes, rows: pd.DataFrame, outcome: str, name: str) -> pd.DataFrame:
    """Markers of one outcome over one indicator, with the numbers of the rows; returns what was drawn."""
    colour, marker, limits = LOOKS[outcome]
    low, high = rows[name].min(), rows[name].max()
    axes.set(ylim=limits, xlim=(low - 0.19 * (high - low), high + 0.14 * (high - low)))
    hollow = (rows["long_tail_100"] > 0).to_numpy()
    for mask, face, edge in ((~hollow, colour, "white"), (hollow, "white", colour)):
        axes.plot(rows[name][mask], rows[outcome][mask], linestyle="none", marker=marker, color=colour, markersize=4.6,
                  markerfacecolor=face, markeredgecolor=edge, markeredgewidth=0.8 if face == "white" else 0.4,
                  zorder=3)  # fmt: skip
    near = NEAR[0] * (high - low), NEAR[1] * (limits[1] - limits[0])
    for x, y, text in labels(rows[name], rows[outcome], rows["row"], near):
        beyond = rows.loc[(rows[outcome] - y).abs() <= near[1], name] - x
        left = x == low or bool(beyond.between(0, FREE * (high - low), "right").any())
        axes.annotate(text, (x, y), (-ASIDE if left else ASIDE, 0), textcoords="offset points", fontsize=6,
                      color="#444444", ha="right" if left else "left", va="center", zorder=4)  # fmt: skip
    found = {"row": rows["row"], "x": rows[name], "y": rows[outcome], "long_tail_100": rows["long_tail_100"]}
    return pd.DataFrame(found).assign(panel=name, outcome=outcome)


def _handles(n: int) -> list[Line2D]:
    common: dict[str, Any] = {"linestyle": "none", "markersize": 5}
    outcomes = [
        Line2D(
            [],
            [],
            color=colour,
            marker=marker,
            markeredgecolor="white",
            label=f"{OUTCOMES[name].capitalize()}, n = {n}",
            **common,
        )
        for name, (colour, marker, _) in LOOKS.items()
    ]
    tails = [
        Line2D([], [], color="#555555", marker="o", markerfacecolor=face, markeredgewidth=0.8, label=label, **common)
        for face, label in (("#555555", "no class below 100"), ("white", "9 classes below 100"))
    ]
    return [*outcomes, *tails]
