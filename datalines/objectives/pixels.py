"""Normalisation of images, which all objectives and every evaluation share."""

from functools import cache

import torch

MEAN = (0.48145466, 0.4578275, 0.40821073)
STD = (0.26862954, 0.26130258, 0.27577711)


@cache
def _constants(device: torch.device) -> tuple[torch.Tensor, torch.Tensor]:
    # Kept per device: copying six numbers to a GPU in every step would make the CPU wait for it.
    mean, std = torch.tensor(MEAN, device=device), torch.tensor(STD, device=device)
    return mean.view(3, 1, 1), std.view(3, 1, 1)


def normalise(images: torch.Tensor) -> torch.Tensor:
    """uint8 (..., 3, S, S) to float32 with CLIP's channel means and deviations removed, in the same memory format."""
    mean, std = _constants(images.device)
    return images.float().div_(255).sub_(mean).div_(std)
