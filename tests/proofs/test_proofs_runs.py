"""Resume proof and model-spec proof: who trained which steps, and what network was evaluated."""

import shutil
from typing import Any

import pandas as pd
import pytest
from safetensors.numpy import load_file, save_file

from datalines.audit.verdicts import Verdict
from datalines.files import write_csv
from tests.proofs.proof_folder import EPOCHS, EVALUATION, LOGITS, RECIPE, RUN, SUMMARY, Folder
from tests.proofs.proof_runs import carried, write_weights


def test_segments_are_told_with_their_hosts(folder: Folder) -> None:
    assert folder.words("resume-proof")[SUMMARY] == "2 segments: steps 1-4 on a (cpu), 5-9 on b (cpu)"


@pytest.mark.parametrize(
    ("segments", "reason"),
    [
        ([(1, 4), (6, 9)], "no segment took the steps 5 to 5"),
        ([(1, 5), (5, 9)], "the steps 5 to 5 were taken twice, again by segment 2"),
        ([(1, 4), (5, 8)], "no segment took the steps 9 to 9"),
        ([(2, 9)], "no segment took the steps 1 to 1"),
        ([(1, 9), (10, 12)], "the last segment ends with step 12, but the run has 9"),
    ],
)
def test_segments_that_leave_out_or_repeat_steps_are_found(
    folder: Folder, segments: list[tuple[int, int]], reason: str
) -> None:
    where = {"ranks": 1, "device": "cpu", "slurm": None, "host": "a"}
    told = [{"first": first, "last": last, **where} for first, last in segments]
    folder.change_job("train_model", "both-full-0", notes={"segments": told})
    assert folder.found("resume-proof") == {SUMMARY: (Verdict.DRIFTED, reason)}


def test_a_segment_that_was_killed_before_it_saved_is_no_fault(folder: Folder) -> None:
    where = {"ranks": 2, "device": "cuda", "slurm": {"job": "17"}, "host": "a"}
    told = [{"first": first, "last": last, **where} for first, last in [(1, 4), (5, 4), (5, 9)]]
    folder.change_job("train_model", "both-full-0", notes={"segments": told})
    assert folder.found("resume-proof") == {}
    assert "5-9 on a (cuda, Slurm job 17) in 2 processes" in folder.words("resume-proof")[SUMMARY]


def test_a_run_whose_segments_are_not_known_is_unverifiable(folder: Folder) -> None:
    folder.change_job("train_model", "both-full-0", notes={})
    assert folder.found("resume-proof")[SUMMARY][0] is Verdict.UNVERIFIABLE


def history(folder: Folder) -> pd.DataFrame:
    return pd.read_csv(folder.root / RUN / "history.csv")


def repeated(rows: pd.DataFrame) -> pd.DataFrame:
    return pd.concat([rows[:4], rows[3:]])


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (repeated, "row 5 of"),
        (lambda rows: rows.drop(3), "row 4 of"),
        (lambda rows: rows[:-1], "the number of steps in"),
        (lambda rows: rows.assign(lr=rows["lr"] * 1.001), "has the learning rate"),
        (lambda rows: rows.assign(loss=[1.0] * 8 + [float("inf")]), "has the loss inf"),
        (lambda rows: rows.assign(epoch=1), "row 4 of"),
    ],
)
def test_a_history_that_does_not_follow_from_the_recipe_is_found(folder: Folder, change: Any, reason: str) -> None:
    write_csv(folder.root / RUN / "history.csv", change(history(folder)))
    found = folder.found("resume-proof")
    assert folder.fits()
    assert found[SUMMARY][0] is Verdict.DRIFTED and reason in found[SUMMARY][1]


def test_a_run_that_was_stopped_early_and_passed_off_as_whole_is_found(folder: Folder) -> None:
    write_csv(folder.root / RUN / "history.csv", history(folder)[:6])
    where = {"ranks": 1, "device": "cpu", "slurm": None, "host": "a"}
    folder.change_job("train_model", "both-full-0", notes={"segments": [{"first": 1, "last": 6, **where}]})
    folder.change(SUMMARY, steps=6, samples_seen=48)
    verdict, reason = folder.found("resume-proof")[SUMMARY]
    assert verdict is Verdict.DRIFTED and "the number of steps is 6, but should be 9" in reason


