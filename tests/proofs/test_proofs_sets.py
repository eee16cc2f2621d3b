"""Evaluation-set proof: what predictions were made with."""

from typing import Any

import pytest

from datalines.audit.verdicts import Verdict
from tests.proofs.proof_folder import CLASSES, EVALUATION, SKETCH, Folder


def relabel(folder: Folder) -> None:
    index = folder.index(SKETCH)
    index.loc[[0, 1], "label"] = index.loc[[1, 0], "label"].to_numpy()
    folder.write_index(SKETCH, index)


def test_classes_that_were_changed_after_the_evaluation_are_found(folder: Folder) -> None:
    relabel(folder)
    found = folder.found("evaluation-set-proof")
    assert folder.fits() and SKETCH not in found
    assert found[EVALUATION] == (Verdict.DRIFTED, "the true classes beside the logits are not those of sketch")


def test_images_that_were_left_out_of_a_set_are_found(folder: Folder) -> None:
    """Hard images are gone, everything is counted again; the evaluation knows the set as it was."""
    folder.write_index(SKETCH, folder.index(SKETCH)[3:])
    images = {**folder.json(SKETCH)["images"], "samples": 9}
    folder.change(SKETCH, items=9, per_class=dict.fromkeys(CLASSES, 3), images=images)
    spec = folder.job("prepare_shift", "sketch")["params"]["spec"]
    folder.change_job("prepare_shift", "sketch", params={"spec": {**spec, "items": 9, "per_class": 3}})
    found = folder.found("evaluation-set-proof")
    assert found[EVALUATION][0] is Verdict.STALE and "another sketch than lies there" in found[EVALUATION][1]
    assert found[SKETCH][0] is Verdict.DRIFTED and "beside the card zoo@tars" in found[SKETCH][1]


@pytest.mark.parametrize(
    ("key", "value", "reason"),
    [
        ("prompts", ["the best {}"], 'prompts is ["the best {}"], but should be ["a {}"]'),
        ("class_texts", ["cat", "dog", "whale"], "class_texts is"),
        ("items", 13, "items is 13, but should be 12"),
        ("per_class", {"cat": 12}, "per_class is"),
        ("subset", ["cat", "dog"], "fish is no class of the set"),
        ("card", "zoo@folders", "there is no card zoo@folders"),
    ],
)
def test_a_set_that_is_not_as_declared_is_found(folder: Folder, key: str, value: Any, reason: str) -> None:
    folder.change(SKETCH, **{key: value})
    verdict, text = folder.found("evaluation-set-proof")[SKETCH]
    assert verdict is Verdict.DRIFTED and reason in text


def test_other_prompts_throughout_make_the_evaluation_stale(folder: Folder) -> None:
    folder.change(SKETCH, prompts=["the best {}"])
    spec = folder.job("prepare_shift", "sketch")["params"]["spec"]
    folder.change_job("prepare_shift", "sketch", params={"spec": {**spec, "prompts": ["the best {}"]}})
    found = folder.found("evaluation-set-proof")
    assert SKETCH not in found and found[EVALUATION][0] is Verdict.STALE


def test_another_mapping_than_that_of_the_evaluation_is_found(folder: Folder) -> None:
    texts = ["cat", "dog", "whale"]
    folder.change(SKETCH, class_texts=texts)
    spec = folder.job("prepare_shift", "sketch")["params"]["spec"]
    folder.change_job("prepare_shift", "sketch", params={"spec": {**spec, "class_texts": texts}})
    assert "classes, mapping and border of sketch" in folder.found("evaluation-set-proof")[EVALUATION][1]


def test_another_preprocessing_than_the_card_asks_for_is_found(folder: Folder) -> None:
    said = folder.json(EVALUATION)["preprocessing"]
    folder.change(EVALUATION, preprocessing={**said, "crop": "random"})
    assert "the preprocessing beside the card" in folder.found("evaluation-set-proof")[EVALUATION][1]


def test_without_the_checkout_a_card_cannot_be_looked_at(folder: Folder) -> None:
    found = folder.found("evaluation-set-proof", checkout=False)
    assert found[SKETCH][0] is Verdict.UNVERIFIABLE and "config/evalsets.yaml is not at hand" in found[SKETCH][1]
