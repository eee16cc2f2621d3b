"""Records of runs and ensembles, the order of the table, and holes in the grid."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from safetensors.numpy import save_file

from datalines.accuracy import measure
from datalines.errors import CountError
from datalines.files import write_json
from datalines.records import COLUMNS, Evaluation, check_grid, ensemble_rows, model_rows, published_rows, read, table

SHIFTS = ["reference", "sketch"]
LABELS = np.array([0, 1, 2, 0, 1, 2])
ALLOWED = {"reference": np.array([1, 1, 1], dtype=np.uint8), "sketch": np.array([0, 1, 1], dtype=np.uint8)}


def arrays(seed: int, epochs: tuple[int, ...] = (1, 2)) -> dict[str, np.ndarray]:
    """Logits of a made-up model. On `sketch` the masked class has by far the largest."""
    generator = np.random.default_rng(seed)
    found = {f"labels/{shift}": LABELS for shift in SHIFTS} | {f"allowed/{shift}": ALLOWED[shift] for shift in SHIFTS}
    for epoch in epochs:
        found |= {f"{epoch:03d}/{shift}": generator.normal(size=(6, 3)).astype(np.float32) for shift in SHIFTS}
        found[f"{epoch:03d}/sketch"][:, 0] += 100
    return found


def evaluation(folder: Path, family: str, seed: int, epochs: tuple[int, ...] = (1, 2), **changes: Any) -> Evaluation:
    """A made-up evaluation on disk."""
    logits = arrays(seed, epochs)
    rows = [
        {
            "epoch": epoch,
            "samples_seen": 10 * epoch,
            "shift": shift,
            **measure(logits[f"{epoch:03d}/{shift}"], LABELS, ALLOWED[shift] == 1),
        }
        for epoch in epochs
        for shift in SHIFTS
    ]
    run = {
        "family": family,
        "size": "full",
        "seed": 0,
        "mixture": f"mix-{family}",
        "samples": 100 + seed,
        "spec": f"{seed:012x}",
    }
    path = folder / family / "natural.json"
    write_json(path, {**run, "objective": "clip", "recipe": "small", "suite": "natural", "measures": rows, **changes})
    save_file(logits, path.with_suffix(".safetensors"))
    return read(path)


def ensemble(weights: Any, epochs: tuple[int, ...] = (1, 2)) -> dict[str, Any]:
    """A resolved ensemble."""
    return {"members": ["photo", "art"], "sizes": ["full"], "weights": weights, "seeds": [0], "epochs": list(epochs)}


def mean_of(folder: Path, weights: Any, *families: str) -> pd.DataFrame:
    """The ensemble's rows over evaluations made from the seeds 0, 1, ..."""
    members = [evaluation(folder, family, seed) for seed, family in enumerate(families)]
    return pd.DataFrame(ensemble_rows("pair", ensemble(weights), members, SHIFTS))


def test_a_run_gives_a_row_for_every_epoch_and_shift(tmp_path: Path) -> None:
    rows = model_rows(evaluation(tmp_path, "photo", 0))
    assert [(row["epoch"], row["shift"]) for row in rows] == [
        (1, "reference"),
        (1, "sketch"),
        (2, "reference"),
        (2, "sketch"),
    ]
    assert {row["kind"] for row in rows} == {"model"}
    assert rows[0]["mixture"] == "mix-photo" and rows[0]["spec"] == "000000000000" and rows[3]["samples_seen"] == 20


def test_weights_one_and_zero_give_the_members_back(tmp_path: Path) -> None:
    rows = mean_of(tmp_path, [0.0, 1.0], "photo", "art")
    for weight, family in ((1.0, "photo"), (0.0, "art")):
        alone = pd.DataFrame(model_rows(read(tmp_path / family / "natural.json")))
        found = rows[rows["weight"] == weight].reset_index(drop=True)
        for column in ("epoch", "shift", "n", "correct", "top1", "top1_low", "top1_high", "mean_per_class", "classes"):
            assert list(found[column]) == list(alone[column]), column


