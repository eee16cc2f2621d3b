"""Class frequencies, compared: how often captions or labels of several sources name each class of a concept set.

Source of the numbers: Wen et al. 2024 (the Imbalance paper), appendices A.3 and B.2, and the frequency tables released
with it. A frequency table has a row per concept set, source and class.
"""

from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy.ndimage import gaussian_filter1d
from scipy.stats import spearmanr

from datalines.config.errors import suggestion
from datalines.published.frequencies import COLUMNS
from datalines.published.reading import PublishedError

SOURCES = {
    "cc12m": "CC-12M",
    "yfcc15m": "YFCC-15M",
    "laion400m": "LAION-400M",
    "metaclip-400m": "MetaCLIP-400M",
    "laion2b": "LAION-2B",
    "metaclip-2.5b": "MetaCLIP-2.5B",
}
"""Names of the six image-text sets whose class frequencies are published, in the order of their colours."""

CONCEPTS = {
    "imagenet": "ImageNet",
    "cub": "CUB",
    "food101": "Food-101",
    "pets": "Oxford Pets",
    "flowers102": "Flowers-102",
    "places365": "Places365",
    "eurosat": "EuroSAT",
    "dtd": "DTD",
    "imagenet100": "ImageNet-100",
}
"""Names of the concept sets."""

NO_MATCH = "\N{EN DASH}"


def joined(tables: Iterable[pd.DataFrame]) -> pd.DataFrame:
    """Several frequency tables as one. Raises PublishedError for a missing column and a class that comes twice."""
    parts = list(tables)
    for part in parts:
        for name in COLUMNS:
            if name not in part:
                raise PublishedError(
                    f"frequencies: column {name!r} is missing{suggestion(name, part.columns)}"
                    f"A table of class frequencies has {', '.join(COLUMNS)}; name such tables in `tables`"
                )
    rows = pd.concat([part[COLUMNS] for part in parts], ignore_index=True)
    twice = rows[rows.duplicated(["concepts", "source", "class"])]
    if len(twice):
        first = twice.iloc[0]
        raise PublishedError(
            f"frequencies: {first['class']!r} of {first['concepts']} has several counts from {first['source']}; "
            "keep one of them"
        )
    return rows


def class_counts(rows: pd.DataFrame, concepts: str, sources: Sequence[str]) -> pd.DataFrame:
    """Counts (C classes, k sources) of one concept set, classes by name in the set's order, else in the first source's.

    Raises PublishedError for a concept set or a source that is not there, and for sources whose classes differ.
    """
    own = rows[rows["concepts"] == concepts]
    if own.empty:
        known = list(dict.fromkeys(rows["concepts"]))
        raise PublishedError(
            f"frequencies: no concept set {concepts!r}{suggestion(concepts, known)}There are {', '.join(known)}"
        )
    found = {}
    for source in sources:
        part = own[own["source"] == source]
        if part.empty:
            known = list(dict.fromkeys(own["source"]))
            raise PublishedError(
                f"frequencies: {concepts} has no source {source!r}{suggestion(source, known)}"
                f"There are {', '.join(known)}"
            )
        found[source] = part.sort_values("index", kind="stable").set_index("class")["count"]
    first = found[sources[0]]
    for source, counts in found.items():
        odd = sorted(set(first.index) ^ set(counts.index))
        if odd:
            raise PublishedError(
                f"frequencies: {sources[0]} and {source} differ in {len(odd)} classes of {concepts}, the first "
                f"{odd[0]!r}; compare sources that were counted over one list of classes"
            )
    return pd.DataFrame({source: counts.reindex(first.index) for source, counts in found.items()}).astype(np.int64)


def ranked(counts: pd.DataFrame, by: str) -> pd.DataFrame:
    """The same counts with classes from the most to the least frequent of one source; equal ones keep their order."""
    return counts.iloc[np.argsort(-counts[by].to_numpy(), kind="stable")]


def smoothed(counts: ArrayLike, sigma: float) -> NDArray[np.float64]:
    """Counts (C,) of classes in rank order, Gaussian-filtered over `sigma` ranks, reflected at both ends.

    The filter works on the counts and not on their logarithms, which classes without a match do not have.
    """
    values = np.asarray(counts, dtype=np.float64)
    return gaussian_filter1d(values, sigma) if sigma > 0 else values


def spearman(counts: pd.DataFrame) -> pd.DataFrame:
    """Spearman's rank correlation (k, k) of every two sources over all classes, those without a match included."""
    names = list(counts)
    matrix = pd.DataFrame(np.eye(len(names)), index=names, columns=names)
    for place, one in enumerate(names):
        for other in names[:place]:
            matrix.loc[one, other] = matrix.loc[other, one] = float(spearmanr(counts[one], counts[other]).statistic)
    return matrix


def totals(rows: pd.DataFrame) -> pd.DataFrame:
    """A row per concept set and source, in the order of the rows: concepts, source, classes, total, empty (classes
    without a match), largest (count), largest_class (the first of the most frequent ones)."""
    found = []
    for (concepts, source), part in rows.groupby(["concepts", "source"], sort=False):
        counts = part["count"].to_numpy()
        top = int(np.argmax(counts))
        found.append({
            "concepts": concepts, "source": source, "classes": len(part), "total": int(counts.sum()),
            "empty": int((counts == 0).sum()), "largest": int(counts[top]),
            "largest_class": str(part["class"].iloc[top]) if counts[top] else NO_MATCH,
        })  # fmt: skip
    return pd.DataFrame(found)


def tail(counts: pd.Series, below: int) -> pd.Series:
    """Classes with fewer than `below` matches, from the most to the least frequent, equal ones in their order."""
    rare = counts[counts < below]
    return rare.iloc[np.argsort(-rare.to_numpy(), kind="stable")]


def distinct_classes(counts: ArrayLike, draws: int) -> float:
    """Expected number of different classes in `draws` samples drawn from the counts with replacement."""
    shares = np.asarray(counts, dtype=np.float64)
    total = shares.sum()
    if not total > 0 or draws < 1:
        raise PublishedError("distinct classes: there must be at least one sample and one draw; give more of them")
    return float((1 - (1 - shares / total) ** draws).sum())
