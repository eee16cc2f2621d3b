"""Draw one figure of a paper from the statistics or from the images of pools, and write its caption from the figure
script's docstring."""

import inspect
from pathlib import Path
from typing import Any

import pandas as pd

from datalines.errors import DatalinesError
from datalines.files import read_json, write_text
from datalines.images import decode
from datalines.job import run
from datalines.plotting.distributions import Pair, PoolFigure
from datalines.plotting.drawing import save
from datalines.plotting.house import house_style
from datalines.samples import reduced
from datalines.scriptfile import load
from datalines.shards import image_bytes
from datalines.statistics import keyed_sample

CELL = ["shard", "image_offset", "image_bytes", "caption", "width", "height"]


def pictures(title: str, manifests: dict[str, Path], pool: str, count: int) -> list[Pair]:
    """The first `count` pairs of a pool in keyed order, seed 0; one image at a time is in memory in full."""
    if pool not in manifests:
        raise DatalinesError(f"figure {title!r} shows images of {pool}, but the rule gives no shards of this pool")
    manifest = manifests[pool]
    rows = keyed_sample(manifest.with_name("index.parquet"), count, 0, CELL)
    # Images are read shard by shard, and shown in keyed order.
    grouped = rows.sort_values("shard", kind="stable")
    images = {
        identity: reduced(decode(data))
        for identity, data in zip(grouped["id"], image_bytes(grouped, manifest.parent), strict=True)
    }
    return [
        Pair(images[row["id"]], row["caption"], row["id"], int(row["width"]), int(row["height"]))
        for row in rows.to_dict("records")
    ]


def caption(docstring: str, figure: PoolFigure, study: dict[str, Any]) -> str:
    """The docstring with its fields filled: pools, scale, the largest sample; then the substitutions that the study
    declares."""
    shown = [figure.options["pool"]] if "pool" in figure.options else figure.pools
    sizes = figure.statistics.loc[figure.statistics["pool"].isin(shown), "pool"].value_counts()
    filled = docstring.format(
        pools=", ".join(figure.name(pool) for pool in shown),
        scale=study["scale"],
        sample=f"{sizes.max() if len(sizes) else 0:,}",
    )
    return "\n\n".join([filled, *study["substitutions"]])


def main(
    spec: dict[str, Any],
    titles: dict[str, str],
    study: dict[str, Any],
    statistics: Path,
    manifests: list[Path],
    script: Path,
    pdf: Path,
    md: Path,
) -> None:
    contents = {path: read_json(path) for path in manifests}
    places = {str(content["pool"]): path for path, content in contents.items()}
    figure = PoolFigure(
        spec["title"],
        spec["pools"],
        titles,
        spec["options"],
        pd.read_csv(statistics, dtype={"pool": str, "id": str}),
        {str(content["pool"]): int(content["samples"]) for content in contents.values()},
        lambda pool, count: pictures(spec["title"], places, pool, count),
    )
    module = load(script)
    with house_style():
        drawing = module.draw(figure)
    save(drawing, pdf.with_suffix(""))
    text = caption(spec.get("caption") or inspect.getdoc(module) or "", figure, study)
    write_text(md, "\n\n".join([f"**{spec['title']}.** {text}", *drawing.notes]) + "\n")


if __name__ == "__main__":
    run(main)
