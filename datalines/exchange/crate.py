"""A study as a Workflow Run RO-Crate: a folder like the checkout, with the workflow, the small results and their
receipts, and a description of every job and file."""

import importlib.util
import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from datalines.audit.results import Artifact, Results
from datalines.exchange.about import About
from datalines.exchange.entities import README, TERMS, WORKFLOW, describe
from datalines.exchange.errors import ExchangeError
from datalines.exchange.facts import RESULTS, home, in_checkout, in_order, study_of
from datalines.exchange.packing import copy_checked, digest_of
from datalines.files import LARGE

VARIABLE = "DATALINES_EXCHANGE"
WRITER = Path(__file__).with_name("rocrate_write.py")
FOLDERS = ("config", "datalines", "envs", "profiles", "workflow")
FILES = (WORKFLOW, "CITATION.cff", "LICENSE", "pyproject.toml")
LEFT_OUT = ("__pycache__", ".*")
DATA = ("evals", "filters", "hashes", "lists", "mixtures", "pools", "runs", "scores", "shards", "shifts")
BULK = (".npy", ".parquet", ".safetensors", ".tar")


@dataclass(frozen=True)
class Packed:
    """What a crate holds: files with a copy, and those that it only describes, because they are bulk or not there."""

    files: int
    bulk: int
    missing: int


def write_crate(results: Results, checkout: Path, out: Path, about: About, with_data: bool) -> Packed:
    """Write the crate into `out`, a folder that does not exist yet or is empty.

    Raises ExchangeError where rocrate cannot be had, a file is not what its receipt says, or the checkout has no
    workflow.
    """
    in_order(results)
    python = interpreter(checkout)
    if not (checkout / WORKFLOW).is_file():
        raise ExchangeError(f"{checkout} has no {WORKFLOW}; call datalines in the checkout that made the results")
    present = _pack_workflow(checkout, out)
    packed = _pack_results(results, out, present, with_data)
    (out / README).write_text(_readme(results, packed), encoding="utf-8")
    present[README] = digest_of(out / README)
    root, entities = describe(results, about, present)
    folders = [f"{name}/" for name in FOLDERS if (out / name).is_dir()]
    said = {"folder": str(out), "root": root, "main": WORKFLOW, "folders": folders, "terms": TERMS}
    done = subprocess.run(
        [python, "-P", WRITER],
        input=json.dumps({**said, "entities": entities}),
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
    )
    if done.returncode:
        raise ExchangeError(f"rocrate, called with {python}, failed. It said:\n{done.stderr.strip()[-2000:]}")
    return packed


def interpreter(checkout: Path) -> Path:
    """A Python that has rocrate: this one, or that of the environment of the exchange formats."""
    if importlib.util.find_spec("rocrate") is not None:
        return Path(sys.executable)
    named = os.environ.get(VARIABLE, "")
    python = Path(named) if named else checkout / ".venv-exchange" / "bin" / "python"
    if python.is_file():
        return python
    raise ExchangeError(
        f"an RO-Crate is written by rocrate, and {python}, the Python of its environment, does not exist. Make it in "
        "the checkout with `python3 envs/setup.py exchange --venv .venv-exchange`, or name the Python of another "
        f"environment in ${VARIABLE}"
    )


def _pack_workflow(checkout: Path, out: Path) -> dict[str, str]:
    """Copy what the workflow consists of; returns {path: digest}."""
    for name in FOLDERS:
        if (checkout / name).is_dir():
            shutil.copytree(checkout / name, out / name, ignore=shutil.ignore_patterns(*LEFT_OUT))
    out.mkdir(parents=True, exist_ok=True)
    for name in FILES:
        if (checkout / name).is_file():
            shutil.copyfile(checkout / name, out / name)
    return {path.relative_to(out).as_posix(): digest_of(path) for path in sorted(out.rglob("*")) if path.is_file()}


def _pack_results(results: Results, out: Path, present: dict[str, str], with_data: bool) -> Packed:
    """Copy receipts and results, each compared with its receipt, into `present`; returns what became of all files."""
    files = bulk = missing = 0
    for artifact in results.artifacts.values():
        inside = in_checkout(results, artifact.path)
        source = results.file(artifact.path)
        if not source.is_file():
            missing += 1
        elif inside is None or not inside.startswith(RESULTS) or (is_bulk(artifact) and not with_data):
            bulk += 1
        else:
            present[inside] = copy_checked(source, out / inside, artifact)
            files += 1
    for receipt in results.receipts:
        inside = in_checkout(results, receipt.path)
        if inside is not None:
            place = out / inside
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(results.file(receipt.path), place)
            present[inside] = digest_of(place)
    return Packed(files, bulk, missing)


def is_bulk(artifact: Artifact) -> bool:
    """Whether a file is images, indexes, weights or predictions, a download, or large: described, and packed on request
    only."""
    data = artifact.path.split("/")[0] in DATA and artifact.path.endswith(BULK)
    return data or artifact.path.startswith("../") or (artifact.bytes or 0) >= LARGE


def _readme(results: Results, packed: Packed) -> str:
    """What a person who opens the folder should know."""
    study, place = study_of(results), home(results)
    left = [
        (packed.bulk, "images, indexes, weights, predictions, files outside of the results"),
        (packed.missing, "were not there"),
    ]
    outside = ", ".join(f"{count} files ({what})" for count, what in left if count)
    return "\n".join(
        [
            f"# {study['title']}",
            "",
            study["description"] or "A study made with the workflow in this folder.",
            "",
            "This folder is a Workflow Run RO-Crate. `ro-crate-metadata.json` describes every job (what it read, its",
            "parameters, seeds and environment, what it made) and every file, with its sha256. The folder is laid out",
            f"as a checkout of the workflow, and `datalines audit {place}` compares the results with their receipts.",
            "",
            f"Described with their digests, and not in this folder: {outside or 'nothing'}.",
            "",
        ]
    )
