"""What a receipt says of the machine and of what is installed."""

import importlib.metadata
import re
from pathlib import Path

import pytest

from datalines import environment


def test_versions_name_what_is_installed_and_skip_what_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(environment, "PACKAGES", ("numpy", "no-such-package-here"))
    found = environment.versions()
    assert found["numpy"] == importlib.metadata.version("numpy")
    assert set(found) == {"python", "numpy"}


def test_the_environment_changes_with_what_is_installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    environment.environment.cache_clear()
    before = environment.environment()
    assert re.fullmatch("[0-9a-f]{64}", before["installed"])
    (tmp_path / "sheep-1.0.dist-info").mkdir()
    monkeypatch.syspath_prepend(str(tmp_path))
    environment.environment.cache_clear()
    after = environment.environment()
    assert after["installed"] != before["installed"]
    assert {**after, "installed": ""} == {**before, "installed": ""}
    environment.environment.cache_clear()


def test_driver_and_gpus_are_read_where_there_are_any(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(environment, "DRIVER", tmp_path)
    assert (environment.driver(), environment.gpus()) == (None, [])
    said = "NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  580.95.05  Release Build  (dvs-builder)\n"
    (tmp_path / "version").write_text(said)
    for bus, model in (("0000:41:00.0", "NVIDIA H200"), ("0000:0a:00.0", "NVIDIA H100 80GB HBM3")):
        (tmp_path / "gpus" / bus).mkdir(parents=True)
        (tmp_path / "gpus" / bus / "information").write_text(f"Model: \t\t {model}\nIRQ:   \t\t 12\n")
    assert environment.driver() == "580.95.05"
    assert environment.gpus() == ["NVIDIA H100 80GB HBM3", "NVIDIA H200"]
    (tmp_path / "version").write_text("NVRM version: NVIDIA UNIX x86_64 Kernel Module  535.183.01  Sun May 12\n")
    assert environment.driver() == "535.183.01"
