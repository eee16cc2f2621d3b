"""Devices, precision and determinism: what a recipe asks for is what torch is told."""

import os
from collections.abc import Iterator
from typing import Any

import pytest
import torch

from datalines.devices import CHOICE
from datalines.errors import DatalinesError
from datalines.training.numerics import Numerics, declared, device, prepare
from tests.unit.tiny_runs import recipe

CPU = torch.device("cpu")
GPU = torch.device("cuda", 0)


def settings() -> dict[str, Any]:
    """What torch is told for the whole process."""
    return {
        "benchmark": torch.backends.cudnn.benchmark,
        "deterministic": torch.backends.cudnn.deterministic,
        "tf32": torch.backends.cudnn.allow_tf32,
        "matmul": torch.backends.cuda.matmul.allow_tf32,
        "algorithms": torch.are_deterministic_algorithms_enabled(),
        "threads": torch.get_num_threads(),
    }


@pytest.fixture(autouse=True)
def restored(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """These tests leave torch as it was, and choose no GPU."""
    monkeypatch.setattr(torch.cuda, "set_device", lambda where: None)
    monkeypatch.setenv("CUBLAS_WORKSPACE_CONFIG", ":16:8")
    before = settings()
    yield
    torch.backends.cudnn.benchmark, torch.backends.cudnn.deterministic = before["benchmark"], before["deterministic"]
    torch.backends.cudnn.allow_tf32, torch.backends.cuda.matmul.allow_tf32 = before["tf32"], before["matmul"]
    torch.use_deterministic_algorithms(before["algorithms"])
    torch.set_num_threads(before["threads"])


@pytest.mark.parametrize(
    ("choice", "there", "found"),
    [
        ("", False, "cpu"),
        ("auto", True, "cuda:1"),
        ("cpu", True, "cpu"),
        ("cuda", True, "cuda:1"),
        (None, True, "cuda:1"),
    ],
)
def test_where_a_rank_computes(choice: str | None, there: bool, found: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: there)
    if choice is None:
        monkeypatch.delenv(CHOICE, raising=False)
    else:
        monkeypatch.setenv(CHOICE, choice)
    assert str(device(1)) == found


def test_a_gpu_that_is_demanded_must_be_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setenv(CHOICE, "cuda")
    with pytest.raises(DatalinesError, match=r"\$DATALINES_DEVICE is cuda, but torch finds no GPU here; write auto"):
        device()


def test_another_device_is_an_error_that_lists_the_choices(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(CHOICE, "tpu")
    with pytest.raises(DatalinesError, match=r"\$DATALINES_DEVICE is 'tpu'; write auto, cpu or cuda"):
        device()


@pytest.mark.parametrize(
    ("level", "expected"),
    [
        ("fast", {"benchmark": True, "deterministic": False, "tf32": True, "matmul": True, "algorithms": False}),
        ("seeded", {"benchmark": False, "deterministic": False, "tf32": False, "matmul": False, "algorithms": False}),
        (
            "deterministic",
            {"benchmark": False, "deterministic": True, "tf32": False, "matmul": False, "algorithms": True},
        ),
    ],
)
def test_levels_on_a_gpu(level: str, expected: dict[str, bool]) -> None:
    prepare(recipe(determinism=level, cpu_threads=2), GPU)
    # Where a GPU computes, one thread is left to each rank, whatever the recipe says of a CPU.
    assert settings() == {**expected, "threads": 1}


@pytest.mark.parametrize("level", ["fast", "seeded", "deterministic"])
def test_on_a_cpu_every_level_is_deterministic(level: str) -> None:
    prepare(recipe(determinism=level, cpu_threads=2), CPU)
    assert settings()["algorithms"] and settings()["threads"] == 2


def test_cublas_is_given_the_workspace_without_which_its_products_differ(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CUBLAS_WORKSPACE_CONFIG")
    prepare(recipe(), CPU)
    assert "CUBLAS_WORKSPACE_CONFIG" not in os.environ
    prepare(recipe(), GPU)
    assert os.environ["CUBLAS_WORKSPACE_CONFIG"] == ":4096:8"


def test_fp16_without_a_gpu_is_refused() -> None:
    with pytest.raises(DatalinesError, match="precision is fp16, which needs a GPU; write bf16 or fp32"):
        prepare(recipe(precision="fp16"), CPU)


@pytest.mark.parametrize(("precision", "kind"), [("fp32", torch.float32), ("bf16", torch.bfloat16)])
def test_products_are_made_in_the_recipes_precision(precision: str, kind: torch.dtype) -> None:
    ones = torch.ones(2, 2)
    with Numerics(CPU, precision).autocast():
        assert (ones @ ones).dtype == kind
    assert (ones @ ones).dtype == torch.float32


@pytest.mark.parametrize(("precision", "scales"), [("fp32", False), ("bf16", False), ("fp16", True)])
def test_gradients_are_scaled_for_fp16_alone(precision: str, scales: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda.amp.common, "amp_definitely_not_available", lambda: False)
    assert Numerics(GPU, precision).scaler().is_enabled() is scales


def test_a_record_tells_device_precision_level_and_threads() -> None:
    assert declared(recipe(precision="bf16", determinism="seeded", cpu_threads=3), CPU) == {
        "device": "cpu",
        "precision": "bf16",
        "determinism": "seeded",
        "threads": 3,
    }
