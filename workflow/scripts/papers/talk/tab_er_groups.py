"""Effective robustness by group of models and set: the height of a model's accuracy above the testbed's line of
standard models, in percentage points on logit axes; of the average over V2, Sketch, R and A above the mean of what the
four sets' lines expect. n models, mean, lowest and highest, and the share of them above the line, in percent. Groups of
the robustness testbed (Taori et al. 2020) are held against the in-distribution set that its plots use, the classes of
the shift for ObjectNet, R and A; CLIP models of VL Hub (Feuer et al. 2023), zero-shot, against all of ImageNet. Beyond
counts the models whose accuracy in distribution is outside the range of the standard models, where the line is
extrapolated."""

import pandas as pd

from datalines.published.averaged import averaged_baseline
from datalines.published.baselines import baseline_of
from datalines.published.options import table_named, table_options
from datalines.published.talk import AVERAGED, averages, own_set, shown_models, spread
from datalines.tables import Table

SETS = {
    "v2": "ImageNet-V2",
    "objectnet": "ObjectNet",
    "sketch": "ImageNet-Sketch",
    "r": "ImageNet-R",
    "a": "ImageNet-A",
    "average": "Average of V2, Sketch, R, A",
}
GROUPS = {
    "robust": "Robustness intervention",
    "adversarial": "Lp adversarially robust",
    "more-data": "Trained with more data",
    "subsample": "Subsets of ImageNet",
    "wit": "CLIP, OpenAI's 400M pairs",
    "laion": "CLIP, LAION",
    "yfcc15m": "CLIP, YFCC",
}
COLUMNS = {
    "set": "Set",
    "group": "Group",
    "n": "n",
    "mean": "Mean",
    "low": "Lowest",
    "high": "Highest",
    "above": "Above (%)",
    "beyond": "Beyond",
}


def tabulate(tables: dict[str, pd.DataFrame], table: Table) -> pd.DataFrame:
    """A row per set and group of published/imagenet-testbed and published/vlhub."""
    table_options(table, {})
    testbed, hub = (table_named(tables, f"published/{name}", table.title) for name in ("imagenet-testbed", "vlhub"))
    rows = [_of_set(testbed, hub, shift) for shift in SETS if shift != "average"]
    rows.append(_of_averages(testbed, hub))
    found = pd.concat(rows, ignore_index=True)
    found = found.assign(set=found["set"].map(SETS), group=found["group"].map(GROUPS), above=100 * found["above"])
    return found[list(COLUMNS)].rename(columns=COLUMNS)


def _clip(hub: pd.DataFrame) -> pd.DataFrame:
    """Zero-shot CLIP models on one source, with their source as `kind`."""
    own = hub[hub["used"].astype(bool) & ((hub["group"] == "laion") | hub["dataset"].isin(["wit", "yfcc15m"]))]
    return own.assign(kind=own["dataset"].where(own["group"] != "laion", "laion"))


def _of_set(testbed: pd.DataFrame, hub: pd.DataFrame, shift: str) -> pd.DataFrame:
    shown = shown_models(testbed, shift, adversarial=True)
    on = testbed[(testbed["shift"] == shift) & (testbed["x_set"] == own_set(shift)) & testbed["used"].astype(bool)]
    parts = on[on["group"] == "subsample"].assign(kind="subsample")
    found = [_heights(pd.concat([shown, parts]), baseline_of(testbed, "imagenet-testbed", shift, own_set(shift)))]
    clip = _clip(hub[hub["shift"] == shift])
    if len(clip):
        found.append(_heights(clip, baseline_of(testbed, "imagenet-testbed", shift)))
    return _ordered(pd.concat(found), shift)


def _of_averages(testbed: pd.DataFrame, hub: pd.DataFrame) -> pd.DataFrame:
    own = averages(testbed)
    own = own.assign(kind=own["group"])
    models = pd.concat([own[own["kind"].isin(["more-data", "subsample"])], _clip(averages(hub))])
    return _ordered(_heights(models, averaged_baseline(testbed, AVERAGED)), "average")


def _heights(models: pd.DataFrame, baseline) -> pd.DataFrame:  # type: ignore[no-untyped-def]
    low, high = baseline.range
    er = 100 * (models["y"].to_numpy() - baseline.predict(models["x"]))
    return pd.DataFrame(
        {"group": models["kind"].to_numpy(), "er": er, "beyond": ~models["x"].between(low, high).to_numpy()}
    )


def _ordered(heights: pd.DataFrame, shift: str) -> pd.DataFrame:
    own = heights[heights["group"].isin(GROUPS)]
    own = own.sort_values("group", key=lambda groups: groups.map(list(GROUPS).index), kind="stable")
    beyond = own.groupby("group", sort=False)["beyond"].sum()
    found = spread(own, "group")
    return found.assign(beyond=found["group"].map(beyond).astype(int), set=shift)
