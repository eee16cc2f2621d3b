"""Whether a model's accuracies in the meta-analysis of JANuS (Feuer et al. 2023) are its own: the file's IN1000 columns
beside timm's results for the same weights.

Of supervised models, the file's accuracies on ImageNet, V2, Sketch and R are in nearly the order of those on
ImageNet-A, which those of real models are not. Where the accuracy on A says that timm has the same weights, the others
differ by a point or two and agree once each column is sorted by itself. timm publishes each set in a file of its own,
sorted by accuracy, so that the columns seem to have been put side by side without a join on the name.
"""

import re

import numpy as np
import pandas as pd

from datalines.published.reading import PublishedError

MEASURES = ("val", "v2", "sketch", "r", "a")
SUPERVISED = "Conventional"
SAME = 1.1e-3  # how far two accuracies may be apart that are one number, cut or rounded to three decimals
FEWEST = 10
RENAMED = (
    (r"^swsl_(.*)$", r"\1.fb_swsl_ig1b_ft_in1k"),
    (r"^ssl_(.*)$", r"\1.fb_ssl_yfcc100m_ft_in1k"),
    (r"^ig_(.*)$", r"\1.fb_wsl_ig1b_ft_in1k"),
    (r"^(tf_efficientnet_.*)_ns$", r"\1.ns_jft_in1k"),
    (r"^(convnext_[a-z]*)_384_in22ft1k$", r"\1.fb_in22k_ft_in1k_384"),
    (r"^(.*)_in2[12]ft1k$", r"\1.fb_in22k_ft_in1k"),
    (r"^(resnetv2_.*_bit)m$", r"\1.goog_in21k_ft_in1k"),
)
"""Names that timm gave up since: pattern of the file's name, and today's. The accuracy on ImageNet-A says whether the
weights are the same, so that a wrong name here leaves a model out."""

COLUMNS = ["measure", "n", "equal", "median", "largest", "sorted", "file_order", "timm_order"]


def supervised(models: pd.DataFrame) -> pd.DataFrame:
    """The rows of models trained with labels."""
    return models[models["technique"] == SUPERVISED]


def order(models: pd.DataFrame, label_set: str) -> dict[str, float]:
    """Spearman's correlation of supervised models' accuracy on ImageNet-A with that on every other set."""
    rows = supervised(models)
    ranks = rows[[f"{label_set}_{measure}" for measure in MEASURES]].rank()
    against = ranks.corr()[f"{label_set}_a"].to_dict()
    return {measure: float(against[f"{label_set}_{measure}"]) for measure in MEASURES[:-1]}


def by_timm(models: pd.DataFrame, timm: pd.DataFrame) -> pd.DataFrame:
    """timm's accuracies of the supervised models whose weights it has: columns MEASURES, fractions, index of `models`.

    `timm` is the table `published/timm`, models named `<name>.<tag>@<size>`. A model is found by its name with tag (see
    RENAMED) and its input size, or without tag where timm has one set of weights of that name and size; and its
    accuracy on ImageNet-A must be the same, for names outlive weights. Raises PublishedError where fewer than ten are.
    """
    full = timm[timm["x_set"] == "full"]
    theirs = full.pivot_table(index="model", columns="shift", values="y").assign(val=full.groupby("model")["x"].first())
    theirs = theirs.reindex(columns=list(MEASURES)).dropna()
    untagged = theirs.index.str.replace(r"\.[^@]*@", "@", regex=True)
    known = pd.Series(theirs.index, index=theirs.index).to_dict()
    single = pd.Series(theirs.index, index=untagged)[lambda names: ~names.index.duplicated(keep=False)].to_dict()
    found = {}
    for place, row in supervised(models).iterrows():
        key = f"{_today(row['updated_name'])}@{row['image_size']}"
        name = known.get(key) or single.get(key)
        if name is not None and abs(theirs.at[name, "a"] - row["imagenet_a"]) <= SAME:
            found[place] = theirs.loc[name]
    if len(found) < FEWEST:
        raise PublishedError(
            f"published/timm.csv has the weights of {len(found)} models of published/vlhub-models.csv; declare timm's "
            "results whose names end in @<size>"
        )
    return pd.DataFrame.from_dict(found, orient="index")[list(MEASURES)]


def _today(name: str) -> str:
    """timm's present name of a model."""
    for pattern, present in RENAMED:
        name, changed = re.subn(pattern, present, name)
        if changed:
            break
    return name


def agreement(models: pd.DataFrame, timm: pd.DataFrame) -> pd.DataFrame:
    """How the file agrees with timm on IN1000 for models of the same weights: a row per measure, columns COLUMNS.

    `equal` is the share of the n models with the same number, `median` and `largest` are of the differences' sizes,
    `sorted` is the median once either column is sorted by itself (fractions); `file_order` and `timm_order` are
    Spearman's correlations with the accuracy on ImageNet-A.
    """
    theirs = by_timm(models, timm)
    own = models.loc[theirs.index, [f"imagenet_{measure}" for measure in MEASURES]].set_axis(list(MEASURES), axis=1)
    rows = []
    for measure in MEASURES:
        ours, others = own[measure].to_numpy(), theirs[measure].to_numpy()
        apart, parted = np.abs(ours - others), np.abs(np.sort(ours) - np.sort(others))
        orders = [float(frame.rank().corr()["a"].to_dict()[measure]) for frame in (own, theirs)]
        rows.append(
            [measure, len(ours), np.mean(apart <= SAME), np.median(apart), apart.max(), np.median(parted), *orders]
        )
    return pd.DataFrame(rows, columns=COLUMNS)


def with_timm(models: pd.DataFrame, timm: pd.DataFrame) -> pd.DataFrame:
    """The models that `by_timm` finds with timm's accuracies on IN1000, and all that are not supervised as they are."""
    theirs = by_timm(models, timm)
    chosen = models.loc[models.index.isin(theirs.index) | (models["technique"] != SUPERVISED)].copy()
    chosen.loc[theirs.index, [f"imagenet_{measure}" for measure in MEASURES]] = theirs.to_numpy()
    chosen.loc[theirs.index, "imagenet_average"] = theirs[["v2", "sketch", "r", "a"]].mean(axis=1).to_numpy()
    return chosen


def remark(models: pd.DataFrame) -> str:
    """What the file's order says, in words, for the caption of what is drawn of IN1000."""
    one, hundred = order(models, "imagenet")["sketch"], order(models, "in100")["sketch"]
    return (
        "Caution with IN1000: in the file, supervised models have nearly the same order on all five sets (Spearman's "
        f"correlation of Sketch and ImageNet-A {one:.3f}, on IN100 {hundred:.3f}), so that a model's accuracies there "
        "seem not to be all its own; Figures 10, 11 and 13 show them beside timm's own results."
    )


def timm_row(timm: pd.DataFrame, model: str) -> dict[str, float]:
    """One model's accuracies on IN1000 by timm: MEASURES, fractions. PublishedError where it or one of them is not
    there."""
    rows = timm[(timm["model"] == model) & (timm["x_set"] == "full")]
    found = dict(zip(rows["shift"], rows["y"].astype(float), strict=True))
    missing = [shift for shift in MEASURES[1:] if np.isnan(found.get(shift, np.nan))]
    if missing:
        raise PublishedError(
            f"published/timm.csv has no {', '.join(missing)} of {model!r}; declare the file that has it"
        )
    return {"val": float(rows["x"].iloc[0]), **{shift: found[shift] for shift in MEASURES[1:]}}
