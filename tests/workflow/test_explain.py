"""`datalines explain`, `accept`, `what-if` and `rehydrate` on a finished study, held against what Snakemake says."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.workflow.checkout import ROOT, Checkout
from tests.workflow.test_rerun import code

LINES = "datalines/robustness/lines.py"
RETRAINED = {"train_model": 3, "evaluate_run": 3, "collect_records": 1, "fit_lines": 1, "draw_figure": 2,
             "write_report": 1}  # fmt: skip
REBUILDING = {"open_archive", "fit_lines", "measure_robustness", "simulate_theory", "draw_figure", "draw_pool_figure",
              "draw_samples", "make_table", "judge_claims", "write_report"}  # fmt: skip

pytestmark = [pytest.mark.workflow, pytest.mark.slow]


def ask(checkout: Checkout, *words: str, code: int = 0) -> Any:
    """What a command says as JSON, or its error; `code` is the exit status that it must have."""
    command = [sys.executable, "-m", "datalines", *words, "--scale", "tiny", *(["--json"] if code < 2 else [])]
    done = subprocess.run(command, cwd=checkout.root, env=checkout.environment(), capture_output=True, text=True)
    assert done.returncode == code, done.stdout + done.stderr
    return done.stderr if code == 2 else json.loads(done.stdout)


def jobs(told: dict[str, Any]) -> dict[str, int]:
    """Jobs that would run, by rule."""
    found: dict[str, int] = {}
    for entry in [*told["groups"], *told["follows"]]:
        found[entry["rule"]] = found.get(entry["rule"], 0) + len(entry["jobs"])
    return found


def causes(told: dict[str, Any], rule: str) -> list[tuple[Any, ...]]:
    """Kind, place or file, before and now of what changed for a rule, or its modules."""
    found = [cause for group in told["groups"] if group["rule"] == rule for cause in group["causes"]]
    return [(cause["kind"], cause["modules"] or (cause["what"], cause["before"], cause["now"])) for cause in found]


def test_a_change_is_explained_then_accepted_and_the_next_one_is_not(finished: Checkout, tmp_path: Path) -> None:
    checkout = finished.copy(tmp_path / "copy")
    checkout.study("warmup_steps: 2", "warmup_steps: 3")
    code(LINES)(checkout)
    told = ask(checkout, "explain", code=1)
    assert jobs(told) == checkout.plan() == {**RETRAINED, "draw_samples": 2, "draw_batches": 1}
    assert causes(told, "train_model") == [("parameter", ("spec.recipe.warmup_steps", 2, 3))]
    assert causes(told, "fit_lines") == causes(told, "draw_figure") == [("code", [LINES])]
    assert told["price"]["plan"]["total"]["jobs"] == told["jobs"] == told["price"]["last_time"]["jobs"]

    before = checkout.digests()
    done = ask(checkout, "accept", "all", "--because", "only the log says more", "--who", "Ann")
    assert done["left"] == [] and checkout.plan() == {}
    entries = json.loads((checkout.results / "accepted.json").read_text())
    assert done["entries"] == entries and {entry["who"] for entry in entries} == {"Ann"}
    assert {entry["artifact"] for entry in entries if entry["artifact"].startswith(("runs/", "fits/"))} == {
        "fits/sources.csv",
        *(f"runs/{run}/0/{name}" for run in ("both/full", "photos/full", "photos/half")
          for name in ("summary.json", "history.csv")),
    }  # fmt: skip
    assert {name: digest for name, digest in checkout.digests().items() if name != "accepted.json"} == before
    assert ask(checkout, "explain")["unseen"] == []

    shutil.rmtree(checkout.root / ".snakemake")
    assert ask(checkout, "rehydrate", "results/tiny")["runs"] == {}, "what was accepted stays accepted"
    checkout.study("warmup_steps: 3", "warmup_steps: 4")
    assert checkout.plan() == RETRAINED


def test_what_cannot_be_accepted_is_refused(finished: Checkout, tmp_path: Path) -> None:
    checkout = finished.copy(tmp_path / "copy")
    words = ("accept", "all", "--because", "no harm")
    assert "so there is nothing to accept" in ask(checkout, *words, code=2)
    records = checkout.results / "records" / "sources.csv"
    right = records.read_bytes()
    records.write_bytes(right.replace(b"0.", b"1.", 1))
    assert "records/sources.csv is not the file that" in ask(checkout, *words, code=2)
    records.write_bytes(right)
    (checkout.results / "report" / "index.html").unlink()
    assert "report/index.html is missing. Run Snakemake for that first" in ask(checkout, *words, code=2)
    assert not (checkout.results / "accepted.json").exists()


def test_a_supposed_change_runs_what_the_change_itself_would(finished: Checkout, tmp_path: Path) -> None:
    checkout = finished.copy(tmp_path / "copy")
    told = ask(checkout, "what-if", "pool=drawings:v2")
    assert causes(told, "download_pool") == [("parameter", ("spec.version", 1, 2))]
    assert told["survives"]["train_model"] == 3 and told["anyway"] == 0
    supposed = ask(checkout, "what-if", "recipes.clip.warmup_steps=3", f"file:{LINES}")
    assert checkout.plan() == {}, "nothing was changed"
    checkout.study("    seed: 2\n", "    seed: 2\n    version: 2\n")
    assert checkout.plan() == jobs(told)
    checkout.study("    seed: 2\n    version: 2\n", "    seed: 2\n")
    checkout.study("warmup_steps: 2", "warmup_steps: 3")
    code(LINES)(checkout)
    assert checkout.plan() == jobs(supposed)


def test_a_copy_without_times_and_notes_is_brought_back(finished: Checkout, tmp_path: Path) -> None:
    checkout = finished.copy(tmp_path / "copy")
    receipts = [json.loads(path.read_text()) for path in checkout.results.glob("receipts/*_*/*.json")]
    times = {path: entry["mtime_ns"] for said in receipts for path, entry in said["outputs"].items()}
    shutil.rmtree(checkout.root / ".snakemake")
    for place, path in enumerate(sorted(checkout.results.rglob("*"), reverse=True)):
        os.utime(path, (2e9 + place, 2e9 + place))
    assert checkout.plan() != {}
    found = ask(checkout, "rehydrate", "results/tiny")
    assert found["runs"] == {} and found["corrupt"] == {} and found["done"] == ask(checkout, "explain")["done"]
    assert {path: (checkout.root / path).stat().st_mtime_ns for path in times} == times and len(times) > 80
    assert checkout.plan() == {}
    checkout.study("warmup_steps: 2", "warmup_steps: 3")
    assert checkout.plan() == RETRAINED, "the notes tell a later change"


def test_what_does_not_agree_with_its_receipt_runs_again(finished: Checkout, tmp_path: Path) -> None:
    checkout = finished.copy(tmp_path / "copy")
    shutil.rmtree(checkout.root / ".snakemake")
    checkout.study("warmup_steps: 2", "warmup_steps: 3")
    figure = checkout.results / "papers" / "tiny" / "fig-02.csv"
    before = figure.stat().st_mtime_ns
    figure.write_text(figure.read_text() + "1\n")
    os.utime(figure, ns=(before, before))
    assert checkout.plan() == {}, "without notes, Snakemake sees neither"
    told = ask(checkout, "explain", code=1)
    assert [group["rule"] for group in told["unseen"]] == ["train_model", "write_report"]
    found = ask(checkout, "rehydrate", "results/tiny", code=1)
    assert found["runs"] == checkout.plan() == RETRAINED
    assert list(found["corrupt"]) == ["results/tiny/papers/tiny/fig-02.csv"]


def test_a_folder_elsewhere_is_told_where_to_lie(finished: Checkout, tmp_path: Path) -> None:
    shutil.copytree(finished.results / "receipts", tmp_path / "tiny" / "receipts")
    assert "move, copy or link it to results/tiny in" in ask(finished, "rehydrate", str(tmp_path / "tiny"), code=2)


def test_from_an_archive_nothing_can_be_trained(fresh: Checkout) -> None:
    archive = "artifacts/qnq"
    shutil.copytree(ROOT / archive, fresh.root / archive)
    listed = fresh.call("--list-rules", scale="study", archive=archive)
    assert listed.code == 0, listed.text
    made = {"train_model", "evaluate_run", "mix_shards", "write_shards", "download_pool", "fetch_pool", "prepare_shift"}
    assert "open_archive" in listed.text and not {rule for rule in made if rule in listed.text}
    forced = fresh.call("--dry-run", "--forceall", scale="study", archive=archive).jobs()
    assert forced["open_archive"] == 1 and forced["draw_figure"] > 1
    assert set(forced) <= REBUILDING
    run = "results/archived-study/runs/yfcc/full/1/summary.json"
    asked = fresh.call("--dry-run", run, scale="study", archive=archive)
    assert asked.code != 0 and "MissingRuleException" in asked.text
