"""Several ranks train what one rank does: same batches, same losses, same weights."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import torch
from safetensors.torch import load_file

from datalines.loading.manifest import Contents
from datalines.loading.order import Order
from datalines.training.launch import train
from datalines.training.ranks import joined
from datalines.training.run import HISTORY, finished
from tests.scripts.tiny_files import write_mixture
from tests.unit.tiny_training import ALONE, NEVER, left, run_of
from tests.unit.training_ranks import CASES, STOPPED, told, two_views

ROOT = Path(__file__).parents[2]
EXACT = ["clip", "supervised", "clip, bf16", "clip, dropout", "clip, locked image", "supervised, locked"]
PARTS = ["clip, four parts", "supervised, four parts"]


@pytest.fixture(scope="module")
def spoilt(tmp_path_factory: pytest.TempPathFactory, mixture: Path) -> tuple[Path, list[int]]:
    """A mixture in which each of two ranks meets a sample that does not decode in the first step, and their rows."""
    contents = Contents.open(mixture)
    rows = Order(contents.shards, contents.digest, 1, 12).rows(1, 0, 8).tolist()
    bad = [rows[1], rows[6]]
    return write_mixture(tmp_path_factory.mktemp("spoilt"), "photo", bad=bad), bad


Start = Callable[[int], Path]


@pytest.fixture(scope="module")
def runs(mixture: Path, spoilt: tuple[Path, list[int]], tmp_path_factory: pytest.TempPathFactory) -> Start:
    """The folder with the runs of so many ranks, which are started once for all tests."""
    folders: dict[int, Path] = {}

    def start(world: int) -> Path:
        if world not in folders:
            folders[world] = tmp_path_factory.mktemp(f"ranks{world}")
            command = [sys.executable, "-m", "tests.unit.training_ranks", str(world)]
            paths = map(str, (mixture, spoilt[0], folders[world]))
            done = subprocess.run([*command, *paths], cwd=ROOT, capture_output=True, text=True)
            assert done.returncode == 0, done.stderr
        return folders[world]

    return start


@pytest.fixture(scope="module")
def alone(mixture: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """The folder of a case's run on one rank."""
    root = tmp_path_factory.mktemp("alone")

    def start(name: str) -> Path:
        if not (root / name).is_dir():
            train(run_of(mixture, root / name, CASES[2][name](), seconds=NEVER), 1)
        return root / name

    return start


def losses(folder: Path) -> list[float]:
    """The losses of a run."""
    return list(pd.read_csv(folder / HISTORY)["loss"])


def weights(folder: Path) -> dict[str, torch.Tensor]:
    """The weights that a run kept."""
    return load_file(folder / "epoch-002.safetensors")


@pytest.mark.parametrize("name", EXACT)
def test_two_ranks_with_one_micro_batch_each_are_one_rank_with_two_to_the_bit(
    runs: Start, alone: Callable[[str], Path], name: str
) -> None:
    """Batch norms included, whose statistics are those of micro-batches."""
    ours, theirs = left(runs(2) / name), left(alone(name))
    assert set(ours) == {HISTORY, "epoch-002.safetensors"}
    assert ours == theirs


def test_local_losses_add_up_to_the_same_curve(runs: Start, alone: Callable[[str], Path]) -> None:
    """Sums are taken in another order, no more."""
    assert losses(runs(2) / "clip, local loss") == pytest.approx(losses(alone("clip")), abs=1e-5)


def test_without_the_others_gradients_the_gradient_is_another(runs: Start, alone: Callable[[str], Path]) -> None:
    """That is what the option is for; the loss of the first step, before any gradient, is the same."""
    whole, own = losses(alone("clip, only own gradients")), losses(runs(2) / "clip, only own gradients")
    assert own[0] == pytest.approx(whole[0], abs=1e-6)
    assert own[-1] != pytest.approx(whole[-1], abs=1e-4)


