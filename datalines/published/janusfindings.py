"""What published tables measure of the findings on JANuS (Feuer et al. 2023): a short text of numbers for each."""

from collections.abc import Callable, Mapping

import numpy as np
import pandas as pd

from datalines.published import models as hub
from datalines.published.janus import (
    CE,
    HUB,
    TAB_04,
    TAB_08,
    TAB_09,
    VL,
    averages,
    checked,
    label_readings,
    ladder,
    named_rows,
    with_intervals,
)
from datalines.published.meta import LABEL_SETS, row_of, ten_best_means, top_counts
from datalines.published.metacells import average_of

CLASSES, FREQUENCIES = "published/janus-classes", "published/frequencies"
TABLES = (CLASSES, FREQUENCIES, HUB, TAB_04, TAB_08, TAB_09)
CAPTIONED, LARGEST = 600, 100  # section 4.2: more captions than this; section 4: so many of the largest classes
TUNED = {"ResNet-50": "rn50", "ViT-S-16": "vit"}
Tables = Mapping[str, pd.DataFrame]


def measured(tables: Tables) -> dict[str, str]:
    """{finding: what `tables` (TABLES, by name) say}, for the findings that they can decide; accuracies as printed."""
    return {finding: measure(tables) for finding, measure in MEASURES.items()}


def _shared_classes(tables: Tables) -> str:
    chosen = _label_set(tables, "in100")
    r, a = chosen["in_r"] == "yes", chosen["in_a"] == "yes"
    return f"R {r.sum()}, A {a.sum()}, both {(r & a).sum()} of {len(chosen)}"


def _dogs_on_a(tables: Tables) -> str:
    chosen = _label_set(tables, "dogs")
    return f"R {(chosen['in_r'] == 'yes').sum()}, A {(chosen['in_a'] == 'yes').sum()} of {len(chosen)}"


def _label_set(tables: Tables, name: str) -> pd.DataFrame:
    rows = tables[CLASSES]
    return rows[rows["label_set"] == name]


def _selection(tables: Tables) -> str:
    """Captions per class of ImageNet-Captions, for IN100 and for all classes."""
    rows = tables[FREQUENCIES]
    rows = rows[(rows["concepts"] == "imagenet") & (rows["source"] == "incaps") & rows["index"].notna()]
    counts = rows.set_index(rows["index"].astype(int))["count"]
    chosen = counts.loc[_label_set(tables, "in100")["index"]]
    largest = counts.sort_values(ascending=False, kind="stable").index[:LARGEST]
    return (
        f"of IN100, {int(np.isin(chosen.index, largest).sum())} are among the {LARGEST} largest and "
        f"{int((chosen > CAPTIONED).sum())} have more than {CAPTIONED} captions, as {int((counts > CAPTIONED).sum())} "
        f"of {len(counts):,} classes do; smallest {int(chosen.min())}"
    )


def _label_accuracy(tables: Tables) -> str:
    found = label_readings(tables[TAB_09])
    apart, beyond = found[found["label_accuracy"] != found["utilisation"]], found[found["labelled_if_correct"] > 1]
    low, high = apart["correct"].min(), apart["correct"].max()
    return (
        f"{len(apart)} of {len(found)} rows print two numbers for one definition; utilisation read as the share of "
        f"right labels needs more than all images labelled in {len(beyond)}; accuracy times utilisation "
        f"{low:.2f} to {high:.2f}"
    )


def _sizes(tables: Tables) -> str:
    counts = tables[HUB]["size"].value_counts()
    return ", ".join(f"{size} {counts[size]}" for size in hub.SIZES)


def _architectures(tables: Tables) -> str:
    counts = tables[HUB]["architecture"].value_counts()
    return ", ".join(f"{name} {counts.get(name, 0)}" for name in hub.ARCHITECTURES)


def _top_100(tables: Tables) -> str:
    told = []
    for label_set, title in LABEL_SETS.items():
        counts = top_counts(tables[HUB], label_set, "architecture")
        told.append(f"{title} {' / '.join(str(counts.get(name, 0)) for name in hub.ARCHITECTURES[:3])}")
    sizes = top_counts(tables[HUB], "imagenet", "size")
    kinds = ", ".join(hub.ARCHITECTURES[:3])
    return f"{'; '.join(told)} ({kinds}); IN1000 {' / '.join(str(sizes.get(size, 0)) for size in hub.SIZES)} (S, M, L)"


def _resolution(tables: Tables) -> str:
    means = ten_best_means(tables[HUB], tables[HUB]["resolution"]).set_index(["label_set", "bin"])["average"]
    return "; ".join(
        f"{title} {' / '.join(f'{means[label_set, size]:.4f}' for size in hub.SIZES)}"
        for label_set, title in LABEL_SETS.items()
    )


def _question_1(tables: Tables) -> str:
    models = tables[HUB]
    return "; ".join(
        f"{model} " + ", ".join(f"{title} {average_of(models, model, name):.3f}" for name, title in LABEL_SETS.items())
        for model in ("resnet50", "swsl_resnet50")
    )


def _swsl_row(tables: Tables) -> str:
    row, model = row_of(tables[HUB], "swsl_resnet50"), "swsl_resnet50"
    told = [f"{title} {row[f'{name}_val']:.4f} / {average_of(tables[HUB], model, name):.3f}"
            for name, title in LABEL_SETS.items()]  # fmt: skip
    return f"{', '.join(told)} (validation / average)"


