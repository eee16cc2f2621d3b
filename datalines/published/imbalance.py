"""Numbers of the Imbalance paper (Wen et al. 2024) that its released class frequencies and its own tables give."""

import pandas as pd

from datalines.published.ranked import CONCEPTS, SOURCES, class_counts, distinct_classes, ranked, spearman, tail

IMAGENET, YFCC, CAPTIONS, LAIONET = "imagenet", "yfcc15m", "incaps", "laionet-thresh0.7"
MATRICES = dict(
    zip("abcdefgh", ("imagenet", "cub", "food101", "pets", "flowers102", "places365", "eurosat", "dtd"), strict=True)
)
"""Figure 13's panels and their concept sets."""
FRACTIONS = {"100": "", "50": "-frac0.5", "25": "-frac0.25", "12.5": "-frac0.125", "6.25": "-frac0.0625",
             "3.125": "-frac0.03125"}  # fmt: skip
"""LAIONet's subsets by the percentage that the paper names, and how the tables' names end."""
THRESHOLDS = ("0.7", "0.75", "0.8", "0.82")
"""Similarities of caption and definition of LAIONet's variants in the paper."""
TAIL, RARE = 10, 5
"""Matches below which the paper counts a class of YFCC-15M as rare, and as rarer still (appendix A.7)."""
HALF = 50.0  # percent: the accuracy from which the paper counts a rare class as learned
BATCH = 1024
STEP = 40  # ranks between two classes of Figure 17
TRANSFER = {
    "birdsnap": "Birdsnap", "pets": "Oxford Pets", "food101": "Food-101", "caltech101": "Caltech-101",
    "voc2007": "Pascal VOC 2007", "cifar100": "CIFAR-100", "cifar10": "CIFAR-10", "sun397": "SUN397",
    "flowers102": "Flowers-102", "dtd": "DTD", "aircraft": "FGVC Aircraft", "cars": "Stanford Cars",
}  # fmt: skip
"""The twelve transfer sets of Table 2 in the order of Figure 10."""
METHODS = {"vanilla": "vanilla DINO", "sampled": "vocabulary sampling"}
Cells = dict[tuple[str, str], float]


def recomputed(rows: pd.DataFrame, rare: pd.DataFrame, probes: pd.DataFrame) -> Cells:
    """Every number of the paper that these data give, by (item, cell) of the transcribed cells, in the paper's unit.

    `rows` are class frequencies; `rare` is Table 1 and `probes` Table 2 as printed, in percent.
    """
    return {**sizes(rows), **fractions(rows), **rare_classes(rows, rare), **correlations(rows), **transfer(probes)}


def total(rows: pd.DataFrame, source: str) -> int:
    """Sum of a source's counts over ImageNet's classes."""
    return int(class_counts(rows, IMAGENET, [source])[source].sum())


def sizes(rows: pd.DataFrame) -> Cells:
    """Images and classes of the sets that models are trained on (Figure 2, sections 3.3 and 3.4, appendix C.5)."""
    counts = class_counts(rows, IMAGENET, [CAPTIONS, LAIONET])
    with_images = (counts > 0).sum()
    found: Cells = {
        ("Figure 2", "IN-Caps, thousands of images"): counts[CAPTIONS].sum() / 1e3,
        ("Figure 2", "IN-Caps, classes"): with_images[CAPTIONS],
        ("Figure 2", "LAIONet, millions of images"): counts[LAIONET].sum() / 1e6,
        ("Figure 2", "LAIONet, classes"): with_images[LAIONET],
        ("Section 3.3", "classes in a batch of 1,024, IN-Caps"): distinct_classes(counts[CAPTIONS], BATCH),
        ("Section 3.4", "IN-Caps, millions of images"): counts[CAPTIONS].sum() / 1e6,
        ("Section 3.4", "LAIONet =freq, millions of images"): total(rows, "laionet-match-incap") / 1e6,
        ("Appendix C.5", "CC-12M-Cls, millions of images"): total(rows, "cc12m-cls") / 1e6,
        ("Appendix C.5", "YFCC-15M-Cls, millions of images"): total(rows, "yfcc15m-cls") / 1e6,
    }
    for threshold in THRESHOLDS:
        source = f"laionet-thresh{threshold}"
        sampled = f"LAIONet {threshold}, sampled to IN-Caps' size, millions of images"
        found[("Section 3.4", sampled)] = total(rows, f"{source}-n448896") / 1e6
        found[("Appendix C.5", f"LAIONet {threshold}, millions of images")] = total(rows, source) / 1e6
    return {key: float(value) for key, value in found.items()}


def fractions(rows: pd.DataFrame) -> Cells:
    """Sizes of LAIONet's subsets in percent of the whole (Figure 16)."""
    whole = total(rows, LAIONET)
    return {
        ("Figure 16", f"LAIONet, {name} % subset, percent of all images"): 100 * total(rows, LAIONET + ending) / whole
        for name, ending in FRACTIONS.items()
    }


def rare_classes(rows: pd.DataFrame, rare: pd.DataFrame) -> Cells:
    """Classes that YFCC-15M hardly names (Table 1, appendix A.7)."""
    counts = class_counts(rows, IMAGENET, [YFCC])[YFCC]
    found: Cells = {
        ("Appendix A.7", f"classes in YFCC-15M fewer than {TAIL} times"): (counts < TAIL).sum(),
        ("Appendix A.7", f"classes in YFCC-15M fewer than {RARE} times"): (counts < RARE).sum(),
        ("Appendix A.7", "classes in YFCC-15M 1 time"): (counts == 1).sum(),
        ("Appendix A.7", "classes in YFCC-15M 0 times"): (counts == 0).sum(),
        ("Appendix A.7", "of these, classes with an accuracy of at least 50 %"): (rare["accuracy"] >= HALF).sum(),
    }
    for place, count in enumerate(tail(counts, TAIL), start=1):
        found[("Table 1", f"column {place}, frequency")] = count
    return {key: float(value) for key, value in found.items()}


