"""A run's folder: whose it is, what of it survives a kill, a full disk or damage; history and clock."""

from pathlib import Path
from typing import Any

import pytest
import torch

from datalines.errors import StaleRunError, TrainingError
from datalines.files import read_json, write_json
from datalines.training import state
from datalines.training.state import LISTING, SPEC, Clock, Folder, History, differences
from tests.unit.tiny_training import largest_file

RUN: dict[str, Any] = {"family": "photo", "size": "full", "seed": 1, "recipe": {"epochs": 3, "optimizer": {"lr": 0.1}}}


def content(step: int) -> dict[str, Any]:
    """A state that tells its step."""
    return {"model": {"weight": torch.full((500,), float(step))}, "step": step, "history": [(1, 1, 0.1, 2.0)]}


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    """A folder that is claimed and holds the states of steps 3 and 6."""
    found = Folder(tmp_path / "0123456789ab", RUN)
    found.claim()
    for step in (1, 3, 6):
        found.save(content(step), step)
    return found


def names(folder: Folder) -> set[str]:
    """All files of the folder."""
    return {path.name for path in folder.path.iterdir()}


def step_of(folder: Folder) -> int:
    """The step of the state that would be gone on from."""
    found = folder.load()
    assert found is not None
    assert torch.equal(found["model"]["weight"], content(found["step"])["model"]["weight"])
    return int(found["step"])


def damage(path: Path) -> None:
    """Turn a bit in the middle of a file."""
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(bytes(data))


def test_differences_name_the_keys_and_both_values() -> None:
    other = {**RUN, "recipe": {"epochs": 8, "optimizer": {"lr": 0.1}, "frozen": ["image"]}}
    assert differences(RUN, other) == [
        "recipe.epochs: 3 there, 8 asked for",
        'recipe.frozen: null there, ["image"] asked for',
    ]
    assert differences(RUN, RUN) == []
    assert len(differences({"a": "x" * 500}, {"a": "y" * 500})[0]) < 200


def test_the_folder_of_another_run_is_refused_with_the_differences_and_left_as_it_is(folder: Folder) -> None:
    before = {path.name: path.read_bytes() for path in folder.path.iterdir()}
    other = Folder(folder.path, {**RUN, "seed": 2, "recipe": {"epochs": 3, "optimizer": {"lr": 0.2}}})
    with pytest.raises(StaleRunError) as caught:
        other.claim()
    text = str(caught.value)
    assert f"{folder.path} holds the state of another run and is left as it is" in text
    assert "\n  recipe.optimizer.lr: 0.1 there, 0.2 asked for\n  seed: 1 there, 2 asked for\n" in text
    assert "remove the folder to train anew" in text
    assert {path.name: path.read_bytes() for path in folder.path.iterdir()} == before


def test_the_folder_of_the_same_run_is_taken_also_after_its_spec_was_written_as_json(folder: Folder) -> None:
    """A tuple comes back from JSON as a list."""
    first = Folder(folder.path.with_name("other"), {**RUN, "keep": (1, 2)})
    first.claim()
    Folder(first.path, {**RUN, "keep": (1, 2)}).claim()
    assert read_json(first.path / SPEC)["keep"] == [1, 2]


def test_a_state_of_nobody_is_not_gone_on_from(folder: Folder) -> None:
    (folder.path / SPEC).unlink()
    with pytest.raises(StaleRunError, match=r"holds a state but no spec.json; remove the folder to train anew"):
        folder.claim()


def test_half_written_files_of_a_killed_process_are_removed(folder: Folder) -> None:
    (folder.path / ".step-000000009.pt.4711.tmp").write_bytes(b"half")
    (folder.path / "epoch-001.safetensors").write_bytes(b"weights")
    before = names(folder)
    folder.claim()
    assert before - names(folder) == {".step-000000009.pt.4711.tmp"}


def test_the_last_two_states_are_kept(folder: Folder) -> None:
    assert names(folder) == {SPEC, LISTING, "step-000000003.pt", "step-000000006.pt"}
    assert folder.newest() == 6 and step_of(folder) == 6


def test_without_a_state_there_is_nothing_to_go_on_from(tmp_path: Path) -> None:
    empty = Folder(tmp_path / "run", RUN)
    assert empty.load() is None and empty.newest() is None
    empty.claim()
    assert empty.load() is None


@pytest.mark.parametrize("harm", [damage, Path.unlink], ids=["altered", "missing"])
def test_a_damaged_state_is_passed_over_for_the_one_before(
    folder: Folder, harm: Any, caplog: pytest.LogCaptureFixture
) -> None:
    harm(folder.path / "step-000000006.pt")
    assert step_of(folder) == 3
    assert "step-000000006.pt is missing or not as it was written; looking at the state before it" in caplog.text
    # What is trained from there on must not push the only sound state out.
    folder.save(content(4), 4)
    assert names(folder) == {SPEC, LISTING, "step-000000003.pt", "step-000000004.pt"}
    damage(folder.path / "step-000000004.pt")
    assert step_of(folder) == 3


def test_where_all_states_are_damaged_nothing_is_trained(folder: Folder) -> None:
    for step in (3, 6):
        damage(folder.path / f"step-{step:09d}.pt")
    with pytest.raises(TrainingError, match=r"no state in .*0123456789ab is as it was written; remove the folder"):
        folder.load()


