"""Level rerun: a run trained again, and the test of accuracies against the spread of seeds."""

import json
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import binomtest

from datalines.audit import rerun
from datalines.audit.results import read_results
from datalines.audit.spread import LEVEL, Counted, p_value
from datalines.audit.verdicts import Check, Verdict
from datalines.files import sha256_file
from tests.unit.replayed_study import ROOT, Replayed, copied, found, pool, snapshot, train

CELL, RUN = "photos/full/0", "runs/photos/full/0"


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Replayed:
    """A run on a mixture."""
    made = Replayed(tmp_path_factory.mktemp("study"))
    pool(made)
    train(made)
    return made


@pytest.fixture
def root(study: Replayed, tmp_path: Path) -> Path:
    """A copy of the results elsewhere."""
    return copied(study, tmp_path / "elsewhere")


def test_a_deterministic_run_gives_the_same_weights_and_results_are_only_read(root: Path) -> None:
    before = snapshot(root)
    given = rerun.checks(read_results(root), ROOT, CELL)
    assert found(*given) == {}
    assert snapshot(root) == before
    weights = [f"{RUN}/epoch-00{epoch}.safetensors" for epoch in (1, 2, 3)]
    assert given[0].examined == [*weights, f"{RUN}/summary.json", f"{RUN}/history.csv"]
    assert len(given[1].examined) == 6


def test_other_weights_are_judged_by_their_accuracies(root: Path) -> None:
    path = root / RUN / "summary.json"
    said = json.loads(path.read_text())
    said["weights"][0]["sha256"] = "0" * 64
    said["device"] = "another device"
    said["samples_seen"] += 1
    path.write_text(json.dumps(said))
    evaluation = root / "evals/photos/full/0/natural.json"
    measures = json.loads(evaluation.read_text())
    measures["measures"][0]["correct"] = 18 - measures["measures"][0]["correct"]
    measures["measures"][1]["correct"] += 1
    evaluation.write_text(json.dumps(measures))
    (receipt,) = (root / "receipts/evaluate_run").glob("*.json")
    text = receipt.read_text()
    old = json.loads(text)["inputs"]["results/tiny/runs/photos/full/0/summary.json"]
    receipt.write_text(text.replace(old, sha256_file(path)))
    weights, measured = rerun.checks(read_results(root), ROOT, CELL)
    given = found(weights, measured)
    verdict, reason = given[f"{RUN}/epoch-001.safetensors"]
    assert "another device then, cpu now" in reason
    assert verdict is rerun.outcome(measured)
    assert f"{RUN}/epoch-002.safetensors" not in given
    text = "samples_seen: not what the run gives that was trained again"
    assert given[f"{RUN}/summary.json"] == (Verdict.DRIFTED, text)
    row = measures["measures"][1]
    entry = given[f"evals/photos/full/0/natural.json#{row['epoch']},{row['shift']}/correct"]
    assert entry[0] is Verdict.EQUIVALENT
    assert "two binomial samples" in entry[1]


@pytest.mark.parametrize("verdict", [Verdict.EQUIVALENT, Verdict.DRIFTED, Verdict.UNVERIFIABLE])
def test_weights_and_losses_take_the_verdict_of_their_accuracies(root: Path, tmp_path: Path, verdict: Verdict) -> None:
    said = json.loads((root / RUN / "summary.json").read_text())
    said["weights"][2]["sha256"] = "0" * 64
    made = {f"{RUN}/{name}": tmp_path / name for name in ("summary.json", "history.csv")}
    made[f"{RUN}/summary.json"].write_text(json.dumps(said))
    made[f"{RUN}/history.csv"].write_text("other\n")
    check = Check("retrained", "rerun", "")
    rerun.compare_run(check, read_results(root), CELL, made, verdict, "with code a, made with b")
    given = found(check)
    assert given.keys() == {f"{RUN}/epoch-003.safetensors", f"{RUN}/history.csv"}
    assert {entry[0] for entry in given.values()} == {verdict}
    assert "with code a, made with b" in given[f"{RUN}/epoch-003.safetensors"][1]


def test_other_losses_with_the_same_weights_are_drifted(root: Path, tmp_path: Path) -> None:
    made = {f"{RUN}/summary.json": root / RUN / "summary.json", f"{RUN}/history.csv": tmp_path / "history.csv"}
    made[f"{RUN}/history.csv"].write_text("other\n")
    check = Check("retrained", "rerun", "")
    rerun.compare_run(check, read_results(root), CELL, made, Verdict.EQUIVALENT, "")
    assert {artifact: verdict for artifact, (verdict, _) in found(check).items()} == {
        f"{RUN}/history.csv": Verdict.DRIFTED
    }


def test_accuracies_that_could_not_be_compared_say_nothing_of_weights() -> None:
    check = Check("reevaluated", "rerun", "", not_run="no evaluation")
    assert rerun.outcome(check) is Verdict.UNVERIFIABLE
    assert rerun.outcome(Check("reevaluated", "rerun", "")) is Verdict.EQUIVALENT


def test_a_run_whose_data_are_gone_is_unverifiable(root: Path) -> None:
    (root / "mixtures/photos/full/00000.tar").unlink()
    weights, measured = rerun.checks(read_results(root), ROOT, CELL)
    (entry,) = weights.findings
    assert entry.verdict is Verdict.UNVERIFIABLE
    assert "00000.tar" in entry.reason
    assert measured.not_run == "the run could not be trained again"


def test_a_cell_that_is_not_there_is_told_with_those_that_are(root: Path) -> None:
    with pytest.raises(rerun.CellError, match=r"--cell photos/half/0.*write FAMILY/SIZE/SEED: photos/full/0"):
        rerun.checks(read_results(root), ROOT, "photos/half/0")


def test_with_one_seed_counts_are_held_against_each_other() -> None:
    own = Counted(500, 1000)
    assert p_value(Counted(500, 1000), own, [own])[0] == pytest.approx(1.0)
    p, test = p_value(Counted(600, 1000), own, [own])
    assert p < 1e-4
    assert "two binomial samples" in test


def test_with_three_seeds_their_spread_decides() -> None:
    seeds = [Counted(number, 1000) for number in (480, 500, 520)]
    near, far = (p_value(Counted(number, 1000), seeds[0], seeds) for number in (530, 900))
    assert near[0] > 0.1 > 0.01 > far[0]
    assert near[1] == "prediction interval of 3 seeds"
    assert p_value(Counted(500, 1000), seeds[1], [seeds[1]] * 3)[1] == "exact test of two binomial samples"


def test_a_further_seed_is_called_drifted_as_seldom_as_the_level_says() -> None:
    draws = np.random.default_rng(5)
    wrong, trials = 0, 4000
    for _ in range(trials):
        counts = draws.normal(5000, 60, 5).round().astype(int)
        new, *seeds = (Counted(int(count), 10_000) for count in counts)
        wrong += p_value(new, seeds[0], seeds)[0] < LEVEL
    assert binomtest(wrong, trials, LEVEL).pvalue > 0.001


def test_verdicts_share_the_level_among_all_comparisons() -> None:
    own = Counted(500, 1000)
    one = rerun.Measured("evals/a.json#1,reference/correct", Counted(565, 1000), own, [own])
    assert rerun.judged(one, 1)[0] is Verdict.DRIFTED
    assert rerun.judged(one, 100)[0] is Verdict.EQUIVALENT
    assert rerun.judged(rerun.Measured("a", own, own, [own]), 1) == (Verdict.IDENTICAL, "")
