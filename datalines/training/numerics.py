"""Devices, precision and determinism: what the recipe says of them, and how torch is told."""

import os
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

import torch

from datalines.devices import CHOICE
from datalines.errors import DatalinesError

TYPES = {"fp32": None, "bf16": torch.bfloat16, "fp16": torch.float16}


def device(local_rank: int = 0) -> torch.device:
    """Where this process computes: a GPU if there is one, unless $DATALINES_DEVICE says cpu; cuda demands one."""
    choice = os.environ.get(CHOICE) or "auto"
    if choice not in ("auto", "cpu", "cuda"):
        raise DatalinesError(f"${CHOICE} is {choice!r}; write auto, cpu or cuda")
    there = choice != "cpu" and torch.cuda.is_available()
    if choice == "cuda" and not there:
        raise DatalinesError(f"${CHOICE} is cuda, but torch finds no GPU here; write auto, or look at the driver")
    return torch.device("cuda", local_rank) if there else torch.device("cpu")


@dataclass(frozen=True)
class Numerics:
    """A recipe's precision on a device."""

    device: torch.device
    precision: str

    def autocast(self) -> AbstractContextManager[Any]:
        """Around forward passes and losses."""
        kind = TYPES[self.precision]
        return nullcontext() if kind is None else torch.autocast(self.device.type, kind)

    def scaler(self) -> torch.amp.GradScaler:
        """Keeps fp16 gradients from vanishing; does nothing for other precisions."""
        return torch.amp.GradScaler(self.device.type, enabled=self.precision == "fp16")


def prepare(recipe: dict[str, Any], where: torch.device) -> Numerics:
    """Set threads, algorithms and TF32 as the recipe's `determinism` says; fp16 without a GPU is an error.

    fast: cuDNN tries algorithms out, fp32 products of matrices are made in TF32. seeded: no trying out, no TF32, so
    that two runs differ in the order of atomic additions only. deterministic: none of those either; an operation that
    has no deterministic form is an error.
    """
    level, gpu = recipe["determinism"], where.type == "cuda"
    if recipe["precision"] == "fp16" and not gpu:
        raise DatalinesError("the recipe's precision is fp16, which needs a GPU; write bf16 or fp32")
    torch.set_num_threads(1 if gpu else recipe["cpu_threads"])
    torch.backends.cudnn.benchmark = level == "fast"
    torch.backends.cudnn.deterministic = level == "deterministic"
    torch.backends.cudnn.allow_tf32 = torch.backends.cuda.matmul.allow_tf32 = level == "fast"
    if gpu and level == "deterministic":
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    # On a CPU this costs nothing, unless all new memory is filled first, which only hides what is read before written.
    torch.use_deterministic_algorithms(level == "deterministic" or not gpu)
    torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]
    if gpu:
        torch.cuda.set_device(where)
    return Numerics(where, recipe["precision"])


def declared(recipe: dict[str, Any], where: torch.device) -> dict[str, Any]:
    """What a run's record says of the arithmetic behind it."""
    gpu = where.type == "cuda"
    return {
        "device": torch.cuda.get_device_name(where) if gpu else "cpu",
        "precision": recipe["precision"],
        "determinism": recipe["determinism"],
        "threads": 1 if gpu else recipe["cpu_threads"],
    }