def test_equal_weights_measure_the_mean_of_the_logits(tmp_path: Path) -> None:
    rows = mean_of(tmp_path, "equal", "photo", "art", "web")
    assert set(rows["weight"]) == {1 / 3}
    for row in rows.to_dict("records"):
        key = f"{row['epoch']:03d}/{row['shift']}"
        mean = np.mean([arrays(seed)[key].astype(float) for seed in range(3)], axis=0)
        expected = measure(mean, LABELS, ALLOWED[row["shift"]] == 1)
        assert {name: row[name] for name in expected} == expected


def test_half_and_half_is_equal_and_masks_hold(tmp_path: Path) -> None:
    half = mean_of(tmp_path, [0.5], "photo", "art").drop(columns="spec")
    equal = mean_of(tmp_path, "equal", "photo", "art").drop(columns="spec")
    pd.testing.assert_frame_equal(half, equal)
    # Class 0 has the largest logits on sketch but is masked: images of class 0 are wrong, others can be right.
    sketch = half[half["shift"] == "sketch"]
    assert (sketch["classes"] == 2).all() and (sketch["correct"] <= 4).all() and (sketch["correct"] > 0).any()


def test_what_an_ensemble_row_says_of_its_members(tmp_path: Path) -> None:
    row = mean_of(tmp_path, [0.25], "photo", "art").iloc[-1]
    assert (row["kind"], row["family"], row["mixture"], row["size"], row["seed"]) == ("ensemble", "pair", "", "full", 0)
    assert (row["samples"], row["samples_seen"], row["weight"]) == (100 + 101, 2 * 20, 0.25)


def test_members_are_matched_by_the_epochs_that_all_of_them_keep(tmp_path: Path) -> None:
    members = [evaluation(tmp_path, "photo", 0, (1, 2, 3)), evaluation(tmp_path, "art", 1, (2, 3))]
    rows = ensemble_rows("pair", ensemble([0.5], (2, 3)), members, SHIFTS)
    assert {row["epoch"] for row in rows} == {2, 3}


def test_another_member_or_weight_gives_another_specification(tmp_path: Path) -> None:
    specs = [
        mean_of(tmp_path, weights, *names)["spec"][0]
        for weights, names in (([0.5], ("photo", "art")), ([0.4], ("photo", "art")))
    ]
    specs.append(
        ensemble_rows(
            "pair", ensemble([0.5]), [evaluation(tmp_path, "web", 5), evaluation(tmp_path, "art", 1)], SHIFTS
        )[0]["spec"]
    )
    assert len(set(specs)) == 3


def rows_of(tmp_path: Path) -> list[dict[str, Any]]:
    """Two models and their ensemble, out of order."""
    members = [evaluation(tmp_path, "photo", 0), evaluation(tmp_path, "art", 1)]
    rows = [row for member in members for row in model_rows(member)]
    return [*reversed(rows), *ensemble_rows("pair", ensemble([1.0, 0.0]), members, SHIFTS)]


def test_the_table_has_a_fixed_order_of_rows_and_columns(tmp_path: Path) -> None:
    rows = rows_of(tmp_path)
    frame = table("toy", rows, SHIFTS)
    assert list(frame.columns) == COLUMNS
    assert set(frame["experiment"]) == {"toy"}
    pd.testing.assert_frame_equal(frame, table("toy", rows[::-1], SHIFTS))
    keys = list(zip(frame["kind"], frame["family"], frame["epoch"], frame["shift"], strict=True))
    assert keys[:3] == [
        ("ensemble", "pair", 1, "reference"),
        ("ensemble", "pair", 1, "sketch"),
        ("ensemble", "pair", 1, "reference"),
    ]
    assert keys[-2:] == [("model", "photo", 2, "reference"), ("model", "photo", 2, "sketch")]
    assert frame.loc[frame["kind"] == "model", "weight"].isna().all()