def test_the_same_step_saved_again_takes_the_place_of_the_first(folder: Folder) -> None:
    folder.save(content(6), 6)
    assert names(folder) == {SPEC, LISTING, "step-000000003.pt", "step-000000006.pt"}
    assert step_of(folder) == 6


@pytest.mark.parametrize("act", ["torch.save", "write_json"])
def test_a_kill_in_the_midst_of_saving_leaves_the_states_before(
    folder: Folder, act: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*arguments: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(state.torch if act == "torch.save" else state, act.rpartition(".")[2], killed)
        with pytest.raises(KeyboardInterrupt):
            folder.save(content(9), 9)
    assert folder.newest() == 6 and step_of(folder) == 6


@pytest.mark.parametrize("size", [0, 100, 1500, 3000])
def test_a_state_that_cannot_be_written_leaves_those_before_and_the_systems_own_error(
    folder: Folder, size: int
) -> None:
    """torch's writer answers a failed write with an error of its own, in which the reason cannot be recognised."""
    before = names(folder)
    with largest_file(size), pytest.raises(OSError, match="File too large"):
        folder.save(content(9), 9)
    assert names(folder) == before and step_of(folder) == 6


def test_other_errors_of_torch_stay_what_they_are(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*arguments: Any) -> None:
        raise RuntimeError("of torch's own")

    monkeypatch.setattr(state.torch, "save", broken)
    with pytest.raises(RuntimeError, match="of torch's own"):
        folder.save(content(9), 9)


def test_unfinished_runs_from_before_a_change_are_named(folder: Folder) -> None:
    changed = {**RUN, "recipe": {**RUN["recipe"], "epochs": 16}}
    elsewhere = Folder(folder.path.with_name("ba9876543210"), {**RUN, "seed": 2})
    elsewhere.claim()
    elsewhere.save(content(2), 2)
    without = Folder(folder.path.with_name("ffffffffffff"), {**changed, "recipe": {"epochs": 1}})
    without.claim()
    (text,) = Folder(folder.path.with_name("aaaaaaaaaaaa"), changed).unfinished_others()
    assert str(folder.path) in text and "this run at step 6 as it was before a change" in text
    assert "(recipe.epochs: 3 there, 16 asked for)" in text
    assert folder.unfinished_others() == []


def test_what_names_the_states_goes_first(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    """A kill in between must not leave a state that would be gone on from without the weights of earlier epochs."""

    def killed(path: Path) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(state.shutil, "rmtree", killed)
        with pytest.raises(KeyboardInterrupt):
            folder.remove()
    assert folder.load() is None
    folder.remove()
    assert not folder.path.exists()


def test_the_listing_says_how_each_state_must_look(folder: Folder) -> None:
    listed = read_json(folder.path / LISTING)["states"]
    assert [entry["step"] for entry in listed] == [6, 3]
    assert all(set(entry) == {"path", "step", "bytes", "sha256"} for entry in listed)
    assert all((folder.path / entry["path"]).stat().st_size == entry["bytes"] for entry in listed)
    write_json(folder.path / LISTING, {"states": [{**listed[0], "sha256": "0" * 64}, listed[1]]})
    assert step_of(folder) == 3


def test_a_history_has_a_row_for_every_step() -> None:
    history = History()
    for step in (1, 2, 3):
        history.add(step, 1 + step // 3, 0.1 * step, torch.tensor(float(step)))
        history.settle()
    frame = history.frame(8)
    assert list(frame.columns) == ["step", "epoch", "samples_seen", "lr", "loss"]
    assert frame.to_numpy().tolist() == [[1, 1, 8, 0.1, 1.0], [2, 1, 16, 0.2, 2.0], [3, 2, 24, 0.1 * 3, 3.0]]
    assert history.mean(2) == 2.5


def test_losses_are_looked_at_some_steps_at_a_time() -> None:
    history = History(every=3)
    due = []
    for step in range(1, 5):
        history.add(step, 1, 0.1, torch.tensor(1.0))
        due.append(history.due)
        if history.due:
            history.settle()
    assert due == [False, False, True, False]
    assert len(history.rows) == 3
    history.settle()
    assert len(history.rows) == 4


@pytest.mark.parametrize(("bad", "text"), [(float("nan"), "nan"), (float("inf"), "inf"), (float("-inf"), "-inf")])
def test_a_loss_that_is_no_number_is_an_error_that_names_its_step(bad: float, text: str) -> None:
    history = History(every=3)
    for step, loss in ((7, 1.0), (8, bad), (9, 1.0)):
        history.add(step, 4, 0.1, torch.tensor(loss, dtype=torch.bfloat16))
    with pytest.raises(TrainingError, match=f"the loss is {text} in step 8 of epoch 4"):
        history.settle()
    assert [row[0] for row in history.rows] == [7]


def test_a_clock_strikes_after_its_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr(state.time, "monotonic", lambda: now[0])
    clock = Clock(30)
    due = []
    for second in (29.9, 30.0, 31.0):
        now[0] = 100 + second
        due.append(clock.due())
    clock.reset()
    assert [*due, clock.due()] == [False, True, True, False]