def test_weights_of_another_run_are_found(folder: Folder) -> None:
    for epoch in EPOCHS:
        name = f"epoch-{epoch:03d}.safetensors"
        shutil.copyfile(folder.root / "runs/both/full/1" / name, folder.root / RUN / name)
    found = folder.found("model-spec-proof")
    assert folder.fits()
    assert found[SUMMARY][0] is Verdict.DRIFTED and "the run that" in found[SUMMARY][1]
    assert found[EVALUATION][0] is Verdict.DRIFTED and "the recipe that was evaluated" in found[EVALUATION][1]


def test_weights_of_another_epoch_are_found(folder: Folder) -> None:
    shutil.copyfile(folder.root / RUN / "epoch-001.safetensors", folder.root / RUN / "epoch-003.safetensors")
    assert "the epoch that" in folder.found("model-spec-proof")[SUMMARY][1]
    assert folder.found("resume-proof")[SUMMARY][0] is Verdict.DRIFTED


def test_a_recipe_that_weights_do_not_bear_out_is_found(folder: Folder) -> None:
    changed = {**RECIPE, "optimizer": {"lr": 2e-3}}
    folder.change(SUMMARY, recipe=changed)
    params = folder.job("train_model", "both-full-0")["params"]
    folder.change_job("train_model", "both-full-0", params={"spec": {**params["spec"], "recipe": changed}})
    verdict, reason = folder.found("model-spec-proof")[SUMMARY]
    assert verdict is Verdict.DRIFTED and "optimizer that" in reason


def test_another_vocabulary_is_found(folder: Folder) -> None:
    run = carried(folder.root / RUN, 1)["run"]
    for epoch in EPOCHS:
        seen = carried(folder.root / RUN, epoch)["samples_seen"]
        write_weights(folder.root / RUN / f"epoch-{epoch:03d}.safetensors", run, epoch, seen, vocabulary=500)
    folder.change(SUMMARY, parameters=500 * 16 + 8 * 16 + 4)
    verdict, reason = folder.found("model-spec-proof")[SUMMARY]
    assert verdict is Verdict.DRIFTED and "is [500, 16], but should be [600, 16]" in reason


def test_a_wrong_number_of_parameters_is_found(folder: Folder) -> None:
    folder.change(SUMMARY, parameters=7)
    assert "the number of parameters" in folder.found("model-spec-proof")[SUMMARY][1]


def test_another_preprocessing_of_the_evaluation_is_found(folder: Folder) -> None:
    models = folder.json(EVALUATION)["models"]
    folder.change(EVALUATION, models=[{**model, "image_size": 24} for model in models])
    assert "the image size at epoch 1 is 24, but should be 16" in folder.found("model-spec-proof")[EVALUATION][1]


def test_an_evaluation_of_before_is_unverifiable(folder: Folder) -> None:
    sets = folder.json(EVALUATION)["sets"]
    folder.without(EVALUATION, "models", "preprocessing")
    kept = {name: {key: used[key] for key in used if key != "labelling"} for name, used in sets.items()}
    folder.change(EVALUATION, sets=kept)
    for name in ("model-spec-proof", "evaluation-set-proof"):
        assert folder.found(name)[EVALUATION][0] is Verdict.UNVERIFIABLE


def test_weights_that_are_not_there_are_unverifiable(folder: Folder) -> None:
    folder.sign()
    (folder.root / RUN / "epoch-001.safetensors").unlink()
    found = {finding.artifact: finding for finding in folder.checks_as_signed()["model-spec-proof"].findings}
    assert found[SUMMARY].verdict is Verdict.UNVERIFIABLE and "epoch-001.safetensors" in found[SUMMARY].reason


def test_logits_of_other_images_are_found(folder: Folder) -> None:
    arrays = load_file(folder.root / LOGITS)
    save_file({**arrays, "001/sketch": arrays["001/sketch"][:10]}, folder.root / LOGITS)
    assert "logits of sketch at epoch 1" in folder.found("model-spec-proof")[EVALUATION][1]
