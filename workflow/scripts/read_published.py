"""Read the files behind one entry of published results into its table, and count what is left out and why."""

from datalines.forked import run_in_fork

run_in_fork(globals())

import logging
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from datalines.fetch.download import Wanted, defect
from datalines.files import write_csv, write_json
from datalines.job import run
from datalines.published.frequencies import read_frequencies
from datalines.published.models import read_models
from datalines.published.reading import PublishedError
from datalines.published.testbed_file import read_testbed
from datalines.published.tidy import counts, of_groups
from datalines.published.timm import read_timm
from datalines.published.vlhub import read_vlhub

ONE_FILE: Mapping[str, Callable[[Path, str], pd.DataFrame]] = {"imagenet-testbed": read_testbed, "vlhub": read_vlhub}

log = logging.getLogger(__name__)


def main(
    published: str,
    spec: dict[str, Any],
    wanted: list[dict[str, Any]],
    files: list[Path],
    table: Path,
    summary: Path,
) -> None:
    check(wanted, files)
    rows, facts = read(spec, {path.name: path for path in files}, f"published.{published}")
    write_csv(table, rows)
    about = {key: spec[key] for key in ("title", "kind", "licence", "citation")}
    behind = [{key: file[key] for key in ("url", "bytes", "sha256")} for file in wanted]
    write_json(summary, {"published": published, **about, "files": behind, "rows": len(rows), **facts})
    log.info("%d rows of %d file(s); left out: %s", len(rows), len(files), facts.get("left_out") or "none")


def check(wanted: list[dict[str, Any]], files: list[Path]) -> None:
    """Raise PublishedError where a file is not the declared one; `files` are in the order of `wanted`."""
    for file, path in zip(wanted, files, strict=True):
        problem = defect(path, Wanted(file["url"], file["bytes"], file["sha256"], file["key"]))
        if problem:
            text = f"{path} {problem}; remove it and run again, or correct the declaration"
            raise PublishedError(f"{file['key']}: {text}")


def read(spec: dict[str, Any], files: Mapping[str, Path], key: str) -> tuple[pd.DataFrame, dict[str, Any]]:
    """The table of an entry, and facts for its summary: what is in it, what is left out and why."""
    kind = spec["kind"]
    (first, *_) = files.values()
    if kind == "class-frequencies":
        rows = read_frequencies(files)
        tables = rows.groupby(["concepts", "source"], sort=False)["count"].agg(classes="size", total="sum")
        repeated = {"files-with-the-numbers-of-another": len(files) - len(tables)}
        return rows, {"tables": tables.reset_index().to_dict("records"), "left_out": repeated}
    if kind == "vlhub-models":
        rows = read_models(first)
        remarks = rows["remarks"].str.split(";").explode()
        return rows, {"models": len(rows), "remarks": remarks[remarks != ""].value_counts(sort=False).to_dict()}
    everything = read_timm(files, kind) if kind == "timm" else ONE_FILE[kind](first, kind)
    rows = of_groups(everything, spec["groups"], f"{key}.groups")
    reasons = rows.loc[~rows["used"], "reason"].value_counts(sort=False).to_dict()
    models = {"models": int(rows["model"].nunique()), "used": int(rows["used"].sum())}
    return rows, {**models, "left_out": reasons, "counts": counts(rows)}


if __name__ == "__main__":
    run(main)
