"""Filters: what each step keeps, that a row falls to the first step that refuses it, and that counts add up."""

from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datalines.errors import CountError
from datalines.filters import STEPS, decide, report
from tests.builders import stored_table


def step(kind: str, name: str | None = None, **options: Any) -> dict[str, Any]:
    return {"kind": kind, "name": name or kind, **options}


def rows(**columns: list[Any]) -> pd.DataFrame:
    count = len(next(iter(columns.values())))
    given = {"id": [f"{number:032x}" for number in range(count)], **columns}
    return pd.DataFrame({name: pd.Series(values) for name, values in given.items()})


def kept(table: pd.DataFrame, **options: Any) -> list[bool]:
    return [bool(value) for value in STEPS[options["kind"]](table, options)]


def test_caption_length_counts_words_between_white_space() -> None:
    table = rows(caption=["", "one", " two\twords\n", "a b c", "a b c d"])
    assert kept(table, kind="caption-length", unit="words", min=2, max=3) == [False, False, True, True, False]
    assert kept(table, kind="caption-length", unit="words", min=None, max=1) == [True, True, False, False, False]


def test_caption_length_counts_characters_and_not_bytes() -> None:
    table = rows(caption=["猫猫猫", "abcd", "ab"])
    assert kept(table, kind="caption-length", unit="characters", min=3, max=3) == [True, False, False]


def test_image_size_bounds_the_shorter_side_below_and_the_longer_above() -> None:
    table = rows(width=[10, 20, 20, 100, 20], height=[20, 10, 20, 20, 101])
    assert kept(table, kind="image-size", min_side=11, max_side=None) == [False, False, True, True, True]
    assert kept(table, kind="image-size", min_side=None, max_side=100) == [True, True, True, True, False]


def test_aspect_ratio_treats_wide_and_tall_alike() -> None:
    table = rows(width=[30, 10, 31, 10], height=[10, 30, 10, 31])
    assert kept(table, kind="aspect-ratio", max=3.0) == [True, True, False, False]


def test_class_list_drops_unlisted_and_unlabelled_rows() -> None:
    table = rows(label=["cat", "dog", None])
    assert kept(table, kind="class-list", classes=["cat"]) == [True, False, False]


@pytest.mark.parametrize(
    ("of", "expected"),
    [
        ("image", [True, False, False, True]),
        ("caption", [True, True, False, False]),
        ("pair", [True, True, False, True]),
    ],
)
def test_exact_duplicates_of_image_caption_or_pair(of: str, expected: list[bool]) -> None:
    table = rows(sha256=["a", "a", "a", "b"], caption=["x", "y", "x", "y"])
    assert kept(table, kind="exact-duplicate", of=of) == expected


def test_which_duplicate_stays_does_not_depend_on_the_order_of_parts() -> None:
    table = stored_table(60, repeats=True)
    steps = [step("exact-duplicate", of="image")]
    first = decide(table, steps)
    kept_ids = set(table["id"][first == ""])
    for seed in range(5):
        shuffled = table.sample(frac=1, random_state=seed).reset_index(drop=True)
        assert set(shuffled["id"][decide(shuffled, steps) == ""]) == kept_ids
    assert 0 < len(kept_ids) < 60


def test_a_row_falls_to_the_first_step_that_refuses_it() -> None:
    table = rows(caption=["one", "one", "one two"], width=[5, 50, 5], height=[5, 50, 5])
    words = step("caption-length", "short", unit="words", min=2, max=None)
    size = step("image-size", "small", min_side=10, max_side=None)
    assert decide(table, [words, size]).tolist() == ["short", "short", "small"]
    assert decide(table, [size, words]).tolist() == ["small", "short", "small"]


def test_a_duplicate_of_a_dropped_row_is_no_duplicate() -> None:
    table = rows(sha256=["a", "a"], caption=["one", "one two"])
    words = step("caption-length", unit="words", min=2, max=None)
    twins = step("exact-duplicate", of="image")
    assert decide(table, [words, twins]).tolist() == ["caption-length", ""]
    assert decide(table, [twins, words]).tolist() == ["caption-length", "exact-duplicate"]


