"""Mixtures and evaluation sets of a few dozen images on disk, as the data rules leave them."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from datalines import shifts
from datalines.files import digest_json, sha256_file, write_json, write_parquet
from datalines.shards import Sample, id_set_digest, order_digest, write_shard
from tests.unit.tiny_runs import CLASSES, png


def samples(name: str, count: int, bad: Sequence[int] = (), draw: int = 0) -> list[Sample]:
    """Noise with a caption and a class each; those at the positions `bad` do not decode. Another `draw` gives the same
    ids other images."""
    found = []
    for position in range(count):
        label = CLASSES[position % len(CLASSES)]
        seed = int(digest_json([name, position])[:6], 16)
        data = b"no image" if position in bad else png(seed + draw)
        found.append(Sample(f"{digest_json([position, name])}{seed:020x}", "png", data, f"a {label}, {seed}", label))
    return found


def write_mixture(folder: Path, name: str, count: int = 28, bad: Sequence[int] = (), draw: int = 0) -> Path:
    """A mixture of two shards; returns its manifest. Row i of its index is the sample at position i."""
    entries, rows = [], []
    chosen = samples(name, count, bad, draw)
    for number, part in enumerate((chosen[:20], chosen[20:])):
        entry, found = write_shard(folder / f"{number:05d}.tar", part)
        entries.append(entry)
        rows += found
    index = pd.DataFrame(rows).assign(pool=name)
    write_parquet(folder / "index.parquet", index)
    source = {"pool": name, "filter": "keep-all", "samples": count}
    digests = {"id_set_sha256": id_set_digest(index["id"]), "order_sha256": order_digest(index["id"])}
    listing = {"path": "index.parquet", "sha256": sha256_file(folder / "index.parquet")}
    content = {"mixture": name, "size": "full", "samples": count, "entries": [source], "shards": entries}
    write_json(folder / "manifest.json", {**content, "index": listing, **digests})
    return folder / "manifest.json"


def write_shift(folder: Path, name: str, count: int = 18, **changes: Any) -> Path:
    """A prepared shift; returns its manifest."""
    spec = {
        "kind": "folder",
        "version": 1,
        "items": count,
        "class_names": CLASSES,
        "subset": CLASSES,
        "prompts": ["a {}", "{}"],
    }
    chosen = [sample for sample in samples(name, 3 * count) if sample.label in (changes.get("subset") or CLASSES)][
        :count
    ]
    shifts.write(folder, name, chosen, {**spec, **changes}, f"shifts.{name}")
    return folder / "manifest.json"
