"""Draw a sheet of samples: some images of every source with their captions, or of every shift with their classes."""

from pathlib import Path
from typing import Any

import pandas as pd

from datalines.files import read_json
from datalines.images import decode
from datalines.job import run
from datalines.plotting import Drawing, house_style, save
from datalines.samples import sheet as draw_sheet
from datalines.shards import image_bytes
from datalines.statistics import keyed_sample

Cell = tuple[Any, str]
SHEETS = {
    "sources": ("Random samples of every source", "caption"),
    "shifts": ("Random samples of every evaluation set", "label"),
}


def choose(manifest: Path, count: int, text: str) -> tuple[list[Cell], pd.DataFrame]:
    """`count` samples of a manifest's index, drawn by a keyed hash of their ids: (image, text) cells and the rows
    behind them."""
    columns = ["shard", "image_offset", "image_bytes", text]
    rows = keyed_sample(manifest.with_name("index.parquet"), count, 0, columns)
    images = [decode(data) for data in image_bytes(rows, manifest.parent)]
    return list(zip(images, rows[text].astype(str), strict=True)), rows[["id", text]].rename(columns={text: "text"})


def main(sheet: str, titles: dict[str, str], manifests: list[Path], png: Path, cells: int) -> None:
    title, text = SHEETS[sheet]
    lines, tables = [], []
    for name, manifest in zip(titles, manifests, strict=True):
        pictures, rows = choose(manifest, cells, text)
        content = read_json(manifest)
        items = content["samples"] if "samples" in content else content["items"]
        lines.append((f"{titles[name]}\n(n = {items:,})", pictures))
        tables.append(rows.assign(name=name))
    with house_style():
        figure = draw_sheet(lines, title)
    save(Drawing(figure, pd.concat(tables)[["name", "id", "text"]], []), png.with_suffix(""))


if __name__ == "__main__":
    run(main)
