"""A file of every kind is deleted: where nobody needs it, nothing runs; a job that needs it gets the same bytes back.

What Snakemake knows as an input of the job comes back by itself. Bulk files (tars, weights) stand in a manifest, which
is the input; where one is missing, the job stops and names the file to delete, and then the next call makes it anew.
"""

import re
import shutil
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.workflow.checkout import Checkout

pytestmark = [pytest.mark.workflow, pytest.mark.slow]

REPORT = "report/index.html"
# Deleted file, a file whose job needs it (deleted as well), and the jobs that then run.
KNOWN: dict[str, tuple[str, dict[str, int]]] = {
    "pools/photos/0.json": ("filters/photos/web/kept.npy", {"download_pool": 1, "filter_pool": 1}),
    "pools/drawings/0.parquet": ("filters/drawings/small/report.json", {"download_pool": 1, "filter_pool": 1}),
    "filters/photos/web/kept.npy": ("shards/photos/web/manifest.json", {"filter_pool": 1, "write_shards": 1}),
    "shards/photos/web/manifest.json": ("mixtures/photos/half/manifest.json", {"write_shards": 1, "mix_shards": 1}),
    "shards/photos/web/index.parquet": ("mixtures/both/full/index.parquet", {"write_shards": 1, "mix_shards": 1}),
    "mixtures/photos/half/manifest.json": ("runs/photos/half/0/summary.json", {"mix_shards": 1, "train_model": 1}),
    "runs/photos/half/0/summary.json": ("evals/photos/half/0/natural.json", {"train_model": 1, "evaluate_run": 1}),
    "evals/both/full/0/natural.json": ("records/sources.csv", {"evaluate_run": 1, "collect_records": 1}),
    "evals/photos/full/0/natural.safetensors": ("records/sources.csv", {"evaluate_run": 1, "collect_records": 1}),
    "records/sources.csv": ("fits/sources.csv", {"collect_records": 1, "fit_lines": 1}),
    "fits/sources.csv": ("papers/tiny/fig-05.svg", {"fit_lines": 1, "draw_figure": 1}),
    "papers/tiny/fig-02.png": (REPORT, {"draw_figure": 1, "write_report": 1}),
    "papers/tiny/tab-01.tex": (REPORT, {"make_table": 1, "write_report": 1}),
}
# Deleted bulk file, a file whose job needs it, the file that the message names, and the jobs after that is deleted.
BULK: dict[str, tuple[str, str, dict[str, int]]] = {
    "pools/photos/1.tar": (
        "shards/photos/web/manifest.json", "pools/photos/1.json",
        {"download_pool": 1, "filter_pool": 1, "write_shards": 1},
    ),
    "shards/photos/web/00001.tar": (
        "mixtures/photos/full/manifest.json", "shards/photos/web/manifest.json", {"write_shards": 1, "mix_shards": 1},
    ),
    "mixtures/photos/half/00000.tar": (
        "runs/photos/half/0/summary.json", "mixtures/photos/half/manifest.json", {"mix_shards": 1, "train_model": 1},
    ),
    "runs/both/full/0/epoch-002.safetensors": (
        "evals/both/full/0/natural.json", "runs/both/full/0/summary.json", {"train_model": 1, "evaluate_run": 1},
    ),
    "shifts/candidates/images.tar": (
        "shifts/hard/manifest.json", "shifts/candidates/manifest.json",
        {"prepare_shift": 1, "evaluate_run": 1, "filter_shift": 1},
    ),
}  # fmt: skip

# What earlier runs left and the job would take instead of the missing file: shards whose samples did not change, and
# what a finished run remembers.
LEFT_BEHIND = {
    "pools/photos/1.tar": "shards/photos/web/*.tar",
    "mixtures/photos/half/00000.tar": "state/*.done",
}


@dataclass
class Outcome:
    """What happened after one deletion: the file that a message named, jobs by rule, results that are not as before."""

    message: str
    jobs: dict[str, int]
    changed: set[str]


