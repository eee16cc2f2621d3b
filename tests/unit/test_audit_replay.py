"""A job done again from its receipt: where its files lie now, what is refused, and that results are only read."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from datalines.audit import apart
from datalines.audit.replay import ReplayError, plan, replay
from datalines.audit.results import Receipt, Results, read_results
from datalines.files import sha256_file
from tests.unit.failing_calls import fail
from tests.unit.replayed_study import ROOT, Replayed, copied, pool, snapshot


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Replayed:
    """A pool, filtered, sharded and mixed."""
    made = Replayed(tmp_path_factory.mktemp("study"))
    pool(made)
    return made


@pytest.fixture
def results(study: Replayed, tmp_path: Path) -> Results:
    """A copy of it elsewhere."""
    return read_results(copied(study, tmp_path / "elsewhere"))


def receipt(results: Results, of: str, **changes: Any) -> Receipt:
    """The rule's one receipt, with some of what it says changed in the file."""
    path = next(entry.path for entry in results.receipts if entry.rule == of)
    said = json.loads(results.file(path).read_text())
    results.file(path).write_text(json.dumps({**said, **changes}))
    return next(entry for entry in read_results(results.root).receipts if entry.path == path)


def test_a_job_gives_the_same_files_and_leaves_the_results_alone(results: Results, tmp_path: Path) -> None:
    before = snapshot(results.root)
    made = replay(results, receipt(results, "mix_shards"), ROOT, tmp_path / "new")
    assert snapshot(results.root).keys() == before.keys()
    assert {path: new.is_relative_to(tmp_path / "new") for path, new in made.items()} == {
        "mixtures/photos/full/manifest.json": True,
        "mixtures/photos/full/index.parquet": True,
    }
    for path, new in made.items():
        assert sha256_file(new) == sha256_file(results.file(path))
    changed = {path for path, state in snapshot(results.root).items() if state != before[path]}
    assert changed <= {"receipts/mix_shards", "receipts/mix_shards/photos-full.json"}
    assert (tmp_path / "new" / "state").is_dir()


def test_a_receipt_of_form_1_names_no_inputs(results: Results, tmp_path: Path) -> None:
    old = receipt(results, "mix_shards", names=None)
    with pytest.raises(ReplayError, match="of form 1"):
        plan(results, old, ROOT, tmp_path)


def test_what_asks_the_network_is_never_done(results: Results, tmp_path: Path) -> None:
    with pytest.raises(ReplayError, match="rule download_pool are not done again"):
        plan(results, receipt(results, "download_pool"), ROOT, tmp_path)


@pytest.mark.parametrize("rule", ["../../evil", "no_such_rule"])
def test_a_rule_that_is_none_of_the_checkouts_is_refused(results: Results, tmp_path: Path, rule: str) -> None:
    with pytest.raises(ReplayError, match="not done again"):
        plan(results, receipt(results, "mix_shards", rule=rule), ROOT, tmp_path)


def test_missing_and_altered_inputs_are_named(results: Results, tmp_path: Path) -> None:
    results.file("shards/photos/web/manifest.json").unlink()
    results.file("shards/photos/web/index.parquet").write_bytes(b"other")
    with pytest.raises(ReplayError, match=r"manifest.json is missing, shards/photos/web/index.parquet is altered"):
        plan(results, receipt(results, "mix_shards"), ROOT, tmp_path)


def test_a_bulk_file_that_is_gone_is_named_by_the_script(results: Results, tmp_path: Path) -> None:
    for tar in results.file("shards/photos/web").glob("*.tar"):
        tar.unlink()
    with pytest.raises(ReplayError, match=r"\.tar is missing or not as its manifest says"):
        replay(results, receipt(results, "mix_shards"), ROOT, tmp_path)


def test_other_code_is_told_and_does_not_hinder(results: Results, tmp_path: Path) -> None:
    assert plan(results, receipt(results, "mix_shards"), ROOT, tmp_path).remark == ""
    other = plan(results, receipt(results, "mix_shards", code="0123456789ab"), ROOT, tmp_path)
    assert other.remark.endswith("made with 0123456789ab")
    unfollowed = plan(results, receipt(results, "mix_shards", code="declared version"), ROOT, tmp_path)
    assert unfollowed.remark == ""


