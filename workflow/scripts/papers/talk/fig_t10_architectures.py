"""CLIP models with convolutional networks and with vision transformers lie on one line. Each panel is a shift: top-1
accuracy on ImageNet against the shifted set, in percent on logit axes. Large markers are OpenAI's CLIP models, trained
on 400 million pairs and evaluated zero-shot, from VL Hub (Feuer et al. 2023): two convolutional (RN50, RN50x64) and
three transformers (ViT-B-32, ViT-L-14, ViT-L-14-336). One line goes through all five (least squares on the logit axes):
five points do not carry a line for each kind, so the kinds are compared by their mean heights above the common line.
Hollow markers are the robustness testbed's own measurements of RN50 and ViT-B-32; they take no part in the line. Grey
are the testbed's standard models with its line, its 95 % bootstrap band and the accuracy on all of ImageNet on every
horizontal axis; on ImageNet-A it has two lines. Bars are exact 99.5 % binomial intervals. The talk shows OpenAI's own
plot of nine CLIP models; three ResNets and a transformer of it are in no file at hand."""

import pandas as pd

from datalines.plotting import Drawing, Look, PlainFigure, house_style
from datalines.plotting.cells import Cells
from datalines.plotting.published import PALE, Scatter, between, drawn
from datalines.plotting.testbedplots import TABLE
from datalines.published.baselines import baseline_of
from datalines.published.options import options_of, table_named
from datalines.published.tidy import FULL
from datalines.robustness.lines import effective_robustness, fit_line

SHIFTS = ("v2", "sketch", "r", "a")
KINDS = {"cnn": Look("#0072B2", "s", "CLIP, convolutional"), "vit": Look("#D55E00", "D", "CLIP, transformer")}
STANDARD = Look("#8a8a8a", "o", "Standard training")
COMMON = Look("#882255", "", "Line through both")


def kind_of(model: str) -> str:
    """cnn or vit, by the model's name."""
    return "vit" if "vit" in model.lower() else "cnn"


def draw(tables: dict[str, pd.DataFrame], figure: PlainFigure) -> Drawing:
    """Four panels of published/imagenet-testbed and published/vlhub. Option: axis (logit, probit or linear)."""
    axis = str(options_of(figure.title, figure.options, {"axis": "logit"})["axis"])
    testbed, hub = (table_named(tables, name, figure.title) for name in (TABLE, "published/vlhub"))
    testbed = testbed[(testbed["x_set"] == FULL) & testbed["used"].astype(bool)]
    openai = hub[(hub["dataset"] == "wit") & hub["used"].astype(bool)]
    panels, told = [], []
    with house_style():
        cells = Cells(len(SHIFTS))
        for shift, axes in zip(SHIFTS, cells.axes, strict=True):
            own, both = openai[openai["shift"] == shift], testbed[testbed["shift"] == shift]
            standard, twice = both[both["group"] == "standard"], both[both["group"] == "clip"]
            baseline = baseline_of(testbed, "imagenet-testbed", shift, axis=axis)
            panel = Scatter(axes, shift, baseline, pd.concat([own, standard, twice]))
            panel.models(standard, "standard", STANDARD, "background")
            panel.lines(PALE, label="Its linear fit")
            line = fit_line(own["x"], own["y"], axis)
            x = between(100 * own["x"].min(), 100 * own["x"].max(), axis)
            panel.other_line(x, 100 * line.predict(x / 100), "openai", COMMON, f"{COMMON.label} ({line.n})")
            heights = {}
            for kind, look in KINDS.items():
                mine, other = (part[part["model"].map(kind_of) == kind] for part in (own, twice))
                panel.models(mine, kind, look, "few")
                panel.models(other, f"{kind}-testbed", Look(look.colour, look.marker, f"{look.label}, testbed"), "few",
                             hollow=True)  # fmt: skip
                heights[kind] = float(effective_robustness(mine["x"], mine["y"], line).mean())
            panel.titles(shift)
            panels.append(panel)
            told.append(
                f"{axes.get_title()}: slope {line.slope:.2f}, R2 {line.r2:.3f}, n = {line.n}; mean height above the "
                f"common line {heights['cnn']:+.1f} (convolutional) and {heights['vit']:+.1f} points (transformer); "
                f"{len(standard)} standard models."
            )
        cells.legend(panels[0].handles)
    return Drawing(cells.canvas, drawn(panels), told)