def test_no_steps_keep_everything() -> None:
    assert decide(stored_table(5), []).tolist() == [""] * 5


def test_steps_after_one_that_drops_everything_see_an_empty_table() -> None:
    everything = [step("caption-length", "all", unit="words", min=99, max=None)]
    reasons = decide(stored_table(4), everything + EVERY_STEP)
    assert reasons.tolist() == ["all"] * 4
    assert decide(stored_table(0), EVERY_STEP).tolist() == []


def test_the_report_lists_every_step_in_order_even_if_it_dropped_nothing() -> None:
    table = rows(caption=["one", "one two", "x y z"])
    steps = [
        step("caption-length", "long", unit="words", min=None, max=9),
        step("caption-length", "short", unit="words", min=2, max=None),
    ]
    result = report(table, decide(table, steps), steps)
    assert result == {"input": 3, "kept": 2, "dropped": {"long": 0, "short": 1}}
    assert list(result["dropped"]) == ["long", "short"]


def test_a_reason_that_no_step_has_is_a_count_error() -> None:
    table = stored_table(3)
    with pytest.raises(CountError, match="3 rows in, but 2 kept"):
        report(table, pd.Series(["", "", "ghost"]), [step("aspect-ratio", max=2.0)])


EVERY_STEP = [
    step("caption-length", "words", unit="words", min=2, max=7),
    step("caption-length", "characters", unit="characters", min=None, max=30),
    step("exact-duplicate", "image", of="image"),
    step("exact-duplicate", "caption", of="caption"),
    step("exact-duplicate", "pair", of="pair"),
    step("image-size", "size", min_side=10, max_side=60),
    step("aspect-ratio", "aspect", max=2.5),
    step("class-list", "class", classes=["cat"]),
]


def by_hand(table: pd.DataFrame, steps: list[dict[str, Any]]) -> dict[str, str]:
    """The reasons by id, decided row by row in plain Python."""
    alive = sorted(table.to_dict("records"), key=lambda row: str(row["id"]))
    reasons = {str(row["id"]): "" for row in alive}
    for entry in steps:
        seen: set[Any] = set()
        staying = []
        for row in alive:
            if passes(row, entry, seen):
                staying.append(row)
            else:
                reasons[str(row["id"])] = entry["name"]
        alive = staying
    return reasons


def passes(row: dict[Any, Any], entry: dict[str, Any], seen: set[Any]) -> bool:
    short, long = sorted([row["width"], row["height"]])
    match entry["kind"]:
        case "caption-length":
            length = len(row["caption"].split()) if entry["unit"] == "words" else len(row["caption"])
            return bool((entry["min"] or 0) <= length <= (entry["max"] or length))
        case "image-size":
            return bool(entry["min_side"] <= short and long <= entry["max_side"])
        case "aspect-ratio":
            return bool(long <= entry["max"] * short)
        case "class-list":
            return row["label"] in entry["classes"]
    key = {"image": row["sha256"], "caption": row["caption"], "pair": (row["sha256"], row["caption"])}[entry["of"]]
    fresh = key not in seen
    seen.add(key)
    return fresh


@settings(max_examples=60, deadline=None)
@given(count=st.integers(0, 40), seed=st.integers(0, 10**6), steps=st.lists(st.sampled_from(EVERY_STEP), unique_by=id))
def test_kept_and_dropped_by_reason_add_up_to_the_input(count: int, seed: int, steps: list[dict[str, Any]]) -> None:
    table = stored_table(count, seed, repeats=True)
    reasons = decide(table, steps)
    result = report(table, reasons, steps)
    assert result["kept"] + sum(result["dropped"].values()) == result["input"] == count
    assert dict(zip(table["id"], reasons, strict=True)) == by_hand(table, steps)
