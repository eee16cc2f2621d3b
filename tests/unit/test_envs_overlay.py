"""An environment that lies over another one sees its packages behind its own few."""

import importlib.metadata
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest
from packaging.requirements import Requirement

from tests.unit.test_envs import finished_venv, load_setup, pins


@pytest.fixture
def setup() -> ModuleType:
    """envs/setup.py."""
    return load_setup()


def real_venv(folder: Path, **modules: str) -> Path:
    """An environment without pip whose packages are these modules of one line."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
    packages = next((folder / "lib").glob("python3.*/site-packages"))
    for name, line in modules.items():
        (packages / f"{name}.py").write_text(f"{line}\n")
    return folder


def seen(venv: Path, module: str) -> str:
    """What the module's `where` is in an environment."""
    code = f"import {module}; print({module}.where)"
    done = subprocess.run([venv / "bin" / "python", "-c", code], capture_output=True, text=True, check=False)
    return done.stdout.strip() or done.stderr.splitlines()[-1]


def test_its_own_packages_come_first_and_the_others_after_them(setup: ModuleType, tmp_path: Path) -> None:
    under = real_venv(tmp_path / "under", both="where = 'under'", theirs="where = 'under'")
    over = real_venv(tmp_path / "over", both="where = 'over'")
    assert "No module named 'theirs'" in seen(over, "theirs")
    setup.lay_over(over, under)
    assert (seen(over, "both"), seen(over, "theirs"), seen(under, "both")) == ("over", "under", "under")


def test_another_environment_under_it_takes_the_place_of_the_first(setup: ModuleType, tmp_path: Path) -> None:
    over = real_venv(tmp_path / "over")
    for name in ("first", "second"):
        setup.lay_over(over, real_venv(tmp_path / name, module=f"where = '{name}'"))
    assert seen(over, "module") == "second"


def test_pip_does_not_see_the_packages_under_it(
    setup: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    over, under = real_venv(tmp_path / "over"), real_venv(tmp_path / "under", module="where = 'under'")
    found: list[str] = []
    monkeypatch.setattr(setup, "install", lambda venv, layer, lock: found.append(seen(venv, "module")))
    setup.build(over, "open-clip")
    setup.lay_over(over, under)
    (over / "setup-open-clip.stamp").unlink()
    setup.build(over, "open-clip")
    assert found == 2 * ["ModuleNotFoundError: No module named 'module'"]


@pytest.mark.parametrize("there", [None, "img2dataset"])
def test_without_the_environment_under_it_the_set_up_says_what_to_make(
    setup: ModuleType, tmp_path: Path, there: str | None
) -> None:
    under = tmp_path / "under"
    if there is not None:
        finished_venv(setup, under, there)
    command = [sys.executable, setup.__file__, "open-clip", "--venv", tmp_path / "over", "--over", under]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert f"python3 envs/setup.py demo --venv {under}" in done.stderr
    assert not (tmp_path / "over").exists()


def test_the_set_up_goes_on_under_the_interpreter_of_the_environment_under_it(
    setup: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    under = finished_venv(setup, tmp_path / "under", "demo")
    started: list[list[str]] = []
    monkeypatch.setattr(os, "execv", lambda path, words: started.append([path, *words]))
    setup.check_under("open-clip", under)
    assert started == []
    monkeypatch.setattr(sys, "version_info", (3, 99, 0))
    setup.check_under("open-clip", under)
    python = str(under / "bin" / "python")
    assert started == [[python, python, *sys.argv]]


def test_the_overlay_holds_only_what_the_demo_has_in_another_version() -> None:
    base = pins("demo")
    assert {name for name, version in pins("open-clip").items() if base[name] == version} == set()


def test_the_overlay_is_what_open_clip_asks_for_its_trainer() -> None:
    asked = [Requirement(text) for text in importlib.metadata.requires("open_clip_torch") or []]
    (wanted,) = [
        requirement.specifier
        for requirement in asked
        if requirement.name == "webdataset"
        and requirement.marker
        and requirement.marker.evaluate({"extra": "training"})
    ]
    assert wanted.contains(pins("open-clip")["webdataset"])
    assert not wanted.contains(pins("demo")["webdataset"])
