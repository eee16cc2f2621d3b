"""Draw a sheet of samples: some images of every source with their captions, or of every shift with their classes."""

from pathlib import Path

import pandas as pd

from datalines.job import run
from datalines.plotting import Drawing, house_style, save
from datalines.samples import pictures
from datalines.samples import sheet as draw_sheet

SHEETS = {
    "sources": ("Random samples of every source", "pool"),
    "shifts": ("Random samples of every evaluation set", "shift"),
}


def main(sheet: str, titles: dict[str, str], samples: Path, png: Path, cells: int) -> None:
    title, kind = SHEETS[sheet]
    every = pd.read_parquet(samples)
    lines, tables = [], []
    for name in titles:
        rows = pictures(every, kind, name, cells)
        lines.append(
            (f"{titles[name]}\n(n = {rows['total'].iloc[0]:,})", list(zip(rows["image"], rows["text"], strict=True)))
        )
        tables.append(rows[["name", "id", "text"]])
    with house_style():
        figure = draw_sheet(lines, title)
    save(Drawing(figure, pd.concat(tables), []), png.with_suffix(""))


if __name__ == "__main__":
    run(main)
