"""The tiny study from nothing to the report, and what a second call does."""

import json
import re
from pathlib import Path

import pandas as pd
import pytest

from datalines.files import read_json, sha256_file
from tests.workflow.checkout import NOTHING, Call, Checkout

JOBS = {
    "download_pool": 4, "filter_pool": 3, "write_shards": 3, "mix_shards": 4, "prepare_shift": 3, "filter_shift": 1,
    "train_model": 4, "evaluate_run": 5, "collect_records": 1, "collect_pools": 1, "fit_lines": 1, "draw_figure": 2,
    "make_table": 1, "collect_statistics": 1, "collect_samples": 1, "draw_samples": 2, "draw_batches": 1,
    "write_report": 1,
}  # fmt: skip

pytestmark = [pytest.mark.workflow, pytest.mark.slow]


def test_every_job_runs_once_and_leaves_its_receipt(first_call: tuple[Checkout, Call]) -> None:
    checkout, call = first_call
    assert call.jobs() == JOBS
    receipts = [read_json(path) for path in (checkout.results / "receipts").rglob("*.json")]
    assert len(receipts) == sum(JOBS.values())
    for receipt in receipts:
        for name, stated in receipt["outputs"].items():
            assert sha256_file(checkout.root / name) == stated["sha256"], name


def test_nothing_is_left_lying_about(finished: Checkout) -> None:
    """Every file is a declared output or named by a manifest or summary; no temporary file, no training state.

    Beside locks the state holds what finished runs leave behind, and the ids of every mixture.
    """
    declared = {name for path in (finished.results / "receipts").rglob("*.json") for name in read_json(path)["outputs"]}
    named: set[str] = set()
    for path in [
        *finished.results.glob("shards/*/*/manifest.json"),
        *finished.results.glob("mixtures/*/*/manifest.json"),
    ]:
        named |= {str(path.with_name(shard["path"]).relative_to(finished.root)) for shard in read_json(path)["shards"]}
    for path in finished.results.glob("runs/*/*/*/summary.json"):
        named |= {str(path.with_name(entry["path"]).relative_to(finished.root)) for entry in read_json(path)["weights"]}
    report = finished.results / "report" / "pages.json"
    named |= {str((report.parent / entry["path"]).relative_to(finished.root)) for entry in read_json(report)["pages"]}
    found = {f"results/tiny/{name}" for name in finished.digests()}
    assert found == declared | named
    assert {path.suffix for path in (finished.results / "state").iterdir()} == {".lock", ".done", ""}
    assert {path.name for path in (finished.results / "state").iterdir() if not path.suffix} == {"mixtures"}


def test_the_report_holds_what_the_study_declares(finished: Checkout) -> None:
    page = (finished.results / "report" / "index.html").read_text()
    for text in (
        "tiny: one of everything",
        "A tiny paper",
        "Lines",
        "Ensembles",
        "Everything here is tiny.",
        "Photos",
        "Drawings",
    ):
        assert text in page, text
    links = set(re.findall(r'(?:href|src)="((?!data:|#|http)[^"]+)"', page))
    assert links and all((finished.results / "report" / link).is_file() for link in links)


def test_the_records_are_the_declared_grid(finished: Checkout) -> None:
    frame = pd.read_csv(finished.results / "records" / "sources.csv")
    models = frame[frame["kind"] == "model"]
    assert models.groupby(["family", "size"])["epoch"].unique().map(list).to_dict() == {
        ("photos", "half"): [1, 2], ("photos", "full"): [1, 2], ("both", "full"): [1, 2], ("labelled", "full"): [2],
    }  # fmt: skip
    assert set(frame["shift"]) == {"reference", "sketch", "hard"}
    assert frame.groupby("shift")["n"].unique().map(list).to_dict() == {"reference": [40], "sketch": [40], "hard": [10]}
    # The adversarial set was kept because this very model gets every image of it wrong.
    assert models.query("family == 'labelled' and shift == 'hard'")["correct"].tolist() == [0]


def test_counts_add_up_from_pool_to_mixture(finished: Checkout) -> None:
    pools = pd.read_csv(finished.results / "records" / "pools.csv").set_index("pool")
    for pool, row in pools.iterrows():
        assert row["requested"] == row["stored"] + sum(json.loads(row["failed"]).values()), pool
        assert row["stored"] == row["kept"] + sum(json.loads(row["dropped"]).values()), pool
    manifest = read_json(finished.results / "mixtures" / "labelled" / "full" / "manifest.json")
    taken = {entry["pool"]: entry["samples"] for entry in manifest["entries"]}
    assert taken == {"folder": pools.loc["folder", "kept"], "photos": 40}
    both = read_json(finished.results / "mixtures" / "both" / "full" / "manifest.json")
    assert [entry["samples"] for entry in both["entries"]] == [48, 48]


def test_a_second_call_has_nothing_to_do(finished: Checkout) -> None:
    before = finished.digests()
    call = finished.call()
    assert NOTHING in call.text and call.jobs() == {}
    assert finished.digests() == before


def test_receipts_say_at_which_attempt_and_with_which_seed_a_job_ran(finished: Checkout) -> None:
    receipts = [read_json(path) for path in (finished.results / "receipts").rglob("*.json")]
    assert {receipt["attempt"] for receipt in receipts} == {1}
    runs = [receipt["seeds"] for receipt in receipts if receipt["rule"] == "train_model"]
    assert runs == [{"wildcards.seed": "0"}] * JOBS["train_model"]


def test_snakemake_makes_its_own_report(finished: Checkout, tmp_path: Path) -> None:
    call = finished.call("--report", str(tmp_path / "report.html"))
    assert call.code == 0 and "Report created" in call.text, call.text
    page = (tmp_path / "report.html").read_text()
    for path in ("papers/tiny/fig-02.pdf", "papers/tiny/tab-01.md"):  # both made and shown
        assert page.count(path) > 1, path


def test_a_paper_can_be_asked_for_by_name(finished: Checkout, fresh: Checkout) -> None:
    assert finished.plan("paper_tiny") == {}
    jobs = fresh.plan("paper_tiny")
    jobs.pop("paper_tiny")
    assert jobs == {
        rule: count
        for rule, count in JOBS.items()
        if rule not in ("collect_samples", "draw_samples", "draw_batches", "write_report")
    }
