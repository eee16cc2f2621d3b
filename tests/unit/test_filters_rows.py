"""Row-wise steps: what each keeps, at its bounds and without a value, and which step a row falls to."""

import unicodedata
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datalines.errors import DatalinesError
from datalines.filters import first_reasons
from datalines.filters.registry import ROW_UNITS
from tests.unit.pool_parts import TYPES, ids

DEFAULTS: dict[str, dict[str, Any]] = {
    "caption-length": {"unit": "words", "min": None, "max": None},
    "caption-characters": {"min_letter_share": None, "max_non_ascii_share": None, "forbid": []},
    "tag": {"fact": "nsfw", "keep": None, "drop": None, "missing": "drop"},
    "number": {"fact": "similarity", "min": None, "max": None, "missing": "drop"},
    "host": {"keep": None, "drop": None},
    "image-size": {"min_side": None, "max_side": None},
    "random-share": {"share": 0.5, "seed": 0},
    "clip-score": {"scorer": "clip", "min": None, "max": None},
}


def step(kind: str, name: str | None = None, **options: Any) -> dict[str, Any]:
    return {"kind": kind, "name": name or kind, **DEFAULTS.get(kind, {}), **options}


def table(**columns: list[Any]) -> pa.Table:
    named = {name.replace("__", "."): values for name, values in columns.items()}
    return pa.table({name: pa.array(values, TYPES.get(name)) for name, values in named.items()})


def kept(rows: pa.Table, kind: str, **options: Any) -> list[bool]:
    return [reason == "" for reason in first_reasons(rows, [step(kind, **options)]).to_pylist()]


def test_caption_length_counts_words_between_white_space() -> None:
    rows = table(caption=["", "one", " two\twords\n", "a b c", "a b c d", None])
    assert kept(rows, "caption-length", min=2, max=3) == [False, False, True, True, False, False]
    assert kept(rows, "caption-length", max=1) == [True, True, False, False, False, False]


def test_caption_length_counts_characters_and_not_bytes() -> None:
    rows = table(caption=["猫猫猫", "abcd", "ab", None])
    assert kept(rows, "caption-length", unit="characters", min=3, max=3) == [True, False, False, False]


TEXTS = st.text(alphabet=st.one_of(st.sampled_from(" \t\n\x1c\x85\u3000ab1é猫\u093e"), st.characters(codec="utf-8")))


@given(st.lists(st.one_of(st.none(), TEXTS)), st.integers(0, 3))
def test_words_are_those_of_pythons_split(captions: list[str | None], skipped: int) -> None:
    rows = table(caption=[None] * skipped + captions).slice(skipped)
    for count in range(4):
        expected = [caption is not None and len(caption.split()) == count for caption in captions]
        assert kept(rows, "caption-length", min=count, max=count) == expected


@given(st.lists(st.text(alphabet=" \tab\n", max_size=8)))
def test_words_of_ascii_captions_are_those_of_pythons_split(captions: list[str]) -> None:
    for count in range(4):
        expected = [len(caption.split()) == count for caption in captions]
        assert kept(table(caption=captions), "caption-length", min=count, max=count) == expected


def test_shares_of_characters_are_met_at_their_bounds() -> None:
    rows = table(caption=["abc1", "ab 12", "a123", "abcé", "1234", "", None])
    assert kept(rows, "caption-characters", min_letter_share=0.5) == [True, True, False, True, False, False, False]
    assert kept(rows, "caption-characters", max_non_ascii_share=0.25) == [True] * 6 + [False]
    assert kept(rows, "caption-characters", max_non_ascii_share=0.24) == [True, True, True, False, True, True, False]
    assert kept(table(caption=["a" + "1" * 9]), "caption-characters", min_letter_share=0.1) == [True]


def test_forbidden_texts_are_found_as_written() -> None:
    rows = table(caption=["buy now!", "Buy Now!", "a.c", "abc", None])
    assert kept(rows, "caption-characters", forbid=["buy", "a.c"]) == [False, True, False, True, False]


@given(st.lists(TEXTS), st.floats(0, 1))
def test_shares_of_letters_are_those_counted_by_hand(captions: list[str], share: float) -> None:
    expected = []
    for caption in captions:
        visible = [character for character in caption if not character.isspace()]
        letters = [character for character in visible if unicodedata.category(character)[0] in "LM"]
        expected.append(len(letters) >= round(share * len(visible), 9) and (bool(visible) or not share))
    assert kept(table(caption=captions), "caption-characters", min_letter_share=share) == expected


