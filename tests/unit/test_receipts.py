"""A job's receipt: beside the log of the same name, with digests of what went in and came out."""

import hashlib
import importlib.metadata
import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from snakemake.iocontainers import Namedlist

from datalines import environment, receipts
from datalines.files import read_json


def test_the_receipt_lies_beside_the_logs() -> None:
    log = Path("results/demo/logs/train_model/a-b-0.log")
    assert receipts.receipt_path(log) == Path("results/demo/receipts/train_model/a-b-0.json")


def test_a_folder_called_logs_above_the_results_is_left_alone() -> None:
    log = Path("/data/logs/results/demo/logs/train_model/a.log")
    assert receipts.receipt_path(log) == Path("/data/logs/results/demo/receipts/train_model/a.json")


def job(folder: Path, **more: Any) -> SimpleNamespace:
    """A job with two inputs, one of them a folder, and an output."""
    (folder / "in.txt").write_text("in")
    (folder / "results").mkdir(exist_ok=True)
    (folder / "results" / "records").mkdir(exist_ok=True)
    (folder / "results" / "records" / "out.csv").write_text("a,b\n1,2\n3,4\n")
    (folder / "folder").mkdir(exist_ok=True)
    files = Namedlist([str(folder / "in.txt"), str(folder / "folder")])
    files._set_name("sheep", 0)
    files._set_name("more", 1, end=2)
    given = {
        "rule": "count_sheep",
        "input": files,
        "output": Namedlist(fromdict={"csv": str(folder / "results" / "records" / "out.csv")}),
        "params": Namedlist(fromdict={"spec": {"a": [1, "ü"], "seed": 7, "deep": [{"seeds": [1, 2]}]}, "code": "abc"}),
        "wildcards": Namedlist(fromdict={"pool": "web"}),
        "threads": 2,
    }
    return SimpleNamespace(**{**given, **more})


def written(folder: Path, **more: Any) -> dict[str, Any]:
    receipts.write_receipt(job(folder, **more), folder / "results" / "logs" / "count_sheep" / "web.log", 1000.0, 1001.5)
    content: dict[str, Any] = read_json(folder / "results" / "receipts" / "count_sheep" / "web.json")
    return content


def test_a_receipt_says_what_was_asked_for_what_went_in_and_what_came_out(tmp_path: Path) -> None:
    content = written(tmp_path)
    assert content["schema"] == receipts.SCHEMA and content["root"] == str(tmp_path / "results")
    assert (content["rule"], content["wildcards"], content["code"]) == ("count_sheep", {"pool": "web"}, "abc")
    assert content["params"]["spec"]["a"] == [1, "ü"]
    assert content["seeds"] == {"spec.seed": 7, "spec.deep.0.seeds": [1, 2]}
    assert content["inputs"] == {str(tmp_path / "in.txt"): hashlib.sha256(b"in").hexdigest()}
    out = tmp_path / "results" / "records" / "out.csv"
    assert content["outputs"] == {
        str(out): {
            "kind": "records",
            "bytes": 12,
            "mtime_ns": out.stat().st_mtime_ns,
            "sha256": hashlib.sha256(out.read_bytes()).hexdigest(),
            "items": 2,
        }
    }
    assert content["names"] == {
        "inputs": {"sheep": str(tmp_path / "in.txt"), "more": [str(tmp_path / "folder")]},
        "outputs": {"csv": str(out)},
    }
    assert (content["threads"], content["seconds"]) == (2, 1.5)
    assert (content["started"], content["ended"]) == ("1970-01-01T00:16:40+00:00", "1970-01-01T00:16:41+00:00")
    assert content["environment"]["versions"]["numpy"] == importlib.metadata.version("numpy")
    assert (content["slurm"], content["attempt"], content["determinism"]) == (None, None, None)


def test_a_receipt_of_a_cluster_job_names_it_and_its_attempt(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLURM_JOB_ID", "12")
    monkeypatch.setenv("SLURM_RESTART_COUNT", "1")
    monkeypatch.delenv("SLURMD_NODENAME", raising=False)
    params = Namedlist(fromdict={"recipe": {"determinism": "seeded"}})
    content = written(tmp_path, resources={"attempt": 3}, params=params)
    assert content["slurm"] == {"job": "12", "restarts": "1"}
    assert (content["attempt"], content["determinism"], content["code"]) == (3, "seeded", None)


def test_restarts_reach_the_steps_of_a_job_and_no_other_job(monkeypatch: pytest.MonkeyPatch) -> None:
    """The plugin takes the variable away between the job, which reads the Snakefile, and its step, which runs it."""
    monkeypatch.delenv(environment.HANDED_ON, raising=False)
    monkeypatch.delenv("SLURMD_NODENAME", raising=False)
    monkeypatch.setenv("SLURM_JOB_ID", "12")
    monkeypatch.setenv("SLURM_RESTART_COUNT", "2")
    monkeypatch.setenv(environment.HANDED_ON, "")  # so that it is taken back after the test
    environment.hand_on_restarts()
    monkeypatch.delenv("SLURM_RESTART_COUNT")
    environment.hand_on_restarts()
    assert environment.cluster_job() == {"job": "12", "restarts": "2"}
    monkeypatch.setenv("SLURM_JOB_ID", "13")
    assert environment.cluster_job() == {"job": "13"}


def test_what_a_job_notes_stands_in_its_receipt(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(receipts, "_notes", {})
    receipts.note("segments", [1, 2])
    assert written(tmp_path)["notes"] == {"segments": [1, 2]}


def test_a_large_input_is_not_hashed_again_as_long_as_it_is_as_its_job_left_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(receipts, "LARGE", 8)
    root = tmp_path / "results"
    written(tmp_path)
    out = root / "records" / "out.csv"
    true = hashlib.sha256(out.read_bytes()).hexdigest()
    monkeypatch.setattr(receipts, "sha256_file", lambda path: "hashed")
    assert receipts.known_digest(out, root) == true
    later = out.stat().st_mtime_ns + 10**9  # Snakemake does that
    os.utime(out, ns=(later, later))
    assert receipts.known_digest(out, root) == true
    for change in (later + 7200 * 10**9, out.stat().st_mtime_ns - 10**12):
        os.utime(out, ns=(change, change))
        assert receipts.known_digest(out, root) == "hashed"
    os.utime(out, ns=(later, later))
    out.write_text("longer than it was")
    assert receipts.known_digest(out, root) == "hashed"
