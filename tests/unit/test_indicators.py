"""Indicators of class balance: the paper's two, what they say of balanced and extreme counts, and what they refuse."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from datalines.config.load import load_study
from datalines.config.pools import class_list
from datalines.errors import DatalinesError
from datalines.indicators import (
    entropy_ratio,
    head_classes,
    indicators,
    label_counts,
    left_skew,
    long_tail,
    over_classes,
)
from tests.unit.tiny_index import write_index

ROOT = Path(__file__).resolve().parents[2]
COUNTS = st.lists(st.integers(0, 10**6), min_size=1, max_size=200).filter(any)


@pytest.mark.parametrize(
    ("classes", "share", "head"),
    [(100, 0.05, 5), (20, 0.05, 1), (7, 0.05, 1), (1, 0.05, 1), (30, 0.05, 2), (113, 0.05, 6), (140, 0.05, 7),
     (1000, 0.05, 50), (100, 0.145, 15), (10, 1.0, 10)],
)  # fmt: skip
def test_the_head_is_a_rounded_share_of_the_classes(classes: int, share: float, head: int) -> None:
    assert head_classes(classes, share) == head


def test_indicators_of_a_hundred_classes() -> None:
    balanced = np.full(100, 1250)
    assert (left_skew(balanced), long_tail(balanced, 500), entropy_ratio(balanced)) == (0.05, 0, pytest.approx(1))
    skewed = [17_280] * 5 + [600] * 31 + [350] * 55 + [99] * 8 + [0]
    assert left_skew(skewed) == pytest.approx(86_400 / sum(skewed))
    assert (long_tail(skewed, 500), long_tail(skewed, 100)) == (0.64, 0.09)
    assert indicators([500, 250, 250, 0]) == {
        "classes": 4, "samples": 1000, "left_skew": 0.5, "long_tail_500": 0.75, "long_tail_100": 0.25,
        "largest": 500, "smallest": 0, "entropy_ratio": pytest.approx(0.75),
    }  # fmt: skip


def test_one_class_with_all_samples_is_the_far_end() -> None:
    assert (left_skew([0, 9, 0]), entropy_ratio([0, 9, 0])) == (1, 0)
    assert (left_skew([9]), entropy_ratio([9])) == (1, 1)


@given(st.integers(1, 300), st.integers(1, 10**6), st.sampled_from([0.01, 0.05, 0.1, 0.5, 1.0]))
def test_balanced_classes_have_the_share_of_the_head(classes: int, each: int, share: float) -> None:
    skew = left_skew([each] * classes, share)
    assert skew == pytest.approx(head_classes(classes, share) / classes)
    assert abs(skew - share) <= 0.5 / classes + 1e-12 or head_classes(classes, share) == 1


@given(COUNTS, st.randoms(use_true_random=False), st.integers(2, 9))
def test_neither_order_nor_scale_matters(counts: list[int], random: object, factor: int) -> None:
    shuffled = counts.copy()
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    for measure in (left_skew, entropy_ratio):
        assert measure(shuffled) == pytest.approx(measure(counts))
        assert measure([factor * count for count in counts]) == pytest.approx(measure(counts))
    assert long_tail(shuffled, 100) == long_tail(counts, 100) == long_tail([factor * c for c in counts], factor * 100)


@given(COUNTS, st.integers(1, 2000))
def test_indicators_stay_in_their_bounds(counts: list[int], below: int) -> None:
    head = head_classes(len(counts))
    assert head / len(counts) <= left_skew(counts) + 1e-12 <= 1 + 2e-12
    assert left_skew(counts, 0.05) <= left_skew(counts, 0.5) <= left_skew(counts, 1.0) == 1
    assert 0 <= entropy_ratio(counts) <= 1 + 1e-12
    assert long_tail(counts, below) <= long_tail(counts, below + 1)
    assert long_tail(counts, below) == np.mean([count < below for count in counts])


@given(COUNTS)
def test_a_sample_moved_to_the_largest_class_raises_the_skew(counts: list[int]) -> None:
    order = np.argsort(counts, kind="stable")
    donors = [place for place in order[: -head_classes(len(counts))] if counts[place]]
    moved = counts.copy()
    if donors:
        moved[donors[0]] -= 1
        moved[order[-1]] += 1
        assert left_skew(moved) > left_skew(counts)
        assert entropy_ratio(moved) <= entropy_ratio(counts) + 1e-12


@pytest.mark.parametrize(
    ("counts", "message"),
    [
        ([], r"shape \(0,\)"),
        ([[1, 2]], r"shape \(1, 2\)"),
        ([3, -1], "hold -1; a number of samples is whole"),
        ([0.5, 1], "hold 0.5"),
        ([float("nan"), 1], "no number; write 0 for a class without"),
        (["a"], "no number"),
    ],
)
def test_what_is_no_count_is_refused(counts: list[object], message: str) -> None:
    for measure in (left_skew, entropy_ratio, indicators, lambda values: long_tail(values, 5)):
        with pytest.raises(DatalinesError, match=message):
            measure(counts)  # type: ignore[operator]


def test_empty_classes_and_impossible_thresholds_are_refused() -> None:
    for measure in (left_skew, entropy_ratio):
        with pytest.raises(DatalinesError, match="all classes are empty"):
            measure([0, 0])
    assert long_tail([0, 0], 1) == 1
    with pytest.raises(DatalinesError, match="below is 0; write a number of samples"):
        long_tail([1], 0)
    with pytest.raises(DatalinesError, match=r"share is 5; write a share of the classes above 0"):
        left_skew([1], 5)


def test_label_sets_of_pools() -> None:
    assert class_list({"kind": "testbed", "domain": {"classes": ["cat", "car"]}}) == ["cat", "car"]
    assert len(class_list({"kind": "testbed", "domain": {"classes": []}}) or []) == 20
    assert class_list({"kind": "folder", "class_names": ["dog", "house"]}) == ["dog", "house"]
    assert class_list({"kind": "urls", "classes": None}) is None


@pytest.mark.parametrize(
    ("scale", "pool", "classes"), [("demo", "laion", 20), ("pacs", "art", 7), ("cifar10", "cifar10", 10)]
)
def test_every_declared_pool_with_labels_has_its_label_set(scale: str, pool: str, classes: int) -> None:
    specs = load_study(ROOT, {"scale": scale}).resolved()["pool_specs"]
    assert {name: len(class_list(spec) or []) for name, spec in specs.items()} == dict.fromkeys(specs, classes)
    assert pool in specs


def test_labels_are_counted_over_the_label_set(tmp_path: Path) -> None:
    table = pd.DataFrame({"id": list("abcdefg"), "label": ["dog", None, "cat", "dog", None, "dog", "cat"]})
    counts, unlabelled = label_counts(write_index(tmp_path, table))
    assert (list(counts.items()), unlabelled) == ([("cat", 2), ("dog", 3)], 2)
    assert list(over_classes("p", counts, ["dog", "bird", "cat"]).items()) == [("dog", 3), ("bird", 0), ("cat", 2)]
    assert over_classes("p", counts, None) == counts
    with pytest.raises(DatalinesError, match=r"pools\.p: 3 samples have the label 'dog'.*did you mean 'dogs'"):
        over_classes("p", counts, ["cat", "dogs"])
    assert label_counts(write_index(tmp_path / "bare", table[["id"]])) == ({}, 7)