def test_tags_are_kept_or_dropped_and_a_missing_one_is_decided_by_the_step() -> None:
    rows = table(fact__nsfw=["UNLIKELY", "NSFW", "unlikely", "", None])
    assert kept(rows, "tag", keep=["UNLIKELY"]) == [True, False, False, False, False]
    assert kept(rows, "tag", keep=["UNLIKELY"], missing="keep") == [True, False, False, True, True]
    assert kept(rows, "tag", drop=["NSFW"]) == [True, False, True, False, False]
    assert kept(rows, "tag", drop=["NSFW"], missing="keep") == [True, False, True, True, True]


def test_numbers_lie_between_bounds_and_a_missing_one_is_decided_by_the_step() -> None:
    rows = table(fact__similarity=[0.3, 0.29, 0.9, float("nan"), None])
    assert kept(rows, "number", min=0.3, max=0.5) == [True, False, False, False, False]
    assert kept(rows, "number", min=0.3) == [True, False, True, False, False]
    assert kept(rows, "number", min=0.3, missing="keep") == [True, False, True, True, True]


def test_whole_numbers_are_numbers() -> None:
    assert kept(table(fact__similarity=[1, 2, None]), "number", max=1) == [True, False, False]


def test_scores_lie_between_bounds_in_their_own_precision_and_a_missing_one_is_dropped() -> None:
    rows = table(score__clip=[0.7, 0.69, None, float("nan")])
    assert kept(rows, "clip-score", min=0.7) == [True, False, False, False]
    assert kept(rows, "clip-score", max=0.7) == [True, True, False, False]


def test_a_domain_stands_for_its_sub_domains() -> None:
    urls = ["http://i.imgur.com/a.jpg", "https://imgur.com", "http://notimgur.com/", "https://imgur.com.evil.org/x"]
    urls += ["https://xn--mller-kva.de:8080/a?b=https://imgur.com", "http://[2001:db8::1]:80/", "", None]
    rows = table(url=urls)
    assert kept(rows, "host", keep=["imgur.com"]) == [True, True, False, False, False, False, False, False]
    assert kept(rows, "host", drop=["imgur.com", "IMGUR.com"]) == [False, False, True, True, True, True, True, True]
    assert kept(rows, "host", keep=["müller.de"]) == [False] * 4 + [True] + [False] * 3
    assert kept(rows, "host", keep=["com"]) == [True, True, True, False, False, False, False, False]


def test_image_size_bounds_the_shorter_side_below_and_the_longer_above() -> None:
    rows = table(width=[10, 20, 20, 100, 20], height=[20, 10, 20, 20, 101])
    assert kept(rows, "image-size", min_side=11) == [False, False, True, True, True]
    assert kept(rows, "image-size", max_side=100) == [True, True, True, True, False]


def test_aspect_ratio_treats_wide_and_tall_alike() -> None:
    rows = table(width=[30, 10, 31, 10], height=[10, 30, 10, 31])
    assert kept(rows, "aspect-ratio", max=3.0) == [True, True, False, False]


def test_class_list_drops_unlisted_and_unlabelled_rows() -> None:
    assert kept(table(label=["cat", "dog", None]), "class-list", classes=["cat"]) == [True, False, False]


@given(st.floats(0.01, 0.99), st.floats(0.01, 0.99), st.integers(0, 2**31))
def test_a_larger_random_share_contains_a_smaller_one(one: float, other: float, seed: int) -> None:
    rows = table(id=ids(300))
    small, large = (np.array(kept(rows, "random-share", share=share, seed=seed)) for share in sorted([one, other]))
    assert not (small & ~large).any()
    # The counts of 300 draws lie within 5 standard deviations.
    assert abs(large.sum() - 300 * max(one, other)) <= 5 * np.sqrt(300 / 4)


def test_random_shares_of_different_seeds_differ_and_depend_on_no_other_row() -> None:
    rows = table(id=ids(100))
    first = kept(rows, "random-share", seed=1)
    assert first != kept(rows, "random-share", seed=2)
    assert first[50:] == kept(rows.slice(50), "random-share", seed=1)


def test_a_row_falls_to_the_first_step_that_refuses_it() -> None:
    rows = table(caption=["one", "one", "one two"], width=[5, 50, 5], height=[5, 50, 5])
    words = step("caption-length", "short", min=2)
    size = step("image-size", "small", min_side=10)
    assert first_reasons(rows, [words, size]).to_pylist() == ["short", "short", "small"]
    assert first_reasons(rows, [size, words]).to_pylist() == ["small", "short", "small"]


