"""Numbers of the talk (Fang et al. 2022 and what it presents) that published tables give, and those of its findings.

Accuracies are fractions in the tables and percentage points here.
"""

import re
from collections.abc import Mapping

import numpy as np
import pandas as pd

from datalines.published.averaged import averaged_baseline
from datalines.published.baselines import EVERY_ROW, baseline_of
from datalines.published.reading import PublishedError
from datalines.published.talk import AVERAGE, AVERAGED, averages, named, shown_models
from datalines.published.tidy import FULL, RESTRICTED
from datalines.robustness.lines import effective_robustness, fit_line

CLIP_LARGE = "CLIP-ViT-L-14-336-openai"
RESNET, TIMM_RESNET, HUB_RESNET = "resnet101", "resnet101.tv_in1k@224", "tv_resnet101"
YFCC_LARGE = "CLIP-RN50-yfcc15m"
FINE_TUNED, WISE = "CLIP-ViT-L-14-WIT-400m-ft-in1k", "CLIP-ViT-L-14-WiseFT"
SLIDE = {
    "v2": "ImageNet-V2",
    "r": "ImageNet-R",
    "objectnet": "ObjectNet",
    "sketch": "ImageNet-Sketch",
    "a": "ImageNet-A",
}
"""Sets of the slide with the gains of CLIP, in its order."""

OPENAI_DATA, YFCC_DATA = "wit", "yfcc15m"


def gains(testbed: pd.DataFrame, hub: pd.DataFrame, timm: pd.DataFrame) -> pd.DataFrame:
    """CLIP ViT-L-14-336 beside standard models on the slide's sets, a row per shift; percent and points.

    Columns: shift, clip, testbed and timm (their ResNet-101), line (the testbed's line at the CLIP model's accuracy on
    ImageNet), and above_testbed, above_timm, above_line; nan where a file lacks the set.
    """
    rows = []
    for shift in SLIDE:
        clip = _accuracy(hub, CLIP_LARGE, shift)
        x = float(named(hub, CLIP_LARGE, "v2")["x"])
        at = {
            "testbed": _accuracy(testbed, RESNET, shift),
            "timm": _accuracy(timm, TIMM_RESNET, shift),
            "line": 100 * float(baseline_of(testbed, "imagenet-testbed", shift).predict([x])[0]),
        }
        rows.append({"shift": shift, "clip": clip, **at, **{f"above_{name}": clip - y for name, y in at.items()}})
    return pd.DataFrame(rows)


def _accuracy(rows: pd.DataFrame, model: str, shift: str) -> float:
    """Percent of a model against all of ImageNet, nan where the file has no such set."""
    return 100 * float(named(rows, model, shift)["y"]) if (rows["shift"] == shift).any() else float("nan")


def recomputed(tables: Mapping[str, pd.DataFrame]) -> dict[tuple[str, str], float | None]:
    """{(item, cell): number} of the cells of the talk that the tables give; None where they do not.

    `tables` by their names without `published/`: imagenet-testbed, vlhub, vlhub-models, timm, frequencies,
    talk-accuracy-drop.
    """
    found: dict[tuple[str, str], float | None] = {}
    drops = tables["talk-accuracy-drop"].astype({"in_distribution": float, "out_of_distribution": float})
    for row in drops.to_dict("records"):
        key = "T-1", f"Model {row['model']}, accuracy drop (points)"
        found[key] = row["in_distribution"] - row["out_of_distribution"]
    for row in gains(tables["imagenet-testbed"], tables["vlhub"], tables["timm"]).to_dict("records"):
        for column, words in (("above_line", "above the line at its accuracy"), ("above_testbed", "less ResNet-101")):
            value = row[column]
            found["T-8", f"{SLIDE[row['shift']]}, CLIP {words} (points)"] = None if np.isnan(value) else value
    models = tables["vlhub-models"]
    found["T-17", "CLIP, training pairs (millions)"] = _of_model(models, CLIP_LARGE, "dataset_size") / 1e6
    found["T-17", "ImageNet, training images (millions)"] = _of_model(models, HUB_RESNET, "dataset_size") / 1e6
    found["T-17", "CLIP, parameters of the largest model (millions)"] = _of_model(models, CLIP_LARGE, "params")
    found["T-19", "YFCC, pairs of the largest set (millions)"] = _of_model(models, YFCC_LARGE, "dataset_size") / 1e6
    found["T-20", "ImageNet-Captions, images (thousands)"] = _captions(tables["frequencies"]).sum() / 1000
    return found


