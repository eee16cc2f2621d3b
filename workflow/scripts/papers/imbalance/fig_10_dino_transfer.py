"""What pre-training on uncurated web data costs a self-supervised model, and what subsampling its prototypes gives
back. Every marker is one model trained by DINO on LAIONet: its linear-probe score on a transfer set less that of
vanilla DINO trained on ImageNet, in percentage points. Squares are vanilla DINO with all its prototypes, circles draw a
random subset of 65,536 prototypes at every step; the legend gives the prototypes in use and the mean difference over
the twelve sets. Every model was trained once (n = 1), so that no spread is known. Scale: {scale}. The scores are those
that Wen et al. (2024) print in Table 2, with one decimal; nothing was trained here. The paper's Figure 10 shows these
differences in this order of sets; the ImageNet model was trained with half the batch size that the paper states (see
the findings)."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure as Canvas

from datalines.plotting import Drawing, Look, PlainFigure, house_style
from datalines.plotting.house import BASELINE_COLOUR, EQUALITY_COLOUR, PALETTE
from datalines.published.imbalance import METHODS, TRANSFER, gaps
from datalines.published.options import options_of, table_named

TABLE = "published/imbalance-tab-02"
POINT_COLUMNS = ["set", "label", "method", "vocabulary", "difference"]
SPREAD = 0.5  # of the room of a set that its markers are spread over


def draw(tables: dict[str, pd.DataFrame], figure: PlainFigure) -> Drawing:
    """One panel of the rows of Table 2. There are no options."""
    options_of(figure.title, figure.options, {})
    found = gaps(table_named(tables, TABLE, figure.title))
    points = []
    with house_style():
        canvas = Canvas(figsize=(5.5, 3.7), layout="constrained")
        axes = canvas.add_subplot()
        axes.axvline(0, color=EQUALITY_COLOUR, linewidth=0.9, zorder=1)
        offsets = np.linspace(-SPREAD / 2, SPREAD / 2, len(found))
        places = np.arange(len(TRANSFER))
        for number, ((method, vocabulary), offset) in enumerate(zip(found, offsets, strict=True)):
            look = _look(method, number)
            values = found[method, vocabulary].to_numpy()
            axes.plot(values, places + offset, linestyle="none", marker=look.marker, markersize=4.6, zorder=3,
                      color=look.colour, markeredgecolor="white", markeredgewidth=0.4,
                      label=f"{look.label}, {vocabulary:,} (mean {_signed(values.mean())})")  # fmt: skip
            points.append(pd.DataFrame({"set": list(TRANSFER), "label": list(TRANSFER.values()), "method": method,
                                        "vocabulary": vocabulary, "difference": values}))  # fmt: skip
        axes.set_yticks(places, list(TRANSFER.values()))
        axes.set_ylim(len(TRANSFER) - 0.5, -0.5)
        axes.set_xlabel("Difference to vanilla DINO on ImageNet (percentage points)")
        canvas.legend(loc="outside lower center", ncols=2, title="Method, prototypes in use", title_fontsize=7)
    return Drawing(canvas, pd.concat(points, ignore_index=True)[POINT_COLUMNS], [])


def _look(method: str, number: int) -> Look:
    """Vanilla models in grey and black squares, subsampled ones in coloured circles."""
    if method == "vanilla":
        return Look((BASELINE_COLOUR, "#222222")[number % 2], "s", METHODS[method].capitalize().replace("dino", "DINO"))
    return Look(PALETTE[number % len(PALETTE)], "o", METHODS[method].capitalize())


def _signed(value: float) -> str:
    return f"{value:+.1f}".replace("-", "\N{MINUS SIGN}")