def _stored_average(tables: Tables) -> str:
    row = row_of(tables[HUB], "CLIP-RN50-WIT-400m")
    stored, mean = row["imagenet_average"], row[[f"imagenet_{shift}" for shift in hub.SHIFTS]].astype(float).mean()
    return f"stored {stored:.3f}, mean of the four {mean:.4f}"


def _remarked(*remarks: str) -> Callable[[Tables], str]:
    def count(tables: Tables) -> str:
        words = tables[HUB]["remarks"].fillna("").astype(str).str.split(";")
        return ", ".join(f"{remark} {words.map(lambda row, r=remark: r in row).sum()}" for remark in remarks) + " rows"

    return count


def _table_4_and_9(tables: Tables) -> str:
    printed = tables[TAB_04].set_index("data")["rn50_average"]
    rows = tables[TAB_09].set_index("model")["average"]
    pairs = {"IN100+OI100 (JANuS)": CE[2], "JANuS": CE[10]}
    return "; ".join(f"{name}: {printed[name]:.3f} and {rows[model]:.3f}" for name, model in pairs.items())


def _tuning(tables: Tables) -> str:
    rows = tables[TAB_04].set_index("data")
    told = []
    for data in ("IN1k", "IN21k+IN1k"):
        row = rows.loc[data]
        pairs = [f"{name} {row[f'{key}_val']:.3f} / {row[f'{key}_average']:.3f}" for name, key in TUNED.items()]
        told.append(f"{data}: {', '.join(pairs)}")
    return f"{'; '.join(told)} (validation / average)"


def _parameters(tables: Tables) -> str:
    told = []
    for network in ("RN26", "RN50", "RN50x4"):
        held = ladder(tables[TAB_09], CE, network)
        held = held[held["budget"].isin([1, 2, 10])]
        half = 100 * (held["average_high"] - held["average"]).max()
        shown = [f"{100 * y:.1f} at {x:g}x" for x, y in zip(held["budget"], held["average"], strict=True)]
        told.append(f"{network} {', '.join(shown)} (±{half:.1f})")
    return "; ".join(told)


def _language_advantage(tables: Tables) -> str:
    pairs = {"1/8x": (CE[0.125], VL[0.125]), "OI100, 1x": ("oi100-int", "oi100-VL-gtcaps")}
    told = []
    for name, pair in pairs.items():
        held = with_intervals(named_rows(tables[TAB_09], pair))
        difference = 100 * float(held["average"].iloc[1] - held["average"].iloc[0])
        half = 100 * float(np.hypot(*(held["average_high"] - held["average"])))
        told.append(f"{name}: {difference:+.1f} ± {half:.1f} points")
    return "; ".join(told)


def _captions(tables: Tables) -> str:
    held = named_rows(tables[TAB_09], [VL[1], "in100-VL-ttd", VL[4], VL[10]])
    return "; ".join(f"{name} {val:.3f} / {average:.3f}" for name, val, average in
                     zip(held["model"], held["val"], averages(held), strict=True))  # fmt: skip


def _ratios(tables: Tables) -> str:
    rows = checked(tables[TAB_09])
    off = (rows["err_here"] - rows["err"]).abs()
    worst = rows.iloc[int(off.to_numpy().argmax())]
    return (
        f"averages differ by at most {(rows['average_here'] - rows['average']).abs().max():.4f}, ratios by at most "
        f"{off.max():.4f} ({worst['model']}); {int((off > 0.001).sum())} of {len(rows)} ratios by more than 0.001"
    )


def _availability(tables: Tables) -> str:
    rows = tables[TAB_08].nsmallest(3, "available")
    fewest = [f"{name} {count}" for name, count in zip(rows["class"], rows["available"], strict=True)]
    return f"{', '.join(fewest)}; {len(tables[TAB_08])} classes, {int(tables[TAB_08]['good'].sum()):,} images kept"


def _mistaken_models(tables: Tables) -> str:
    rows = [row_of(tables[HUB], name) for name in ("resnetv2_50x1_bitm", "vit_small_patch16_224 (2)")]
    return ", ".join(f"{row['model']} {row['image_size']} px" for row in rows)


MEASURES: dict[str, Callable[[Tables], str]] = {
    "shared-classes": _shared_classes,
    "dogs-on-imagenet-a": _dogs_on_a,
    "selection-of-classes": _selection,
    "label-accuracy": _label_accuracy,
    "parameter-sizes": _sizes,
    "architecture-counts": _architectures,
    "top-100": _top_100,
    "resolution": _resolution,
    "question-1-label-set": _question_1,
    "swsl-row": _swsl_row,
    "stored-average": _stored_average,
    "mis-coded-rows": _remarked(hub.OTHER_SIZE, hub.NO_PARAMS),
    "incomplete-rows": _remarked(hub.NO_SETS, hub.SECOND),
    "exchanged-columns": _remarked(hub.ABOVE),
    "table-4-and-9": _table_4_and_9,
    "table-4-models": _mistaken_models,
    "vits-before-tuning": _tuning,
    "more-parameters": _parameters,
    "language-advantage": _language_advantage,
    "captions-of-figure-1": _captions,
    "ratios-of-table-9": _ratios,
    "availability": _availability,
}
"""What measures each finding, by its name; a finding that tables cannot decide is not among them."""
