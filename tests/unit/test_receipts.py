"""A job's receipt: beside the log of the same name, with digests of what went in and came out."""

import hashlib
import importlib.metadata
from pathlib import Path
from types import SimpleNamespace

import pytest
from snakemake.iocontainers import Namedlist

from datalines import receipts
from datalines.files import read_json


def test_the_receipt_lies_beside_the_logs() -> None:
    log = Path("results/demo/logs/train_model/a-b-0.log")
    assert receipts.receipt_path(log) == Path("results/demo/receipts/train_model/a-b-0.json")


def test_a_folder_called_logs_above_the_results_is_left_alone() -> None:
    log = Path("/data/logs/results/demo/logs/train_model/a.log")
    assert receipts.receipt_path(log) == Path("/data/logs/results/demo/receipts/train_model/a.json")


def test_versions_name_what_is_installed_and_skip_what_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(receipts, "PACKAGES", ("numpy", "no-such-package-here"))
    found = receipts.versions()
    assert found["numpy"] == importlib.metadata.version("numpy")
    assert set(found) == {"python", "numpy"}


def test_a_receipt_holds_digests_of_inputs_and_outputs(tmp_path: Path) -> None:
    (tmp_path / "in.txt").write_text("in")
    (tmp_path / "out.txt").write_text("output")
    (tmp_path / "folder").mkdir()
    job = SimpleNamespace(
        rule="count_sheep",
        input=Namedlist([str(tmp_path / "in.txt"), str(tmp_path / "folder")]),
        output=Namedlist([str(tmp_path / "out.txt")]),
        params=Namedlist(fromdict={"spec": {"a": [1, "ü"]}, "code": "abc"}),
        wildcards=Namedlist(fromdict={"pool": "web"}),
        threads=2,
    )
    receipts.write_receipt(job, tmp_path / "logs" / "count_sheep" / "web.log", 1000.0, 1001.5)
    content = read_json(tmp_path / "receipts" / "count_sheep" / "web.json")
    assert content["rule"] == "count_sheep"
    assert content["wildcards"] == {"pool": "web"}
    assert content["params"] == {"spec": {"a": [1, "ü"]}, "code": "abc"}
    assert content["inputs"] == {str(tmp_path / "in.txt"): hashlib.sha256(b"in").hexdigest()}
    assert content["outputs"] == {
        str(tmp_path / "out.txt"): {"bytes": 6, "sha256": hashlib.sha256(b"output").hexdigest()}
    }
    assert (content["threads"], content["seconds"]) == (2, 1.5)
    assert content["started"] == "1970-01-01T00:16:40+00:00"
    assert "numpy" in content["versions"]