def _of_model(models: pd.DataFrame, model: str, column: str) -> float:
    """A number of VL Hub's table of models."""
    found = models.loc[models["model"] == model, column]
    if len(found) != 1:
        raise PublishedError(f"vlhub-models: {len(found)} rows of model {model}; one is needed")
    return float(found.iloc[0])


def _captions(frequencies: pd.DataFrame) -> pd.Series:
    """Images of every class of ImageNet in the released ImageNet-Captions."""
    counts = frequencies.loc[(frequencies["concepts"] == "imagenet") & (frequencies["source"] == "incaps"), "count"]
    if counts.empty:
        raise PublishedError("frequencies: no rows of concepts imagenet and source incaps, which count the captions")
    return counts


def pairs_of(model: str) -> int:
    """Millions of pairs of YFCC by a model's name, 0 for other models; the file's column says 15 for all of them."""
    found = re.search(r"yfcc(\d+)m", model)
    return int(found[1]) if found else 0


def measured(tables: Mapping[str, pd.DataFrame]) -> dict[str, float]:
    """{finding: its number} where a finding of the talk turns on one; `tables` as for `recomputed`."""
    testbed, hub, timm = (tables[name] for name in ("imagenet-testbed", "vlhub", "timm"))
    models, counts = tables["vlhub-models"], _captions(tables["frequencies"])
    pairs = models["model"].map(pairs_of)
    return {
        "captions-size": float(counts.sum()),
        "captions-classes": float((counts > 0).sum()),
        "gains-without-labels": float(gains(testbed, hub, timm)["above_line"].iloc[0]),
        "resnet-101": 100 * float(named(testbed, RESNET, "v2")["x"] - named(hub, HUB_RESNET, "v2")["x"]),
        "parameters": _of_model(models, CLIP_LARGE, "params"),
        "yfcc-sizes": float(((pairs > 0) & (1e6 * pairs != models["dataset_size"])).sum()),
        **_of_lines(testbed, timm),
        **_of_clip(hub),
    }


def _of_lines(testbed: pd.DataFrame, timm: pd.DataFrame) -> dict[str, float]:
    """Findings about lines of standard models and about the testbed's sets."""
    standard = shown_models(testbed, "v2").query("kind == 'standard'")
    bent = baseline_of(testbed, "imagenet-testbed", "a", FULL, one_line=True)
    points = averages(testbed).query("group == 'standard'")
    return {
        "names-left-out": float((~standard["fitted"]).sum()),
        "in-distribution-set": baseline_of(testbed, "imagenet-testbed", "r", FULL).pieces[0].line.slope,
        "imagenet-a-bends": bent.pieces[0].line.r2,
        "line-of-others": baseline_of(timm, "timm", "v2", models=EVERY_ROW).pieces[0].line.slope,
        "objectnet-size": float(named(testbed, RESNET, "objectnet", RESTRICTED)["n_y"]),
        "sketch-size": float(named(testbed, RESNET, "sketch")["n_y"]),
        "average-is-no-line": fit_line(points["x"], points["y"], "logit").r2,
    }


def _of_clip(hub: pd.DataFrame) -> dict[str, float]:
    """Findings about CLIP models."""
    average = averages(hub, swapped=True)
    two = pd.DataFrame([named(average, model, AVERAGE) for model in (WISE, FINE_TUNED)])
    heights = 100 * (two["y"].to_numpy() - averaged_baseline(hub, AVERAGED).predict(two["x"]))
    on = hub[(hub["shift"] == "v2") & (hub["group"] == "clip") & hub["used"].astype(bool)]
    openai, yfcc = on[on["dataset"] == OPENAI_DATA], on[on["dataset"] == YFCC_DATA]
    line = fit_line(openai["x"], openai["y"], "logit")
    plain = openai[~openai["model"].str.contains("ViT")]
    swapped = [float(named(hub, WISE, shift)["y"]) for shift in ("sketch", "v2")]
    return {
        "wise-ft-row": 100 * (swapped[0] - swapped[1]),
        "wise-ft-gain": float(heights[0] - heights[1]),
        "yfcc-on-the-line": float(effective_robustness(yfcc["x"], yfcc["y"], line).mean()),
        "architectures": float(effective_robustness(plain["x"], plain["y"], line).mean()),
    }
