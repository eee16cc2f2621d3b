"""Whole filters over the parts of a pool: reasons, counts, files, equal rows within and across pools."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datalines.errors import CountError, DatalinesError
from datalines.filters import database, parts
from datalines.filters.alive import Rows
from datalines.filters.comparing import SET_UNITS, Others
from datalines.filters.database import scratch_folder
from datalines.filters.decide import MOST_STEPS, Context, Decision, decide
from datalines.filters.outcome import write_outcome
from datalines.filters.parts import open_parts
from tests.unit.pool_parts import beside, ids, rows_of, write_pool

WORDS = {"kind": "caption-length", "name": "short", "unit": "words", "min": 2, "max": None}
SIZE = {"kind": "image-size", "name": "small", "min_side": 10, "max_side": None}
NONE = np.empty(0, dtype=np.uint8)  # the codes lie in a file that is gone
SCORE = {"kind": "clip-score", "name": "unlike", "scorer": "clip", "min": 0.3, "max": None}


def twins(of: str = "image", pools: list[str] | None = None, name: str = "twins") -> dict[str, Any]:
    return {"kind": "exact-duplicate", "name": name, "of": of, "pools": pools or []}


def outcome(
    folder: Path, receipts: list[Path], steps: list[dict[str, Any]], others: Others | None = None, threads: int = 2
) -> tuple[dict[str, str], Decision, tuple[bytes, bytes]]:
    """{id: reason, "" if kept} in the order of the ids, the decision, and the bytes of both files."""
    found = open_parts(receipts, [*beside(folder), *beside(folder, kind="scores/clip")])
    kept, dropped = folder / "out" / "kept.npy", folder / "out" / "dropped.parquet"
    with scratch_folder(kept) as scratch:
        context = Context(scratch, others or Others(), threads)
        decision = decide(found, steps, context)
        write_outcome(decision, found, kept, dropped, context)
        decision = replace(decision, codes=NONE)
    assert sorted(path.name for path in kept.parent.iterdir()) == ["dropped.parquet", "kept.npy"]
    stays, falls = np.load(kept), pq.read_table(dropped).to_pydict()
    assert stays.dtype == np.dtype("S32")
    assert stays.tolist() == sorted(stays.tolist())
    assert falls["id"] == sorted(falls["id"])
    reasons = dict(zip(falls["id"], falls["reason"], strict=True)) | dict.fromkeys(stays.astype(str).tolist(), "")
    assert len(reasons) == len(stays) + len(falls["id"])
    return dict(sorted(reasons.items())), decision, (kept.read_bytes(), dropped.read_bytes())


def reasons_of(folder: Path, rows: list[dict[str, Any]], steps: list[dict[str, Any]], **options: Any) -> list[str]:
    return list(outcome(folder, write_pool(folder, rows), steps, **options)[0].values())


def other_pool(folder: Path, rows: list[dict[str, Any]], name: str = "other") -> Others:
    return Others(pools={name: Rows(open_parts(write_pool(folder, rows, name), beside(folder, name)))})


@pytest.mark.parametrize(
    ("of", "expected"),
    [
        ("image", ["", "twins", "twins", ""]),
        ("caption", ["", "", "twins", "twins"]),
        ("pair", ["", "", "twins", ""]),
        ("url", ["", "", "", "twins"]),
    ],
)
def test_equal_rows_after_the_first_are_dropped(tmp_path: Path, of: str, expected: list[str]) -> None:
    urls = ["", "http://a.org/1", "", "http://a.org/1"]
    rows = rows_of(4, sha256=["a", "a", "a", "b"], caption=["x", "y", "x", "y"], url=urls)
    assert reasons_of(tmp_path, rows, [twins(of)]) == expected


def test_rows_that_equal_a_stored_row_of_another_pool_are_dropped(tmp_path: Path) -> None:
    seen = rows_of(3, sha256=["b", "c", ""], caption=["x", "x", "y"], status=["ok", "ok", "http_404"])
    others = other_pool(tmp_path, seen)
    rows = rows_of(4, sha256=["a", "b", "c", "d"], caption=["x", "x", "y", "y"])
    assert reasons_of(tmp_path, rows, [twins("image", ["other"])], others=others) == ["", "twins", "twins", ""]
    assert reasons_of(tmp_path, rows, [twins("pair", ["other"])], others=others) == ["", "twins", "", ""]


def test_a_pool_that_was_not_given_is_named(tmp_path: Path) -> None:
    receipts = write_pool(tmp_path, rows_of(1))
    with pytest.raises(
        DatalinesError, match=r"^filter step 'twins' compares with the pool 'gone', .* \(there are: none"
    ):
        outcome(tmp_path, receipts, [twins("image", ["gone"])])


def test_a_duplicate_of_a_dropped_row_is_no_duplicate(tmp_path: Path) -> None:
    rows = rows_of(2, sha256=["a", "a"], caption=["one", "one two"])
    assert reasons_of(tmp_path, rows, [WORDS, twins()]) == ["short", ""]
    assert reasons_of(tmp_path, rows, [twins(), WORDS]) == ["short", "twins"]


def test_rows_that_are_not_stored_take_no_part(tmp_path: Path) -> None:
    rows = rows_of(4, sha256=["a", "a", "", "b"], status=["http_404", "ok", "timeout", "ok"])
    reasons, decision, _ = outcome(tmp_path, write_pool(tmp_path, rows, parts=2), [twins()])
    assert reasons == {ids(4)[1]: "", ids(4)[3]: ""}
    assert (decision.input, decision.kept, decision.dropped) == (2, 2, {"twins": 0})


def test_scores_lie_beside_the_rows_and_a_missing_one_drops_its_row(tmp_path: Path) -> None:
    rows = rows_of(5, score__clip=[0.5, 0.1, None, 0.3, 0.9], status=["ok", "ok", "ok", "ok", "http_404"])
    reasons, _, _ = outcome(tmp_path, write_pool(tmp_path, rows, parts=2, seed=3), [SCORE])
    assert list(reasons.values()) == ["", "unlike", "unlike", ""]


def test_scores_of_other_rows_are_refused(tmp_path: Path) -> None:
    for count in (7, 8, 10):
        write_pool(tmp_path, rows_of(count, score__clip=[0.5] * count))
        receipts = write_pool(tmp_path, rows_of(9))
        with pytest.raises(
            CountError, match=r"scores/clip/web/0\.parquet is not about the stored rows of .*0\.parquet"
        ):
            outcome(tmp_path, receipts, [SCORE])
    receipts = write_pool(tmp_path, rows_of(3))
    write_pool(tmp_path / "x", rows_of(3, id=ids(4)[1:], score__clip=[0.5] * 3))
    (tmp_path / "x/scores/clip/web/0.parquet").replace(tmp_path / "scores/clip/web/0.parquet")
    with pytest.raises(CountError, match=r"is not about the stored rows"):
        outcome(tmp_path, receipts, [SCORE])


def test_a_missing_score_file_is_an_error_and_not_a_drop(tmp_path: Path) -> None:
    receipts = write_pool(tmp_path, rows_of(6, score__clip=[0.5] * 6), parts=2)
    (tmp_path / "scores/clip/web/1.parquet").unlink()
    with pytest.raises(DatalinesError, match=r"^filter step 'unlike' \(clip-score\) needs the score 'clip'"):
        outcome(tmp_path, receipts, [SCORE])


def test_an_id_that_stands_twice_is_an_error_that_leaves_no_files(tmp_path: Path) -> None:
    receipts = write_pool(tmp_path, rows_of(4, id=[*ids(3), ids(3)[1]]), parts=2)
    with pytest.raises(CountError, match=rf"^.*web: the id {ids(2)[1]} stands twice among the stored items"):
        outcome(tmp_path, receipts, [])
    assert not list((tmp_path / "out").iterdir())
    receipts = write_pool(tmp_path, rows_of(4, id=[*ids(3), ids(3)[1]], status=["ok", "timeout", "ok", "ok"]))
    assert len(outcome(tmp_path, receipts, [])[0]) == 3


def test_an_id_that_stands_twice_is_found_across_batches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "BATCH", 1)
    receipts = write_pool(tmp_path, rows_of(4, id=[*ids(3), ids(3)[1]]))
    with pytest.raises(CountError, match=r"stands twice"):
        outcome(tmp_path, receipts, [])


def test_a_receipt_that_counts_other_rows_is_refused(tmp_path: Path) -> None:
    (receipt,) = write_pool(tmp_path, rows_of(3))
    receipt.write_text(receipt.read_text().replace('"stored": 3', '"stored": 2'))
    with pytest.raises(CountError, match=r"0\.json counts 2 stored of 3, its rows 3 of 3; delete it and run again"):
        outcome(tmp_path, [receipt], [])


def test_no_steps_keep_everything_and_no_rows_give_empty_files(tmp_path: Path) -> None:
    assert reasons_of(tmp_path, rows_of(3), []) == ["", "", ""]
    reasons, decision, _ = outcome(tmp_path, write_pool(tmp_path, rows_of(1, status=["timeout"])), [WORDS, twins()])
    assert reasons == {}
    assert (decision.input, decision.dropped) == (0, {"short": 0, "twins": 0})


def test_steps_after_one_that_drops_everything_see_nothing(tmp_path: Path) -> None:
    everything = {**WORDS, "name": "all", "min": 99}
    steps = [everything, twins(), SIZE]
    assert reasons_of(tmp_path, rows_of(4, sha256=["a"] * 4), steps) == ["all"] * 4


def test_the_counts_list_every_step_in_order_even_if_it_dropped_nothing(tmp_path: Path) -> None:
    rows = rows_of(3, caption=["one", "one two", "x y z"])
    _, decision, _ = outcome(tmp_path, write_pool(tmp_path, rows), [SIZE, twins(), WORDS])
    assert list(decision.dropped.items()) == [("small", 0), ("twins", 0), ("short", 1)]
    assert (decision.input, decision.kept, decision.overlap) == (3, 2, {})


def test_a_filter_of_too_many_steps_is_refused(tmp_path: Path) -> None:
    steps = [{**SIZE, "name": f"size-{number}"} for number in range(MOST_STEPS + 1)]
    with pytest.raises(DatalinesError, match=r"251 steps, but at most 250"):
        outcome(tmp_path, write_pool(tmp_path, rows_of(1)), steps)
    assert reasons_of(tmp_path, rows_of(1, width=[3]), [{**SIZE, "min_side": 1}] * (MOST_STEPS - 1) + [SIZE]) == [
        "small"
    ]


EVERY_STEP = [
    WORDS,
    SIZE,
    SCORE,
    {"kind": "aspect-ratio", "name": "aspect", "max": 2.5},
    {"kind": "class-list", "name": "class", "classes": ["cat"]},
    {"kind": "random-share", "name": "share", "share": 0.7, "seed": 4},
    twins("image", name="image"),
    twins("caption", name="caption"),
    twins("pair", name="pair"),
    twins("url", name="url"),
    twins("image", ["other"], name="seen"),
]
ROWS = st.fixed_dictionaries(
    {
        "caption": st.sampled_from(["one", "one two", "x y z"]),
        "width": st.integers(8, 30),
        "height": st.integers(8, 30),
        "label": st.sampled_from(["cat", "cat", "dog", None]),
        "sha256": st.sampled_from("abcdef"),
        "url": st.sampled_from(["", "http://a.org/", "http://b.org/"]),
        "score.clip": st.sampled_from([None, 0.25, 0.5]),
        "status": st.sampled_from(["ok", "ok", "ok", "http_404"]),
    }
)


def by_hand(rows: list[dict[str, Any]], steps: list[dict[str, Any]], seen: set[str]) -> dict[str, str]:
    """The reasons by id, decided row by row in plain Python; `seen` are the images of the other pool."""
    alive = sorted((row for row in rows if row["status"] == "ok"), key=lambda row: str(row["id"]))
    reasons = {row["id"]: "" for row in alive}
    for step in steps:
        keys: set[Any] = set()
        staying = []
        for row in alive:
            if passes(row, step, keys, seen):
                staying.append(row)
            else:
                reasons[row["id"]] = step["name"]
        alive = staying
    return reasons


def passes(row: dict[str, Any], step: dict[str, Any], keys: set[Any], seen: set[str]) -> bool:
    short, long = sorted([row["width"], row["height"]])
    match step["kind"]:
        case "caption-length":
            return len(row["caption"].split()) >= step["min"]
        case "image-size":
            return bool(short >= step["min_side"])
        case "clip-score":
            return bool((row["score.clip"] or 0) >= step["min"])
        case "aspect-ratio":
            return bool(long <= step["max"] * short)
        case "class-list":
            return row["label"] in step["classes"]
        case "random-share":
            return int(row["id"], 16) in SHARE
    both = (row["sha256"], row["caption"])
    key = {"image": row["sha256"], "caption": row["caption"], "pair": both, "url": row["url"]}[step["of"]]
    fresh = (key not in keys or key == "") and not (step["pools"] and key in seen)
    keys.add(key)
    return fresh


# Which of the first ids the step `share` keeps, as it was when this test was written: it must never change.
SHARE = frozenset({0, 1, *range(5, 14)})


@settings(max_examples=40)
@given(
    found=st.lists(ROWS, min_size=1, max_size=14),
    steps=st.lists(st.sampled_from(EVERY_STEP), unique_by=id),
    seed=st.integers(0, 99),
    pieces=st.integers(1, 4),
)
def test_reasons_are_those_found_by_hand_whatever_the_parts(
    tmp_path_factory: pytest.TempPathFactory,
    found: list[dict[str, Any]],
    steps: list[dict[str, Any]],
    seed: int,
    pieces: int,
) -> None:
    folder = tmp_path_factory.mktemp("pool")
    rows = [{**row, **one} for row, one in zip(rows_of(len(found)), found, strict=True)]
    others = other_pool(folder, rows_of(2, sha256=["a", "b"]))
    reasons, decision, _ = outcome(folder, write_pool(folder, rows, parts=pieces, seed=seed), steps, others)
    assert reasons == by_hand(rows, steps, {"a", "b"})
    assert decision.input == len(reasons) == decision.kept + sum(decision.dropped.values())
    assert decision.dropped == {step["name"]: list(reasons.values()).count(step["name"]) for step in steps}


def test_neither_parts_nor_batches_nor_threads_move_a_byte(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    draw = np.random.default_rng(0)
    captions = ["one two" if number else "one" for number in draw.integers(0, 4, 400)]
    pictures = [f"{number:064x}" for number in draw.integers(0, 250, 400)]
    scores = draw.random(400).tolist()
    rows = rows_of(400, caption=captions, sha256=pictures, score__clip=scores)
    results = []
    for pieces, seed, batch, threads in ((1, None, 1 << 14, 1), (1, 1, 3, 1), (5, 2, 7, 4), (40, 3, 64, 2)):
        monkeypatch.setattr(parts, "BATCH", batch)
        monkeypatch.setattr(database, "BATCH", 16 * batch)
        folder = tmp_path / f"{pieces}-{seed}"
        receipts = write_pool(folder, rows, parts=pieces, seed=seed)
        results.append(outcome(folder, receipts, [WORDS, twins(), SCORE], threads=threads))
    assert all(files == results[0][2] for _, _, files in results)
    assert all(decision.dropped == results[0][1].dropped for _, decision, _ in results)
    assert set(results[0][0].values()) == {"", "short", "twins", "unlike"}


def test_every_kind_that_compares_has_a_test() -> None:
    assert set(SET_UNITS) == {"exact-duplicate", "near-duplicate"}