def correlations(rows: pd.DataFrame) -> Cells:
    """Spearman's rank correlations of six sources on eight concept sets (Figure 13)."""
    found = {}
    sources = list(SOURCES)
    for letter, concepts in MATRICES.items():
        matrix = spearman(class_counts(rows, concepts, sources))
        for place, one in enumerate(sources):
            for other in sources[:place]:
                cell = f"{CONCEPTS[concepts]}, {SOURCES[one]} and {SOURCES[other]}"
                found[(f"Figure 13{letter}", cell)] = float(matrix[one][other])
    return found


def transfer(probes: pd.DataFrame) -> Cells:
    """Means of Table 2's rows, and on how many sets vanilla DINO loses by the change of its data (section 4.2)."""
    found = {
        ("Table 2", f"{METHODS[row['method']]}, {row['data']}, {row['vocabulary']}, average"): float(
            row[list(TRANSFER)].astype(float).mean()
        )
        for _, row in probes.iterrows()
    }
    lower = int((gaps(probes)["vanilla", 65536] < 0).sum())
    return {**found, ("Section 4.2", "data sets of 12 on which vanilla DINO drops from ImageNet to LAIONet"): lower}


def gaps(probes: pd.DataFrame) -> dict[tuple[str, int], pd.Series]:
    """Scores of the models trained on LAIONet less that of the one trained on ImageNet, in points (Figure 10).

    A series by transfer set, in the order of TRANSFER, for every (method, vocabulary) in the order of Table 2.
    """
    sets = list(TRANSFER)
    base = probes.loc[probes["data"] == "ImageNet", sets].astype(float).iloc[0]
    found = {}
    for _, row in probes[probes["data"] != "ImageNet"].iterrows():
        difference = row[sets].astype(float) - base
        found[str(row["method"]), int(row["vocabulary"])] = difference.round(6)  # scores are printed in tenths
    return found


def measured(rows: pd.DataFrame) -> dict[str, str]:
    """What the released frequencies say about a finding, in words, by its slug in the transcribed findings."""
    counts = class_counts(rows, IMAGENET, [CAPTIONS, LAIONET, YFCC, "yfcc15m-cls", "cc12m", "cc12m-cls", "laion400m"])
    matched = class_counts(rows, IMAGENET, ["laionet-match-incap"])["laionet-match-incap"]
    fewer = int((matched < counts[CAPTIONS]).sum())
    batches = ", ".join(f"{distinct_classes(counts[CAPTIONS], size):.0f} in {size}" for size in (64, 256, BATCH))
    sample = class_counts(rows, IMAGENET, ["incaps-n44548"])["incaps-n44548"]
    hundred = class_counts(rows, "imagenet100", [CAPTIONS])[CAPTIONS]
    ties = tail(counts[YFCC], TAIL).value_counts()
    order = ranked(counts, "laion400m").index[::STEP][:5]
    return {
        "matched-size": f"{matched.sum():,} images against {counts[CAPTIONS].sum():,}; {fewer} classes have fewer",
        "vocabulary-of-the-batch": f"Different classes of IN-Caps expected at random: {batches} images",
        "tail-batch-size": f"Different classes of IN-Caps expected at random: {batches} images",
        "ten-percent": f"{sample.sum():,} and {hundred.sum():,} of {counts[CAPTIONS].sum():,} images: "
        f"{100 * sample.sum() / counts[CAPTIONS].sum():.2f} %",
        "two-kinds-of-tables": _both(counts, "cc12m", "cc12m-cls") + "; " + _both(counts, YFCC, "yfcc15m-cls"),
        "class-name-first": _without(rows, counts[CAPTIONS]),
        "metaclip-empty": _empty(rows),
        "order-of-equals": f"{(ties > 1).sum()} of {len(ties)} frequencies are of several classes, "
        f"{ties[ties > 1].sum()} of {ties.sum()} classes",
        "figure-17-index": f"Every {STEP}th class by LAION-400M begins with {', '.join(map(str, order))}",
        "kept-classes": _kept(rows),
    }


def _both(counts: pd.DataFrame, one: str, other: str) -> str:
    rho = spearman(counts[[one, other]])[one][other]
    return f"{one} {counts[one].sum():,} and {other} {counts[other].sum():,}, rank correlation {rho:.3f}"


def _without(rows: pd.DataFrame, whole: pd.Series) -> str:
    """How many images of ImageNet-Captions lack a field, by the tables of those that have it."""
    fields = {field: total(rows, f"incaps-{field}-only") for field in ("title", "tags", "description")}
    lacking = ", ".join(f"{whole.sum() - number:,} no {field}" for field, number in fields.items())
    return f"Of {whole.sum():,} images, by the released tables, {lacking}"


def _empty(rows: pd.DataFrame) -> str:
    told = []
    for concepts in MATRICES.values():
        counts = class_counts(rows, concepts, ["metaclip-400m"])["metaclip-400m"]
        told += [f"{CONCEPTS[concepts]} {(counts == 0).sum()} of {len(counts)}"]
    return ", ".join(told)


def _kept(rows: pd.DataFrame) -> str:
    whole = class_counts(rows, IMAGENET, [LAIONET])[LAIONET]
    least = class_counts(rows, IMAGENET, [LAIONET + FRACTIONS["3.125"]]).iloc[:, 0]
    kept = (least > 0).sum()
    return f"{(whole > 0).sum()} classes in the whole, {kept} in the smallest subset, of {least.sum():,} images"
