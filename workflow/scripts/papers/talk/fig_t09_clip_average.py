"""CLIP models lie far above the line of standard models. Every marker is one model: top-1 accuracy on ImageNet against
the plain mean of its accuracies on four shifted sets, ImageNet-V2, -Sketch, -R and -A, in percent on logit axes.
Standard models and models trained with more data are the robustness testbed's (Taori et al. 2020), CLIP models
evaluated zero-shot are VL Hub's (Feuer et al. 2023), told apart by the pairs that they were trained on; the testbed's
own two measurements of OpenAI's CLIP are hollow. A mean over sets with lines of their own lies on no straight line: the
curve is the mean of what the four sets' lines expect (ImageNet-A has two, which bend it at ResNet-50's accuracy),
through the standard models that have all four numbers; its band is a 95 % bootstrap over models, dashes mark where no
such model lies. A mean over sets has no binomial interval, and the exact 99.5 % interval of an accuracy on ImageNet is
narrower than a marker. The talk shows OpenAI's plot, which averages over seven sets, ObjectNet and two sets of video
among them; VL Hub has these four."""

import pandas as pd

from datalines.plotting import Drawing, Look, PlainFigure, house_style
from datalines.plotting.cells import Cells
from datalines.plotting.published import Scatter, drawn, legend
from datalines.plotting.testbedplots import TABLE
from datalines.published.averaged import averaged_baseline
from datalines.published.options import options_of, table_named
from datalines.published.talk import AVERAGED, averages, spread

OPENAI = "#D55E00"
STANDARD = Look("#7a7a7a", "o", "Standard training")
MORE_DATA = Look("#009E73", "^", "Trained with more data")
CLIP = {
    "wit": Look(OPENAI, "D", "CLIP, OpenAI 400M"),
    "laion": Look("#0072B2", "s", "CLIP, LAION"),
    "yfcc": Look("#E69F00", "v", "CLIP, YFCC"),
    "cc12m": Look("#CC79A7", "P", "CLIP, CC-12M (+ LAION)"),
}
MEASURED_TWICE = Look(OPENAI, "D", "OpenAI, testbed")


def kind_of(dataset: str) -> str:
    """The kind of pairs by the name of a data set."""
    return next(kind for kind in ("cc12m", "laion", "yfcc", "wit") if kind in dataset)


def draw(tables: dict[str, pd.DataFrame], figure: PlainFigure) -> Drawing:
    """One panel of published/imagenet-testbed and published/vlhub. Option: axis (logit, else probit or linear)."""
    options = options_of(figure.title, figure.options, {"axis": "logit"})
    whole = table_named(tables, TABLE, figure.title)
    testbed = averages(whole)
    hub = averages(table_named(tables, "published/vlhub", figure.title))
    hub = hub[hub["group"].isin(["clip", "laion"])]
    groups = testbed[testbed["group"].isin(["standard", "more-data", "clip"]) & (testbed["x"] >= 0.55)]
    baseline = averaged_baseline(whole, AVERAGED, str(options["axis"]))
    with house_style():
        cells = Cells(1)
        panel = Scatter(cells.axes[0], "average", baseline, pd.concat([groups, hub]))
        for group, look in (("standard", STANDARD), ("more-data", MORE_DATA)):
            panel.models(groups[groups["group"] == group], group, look)
        panel.lines(label="Expected average")
        for kind, look in CLIP.items():
            panel.models(hub[hub["dataset"].map(kind_of) == kind], kind, look, "few")
        twice = groups[groups["group"] == "clip"]
        panel.models(twice, "clip-testbed", MEASURED_TWICE, "few", hollow=True)
        panel.titles("average")
        cells.axes[0].set_title("Average of V2, Sketch, R and A")
        legend(cells, panel.handles)
    points = drawn([panel])
    return Drawing(cells.canvas, points, notes(points, baseline.range))


def notes(points: pd.DataFrame, known: tuple[float, float]) -> list[str]:
    """Height of every group above the line, and which models lie beyond the line's range."""
    own = points[(points["layer"] == "point") & (points["group"] != "standard")]
    labels = {**{kind: look.label for kind, look in CLIP.items()}, "clip-testbed": MEASURED_TWICE.label,
              "more-data": MORE_DATA.label}  # fmt: skip
    told = [
        f"{labels[row['group']]}: n = {row['n']}, {row['mean']:+.1f} points above the line on average, from "
        f"{row['low']:+.1f} to {row['high']:+.1f}."
        for row in spread(own, "group").to_dict("records")
    ]
    below = own[own["x"] < 100 * known[0]]
    told.append(f"{len(below)} models are less accurate on ImageNet than every standard one; the line is extrapolated.")
    return told
