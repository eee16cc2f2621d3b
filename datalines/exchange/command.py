"""The command `datalines export`."""

import argparse
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import yaml

from datalines.audit.results import Results, read_results
from datalines.exchange.about import About, read_about
from datalines.exchange.checklist import write_checklist
from datalines.exchange.codecheck import THEIRS, write_codecheck
from datalines.exchange.crate import write_crate
from datalines.exchange.croissant import write_croissant
from datalines.exchange.errors import ExchangeError
from datalines.exchange.facts import study_of
from datalines.exchange.sources import read_sources

Export = Callable[[argparse.Namespace, Path, Results, About, Path], str]


def run(given: argparse.Namespace, checkout: Path) -> int:
    """Write one export and say what it holds; returns the exit status 0. Raises DatalinesError where it cannot be."""
    if given.with_data and given.form != "ro-crate":
        raise ExchangeError("--with-data is for --as ro-crate; leave it out")
    if given.base and given.form != "croissant":
        raise ExchangeError("--base is for --as croissant; leave it out")
    folder = given.folder or checkout / "results" / (given.scale or _scale(checkout))
    if given.folder and given.scale:
        raise ExchangeError(f"{given.folder} is a folder and --scale names another; write one of them")
    results, about = read_results(folder), read_about(given.about)
    out = given.out or folder.resolve().parent / "exchange" / study_of(results)["scale"] / given.form
    with fresh(out, replace=given.out is None) as stage:
        said = EXPORTS[given.form](given, checkout, results, about, stage)
    sys.stdout.write(f"{said}\n{_shown(out)}\n")
    return 0


def _scale(checkout: Path) -> str:
    """The scale that config/config.yaml names."""
    content = yaml.safe_load((checkout / "config" / "config.yaml").read_text(encoding="utf-8"))
    return str(content["scale"])


@contextmanager
def fresh(out: Path, replace: bool) -> Iterator[Path]:
    """A folder beside `out` that takes its place when all went well. One that somebody named must not hold anything."""
    if not replace and out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise ExchangeError(f"--out {out} is not empty; name a folder that does not exist yet")
    stage = out.with_name(f".{out.name}.{os.getpid()}.tmp")
    try:
        stage.mkdir(parents=True)
        yield stage
        if out.exists():
            shutil.rmtree(out)
        stage.replace(out)
    finally:
        shutil.rmtree(stage, ignore_errors=True)


def _crate(given: argparse.Namespace, checkout: Path, results: Results, about: About, stage: Path) -> str:
    packed = write_crate(results, checkout, stage, about, given.with_data)
    others = f"{packed.bulk} bulk files and {packed.missing} that are not there are described by their digests"
    return f"{len(results.receipts)} jobs; {packed.files} files are packed, {others}."


def _croissant(given: argparse.Namespace, checkout: Path, results: Results, about: About, stage: Path) -> str:
    names = write_croissant(results, read_sources(results, checkout), stage, about, given.base)
    return f"{len(names)} data sets: {', '.join(names)}."


def _codecheck(given: argparse.Namespace, checkout: Path, results: Results, about: About, stage: Path) -> str:
    lacking = write_codecheck(results, stage, about)
    missing = f"A codecheck also needs, in the file of --about: {', '.join(lacking)}.\n" if lacking else ""
    return f"{missing}The codechecker adds {', '.join(THEIRS)}."


def _checklist(given: argparse.Namespace, checkout: Path, results: Results, about: About, stage: Path) -> str:
    filled, fields = write_checklist(results, read_sources(results, checkout), stage, about)
    return f"{filled} of {fields} fields are filled from receipts; the others are for the authors."


EXPORTS: dict[str, Export] = {
    "ro-crate": _crate,
    "croissant": _croissant,
    "codecheck": _codecheck,
    "checklist": _checklist,
}


def _shown(path: Path) -> str:
    """A path as it is written where the command runs."""
    here = Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)
