"""The environment files agree with each other, and the set-up script keeps its promises without installing anything."""

import importlib.util
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest
import yaml
from packaging.markers import Marker
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from datalines.version import VERSION

ROOT = Path(__file__).resolve().parents[2]
ENVS = ROOT / "envs"
LOCKS = ("demo", "dev", "slurm", "img2dataset", "open-clip", "exchange")
CONDA_PYTHON = {"python_version": "3.11", "python_full_version": "3.11.9"}


def blocks(lock: str) -> list[str]:
    """The requirements of a lock, each with its continuation lines joined."""
    text = re.sub(r"^\s*#.*\n", "", (ENVS / f"{lock}.lock").read_text(), flags=re.MULTILINE)
    return [" ".join(block.split()) for block in text.replace("\\\n", " ").splitlines() if block.strip()]


def pins(lock: str) -> dict[str, str]:
    """Name -> version of a lock, as Python 3.11 reads it."""
    found: dict[str, str] = {}
    for block in blocks(lock):
        requirement = Requirement(block.split(" --hash")[0])
        marker: Marker | None = requirement.marker
        if marker is None or marker.evaluate(CONDA_PYTHON):
            found[canonicalize_name(requirement.name)] = str(requirement.specifier).removeprefix("==")
    return found


def load_setup() -> ModuleType:
    """envs/setup.py as a module: it lies outside the packages on purpose."""
    spec = importlib.util.spec_from_file_location("envs_setup", ENVS / "setup.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def finished_venv(setup: ModuleType, folder: Path, layer: str) -> Path:
    """What an environment looks like after a complete set-up, without the packages."""
    python = ".".join(map(str, sys.version_info[:2]))
    (folder / "bin").mkdir(parents=True)
    (folder / "bin" / "python").symlink_to(sys.executable)
    (folder / "pyvenv.cfg").write_text(f"home = /usr/bin\nversion = {python}.4\n")
    for name in setup.LAYERS[layer]:
        (folder / f"setup-{name}.stamp").write_text(setup.fingerprint(name, python) + "\n")
    return folder


@pytest.mark.parametrize("lock", LOCKS)
def test_every_requirement_is_pinned_with_a_hash(lock: str) -> None:
    assert blocks(lock)
    for block in blocks(lock):
        assert re.match(r"^[a-z0-9-]+==\S+ ", block), block
        assert re.search(r"--hash=sha256:[0-9a-f]{64}", block), block


@pytest.mark.parametrize("lock", LOCKS)
def test_locks_name_no_place(lock: str) -> None:
    text = (ENVS / f"{lock}.lock").read_text()
    assert "://" not in text
    assert not re.search(r"^#.*\s/\w", text, flags=re.MULTILINE)
    assert "--index" not in text


@pytest.mark.parametrize("lock", ["dev", "slurm"])
def test_locks_install_together(lock: str) -> None:
    base = pins("demo")
    differing = {
        name: (version, base[name]) for name, version in pins(lock).items() if base.get(name, version) != version
    }
    assert differing == {}


@pytest.mark.parametrize("lock", LOCKS)
def test_every_chosen_package_is_locked(lock: str) -> None:
    chosen = [
        line for line in (ENVS / f"{lock}.in").read_text().splitlines() if line and not line.startswith(("#", "-c"))
    ]
    for line in chosen:
        requirement = Requirement(line)
        if requirement.marker is None or requirement.marker.evaluate(CONDA_PYTHON):
            assert requirement.specifier.contains(pins(lock)[canonicalize_name(requirement.name)]), line


def test_torch_and_torchvision_are_the_stated_pair() -> None:
    assert (pins("demo")["torch"], pins("demo")["torchvision"]) == ("2.12.1", "0.27.1")


@pytest.mark.parametrize("group", ["data", "train", "figures"])
def test_conda_files_have_the_versions_of_the_lock(group: str) -> None:
    conda = yaml.safe_load((ENVS / f"{group}.yaml").read_text())
    assert "python=3.11" in conda["dependencies"]
    requirements = next(entry["pip"] for entry in conda["dependencies"] if isinstance(entry, dict))
    locked = pins("demo")
    for line in requirements:
        name, version = line.split("==")
        assert locked[name] == version


def test_nothing_to_do_installs_nothing(tmp_path: Path) -> None:
    venv = finished_venv(load_setup(), tmp_path / "venv", "dev")
    before = {path: path.stat().st_mtime_ns for path in venv.rglob("*") if path.is_file()}
    done = subprocess.run(
        [sys.executable, ENVS / "setup.py", "dev", "--venv", venv], capture_output=True, text=True, check=True
    )
    assert done.stdout == ""
    assert {path: path.stat().st_mtime_ns for path in before} == before
    assert not list(venv.glob("*.log"))


def test_a_changed_lock_is_noticed_in_every_layer_above(tmp_path: Path) -> None:
    setup = load_setup()
    for name in LOCKS:
        (tmp_path / f"{name}.lock").write_text(name)
    before = {name: setup.fingerprint(name, "3.11", tmp_path) for name in LOCKS}
    (tmp_path / "demo.lock").write_text("changed")
    changed = [name for name in LOCKS if setup.fingerprint(name, "3.11", tmp_path) != before[name]]
    assert changed == ["demo", "dev", "slurm"]
    (tmp_path / "demo.lock").write_text("demo")
    (tmp_path / "dev.lock").write_text("changed")
    changed = [name for name in LOCKS if setup.fingerprint(name, "3.11", tmp_path) != before[name]]
    assert changed == ["dev"]


def test_an_interrupted_installation_is_started_again(tmp_path: Path) -> None:
    setup = load_setup()
    venv = finished_venv(setup, tmp_path / "venv", "demo")
    assert setup.missing_layers(venv, "demo") == []
    assert setup.missing_layers(venv, "dev") == ["dev"]
    (venv / "setup-incomplete").touch()
    assert setup.missing_layers(venv, "dev") == ["demo", "dev"]


def test_a_lost_interpreter_is_noticed(tmp_path: Path) -> None:
    setup = load_setup()
    venv = finished_venv(setup, tmp_path / "venv", "demo")
    (venv / "bin" / "python").unlink()
    (venv / "bin" / "python").symlink_to(tmp_path / "gone")
    assert setup.missing_layers(venv, "demo") == ["demo"]


def test_a_full_disk_is_an_error_before_anything_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    setup = load_setup()
    monkeypatch.setitem(setup.SPACE, "demo", 1e9)
    with pytest.raises(setup.SetupError, match=r"GB free.*VENV="):
        setup.build(tmp_path / "venv", "demo")
    assert not (tmp_path / "venv").exists()


def test_an_old_python_is_an_error_that_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    setup = load_setup()
    monkeypatch.setattr(setup, "OLDEST", (99, 0))
    monkeypatch.setattr(setup, "NEWER", ())
    with pytest.raises(setup.SetupError, match="make PYTHON="):
        setup.use_new_enough_python()


def test_a_folder_of_something_else_is_left_alone(tmp_path: Path) -> None:
    setup = load_setup()
    (tmp_path / "venv").mkdir()
    (tmp_path / "venv" / "thesis.tex").write_text("ten years of work")
    with pytest.raises(setup.SetupError, match="not a virtual environment"):
        setup.discard_broken(tmp_path / "venv")
    assert (tmp_path / "venv" / "thesis.tex").exists()


@pytest.mark.parametrize(
    ("there", "wanted"), [("demo", "img2dataset"), ("img2dataset", "dev"), ("demo", "open-clip"), ("open-clip", "demo")]
)
def test_layers_that_conflict_are_kept_apart(tmp_path: Path, there: str, wanted: str) -> None:
    setup = load_setup()
    venv = finished_venv(setup, tmp_path / "venv", there)
    with pytest.raises(setup.SetupError, match=rf"holds {there}, .* conflict with those of {wanted}\. Name another"):
        setup.check_alone(venv, wanted)
    setup.check_alone(venv, there)


def test_img2dataset_gets_no_command_of_ours(tmp_path: Path) -> None:
    venv = finished_venv(load_setup(), tmp_path / "venv", "img2dataset")
    subprocess.run([sys.executable, ENVS / "setup.py", "img2dataset", "--venv", venv], check=True)
    assert not (venv / "bin" / "datalines").exists()


@pytest.fixture
def launcher(tmp_path: Path) -> Path:
    """The command `datalines` of an environment whose path has a space, written by the set-up."""
    venv = finished_venv(load_setup(), tmp_path / "my venv", "demo")
    python = venv / "bin" / "python"
    python.unlink()
    # A link would lose the packages of the environment that runs the tests.
    python.write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n')
    python.chmod(0o755)
    subprocess.run([sys.executable, ENVS / "setup.py", "demo", "--venv", venv], check=True)
    return venv / "bin" / "datalines"


@pytest.mark.parametrize("folder", ["", "datalines", "config/scales"])
def test_the_command_works_in_every_folder_of_the_checkout(launcher: Path, folder: str) -> None:
    done = subprocess.run([launcher, "--version"], cwd=ROOT / folder, capture_output=True, text=True, check=True)
    assert done.stdout == f"datalines {VERSION}\n"
    failed = subprocess.run([launcher, "a b", "c"], cwd=ROOT / folder, capture_output=True, text=True, check=False)
    assert (failed.returncode, failed.stderr.split("; ")[0][:38]) == (2, "datalines: there is no command 'a b'. ")


def test_outside_a_checkout_the_command_says_so(launcher: Path, tmp_path: Path) -> None:
    done = subprocess.run([launcher], cwd=tmp_path, capture_output=True, text=True, check=False)
    text = f"datalines: {tmp_path} is not inside a checkout of datalines; change to one\n"
    assert (done.returncode, done.stderr) == (2, text)


def test_a_launcher_that_is_right_is_left_alone(launcher: Path) -> None:
    before = launcher.stat()
    load_setup().write_launcher(launcher.parents[1])
    assert (launcher.stat().st_ino, launcher.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    launcher.write_text("old")
    load_setup().write_launcher(launcher.parents[1])
    assert "-m datalines" in launcher.read_text()
