"""The tables typed in from JANuS, and a small stand-in for the models of VL Hub that they refer to."""

from pathlib import Path

import pandas as pd

from datalines.published import janus

TRANSCRIBED = Path(__file__).parents[2] / "config" / "transcribed"
ROWS = {"01": 4, "04": 9, "05": 3, "06": 5, "08": 100, "09": 48}
"""Rows of every table that was typed in, by its number in the paper."""


def transcribed(name: str) -> pd.DataFrame:
    return pd.read_csv(TRANSCRIBED / f"janus-{name}.csv", dtype={"published": str})


def hub() -> pd.DataFrame:
    """The five models of VL Hub's file that tables of trained models refer to, with made-up accuracies."""
    names = ["resnet50", "vit_small_patch16_224", "vit_small_patch16_224 (2)", "resnetv2_50x1_bitm"]
    rows = [{"model": name, "params": 20.0 + place} for place, name in enumerate([*names, "CLIP-RN50-WIT-400m"])]
    for place, row in enumerate(rows):
        row |= {f"in100_{shift}": 0.4 + 0.05 * place for shift in janus.SHIFTS} | {"in100_val": 0.9}
    return pd.DataFrame(rows)


def tables() -> dict[str, pd.DataFrame]:
    return {f"published/janus-tab-{number}": transcribed(f"tab-{number}") for number in ROWS} | {janus.HUB: hub()}
