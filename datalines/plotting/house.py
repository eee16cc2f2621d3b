"""House style of every figure: one set of rc values, one palette, one marker order."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import matplotlib as mpl

from datalines.errors import DatalinesError

# Sizes are for a figure printed at its own width (a text column is about 5.5 in): nothing below 6 pt.
STYLE: dict[Any, Any] = {
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],  # the face that matplotlib carries with it: the same bytes everywhere
    "font.size": 7.5,
    "axes.titlesize": 8,
    "axes.titlepad": 5,
    "axes.labelsize": 7.5,
    "axes.linewidth": 0.6,
    "axes.edgecolor": "#444444",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#ebebeb",
    "grid.linewidth": 0.5,
    "xtick.labelsize": 6.5,
    "ytick.labelsize": 6.5,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "xtick.major.size": 2.5,
    "ytick.major.size": 2.5,
    "xtick.color": "#444444",
    "ytick.color": "#444444",
    "lines.linewidth": 1.1,
    "lines.markersize": 4,
    "legend.fontsize": 7,
    "legend.frameon": False,
    "legend.handlelength": 1.8,
    "legend.columnspacing": 1.6,
    "legend.labelspacing": 0.45,
    "savefig.dpi": 200,
    "pdf.fonttype": 42,
    "svg.fonttype": "path",
    "svg.hashsalt": "datalines",
    "text.parse_math": False,  # titles come from config files and may hold any character
}

# Okabe and Ito's colours (less yellow and black), then Tol's muted ones: distinct under colour-vision deficiency,
# and the marker tells apart whatever the colour does not.
PALETTE: tuple[str, ...] = (
    *("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9"),
    *("#332288", "#999933", "#882255", "#44AA99", "#AA4499", "#117733"),
)
MARKERS: tuple[str, ...] = ("o", "s", "^", "D", "v", "P", "X", "<", ">", "h", "p")
BASELINE_COLOUR = "#7a7a7a"
EQUALITY_COLOUR = "#9a9a9a"


@dataclass(frozen=True)
class Look:
    """How one family or ensemble is drawn."""

    colour: str
    marker: str
    label: str


@contextmanager
def house_style() -> Iterator[None]:
    """Matplotlib's defaults with STYLE on top, whatever the user's own matplotlibrc says; undone on leaving."""
    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams.update(STYLE)
        yield


def looks(titles: Mapping[str, str], slugs: Sequence[str], baseline: str | None = None) -> dict[str, Look]:
    """Look of each slug by its place in `titles`, so that it is the same in all figures that share the titles.

    List the families and ensembles of a paper first and in one order. The baseline is grey wherever it appears.
    """
    order = {slug: place for place, slug in enumerate(titles)}
    found = {}
    for slug in slugs:
        if slug not in order:
            raise DatalinesError(
                f"titles: {slug!r} has no display name and so no colour; add it to the figure's titles"
            )
        place = order[slug]
        colour = BASELINE_COLOUR if slug == baseline else PALETTE[place % len(PALETTE)]
        found[slug] = Look(colour, MARKERS[place % len(MARKERS)], titles[slug])
    return found
