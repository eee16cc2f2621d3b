"""Weights files carry all that is needed to rebuild their model, and equal weights make equal bytes."""

import errno
import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from datalines.errors import DatalinesError
from datalines.objectives import normalise
from datalines.training.weights import load_weights, read_spec, save_weights, weights_name
from tests.unit.tiny_objectives import loss
from tests.unit.tiny_runs import CLASSES, objective, pixels, recipe, supervised
from tests.unit.tiny_training import largest_file


@pytest.mark.parametrize("of", [recipe(), supervised()], ids=["clip", "supervised"])
def test_a_weights_file_alone_gives_the_model_back(of: dict[str, object], tmp_path: Path) -> None:
    ours = objective(of, seed=3)
    ours.train()
    loss(ours)  # moves the running means of the batch norms
    path = tmp_path / weights_name(1)
    save_weights(path, ours.model, {**of, "epoch": 1, "samples_seen": 24})
    rebuilt, spec = load_weights(path)
    assert (spec["epoch"], spec["samples_seen"], spec["model_spec"]) == (1, 24, of["model_spec"])
    assert not rebuilt.model.training
    ours.model.eval()
    images = normalise(pixels(5, seed=1))
    expected, found = (each.classifier(CLASSES, ["a {}"])(images) for each in (ours, rebuilt))
    assert torch.allclose(expected, found, atol=1e-6)
    assert all(torch.equal(value, rebuilt.model.state_dict()[name]) for name, value in ours.model.state_dict().items())


def test_equal_weights_give_equal_bytes_in_whatever_memory_format(tmp_path: Path) -> None:
    first, second = (objective(recipe()).model for _ in range(2))
    second.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    for name, model in (("first", first), ("second", second)):
        save_weights(tmp_path / name, model, {"b": 1, "a": [2, 3]})
    assert (tmp_path / "first").read_bytes() == (tmp_path / "second").read_bytes()
    header = (tmp_path / "first").read_bytes()
    size = int.from_bytes(header[:8], "little")
    assert json.loads(json.loads(header[8 : 8 + size])["__metadata__"]["datalines"]) == {"a": [2, 3], "b": 1}


def test_epochs_sort_by_name() -> None:
    assert [weights_name(epoch) for epoch in (1, 20)] == ["epoch-001.safetensors", "epoch-020.safetensors"]


def test_weights_of_others_say_nothing_of_their_model(tmp_path: Path) -> None:
    save_file({"x": torch.zeros(2)}, tmp_path / "theirs.safetensors")
    with pytest.raises(DatalinesError, match=r"theirs.safetensors does not say what model it holds; name weights that"):
        read_spec(tmp_path / "theirs.safetensors")


def test_weights_that_cannot_be_written_leave_the_old_ones_and_the_systems_own_error(tmp_path: Path) -> None:
    """From its number the caller learns that the disk is full, say; here a file may not be larger."""
    path = tmp_path / weights_name(1)
    save_weights(path, objective(recipe()).model, {})
    before = path.read_bytes()
    with largest_file(4096), pytest.raises(OSError) as caught:
        save_weights(path, objective(recipe(), seed=1).model, {})
    assert caught.value.errno == errno.EFBIG
    assert path.read_bytes() == before and [found.name for found in tmp_path.iterdir()] == [path.name]
