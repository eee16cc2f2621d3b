"""Heads: from the features of an image tower (B, width) to logits (B, classes)."""

import math

import torch
from torch import nn
from torch.nn import functional

FIRST_LOGIT_SCALE = math.log(1 / 0.07)
MAX_LOGIT_SCALE = math.log(100)


class Prototypes(nn.Module):
    """One direction per class: logits are cosines of feature and prototype, divided by a learnt temperature.

    After Wen et al. 2024 (exps_sup/model.py): prototypes start normal with deviation width^-0.5, the scale at 1/0.07
    and at most 100, as CLIP's. There is no bias.
    """

    def __init__(self, width: int, classes: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(classes, width) * width**-0.5)
        self.logit_scale = nn.Parameter(torch.tensor(FIRST_LOGIT_SCALE))

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """Logits in float32: at a scale of 100, half precision would move them by several tenths."""
        with torch.autocast(features.device.type, enabled=False):
            directions = functional.normalize(self.weight.float(), dim=1)
            cosines = functional.normalize(features.float(), dim=1) @ directions.T
            return self.logit_scale.exp() * cosines


HEADS: dict[str, type[nn.Linear] | type[Prototypes]] = {"linear": nn.Linear, "prototype": Prototypes}


@torch.no_grad()
def bound(logit_scale: torch.Tensor) -> None:
    """Keep a learnt scale, stored as its logarithm, between 1 and 100, as CLIP does; in place."""
    logit_scale.clamp_(0, MAX_LOGIT_SCALE)