@pytest.mark.parametrize("world", [2, 4])
@pytest.mark.parametrize("name", PARTS)
def test_micro_batches_may_be_spread_over_ranks(
    runs: Start, alone: Callable[[str], Path], name: str, world: int
) -> None:
    """Gradients of four micro-batches are summed in another order: that moves the last bits. AdamW turns a last bit
    into a step of the learning rate, here 1e-3, where a gradient is nearly zero."""
    whole, spread = alone(name), runs(world) / name
    assert losses(spread) == pytest.approx(losses(whole), abs=1e-5)
    mine, theirs = weights(spread), weights(whole)
    for key, value in theirs.items():
        distance = (mine[key].double() - value.double()).abs()
        assert distance.max() < 6e-3 and distance.mean() < 1e-4, key


@pytest.mark.parametrize(("world", "name"), [(2, "clip"), (4, PARTS[0]), (4, PARTS[1])])
def test_ranks_that_were_stopped_end_like_ranks_that_were_not(runs: Start, world: int, name: str) -> None:
    """Four ranks, too: what is summed is the same in the first step after a pause as without one."""
    folder = runs(world)
    assert left(folder / f"{name}{STOPPED}") == left(folder / name)
    assert finished(folder / f"{name}{STOPPED}") == finished(folder / name)


def test_a_locked_tower_stays_as_it_was_on_all_ranks(runs: Start) -> None:
    locked, other = weights(runs(2) / "clip, locked image"), weights(runs(2) / "clip")
    tower = {name for name in locked if name.startswith("visual.")}
    assert tower and any(not torch.equal(locked[name], other[name]) for name in tower)
    assert all(value == 0 for name, value in locked.items() if name in tower and name.endswith("num_batches_tracked"))


def test_the_outcome_tells_the_number_of_ranks(runs: Start) -> None:
    outcome = finished(runs(2) / "clip")
    assert outcome is not None and outcome["ranks"] == 2


def test_samples_that_did_not_decode_are_counted_over_all_ranks(runs: Start, spoilt: tuple[Path, list[int]]) -> None:
    """Each rank has met one, which its own budget of one would allow."""
    _, bad = spoilt
    said = json.loads((runs(2) / "told.json").read_text())["spoilt"]
    assert len(said) == 2
    for one in said:
        assert one.keys() == {"1"} and "2 samples did not decode and the recipe allows 1" in one["1"]
    outcome = finished(runs(2) / "allowed 2")
    assert outcome is not None and [entry["row"] for entry in outcome["undecodable"]] == sorted(bad)
    assert finished(runs(2) / "allowed 1") is None


def test_what_ranks_tell_each_other(runs: Start) -> None:
    said = json.loads((runs(2) / "told.json").read_text())
    assert said["gathered"] == [[0.0] * 3, [0.0] * 3, [1.0] * 3, [1.0] * 3]
    assert said["with gradient"] is False
    assert said["sum"] == [2.0, 1.0]
    assert said["any"] == [False, True, True]
    assert said["collected"] == [{"rank": 0}, {"rank": 1}]
    assert said["main"] == [True, False]


def test_one_process_tells_itself_the_same() -> None:
    said: dict[str, Any] = told(ALONE)
    assert said == {
        "gathered": [[0.0] * 3, [0.0] * 3],
        "with gradient": False,
        "sum": [1.0, 0.0],
        "any": [False, True, True],
        "collected": [{"rank": 0}],
        "main": [True],
    }


def test_an_objective_of_two_views_needs_nothing_of_its_own_for_ranks(runs: Start) -> None:
    said = json.loads((runs(2) / "told.json").read_text())["two views"]
    assert said == pytest.approx(two_views(ALONE)["two views"], abs=1e-5)


def test_a_process_without_torchrun_is_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("WORLD_SIZE", raising=False)
    monkeypatch.setenv("DATALINES_DEVICE", "cpu")
    with joined() as ranks:
        assert ranks == ALONE and ranks.main
        ranks.wait()
