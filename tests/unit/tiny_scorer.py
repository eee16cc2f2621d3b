"""What the tests of scores share: a part of a pool, weights of a tiny CLIP, and the declaration of a scorer."""

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import torch
from safetensors.torch import save_file

from datalines.models import build_clip
from datalines.pools import store
from datalines.pools.base import Item
from datalines.scorer import load_scorer
from datalines.scoring import score_part
from tests.unit.tiny_runs import CLASSES, SPEC, png

LONG = "a very long caption that goes on and on " * 20
CAPTIONS = [f"a {CLASSES[number % 3]}, number {number}" for number in range(9)] + [LONG, "Zürich 猫", "~"]
SIZES = [(20, 18), (16, 40), (33, 16)]


def pictures(count: int = len(CAPTIONS)) -> list[bytes]:
    """Noise of several shapes."""
    return [png(number, SIZES[number % 3]) for number in range(count)]


def write_part(folder: Path, images: list[bytes] | None = None) -> Path:
    """One part of a pool, with an item that failed in the middle; returns its receipt."""
    folder.mkdir(parents=True, exist_ok=True)
    items = [
        Item(str(number), "png", data, caption)
        for number, (data, caption) in enumerate(zip(images or pictures(), CAPTIONS, strict=True))
    ]
    items.insert(5, Item("gone", status="missing_image"))
    counts = store.store_part("web", items, folder / "0.tar", folder / "0.parquet")
    store.write_part_receipt(folder / "0.json", "web", 0, {"kind": "folder", "version": 1}, counts)
    return folder / "0.json"


def clip(seed: int = 0) -> Any:
    """A tiny CLIP with random weights."""
    torch.manual_seed(seed)
    return build_clip(SPEC).eval()


def write_weights(path: Path, seed: int = 0) -> Path:
    """Its weights, without a word of what they are for."""
    save_file({name: tensor.contiguous() for name, tensor in clip(seed).state_dict().items()}, path)
    return path


def declared(weights: Path | str, **changes: Any) -> dict[str, Any]:
    """A resolved scorer on the CPU."""
    spec = {"scorer": "tiny", "model": None, "model_spec": SPEC, "weights": weights, "weights_sha256": None}
    return {**spec, "precision": "fp32", "batch": 5, "device": "cpu", "version": 1, **changes}


def scored(spec: dict[str, Any], part: Path, out: Path, threads: int = 1) -> pa.Table:
    """The table of scores."""
    score_part(load_scorer(spec), part, out, threads)
    return pq.read_table(out)