def test_other_shifts_of_the_suite_are_left_out(tmp_path: Path) -> None:
    frame = table("toy", model_rows(evaluation(tmp_path, "photo", 0)), ["sketch"])
    assert list(frame["shift"]) == ["sketch", "sketch"]


def test_a_point_that_was_measured_twice_is_an_error(tmp_path: Path) -> None:
    rows = rows_of(tmp_path)
    with pytest.raises(CountError, match=r"experiments.toy: the same point was measured twice: .*'family': 'photo'"):
        table("toy", [*rows, rows[4]], SHIFTS)


GRID = {(family, "full", 0, epoch) for family in ("photo", "art") for epoch in (1, 2)}


def test_a_whole_grid_is_accepted(tmp_path: Path) -> None:
    check_grid(table("toy", rows_of(tmp_path), SHIFTS), GRID, SHIFTS, "toy")


def test_a_hole_in_the_grid_is_named(tmp_path: Path) -> None:
    frame = table("toy", rows_of(tmp_path), SHIFTS)
    hole = (frame["family"] == "art") & (frame["epoch"] == 2) & (frame["shift"] == "sketch")
    with pytest.raises(CountError, match=r"experiments.toy: 1 points .* missing.*\('art', 'full', 0, 2, 'sketch'\)"):
        check_grid(frame[~hole], GRID, SHIFTS, "toy")
    with pytest.raises(CountError, match=r"experiments.toy: 2 points .* missing.*\('web', 'full', 1, 1, 'reference'\)"):
        check_grid(frame, {*GRID, ("web", "full", 1, 1)}, SHIFTS, "toy")


def test_a_point_beyond_the_grid_is_named(tmp_path: Path) -> None:
    frame = table("toy", rows_of(tmp_path), SHIFTS)
    with pytest.raises(
        CountError, match=r"4 points are not in the declared grid, first: \('photo', 'full', 0, 1, 'reference'\)"
    ):
        check_grid(frame, {point for point in GRID if point[0] == "art"}, SHIFTS, "toy")


def tidy(*rows: tuple[str, str, str, float, float, bool]) -> pd.DataFrame:
    """Published results in their one form."""
    columns = ["model", "shift", "x_set", "x", "y", "used"]
    return pd.DataFrame(rows, columns=columns).assign(n_x=1000, n_y=200)


def test_published_models_are_rows_on_the_reference_and_on_their_shifts() -> None:
    results = tidy(
        ("one", "sketch", "full", 0.7, 0.3, True), ("two", "sketch", "full", 0.8, 0.4, True),
        ("one", "r", "full", 0.7, 0.5, True), ("two", "r", "full", 0.8, 0.6, False),
        ("one", "r", "class-restricted", 0.9, 0.5, True),
    )  # fmt: skip
    rows = published_rows("standard", results, "reference", {"drawings": "sketch", "renditions": "r"})
    found = {(row["size"], row["shift"]): row for row in rows}
    assert {key: row["top1"] for key, row in found.items()} == {
        ("one", "reference"): 0.7, ("one", "drawings"): 0.3, ("two", "reference"): 0.8, ("two", "drawings"): 0.4,
        ("one", "renditions"): 0.5,
    }  # fmt: skip
    assert {(row["kind"], row["family"]) for row in rows} == {("published", "standard")}
    assert found["one", "drawings"]["correct"] == 60 and found["one", "reference"]["n"] == 1000
    assert found["one", "drawings"]["top1_low"] < 0.3 < found["one", "drawings"]["top1_high"]
    assert {row["seed"] for row in rows if row["size"] == "two"} == {1}
    frame = table("drawn", rows, ["reference", "drawings", "renditions"])
    assert len(frame) == 5 and list(frame.columns) == COLUMNS


def test_published_results_without_a_shift_are_an_error() -> None:
    results = tidy(("one", "sketch", "full", 0.7, 0.3, True))
    with pytest.raises(CountError, match="published results standard have no model on objectnet; write one of sketch"):
        published_rows("standard", results, "reference", {"objects": "objectnet"})
