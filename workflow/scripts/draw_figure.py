"""Draw one figure of a paper from its experiment's records and fits, or from the tables that it names, and write its
caption from the figure script's docstring."""

from datalines.forked import run_in_fork

run_in_fork(globals())

import inspect
from pathlib import Path
from typing import Any

import pandas as pd

from datalines.files import write_text
from datalines.job import run
from datalines.plotting import Figure, PlainFigure, house_style, save
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


def plain_caption(docstring: str, study: dict[str, Any]) -> str:
    """The docstring with its field filled, the scale; then the substitutions that the study declares."""
    return "\n\n".join([docstring.format(scale=study["scale"]), *study["substitutions"]])


def figure_of(spec: dict[str, Any], experiment: dict[str, Any], titles: dict[str, str]) -> Figure:
    """The figure of an experiment as its script is given it."""
    baseline = experiment["baseline"]
    options = {
        "families": [*experiment["families"], *([baseline] if baseline else [])],
        **{key: experiment[key] for key in ("ensembles", "lines", "floor", "level", "resamples", "resample")},
        **spec["options"],
    }
    return Figure(spec["title"], spec["shifts"], experiment["reference"], experiment["axis"], baseline, titles, options)


def main(
    spec: dict[str, Any],
    experiment: dict[str, Any] | None,
    titles: dict[str, str],
    study: dict[str, Any],
    tables: list[Path],
    script: Path,
    pdf: Path,
    md: Path,
) -> None:
    module = load(script)
    docstring = spec.get("caption") or inspect.getdoc(module) or ""
    read = [pd.read_csv(path) for path in tables]
    with house_style():
        if experiment is None:
            names = dict(zip(spec["tables"], read, strict=True))
            drawing = module.draw(names, PlainFigure(spec["title"], titles, spec["options"]))
            text = plain_caption(docstring, study)
        else:
            figure = figure_of(spec, experiment, titles)
            drawing = module.draw(*read, figure)
            text = caption(docstring, figure, study, read[0])
    save(drawing, pdf.with_suffix(""))
    write_text(md, "\n\n".join([f"**{spec['title']}.** {text}", *drawing.notes]) + "\n")


if __name__ == "__main__":
    run(main)