def test_no_steps_keep_everything_and_no_rows_have_no_reasons() -> None:
    rows = table(caption=["one", "two"])
    assert first_reasons(rows, []).to_pylist() == ["", ""]
    assert first_reasons(rows.slice(0, 0), [step("caption-length", min=1)]).to_pylist() == []


def test_tables_in_pieces_and_other_types_of_text_give_the_same_reasons() -> None:
    rows = table(caption=["one two", "one", None, "猫"], fact__nsfw=["UNLIKELY", "NSFW", None, "UNLIKELY"])
    steps = [step("tag", keep=["UNLIKELY"], missing="keep"), step("caption-length", min=2)]
    expected = ["", "tag", "caption-length", "caption-length"]
    pieces = pa.concat_tables([rows.slice(0, 1), rows.slice(1, 2), rows.slice(3)])
    large = rows.cast(pa.schema([(name, pa.large_string()) for name in rows.column_names]))
    coded = rows.set_column(1, "fact.nsfw", rows.column("fact.nsfw").dictionary_encode())
    for variant in (rows, pieces, large, coded):
        reasons = first_reasons(variant, steps)
        assert reasons.to_pylist() == expected
        assert reasons.type == pa.string()


def test_a_fact_that_is_not_there_is_named_with_those_there_are() -> None:
    rows = table(caption=["one"], fact__language=["en"], fact__similarity=[0.3])
    with pytest.raises(
        DatalinesError,
        match=r"^filter step 'safe' \(tag\) needs the fact 'nsfw', .* \(those there are: language, similarity\)",
    ):
        first_reasons(rows, [step("tag", "safe", keep=["UNLIKELY"])])
    with pytest.raises(DatalinesError, match=r"needs the score 'clip', which these rows lack \(there are none\)"):
        first_reasons(rows, [step("clip-score", min=0.3)])
    with pytest.raises(
        DatalinesError, match=r"needs the column 'width', which these rows lack; they have caption, fact"
    ):
        first_reasons(rows, [step("image-size", min_side=3)])


def test_a_list_cannot_be_selected_by_comparing_rows() -> None:
    with pytest.raises(DatalinesError, match=r"^filter step 'twins': a list can only be selected row by row"):
        first_reasons(table(caption=["one"]), [step("exact-duplicate", "twins", of="caption", pools=[])])


ROW_STEPS = [
    step("caption-length", "words", min=2, max=7),
    step("caption-length", "characters", unit="characters", max=30),
    step("caption-characters", "letters", min_letter_share=0.6, forbid=["x"]),
    step("tag", "tag", keep=["a"], missing="keep"),
    step("number", "number", min=0.2, max=0.8),
    step("host", "host", drop=["b.org"]),
    step("image-size", "size", min_side=10, max_side=60),
    step("aspect-ratio", "aspect", max=2.5),
    step("class-list", "class", classes=["cat"]),
    step("random-share", "share", share=0.7),
]
ROWS = st.fixed_dictionaries(
    {
        "caption": st.one_of(st.none(), st.text(alphabet="ab x1é", max_size=12)),
        "fact.nsfw": st.sampled_from(["a", "b", "", None]),
        "fact.similarity": st.sampled_from([None, 0.1, 0.2, 0.5, 0.9]),
        "url": st.sampled_from(["", "http://a.org/", "http://x.b.org/"]),
        "width": st.integers(5, 70),
        "height": st.integers(5, 70),
        "label": st.sampled_from(["cat", "dog", None]),
    }
)


@settings(max_examples=60)
@given(st.lists(ROWS, min_size=1, max_size=20), st.permutations(ROW_STEPS))
def test_what_is_kept_does_not_depend_on_the_order_of_steps(
    found: list[dict[str, Any]], steps: list[dict[str, Any]]
) -> None:
    columns = {name: [row[name] for row in found] for name in found[0]}
    rows = table(id=ids(len(found)), **{name.replace(".", "__"): values for name, values in columns.items()})
    refused = {one["name"]: ~np.array(kept(rows, **one)) for one in steps}
    reasons = first_reasons(rows, steps).to_pylist()
    for position, reason in enumerate(reasons):
        expected = [one["name"] for one in steps if refused[one["name"]][position]]
        assert reason == (expected[0] if expected else "")


def test_every_kind_has_a_test_here() -> None:
    assert set(ROW_UNITS) - {"excluded"} == {one["kind"] for one in ROW_STEPS} | {"clip-score"}
