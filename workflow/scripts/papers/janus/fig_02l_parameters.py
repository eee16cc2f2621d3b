"""Accuracy and average robustness over the size of the network, at three data budgets, trained on JANuS with
cross-entropy. From the numbers of Table 9 in the paper; average robustness is recomputed as the mean of ImageNet-V2,
Sketch, R and A, all on the 100 classes of IN100 (36 of them in R, 37 in A). ResNet-26, ResNet-50 and ResNet-50x4 stand
in the order of their parameters, which the table does not give; it has no ResNet-26 at 10x. A budget of 1x is about
120,000 images. One run per marker; bars are 95 % intervals from the finite number of test images and hold nothing of
the spread over runs. The paper says that more parameters help on JANuS and can hurt where data are very limited (1x or
below). Scale: {scale}."""

from dataclasses import replace

import pandas as pd

from datalines.plotting import Drawing, Look, PlainFigure
from datalines.plotting.budgets import Series, run_panels
from datalines.published.janus import BASE_NETWORK, CE, COUNTS, TAB_09, ladder
from datalines.published.options import options_of, table_named

LARGEST = "RN50x4"
NETWORKS = {"RN26": "ResNet-26", BASE_NETWORK: "ResNet-50", LARGEST: "ResNet-50x4"}
LOOKS = {1: Look("#56B4E9", "o", "1x data"), 2: Look("#0072B2", "s", "2x data"), 10: Look("#332288", "D", "10x data")}


def draw(tables: dict[str, pd.DataFrame], figure: PlainFigure) -> Drawing:
    """Table 9 along the networks. The figure has no options."""
    options_of(figure.title, figure.options, {})
    rows = table_named(tables, TAB_09, figure.title)
    places = {network: place for place, network in enumerate(NETWORKS)}
    held = pd.concat([ladder(rows, CE, network) for network in NETWORKS], ignore_index=True)
    held = held[held["budget"].isin(list(LOOKS))]
    held = held.assign(place=held["network"].map(places).astype(float))
    series = [Series(look, held[held["budget"] == budget]) for budget, look in LOOKS.items()]
    ticks = {float(place): NETWORKS[network] for network, place in places.items()}
    drawing = run_panels(series, ticks, "Network, by its number of parameters", COUNTS)
    return replace(drawing, notes=[_remark(held)])


def _remark(held: pd.DataFrame) -> str:
    """What the largest network does to the average beside ResNet-50, per budget."""
    told = []
    for budget, part in held.groupby("budget"):
        by = part.set_index("network")
        base, large = by.loc[BASE_NETWORK], by.loc[LARGEST]
        overlap = base["average_low"] <= large["average_high"] and large["average_low"] <= base["average_high"]
        intervals = "intervals overlap" if overlap else "intervals apart"
        told.append(f"{100 * (large['average'] - base['average']):+.1f} points at {budget:g}x ({intervals})")
    return f"Average robustness of {NETWORKS[LARGEST]} less that of {NETWORKS[BASE_NETWORK]}: {', '.join(told)}."
