"""Draw one figure of a paper from its experiment's records and fits, and write its caption from the figure script's
docstring."""

import inspect
from pathlib import Path
from typing import Any

import pandas as pd

from datalines.files import write_text
from datalines.job import run
from datalines.plotting import Figure, house_style, save
from datalines.scriptfile import load


def caption(docstring: str, figure: Figure, study: dict[str, Any], rows: pd.DataFrame) -> str:
    """The docstring with its fields filled: reference, scale, points, seeds; then the substitutions that the study
    declares."""
    models = rows[rows["kind"] == "model"]
    filled = docstring.format(
        reference=figure.name(figure.reference),
        scale=study["scale"],
        points=len(models[models["shift"] == figure.reference]),
        seeds=models["seed"].nunique(),
    )
    return "\n\n".join([filled, *study["substitutions"]])


def main(
    spec: dict[str, Any],
    experiment: dict[str, Any],
    titles: dict[str, str],
    study: dict[str, Any],
    records: Path,
    fits: Path,
    script: Path,
    pdf: Path,
    md: Path,
) -> None:
    rows = pd.read_csv(records)
    baseline = experiment["baseline"]
    options = {
        "families": [*experiment["families"], *([baseline] if baseline else [])],
        **{key: experiment[key] for key in ("ensembles", "floor", "level", "resamples")},
        **spec["options"],
    }
    figure = Figure(
        spec["title"],
        spec["shifts"],
        experiment["reference"],
        experiment["axis"],
        baseline,
        titles,
        options,
    )
    module = load(script)
    with house_style():
        drawing = module.draw(rows, pd.read_csv(fits), figure)
    save(drawing, pdf.with_suffix(""))
    text = caption(spec.get("caption") or inspect.getdoc(module) or "", figure, study, rows)
    write_text(md, "\n\n".join([f"**{spec['title']}.** {text}", *drawing.notes]) + "\n")


if __name__ == "__main__":
    run(main)
