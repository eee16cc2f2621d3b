"""How much of a GPU's arithmetic a training run uses (model FLOP utilisation, MFU)."""

import re
from typing import Any

import torch
from torch.utils.flop_counter import FlopCounterMode

from datalines.models import build_clip, image_size

# Dense bf16 tensor throughput in TFLOP/s from the maker's data sheets, by a part of what the driver calls the device.
# The first that is found counts.
PEAKS = {
    "B200": 2250.0,
    "H200": 989.0,
    "H100 PCIe": 756.0,
    "H100": 989.0,
    "A100": 312.0,
    "L40S": 362.0,
    "L4": 121.0,
    "RTX 4090": 165.2,
    "RTX 3090": 71.0,
}
PASSES = 3  # one forward, and a backward that costs twice as much


def flops_per_image(spec: dict[str, Any]) -> float:
    """Floating-point operations, two per multiply-add, that training takes for one image and its caption."""
    model = build_clip(spec).eval()
    side = image_size(spec)
    images, tokens = torch.zeros(1, 3, side, side), torch.ones(1, spec["text_cfg"]["context_length"], dtype=torch.long)
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        model(images, tokens)
    return float(PASSES * counter.get_total_flops())


def utilisation(images_per_second: float, spec: dict[str, Any], device: str) -> float | None:
    """Share of the device's bf16 peak; None for a device whose peak is not in the table."""
    peak = next((value for name, value in PEAKS.items() if re.search(rf"\b{name}\b", device)), None)
    return None if peak is None else images_per_second * flops_per_image(spec) / (peak * 1e12)
