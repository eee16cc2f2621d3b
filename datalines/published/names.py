"""Names that people write for baselines, shifts and the columns of their own tables. Loads nothing large."""

import re
from collections.abc import Mapping

from datalines.config.errors import suggestion

BASELINES = {"imagenet-testbed": "imagenet-testbed", "timm-in1k": "timm"}
"""Baselines, and the entries of section `published` that they come from."""

ONE_PER_MODEL, EVERY_ROW = "one-per-model", "all"
ROWS = (ONE_PER_MODEL, EVERY_ROW)

SHIFTS = {
    "imagenet-v2": "v2",
    "imagenet-sketch": "sketch",
    "imagenet-r": "r",
    "imagenet-a": "a",
    "objectnet": "objectnet",
    "imagenet-real": "real",
}
"""Names of shifts, and what tidy tables call them. ImageNet-ReaL holds other labels of the same images."""
LONG = {short: name for name, short in SHIFTS.items()}

MODEL, ID, OOD = "model", "id", "ood"
COMMON = {
    MODEL: ("model", "modelname", "name"),
    ID: (
        *["id", "idaccuracy", "val", "valtop1", "imagenet", "imagenetval", "imagenet1k", "in1k", "top1"],
        "imagenetzeroshotvaltop1",
    ),
    OOD: ("ood", "oodaccuracy"),
    "imagenet-v2": (
        *["imagenetv2", "imagenetv2matchedfrequencyformatval", "imagenetv2matchedfrequency", "v2"],
        "imagenetv2zeroshotvaltop1",
    ),
    "imagenet-sketch": ("imagenetsketch", "sketch", "imagenets", "imagenetszeroshotvaltop1"),
    "imagenet-r": ("imagenetr", "r", "imagenetrzeroshotvaltop1"),
    "imagenet-a": ("imageneta", "a", "imagenetazeroshotvaltop1"),
    "objectnet": ("objectnet", "objectnet10beta"),
    "imagenet-real": ("imagenetreal", "real"),
}
"""Columns of tables that others publish, as letters and digits, most telling first; the first that is there counts."""


def plain(name: str) -> str:
    """A name without case, spaces and punctuation: `ImageNet V2` is `imagenetv2`."""
    return re.sub(r"[^a-z0-9]", "", name.lower())


def shift_named(text: str) -> str:
    """The name of a shift in SHIFTS that a text means: the name itself, or its short form such as `v2`.

    Raises ValueError for another text, with the nearest name.
    """
    if text in SHIFTS:
        return text
    if text in LONG:
        return LONG[text]
    near = suggestion(text, [*SHIFTS, *LONG])
    raise ValueError(f"{text!r} is no shift{near}Write one of {', '.join(SHIFTS)}, or in short {', '.join(LONG)}")


def guessed(head: Mapping[str, str]) -> dict[str, str]:
    """Roles (keys of COMMON) and the columns of a header that are commonly called so; roles without one are absent.

    `head` maps the columns' names to their `plain` ones.
    """
    found = {}
    for role, names in COMMON.items():
        fitting = [column for name in names for column, bare in head.items() if bare == name]
        if fitting:
            found[role] = fitting[0]
    return found
