"""What a run notes of itself: the samples that it saw, and who trained which steps."""

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from datalines.audit.proofs.replay import replayed
from datalines.audit.proofs.study import Study
from datalines.audit.results import Results
from datalines.files import read_json, write_json
from datalines.loading.order import Order, listed
from datalines.loading.seen import Seen
from datalines.training.launch import train
from datalines.training.run import SEGMENTS, Run, finished
from datalines.training.state import Folder
from tests.scripts.tiny_files import write_mixture
from tests.unit.tiny_runs import recipe
from tests.unit.tiny_training import NEVER, interrupt, run_of


def noted(run: Run) -> tuple[list[dict[str, Any]], list[tuple[int, int, int]]]:
    """What was seen, and (first, last, ranks) of the segments."""
    outcome = finished(Path(run.folder)) or {}
    segments = read_json(Path(run.folder) / SEGMENTS)
    return outcome["seen"], [(entry["first"], entry["last"], entry["ranks"]) for entry in segments]


def due(mixture: Path, batch: int, epochs: int, micro_batch: int) -> list[dict[str, Any]]:
    """What a run with seed 1 must have seen."""
    manifest = read_json(mixture)
    order = Order(listed(manifest), manifest["order_sha256"], 1, recipe()["shuffle_window"])
    seen, in_epoch = Seen(order, micro_batch), order.samples // batch
    for step in range(in_epoch * epochs):
        start = step % in_epoch * batch
        seen.add(step // in_epoch + 1, step, 0, order.rows(step // in_epoch + 1, start, start + batch))
    seen.settle(lambda own: [own])
    return seen.listed()


def test_a_run_notes_the_order_that_follows_from_its_mixture(mixture: Path, tmp_path: Path) -> None:
    run = run_of(mixture, tmp_path / "run", recipe())
    train(run, 1)
    seen, segments = noted(run)
    assert seen == due(mixture, 8, 3, 8) and [entry["samples"] for entry in seen] == [24, 24, 24]
    assert segments == [(1, 9, 1)]


@pytest.mark.parametrize("step", [1, 5, 9])
def test_a_run_that_was_interrupted_notes_the_same_and_who_took_which_steps(
    mixture: Path, tmp_path: Path, step: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = run_of(mixture, tmp_path / "run", recipe())
    interrupt(run, step, monkeypatch)
    train(run, 1)
    seen, segments = noted(run)
    assert seen == due(mixture, 8, 3, 8)
    assert segments == ([(1, step - 1, 1), (step, 9, 1)] if step > 1 else [(1, 9, 1)])


@pytest.mark.slow
def test_ranks_note_together_what_one_notes(mixture: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first part is trained by one process, the rest by two."""
    run = run_of(mixture, tmp_path / "run", recipe(micro_batch=4), seconds=NEVER)
    interrupt(run, 5, monkeypatch)
    train(run, 2)
    seen, segments = noted(run)
    assert seen == due(mixture, 8, 3, 4)
    assert segments == [(1, 3, 1), (4, 9, 2)]


def test_the_order_proof_replays_substitutes_for_what_did_not_decode(tmp_path: Path) -> None:
    """Of a micro-batch of 4, the sample after a bad one stands for it, with both of its bad ones."""
    manifest = write_mixture(tmp_path / "mixtures" / "photo" / "full", "photo", bad=[3, 17, 18])
    of = recipe(micro_batch=4, undecodable=3)
    run = run_of(manifest, tmp_path / "state", of)
    train(run, 1)
    outcome, ids = finished(tmp_path / "state") or {}, pd.read_parquet(manifest.with_name("index.parquet"))["id"]
    assert len(outcome["undecodable"]) >= 2
    named = [{"id": ids[entry["row"]], "reason": entry["reason"]} for entry in outcome["undecodable"]]
    summary = {**run.identity, "mixture": "photo", "undecodable": named}
    path = "runs/photo/full/1/summary.json"
    write_json(tmp_path / path, summary)
    assert replayed(Study(Results(tmp_path, [], {}, [], {})), path) == outcome["seen"]
    write_json(tmp_path / path, {**summary, "undecodable": []})
    assert replayed(Study(Results(tmp_path, [], {}, [], {})), path) != outcome["seen"]


def test_a_state_of_before_this_was_noted_is_gone_on_from_and_nothing_is_made_up(
    mixture: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = run_of(mixture, tmp_path / "run", recipe())
    with monkeypatch.context() as patch:
        patch.setattr(
            Folder, "save", lambda folder, content, step, save=Folder.save: save(folder, older(content), step)
        )
        interrupt(run, 5, patch)
    train(run, 1)
    assert (finished(tmp_path / "run") or {})["seen"] is None and not (tmp_path / "run" / SEGMENTS).exists()


def older(content: dict[str, Any]) -> dict[str, Any]:
    """A state as it was saved before."""
    return {key: value for key, value in content.items() if key not in ("seen", "segments")}
