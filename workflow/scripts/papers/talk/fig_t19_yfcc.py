"""CLIP models trained on YFCC lie on the line of OpenAI's CLIP models on ImageNet-V2. Top-1 accuracy on ImageNet
against ImageNet-V2 in percent on logit axes, zero-shot, from VL Hub (Feuer et al. 2023): models trained on 2, 4, 10 and
15 million pairs of YFCC, those of ten million without any caption that names a class of ImageNet, and OpenAI's models
trained on 400 million pairs. The line in colour is least squares through OpenAI's models alone, carried on to the
accuracies of the YFCC models. Grey are the testbed's standard models (Taori et al. 2020) with its line and its 95 %
bootstrap band; dashes mark where no model behind a line lies. Bars are exact 99.5 % binomial intervals. The talk's YFCC
models were trained on 1, 3, 7 and 15 million pairs; their accuracies are in no file at hand, so VL Hub's stand in for
them."""

import pandas as pd

from datalines.plotting import Drawing, Look, PlainFigure, house_style
from datalines.plotting.cells import Cells
from datalines.plotting.published import Scatter, between, drawn, legend
from datalines.plotting.testbedplots import TABLE
from datalines.published.baselines import baseline_of
from datalines.published.options import options_of, table_named
from datalines.published.talkcells import pairs_of
from datalines.robustness.lines import Line, effective_robustness, fit_line

OPENAI = Look("#D55E00", "D", "OpenAI's 400M pairs")
SIZES = {
    15: Look("#0072B2", "s", "YFCC-15M"),
    10: Look("#009E73", "P", "YFCC-10M, no class names"),
    4: Look("#E69F00", "^", "YFCC-4M"),
    2: Look("#882255", "v", "YFCC-2M"),
}
STANDARD = Look("#8a8a8a", "o", "Standard training")


def draw(tables: dict[str, pd.DataFrame], figure: PlainFigure) -> Drawing:
    """One panel of published/imagenet-testbed and published/vlhub. Option: axis (logit, else probit or linear)."""
    axis = str(options_of(figure.title, figure.options, {"axis": "logit"})["axis"])
    testbed, hub = (table_named(tables, name, figure.title) for name in (TABLE, "published/vlhub"))
    baseline = baseline_of(testbed, "imagenet-testbed", "v2", axis=axis)
    standard = testbed[(testbed["shift"] == "v2") & (testbed["group"] == "standard") & testbed["used"].astype(bool)]
    clip = hub[(hub["shift"] == "v2") & (hub["group"] == "clip") & hub["used"].astype(bool)]
    openai, yfcc = clip[clip["dataset"] == "wit"], clip[clip["dataset"] == "yfcc15m"]
    line = fit_line(openai["x"], openai["y"], axis)
    with house_style():
        cells = Cells(1)
        panel = Scatter(cells.axes[0], "v2", baseline, pd.concat([standard, openai, yfcc]))
        panel.models(standard, "standard", STANDARD, "background")
        panel.lines()
        x = between(100 * yfcc["x"].min(), 100 * openai["x"].max(), axis)
        known = 100 * openai["x"].min(), 100 * openai["x"].max()
        panel.other_line(x, 100 * line.predict(x / 100), "openai", OPENAI, "Fit of OpenAI's models", known)
        for size, look in SIZES.items():
            panel.models(yfcc[yfcc["model"].map(pairs_of) == size], f"yfcc-{size}m", look, "few")
        panel.models(openai, "openai", OPENAI, "few")
        panel.titles("v2")
        panel.counted(openai)
        legend(cells, panel.handles)
    return Drawing(cells.canvas, drawn([panel]), notes(yfcc, openai, line))


def notes(yfcc: pd.DataFrame, openai: pd.DataFrame, line: Line) -> list[str]:
    """How far the YFCC models lie from the line of OpenAI's."""
    above = effective_robustness(yfcc["x"], yfcc["y"], line)
    own = effective_robustness(openai["x"], openai["y"], line)
    both = fit_line(pd.concat([openai["x"], yfcc["x"]]), pd.concat([openai["y"], yfcc["y"]]), line.axis)
    return [
        f"Line of OpenAI's models: slope {line.slope:.3f}, n = {line.n}. YFCC models, n = {len(yfcc)}, lie "
        f"{above.mean():+.1f} points from it on average, from {above.min():+.1f} to {above.max():+.1f}; OpenAI's own "
        f"from {own.min():+.1f} to {own.max():+.1f}.",
        f"One line through all: slope {both.slope:.3f}, R2 {both.r2:.4f}, n = {both.n}.",
    ]
