"""Class frequencies compared: what is joined, ranked, smoothed, correlated and summed up, on small tables."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from datalines.published.ranked import (
    NO_MATCH,
    class_counts,
    distinct_classes,
    joined,
    ranked,
    smoothed,
    spearman,
    tail,
    totals,
)
from datalines.published.reading import PublishedError

COUNTS = st.lists(st.integers(0, 10**6), min_size=2, max_size=60).filter(lambda counts: sum(counts) > 0)


def table(source: str, counts: dict[str, int], ordered: bool = True, concepts: str = "toys") -> pd.DataFrame:
    """A frequency table of one source, as it is read back from a csv file."""
    index = [float(place) if ordered else np.nan for place in range(len(counts))]
    rows = {"concepts": concepts, "source": source, "index": index, "class": list(counts), "count": counts.values()}
    return pd.DataFrame(rows)


def toys() -> pd.DataFrame:
    return joined([table("a", {"ball": 3, "kite": 7, "doll": 7, "yo-yo": 0}),
                   table("b", {"yo-yo": 9, "doll": 5, "ball": 1, "kite": 0}, ordered=False)])  # fmt: skip


def test_counts_have_the_order_of_the_set_and_are_joined_by_name() -> None:
    counts = class_counts(toys(), "toys", ["a", "b"])
    assert counts.index.tolist() == ["ball", "kite", "doll", "yo-yo"]
    assert counts["b"].tolist() == [1, 0, 5, 9]
    assert class_counts(toys(), "toys", ["b"]).index.tolist() == ["yo-yo", "doll", "ball", "kite"]
    shuffled = toys().iloc[::-1]
    assert class_counts(shuffled, "toys", ["a"])["a"].tolist() == [3, 7, 7, 0]


def test_ranks_fall_and_equal_classes_keep_their_order() -> None:
    assert ranked(class_counts(toys(), "toys", ["a", "b"]), "a").index.tolist() == ["kite", "doll", "ball", "yo-yo"]
    rare = tail(class_counts(toys(), "toys", ["a"])["a"], 7)
    assert (rare.index.tolist(), rare.tolist()) == (["ball", "yo-yo"], [3, 0])


def test_summary_of_every_table() -> None:
    rows = joined([toys(), table("none", {"ball": 0, "kite": 0})])
    found = totals(rows).set_index("source")
    assert found.loc["a"].tolist() == ["toys", 4, 17, 1, 7, "kite"]
    assert found.loc["b"].tolist() == ["toys", 4, 15, 1, 9, "yo-yo"]
    assert found.loc["none"].tolist() == ["toys", 2, 0, 2, 0, NO_MATCH]


def test_spearman_keeps_classes_without_a_match_and_averages_ties() -> None:
    # By hand: ranks 2, 3.5, 3.5, 1 against 2, 1, 3, 4, whose products of deviations sum to -3.
    counts = class_counts(toys(), "toys", ["a", "b"])
    matrix = spearman(counts)
    assert matrix.loc["a", "b"] == pytest.approx(-3 / np.sqrt(4.5 * 5))
    assert (matrix.to_numpy() == matrix.to_numpy().T).all()
    assert np.diag(matrix).tolist() == [1, 1]
    without = spearman(counts[(counts > 0).all(axis=1)])
    assert without.loc["a", "b"] == pytest.approx(1)


@given(COUNTS, st.floats(0.5, 10))
def test_smoothing_keeps_the_sum_and_does_not_leave_the_range(counts: list[int], sigma: float) -> None:
    curve = smoothed(counts, sigma)
    assert curve.sum() == pytest.approx(sum(counts))
    assert min(counts) - 1e-6 * max(counts) <= curve.min()
    assert curve.max() <= max(counts) * (1 + 1e-9)
    assert smoothed(counts, 0).tolist() == counts


def test_smoothing_is_a_gaussian_over_ranks() -> None:
    spike = np.zeros(41)
    spike[20] = 1
    curve = smoothed(spike, 3.0)
    density = np.exp(-0.5 * (np.arange(-12, 13) / 3.0) ** 2)  # the filter is cut off at four sigmas
    assert curve[8:33] == pytest.approx(density / density.sum())
    assert curve[:8].sum() == 0


@given(COUNTS, st.integers(1, 500))
def test_classes_in_a_batch_are_at_most_images_and_classes(counts: list[int], draws: int) -> None:
    found = distinct_classes(counts, draws)
    assert 0 < found <= min(draws, sum(count > 0 for count in counts)) + 1e-9
    assert found <= distinct_classes(counts, draws + 1) + 1e-9


def test_classes_in_a_batch_by_hand() -> None:
    assert distinct_classes([5, 5, 0], 2) == pytest.approx(1.5)
    assert distinct_classes([7], 3) == pytest.approx(1)
    for counts, draws in (([0, 0], 3), ([1, 2], 0)):
        with pytest.raises(PublishedError, match="at least one sample and one draw"):
            distinct_classes(counts, draws)


def test_what_is_not_there_or_does_not_fit_is_named() -> None:
    rows = toys()
    with pytest.raises(PublishedError, match=r"no concept set 'toy'; did you mean 'toys'\? There are toys"):
        class_counts(rows, "toy", ["a"])
    with pytest.raises(PublishedError, match=r"toys has no source 'c'\. There are a, b"):
        class_counts(rows, "toys", ["a", "c"])
    other = joined([rows, table("c", {"ball": 1, "kite": 1, "doll": 1, "top": 1})])
    with pytest.raises(PublishedError, match=r"a and c differ in 2 classes of toys, the first 'top'"):
        class_counts(other, "toys", ["a", "c"])
    with pytest.raises(PublishedError, match=r"'ball' of toys has several counts from a"):
        joined([rows, table("a", {"ball": 2})])
    with pytest.raises(PublishedError, match=r"column 'class' is missing; did you mean 'classes'"):
        joined([rows.rename(columns={"class": "classes"})])