@pytest.mark.parametrize("names", [{}, {"inputs": 5, "outputs": []}, {"inputs": {"shards": [7]}, "outputs": {}}])
def test_a_receipt_that_makes_no_sense_is_told(results: Results, tmp_path: Path, names: dict[str, Any]) -> None:
    with pytest.raises(ReplayError, match="cannot be followed"):
        plan(results, receipt(results, "mix_shards", names=names), ROOT, tmp_path)


def test_a_receipt_that_names_fewer_outputs_than_it_tells_of(results: Results, tmp_path: Path) -> None:
    of = receipt(results, "mix_shards")
    names = {**of.said["names"], "outputs": {"manifest": of.said["names"]["outputs"]["manifest"]}}
    with pytest.raises(ReplayError, match="other outputs than it names"):
        plan(results, receipt(results, "mix_shards", names=names), ROOT, tmp_path)


def test_no_output_leaves_the_folder(results: Results, tmp_path: Path) -> None:
    of = receipt(results, "mix_shards")
    names = {**of.said["names"], "outputs": {"manifest": "results/tiny/../../evil.json", "listing": "/evil"}}
    with pytest.raises(ReplayError, match="is no file of these results"):
        plan(results, receipt(results, "mix_shards", names=names), ROOT, tmp_path)


def test_only_scripts_of_the_checkout_are_run(results: Results, tmp_path: Path) -> None:
    evil = results.file("evil.py")
    evil.write_text("raise SystemExit\n")
    of = receipt(results, "mix_shards")
    for script in (str(evil), f"{ROOT}/workflow/scripts/../../../{evil}", "results/tiny/evil.py", "datalines/cli.py"):
        names = {**of.said["names"], "inputs": {"rows": [], "script": script}}
        drawn = receipt(results, "mix_shards", rule="make_table", names=names)
        with pytest.raises(ReplayError, match="no other is run"):
            plan(results, drawn, ROOT, tmp_path)


def test_without_the_checkouts_scripts_it_says_what_to_do(results: Results, tmp_path: Path) -> None:
    with pytest.raises(ReplayError, match="run the audit from a checkout"):
        plan(results, receipt(results, "mix_shards"), tmp_path, tmp_path)


def test_states_lie_in_the_new_folder(results: Results, tmp_path: Path) -> None:
    assert plan(results, receipt(results, "mix_shards"), ROOT, tmp_path).values["states"] == str(tmp_path / "state")


def test_another_file_in_an_inputs_place(results: Results, tmp_path: Path) -> None:
    of, path = receipt(results, "mix_shards"), "shards/photos/web/manifest.json"
    results.file(path).unlink()
    job = plan(results, of, ROOT, tmp_path, {path: tmp_path / "other.json"})
    assert job.values["shards"] == [str(tmp_path / "other.json")]


def test_what_goes_wrong_in_another_process_is_told_and_the_others_go_on() -> None:
    said = list(apart.each(fail, ["sentence", "exit", "error", "killed", ""], 1))
    assert said[:3] == ["a sentence", "SystemExit: 3", "KeyError: 'name'"]
    assert said[3:] == ["its process was killed; was there memory enough?", ""]


def test_downloads_are_found_beside_the_results_or_in_the_checkout(results: Results, tmp_path: Path) -> None:
    beside = results.root.parent / "downloads" / "list.csv"
    beside.parent.mkdir()
    shutil.copy(results.file("filters/photos/web/report.json"), beside)
    of, raw = receipt(results, "mix_shards"), "results/downloads/list.csv"
    names = {**of.said["names"], "inputs": {**of.said["names"]["inputs"], "subsets": [raw]}}
    inputs = {**of.said["inputs"], raw: sha256_file(beside)}
    job = plan(results, receipt(results, "mix_shards", names=names, inputs=inputs), ROOT, tmp_path)
    assert job.values["subsets"] == [str(beside)]
