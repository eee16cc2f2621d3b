"""Weights files: safetensors that carry all that is needed to rebuild their model."""

import json
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save
from torch import nn

from datalines.carried import CARRIED, carried
from datalines.errors import DatalinesError
from datalines.files import atomic
from datalines.objectives import Objective, rebuild


def weights_name(epoch: int) -> str:
    """File name of the weights kept after an epoch."""
    return f"epoch-{epoch:03d}.safetensors"


def save_weights(path: Path, model: nn.Module, spec: dict[str, Any]) -> None:
    """Weights with everything that is needed to rebuild the model inside, so that no evaluation can take a wrong
    one."""
    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in model.state_dict().items()}
    with atomic(path) as temporary:
        # Not save_file: its errors do not say in a readable way that the disk is full.
        temporary.write_bytes(save(tensors, metadata={CARRIED: json.dumps(spec, sort_keys=True)}))


def read_spec(path: Path) -> dict[str, Any]:
    """The spec that a weights file carries; a file without one is a DatalinesError."""
    spec = carried(path, str(path))
    if spec is None:
        raise DatalinesError(f"{path} does not say what model it holds; name weights that a run of this project kept")
    return spec


def load_weights(path: Path, device: torch.device | None = None) -> tuple[Objective, dict[str, Any]]:
    """The objective rebuilt from a weights file alone, in evaluation mode on `device` (the CPU), and the spec that the
    file carries."""
    spec = read_spec(path)
    objective = rebuild(spec)
    objective.model.load_state_dict(load_file(path))
    objective.model.to(device=device, memory_format=torch.channels_last).eval()  # type: ignore[call-overload]
    return objective, spec
