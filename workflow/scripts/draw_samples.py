"""Draw the sheets of samples: some images of every source with their captions, and of every shift with their
classes."""

from pathlib import Path
from typing import Any

import pandas as pd

from datalines.files import read_json
from datalines.images import decode
from datalines.job import run
from datalines.plotting import Drawing, house_style, save
from datalines.samples import sheet
from datalines.shards import image_bytes, keyed_order

Cell = tuple[Any, str]


def choose(manifest: Path, count: int, text: str) -> tuple[list[Cell], pd.DataFrame]:
    """`count` samples of a manifest's index, drawn by a keyed hash of their ids: (image, text) cells and the rows
    behind them."""
    index = pd.read_parquet(manifest.with_name("index.parquet"))
    chosen = set(keyed_order(index["id"], seed=0)[:count])
    rows = index[index["id"].isin(chosen)]
    images = [decode(data) for data in image_bytes(rows, manifest.parent)]
    return list(zip(images, rows[text].astype(str), strict=True)), rows[["id", text]].rename(columns={text: "text"})


def main(
    pools: dict[str, str],
    shifts: dict[str, str],
    pool_manifests: list[Path],
    shift_manifests: list[Path],
    sources: Path,
    sets: Path,
    cells: int,
) -> None:
    for titles, manifests, text, target, title in (
        (pools, pool_manifests, "caption", sources, "Random samples of every source"),
        (shifts, shift_manifests, "label", sets, "Random samples of every evaluation set"),
    ):
        lines, tables = [], []
        for name, manifest in zip(titles, manifests, strict=True):
            pictures, rows = choose(manifest, cells, text)
            content = read_json(manifest)
            items = content["samples"] if "samples" in content else content["items"]
            lines.append((f"{titles[name]}\n(n = {items:,})", pictures))
            tables.append(rows.assign(name=name))
        with house_style():
            figure = sheet(lines, title)
        save(Drawing(figure, pd.concat(tables)[["name", "id", "text"]], []), target.with_suffix(""))


if __name__ == "__main__":
    run(main)
