"""A file of every kind is deleted: alone it is missed by nobody, and a job that needs it gets it back with the same bytes.

What Snakemake knows as an input of the job comes back by itself. Bulk files (tars, weights) stand in a manifest, which is the input; where
one is missing, the job stops and names the file to delete, and with that the next call makes it anew.
"""

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
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
    "shifts/candidates/index.parquet": ("shifts/hard/manifest.json", {"prepare_shift": 1, "filter_shift": 1}),
    "evals/both/full/0/natural.json": ("records/sources.csv", {"evaluate_run": 1, "collect_records": 1}),
    "evals/photos/full/0/natural.safetensors": ("records/sources.csv", {"evaluate_run": 1, "collect_records": 1}),
    "records/sources.csv": ("fits/sources.csv", {"collect_records": 1, "fit_lines": 1}),
    "fits/sources.csv": ("papers/tiny/fig-05.svg", {"fit_lines": 1, "draw_figure": 1}),
    "papers/tiny/fig-02.png": (REPORT, {"draw_figure": 1, "write_report": 1}),
    "papers/tiny/tab-01.tex": (REPORT, {"make_table": 1, "write_report": 1}),
}
# Deleted bulk file, a file whose job needs it, the file that the message names, and the jobs after that is deleted.
BULK: dict[str, tuple[str, str, dict[str, int]]] = {
    "pools/photos/1.tar": ("shards/photos/web/manifest.json", "pools/photos/1.json", {"download_pool": 1, "write_shards": 1}),
    "shards/photos/web/00001.tar": (
        "mixtures/photos/full/manifest.json", "shards/photos/web/manifest.json", {"write_shards": 1, "mix_shards": 1},
    ),
    "mixtures/photos/half/00000.tar": (
        "runs/photos/half/0/summary.json", "mixtures/photos/half/manifest.json", {"mix_shards": 1, "train_model": 1},
    ),
    "runs/both/full/0/epoch-002.safetensors": (
        "evals/both/full/0/natural.json", "runs/both/full/0/summary.json", {"train_model": 1, "evaluate_run": 1},
    ),
    "shifts/candidates/images.tar": ("shifts/hard/manifest.json", "shifts/candidates/manifest.json", {"prepare_shift": 1, "filter_shift": 1}),
}  # fmt: skip


@dataclass
class Outcome:
    """What happened after one deletion."""

    alone: dict[str, int] = field(default_factory=dict)
    message: str = ""
    jobs: dict[str, int] = field(default_factory=dict)
    changed: set[str] = field(default_factory=set)
    then: dict[str, int] = field(default_factory=dict)


def delete(checkout: Checkout, *names: str) -> None:
    """Delete results."""
    for name in names:
        (checkout.results / name).unlink()


def known(checkout: Checkout, name: str) -> Outcome:
    """Delete a declared file, and then one whose job needs it."""
    needs, _ = KNOWN[name]
    delete(checkout, name)
    outcome = Outcome(alone=checkout.plan())
    delete(checkout, needs)
    outcome.jobs = checkout.call(f"results/tiny/{needs}").jobs()
    return outcome


def bulk(checkout: Checkout, name: str) -> Outcome:
    """Delete a file that a manifest names, and then one whose job needs it; do what the message says."""
    needs, _, _ = BULK[name]
    delete(checkout, name)
    outcome = Outcome(alone=checkout.plan())
    delete(checkout, needs)
    stopped = checkout.call(f"results/tiny/{needs}")
    assert stopped.code != 0, stopped.text
    assert "Traceback" not in stopped.text
    advice = re.search(rf"\S*{re.escape(name)} is .*delete (?:that manifest|(\S+)) and run again", stopped.text)
    assert advice, stopped.text
    outcome.message = advice[1] or re.findall(r"listed in (\S+) but", advice[0])[0]
    (checkout.root / outcome.message).unlink()
    outcome.jobs = checkout.call(f"results/tiny/{needs}").jobs()
    return outcome


@pytest.fixture(scope="module")
def outcomes(finished: Checkout, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Outcome | Exception]:
    """The outcome of every deletion, each in a copy of its own; two at a time."""
    folder = tmp_path_factory.mktemp("deletions")
    before = finished.digests()
    ways: list[tuple[str, Callable[[Checkout, str], Outcome]]] = [(name, known) for name in KNOWN] + [(name, bulk) for name in BULK]

    def follow(entry: tuple[int, tuple[str, Callable[[Checkout, str], Outcome]]]) -> Outcome | Exception:
        number, (name, way) = entry
        checkout = finished.copy(Path(folder / str(number)))
        try:
            outcome = way(checkout, name)
            after = checkout.digests()
            outcome.changed = {path for path in before.keys() | after.keys() if before.get(path) != after.get(path)}
            outcome.then = checkout.plan()
            return outcome
        except Exception as error:  # it belongs to the one test of this file
            return error

    with ThreadPoolExecutor(2) as pool:
        found = pool.map(follow, enumerate(ways))
        return dict(zip((name for name, _ in ways), found, strict=True))


def outcome_of(outcomes: dict[str, Any], name: str) -> Outcome:
    """The outcome of one deletion; raises where it had none."""
    found = outcomes[name]
    if isinstance(found, Exception):
        raise found
    assert isinstance(found, Outcome)
    return found


@pytest.mark.parametrize("name", [*KNOWN, *BULK])
def test_a_file_that_nobody_needs_is_not_made_anew(outcomes: dict[str, Any], name: str) -> None:
    assert outcome_of(outcomes, name).alone == {}


@pytest.mark.parametrize("name", KNOWN)
def test_a_declared_file_comes_back_when_it_is_needed(outcomes: dict[str, Any], name: str) -> None:
    outcome = outcome_of(outcomes, name)
    assert outcome.jobs == KNOWN[name][1]
    assert outcome.changed == set()
    assert outcome.then == {}


@pytest.mark.parametrize("name", BULK)
def test_a_bulk_file_comes_back_by_what_the_message_says(outcomes: dict[str, Any], name: str) -> None:
    outcome = outcome_of(outcomes, name)
    assert outcome.message == f"results/tiny/{BULK[name][1]}"
    assert outcome.jobs == BULK[name][2]
    assert outcome.changed == set()
    assert outcome.then == {}


def test_the_report_itself_is_written_again(finished: Checkout, tmp_path: Path) -> None:
    checkout = finished.copy(tmp_path / "copy")
    delete(checkout, REPORT)
    assert checkout.call().jobs() == {"write_report": 1}
    assert checkout.digests() == finished.digests()
