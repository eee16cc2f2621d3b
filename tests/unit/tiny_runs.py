"""What the tests of training share: a network for 16 px, a recipe of a few steps, and pictures to train on."""

import copy
import io
from typing import Any

import numpy as np
import torch
from PIL import Image

from datalines.objectives import Objective, build

# As in a job: on a busy machine, more threads make steps of a millisecond slower by far.
torch.set_num_threads(1)

CLASSES = ["cat", "dog", "fish"]
SPEC: dict[str, Any] = {
    "embed_dim": 16,
    "vision_cfg": {
        "timm_model_name": "datalines_convnet_w16",
        "timm_model_pretrained": False,
        "timm_pool": "avg",
        "timm_proj": "linear",
        "image_size": 16,
    },
    "text_cfg": {"context_length": 8, "vocab_size": 600, "width": 16, "heads": 2, "layers": 1},
}
RECIPE: dict[str, Any] = {
    "objective": "clip",
    "model": "tiny",
    "version": 1,
    "epochs": 3,
    "keep": [1, 3],
    "batch": 8,
    "optimizer": {"lr": 1e-3, "betas": [0.9, 0.999], "eps": 1e-8, "weight_decay": 0.1},
    "warmup_steps": 2,
    "augmentation": {"scale": [0.5, 1.0], "ratio": [0.75, 4 / 3], "flip": True},
    "grad_clip": 1.0,
    "head": None,
    "micro_batch": None,
    "local_loss": False,
    "gather_with_grad": True,
    "precision": "fp32",
    "channels_last": True,
    "compile": False,
    "determinism": "deterministic",
    "cpu_threads": 1,
    "decoder": "pillow",
    "shuffle_window": 12,
    "undecodable": 0,
    "initial": {},
    "frozen": [],
    "model_spec": SPEC,
}


def recipe(**changes: Any) -> dict[str, Any]:
    """The recipe with some keys changed."""
    return {**copy.deepcopy(RECIPE), **changes}


def supervised(**changes: Any) -> dict[str, Any]:
    """A supervised recipe over CLASSES."""
    spec = {key: value for key, value in SPEC.items() if key != "text_cfg"}
    return recipe(objective="supervised", class_names=list(CLASSES), model_spec=spec, **changes)


def objective(of: dict[str, Any], seed: int = 0) -> Objective:
    """A recipe's objective with weights from a seed."""
    torch.manual_seed(seed)
    return build(of)


def pixels(count: int, seed: int = 0) -> torch.Tensor:
    """Noise, uint8 (count, 3, 16, 16)."""
    return torch.randint(0, 256, (count, 3, 16, 16), dtype=torch.uint8, generator=torch.Generator().manual_seed(seed))


def labels(count: int) -> list[str]:
    """Classes in turn."""
    return [CLASSES[position % len(CLASSES)] for position in range(count)]


def png(seed: int, size: tuple[int, int] = (20, 18)) -> bytes:
    """An encoded picture, (width, height)."""
    noise = np.random.default_rng(seed).integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(noise).save(buffer, "PNG")
    return buffer.getvalue()
