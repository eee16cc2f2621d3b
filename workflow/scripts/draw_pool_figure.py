"""Draw one figure of a paper from the statistics of pools, or from collected samples of pools or evaluation sets, and
write its caption from the figure script's docstring."""

from datalines.forked import run_in_fork

run_in_fork(globals())

import inspect
from pathlib import Path
from typing import Any

import pandas as pd

from datalines.files import write_text
from datalines.job import run
from datalines.plotting.distributions import Pair, PoolFigure
from datalines.plotting.drawing import save
from datalines.plotting.house import house_style
from datalines.samples import pictures
from datalines.scriptfile import load


def shown(samples: pd.DataFrame, kind: str, name: str, count: int, of: str = "") -> list[Pair]:
    """The first `count` samples of a pool or of an evaluation set, in keyed order."""
    rows = pictures(samples, kind, name, count, of)
    return [
        Pair(row["image"], row["text"], row["id"], int(row["width"]), int(row["height"]))
        for row in rows.to_dict("records")
    ]


def caption(docstring: str, figure: PoolFigure, study: dict[str, Any]) -> str:
    """The docstring with its fields filled: names, scale, the largest sample, the class; then the substitutions that
    the study declares."""
    names = [figure.options["pool"]] if "pool" in figure.options else figure.pools
    sizes = figure.statistics.loc[figure.statistics["pool"].isin(names), "pool"].value_counts()
    filled = docstring.format(
        pools=", ".join(figure.name(name) for name in names),
        scale=study["scale"],
        sample=f"{sizes.max() if len(sizes) else 0:,}",
        of=figure.options.get("of", ""),
    )
    return "\n\n".join([filled, *study["substitutions"]])


def main(
    spec: dict[str, Any],
    titles: dict[str, str],
    study: dict[str, Any],
    statistics: Path,
    samples: Path,
    script: Path,
    pdf: Path,
    md: Path,
) -> None:
    every = pd.read_parquet(samples)
    kind, names = ("pool", spec["pools"]) if spec["pools"] else ("shift", spec["sets"])
    figure = PoolFigure(
        spec["title"],
        names,
        titles,
        spec["options"],
        pd.read_csv(statistics, dtype={"pool": str, "id": str}),
        {
            str(name): int(total)
            for name, total in every[every["kind"] == kind].groupby("name")["total"].first().items()
        },
        lambda name, count, of="": shown(every, kind, name, count, of),
    )
    module = load(script)
    with house_style():
        drawing = module.draw(figure)
    save(drawing, pdf.with_suffix(""))
    text = caption(spec.get("caption") or inspect.getdoc(module) or "", figure, study)
    write_text(md, "\n\n".join([f"**{spec['title']}.** {text}", *drawing.notes]) + "\n")


if __name__ == "__main__":
    run(main)