def delete(checkout: Checkout, *names: str) -> None:
    """Delete results."""
    for name in names:
        (checkout.results / name).unlink()


def message_of(checkout: Checkout, name: str, needs: str) -> str:
    """The file that is to be deleted, by the message of the job that misses a bulk file."""
    stopped = checkout.call(f"results/tiny/{needs}")
    assert stopped.code != 0, stopped.text
    assert "Traceback" not in stopped.text
    advice = re.search(rf"\S*{re.escape(name)} is .*delete (?:that manifest|(\S+)) and run again", stopped.text)
    assert advice, stopped.text
    return advice[1] or re.findall(r"listed in (\S+) but", advice[0])[0]


def follow(checkout: Checkout, name: str, before: dict[str, str]) -> Outcome:
    """Delete a file and one whose job needs it; ask for that, doing what a message says if there is one."""
    needs = (KNOWN.get(name) or BULK[name])[0]
    delete(checkout, name, needs)
    for path in checkout.results.glob(LEFT_BEHIND.get(name, "nothing")):
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    message = message_of(checkout, name, needs) if name in BULK else ""
    if message:
        (checkout.root / message).unlink()
    jobs = checkout.call(f"results/tiny/{needs}").jobs()
    after = checkout.digests()
    return Outcome(
        message, jobs, {path for path in before.keys() | after.keys() if before.get(path) != after.get(path)}
    )


@pytest.fixture(scope="module")
def outcomes(finished: Checkout, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The outcome of every deletion, and what is to be done after them all; two halves side by side in two copies."""
    folder, before = tmp_path_factory.mktemp("deletions"), finished.digests()

    def half(names: list[str]) -> dict[str, Any]:
        checkout = finished.copy(folder / names[0].replace("/", "-"))
        found: dict[str, Any] = {}
        for name in names:
            try:
                found[name] = follow(checkout, name, before)
            except AssertionError as error:  # it belongs to the one test of this file
                found[name] = error
        return {**found, f"after {names[0]}": checkout.plan()}

    names = [*KNOWN, *BULK]
    with ThreadPoolExecutor(2) as pool:
        first, second = pool.map(half, (names[::2], names[1::2]))
    return first | second


def outcome_of(outcomes: dict[str, Any], name: str) -> Outcome:
    """The outcome of one deletion; raises where it had none."""
    found = outcomes[name]
    if isinstance(found, Exception):
        raise found
    assert isinstance(found, Outcome)
    return found


def test_files_that_nobody_needs_are_not_made_anew(finished: Checkout, tmp_path: Path) -> None:
    checkout = finished.copy(tmp_path / "copy")
    delete(checkout, *KNOWN, *BULK)
    assert checkout.plan() == {}


@pytest.mark.parametrize("name", KNOWN)
def test_a_declared_file_comes_back_when_it_is_needed(outcomes: dict[str, Any], name: str) -> None:
    outcome = outcome_of(outcomes, name)
    assert outcome.jobs == KNOWN[name][1]
    assert outcome.changed == set()


@pytest.mark.parametrize("name", BULK)
def test_a_bulk_file_comes_back_by_what_the_message_says(outcomes: dict[str, Any], name: str) -> None:
    outcome = outcome_of(outcomes, name)
    assert outcome.message == f"results/tiny/{BULK[name][1]}"
    assert outcome.jobs == BULK[name][2]
    assert outcome.changed == set()


def test_what_came_back_newer_but_the_same_runs_nothing_else(outcomes: dict[str, Any]) -> None:
    assert [plan for name, plan in outcomes.items() if name.startswith("after ")] == [{}, {}]


def test_the_report_itself_is_written_again(finished: Checkout, tmp_path: Path) -> None:
    checkout = finished.copy(tmp_path / "copy")
    delete(checkout, REPORT)
    assert checkout.call().jobs() == {"write_report": 1}
    assert checkout.digests() == finished.digests()
