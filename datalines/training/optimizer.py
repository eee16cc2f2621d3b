"""AdamW as OpenCLIP sets it up."""

from typing import Any

import torch
from torch import nn


def optimizer(model: nn.Module, options: dict[str, Any]) -> torch.optim.AdamW:
    """AdamW of the parameters that are trained, without weight decay on gains, biases and the logit scale (those of
    fewer than two dimensions)."""
    trained = [value for value in model.parameters() if value.requires_grad]
    groups = [
        {"params": [value for value in trained if value.ndim < 2], "weight_decay": 0.0},
        {"params": [value for value in trained if value.ndim >= 2], "weight_decay": options["weight_decay"]},
    ]
    return torch.optim.AdamW(groups, lr=options["lr"], betas=tuple(options["betas"]), eps=options["eps"], fused=True)
