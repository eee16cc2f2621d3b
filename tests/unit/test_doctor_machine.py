"""What the doctor says of a machine: limits of control groups, disk, file system, clock, GPUs, Slurm, packages."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from datalines.doctor import cluster, gpus, installed, limits, machine, profile
from datalines.doctor.line import Asked, Line, State
from datalines.doctor.needed import Needed

GIB = 1 << 30
TORCH = {"torch": "2.12.1+cu130", "cuda": "13.0", "archs": ["sm_80", "sm_90", "compute_90"], "found": [["H100", 9, 0]]}


@pytest.fixture
def asked(tmp_path: Path) -> Asked:
    """A checkout of one file, with a local profile."""
    folder = tmp_path / "profiles" / "here"
    folder.mkdir(parents=True)
    (folder / "config.yaml").write_text("jobs: 1\n")
    (tmp_path / "Snakefile").touch()
    return Asked(tmp_path, "demo", None, folder)


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def test_limits_of_version_2_are_the_least_on_the_way_up(tmp_path: Path) -> None:
    proc, groups = tmp_path / "proc", tmp_path / "cgroup"
    write(proc / "self" / "cgroup", "0::/user/job\n")
    write(groups / "memory.max", "max\n")
    write(groups / "user" / "memory.max", f"{8 * GIB}\n")
    write(groups / "user" / "cpu.max", "150000 100000\n")
    write(groups / "user" / "job" / "memory.max", f"{16 * GIB}\n")
    write(groups / "user" / "job" / "cpu.max", "max 100000\n")
    assert limits.group_limits(proc, groups) == (8 * GIB, 1.5)


def test_limits_of_version_1(tmp_path: Path) -> None:
    proc, groups = tmp_path / "proc", tmp_path / "cgroup"
    write(proc / "self" / "cgroup", "4:memory:/a/b\n2:cpu,cpuacct:/a\n1:name=systemd:/\n")
    write(groups / "memory" / "memory.limit_in_bytes", "9223372036854771712\n")
    write(groups / "memory" / "a" / "b" / "memory.limit_in_bytes", f"{2 * GIB}\n")
    write(groups / "cpu,cpuacct" / "a" / "cpu.cfs_quota_us", "400000\n")
    write(groups / "cpu,cpuacct" / "a" / "cpu.cfs_period_us", "100000\n")
    assert limits.group_limits(proc, groups) == (2 * GIB, 4.0)


@pytest.mark.parametrize("text", ["", "0::/gone\n", "nonsense\n"])
def test_no_limits_where_nothing_says_so(text: str, tmp_path: Path) -> None:
    write(tmp_path / "proc" / "self" / "cgroup", text)
    assert limits.group_limits(tmp_path / "proc", tmp_path / "cgroup") == (None, None)
    assert limits.group_limits(tmp_path / "nowhere", tmp_path / "cgroup") == (None, None)


def test_fewer_cores_than_the_machine_shows_are_told(asked: Asked, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "usable_cores", lambda: 64)
    monkeypatch.setattr(machine, "group_limits", lambda: limits.Limits(32 * GIB, 2.5))
    line = machine.memory(asked)
    assert (line.state, "CORES=2" in line.todo) == (State.LOOK, True)


@pytest.mark.parametrize(("total", "state"), [(2 * GIB, State.LOOK), (8 * GIB, State.OK)])
def test_memory(total: int, state: State, asked: Asked, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "group_limits", lambda: limits.Limits(None, None))
    monkeypatch.setattr(machine, "memory_of_machine", lambda: total)
    assert machine.memory(asked).state is state


@pytest.mark.parametrize(("need", "state"), [(99, State.OK), (990, State.LOOK), (1001, State.BROKEN)])
def test_disk(need: float, state: State, asked: Asked, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(free=1000))
    monkeypatch.setattr(machine, "bytes_needed", lambda study, checkout: Needed(need, []))
    studied = Asked(asked.checkout, "demo", SimpleNamespace(), asked.profile)  # type: ignore[arg-type]
    assert machine.disk(studied).state is state


def test_a_quota_that_is_exceeded(asked: Asked, monkeypatch: pytest.MonkeyPatch) -> None:
    said = "Disk quotas for user a:\n  Filesystem  blocks\n  /dev/home  9000*  8000  9000\n  /dev/data  10  80  90\n"
    monkeypatch.setattr(shutil, "which", lambda name: f"/usr/bin/{name}")
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: SimpleNamespace(stdout=said))
    line = machine.disk(asked)
    assert (line.state, "over quota on /dev/home" in line.found) == (State.LOOK, True)


def test_the_file_system_is_tried_and_left_as_it_was(asked: Asked) -> None:
    before = sorted(asked.checkout.rglob("*"))
    assert machine.file_system(asked).state is State.OK
    assert machine.clock(asked).state is State.OK
    assert sorted(asked.checkout.rglob("*")) == before


def test_what_a_file_system_lacks(asked: Asked, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_links(*_: Any) -> None:
        raise OSError

    monkeypatch.setattr(os, "link", no_links)
    monkeypatch.setattr(machine.fcntl, "flock", lambda *_: None)
    line = machine.file_system(asked)
    assert (line.state, line.found.endswith("without hard links and locks")) == (State.LOOK, True)


def test_results_that_cannot_be_written(asked: Asked, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(machine.tempfile, "TemporaryDirectory", refuse)
    line = machine.file_system(asked)
    assert (line.state, "Permission denied" in line.found) == (State.BROKEN, True)


def test_files_of_the_future_and_clocks_that_differ(asked: Asked, monkeypatch: pytest.MonkeyPatch) -> None:
    then = time.time() + 3600
    os.utime(asked.checkout / "Snakefile", (then, then))
    line = machine.clock(asked)
    assert (line.state, "before the times of Snakefile" in line.found) == (State.LOOK, True)
    os.utime(asked.checkout / "Snakefile", (0, 0))
    now = time.time()
    monkeypatch.setattr(machine.time, "time", lambda: now - 50)
    assert "ahead" in machine.clock(asked).found


@pytest.mark.parametrize(
    ("said", "allowed", "state", "text"),
    [
        ({}, None, State.OK, "1 with torch 2.12.1+cu130, driver 580: H100 (9.0)"),
        ({"found": []}, None, State.BROKEN, "torch sees none"),
        ({"found": []}, 0, State.LOOK, "hidden by $CUDA_VISIBLE_DEVICES"),
        ({"found": [], "cuda": None}, None, State.BROKEN, "was built without CUDA"),
        ({"found": [["K80", 3, 7]]}, None, State.BROKEN, "holds no code for K80 (3.7)"),
        ({"found": [["B200", 10, 0]]}, None, State.OK, "B200 (10.0)"),
        ({"found": [["B200", 10, 0]], "archs": ["sm_90"]}, None, State.BROKEN, "holds no code"),
        ({"found": [["L4", 8, 9]], "archs": ["sm_80"]}, None, State.OK, "L4 (8.9)"),
    ],
)
def test_gpus(said: dict[str, Any], allowed: int | None, state: State, text: str) -> None:
    line = gpus.judged({**TORCH, **said}, "580", allowed)
    assert line.state is state
    assert text in line.found


def test_a_machine_without_a_driver(asked: Asked, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gpus, "driver", lambda: None)
    monkeypatch.setattr(gpus, "CONTROL", tmp_path / "none")
    assert gpus.examine(asked).state is State.OK
    (asked.profile / "config.yaml").write_text("set-resources: {train_model: {gpu: 1}}\n")
    assert gpus.examine(asked).state is State.BROKEN
    (asked.profile / "config.yaml").write_text("executor: slurm\nset-resources: {train_model: {gpu: 1}}\n")
    assert gpus.examine(asked).state is State.OK


def test_a_torch_that_does_not_answer(asked: Asked, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gpus, "driver", lambda: "580")
    monkeypatch.setattr(gpus, "PATIENCE", 0.05)
    monkeypatch.setattr(gpus, "PROBE", "import time; time.sleep(60)")
    assert "no answer" in gpus.examine(asked).found
    monkeypatch.setattr(gpus, "PATIENCE", 60)
    monkeypatch.setattr(gpus, "PROBE", "raise SystemExit('libcuda is not there')")
    line = gpus.examine(asked)
    assert (line.state, "libcuda is not there" in line.found) == (State.BROKEN, True)


Sinfo = Callable[..., Line]


@pytest.fixture
def slurm(asked: Asked, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Sinfo:
    """Examines a profile of Slurm where `sinfo` is a script."""

    def examine(script: str, partition: str = "") -> Line:
        text = (
            f"executor: slurm\ndefault-resources: {{slurm_partition: {partition}}}\n"
            if partition
            else "executor: slurm\n"
        )
        (asked.profile / "config.yaml").write_text(text)
        programs = tmp_path / "bin"
        for name in cluster.NEEDED:
            write(programs / name, f"#!/bin/sh\n{script}\n")
            (programs / name).chmod(0o755)
        monkeypatch.setenv("PATH", f"{programs}:{os.environ['PATH']}")
        monkeypatch.setattr(cluster, "PLUGIN", "json")
        return cluster.examine(asked)

    return examine


def test_slurm(slurm: Sinfo, monkeypatch: pytest.MonkeyPatch) -> None:
    up = "printf 'cpu|up\\ngpu|up\\nold|down\\n'"
    assert slurm(up, "gpu").state is State.OK
    assert slurm(up).found.startswith("answers; partitions cpu, gpu; the profile uses the default")
    assert slurm(up, "old").state is State.BROKEN
    line = slurm(up, "gpus")
    assert (line.state, line.found) == (State.BROKEN, "gpus is no partition that is up; there are cpu, gpu")
    assert "no controller" in slurm("echo no controller >&2; exit 1").found
    monkeypatch.setattr(cluster, "PATIENCE", 0.05)
    assert slurm("exec sleep 60").state is State.LOOK


def test_slurm_that_is_not_here(asked: Asked, monkeypatch: pytest.MonkeyPatch) -> None:
    assert cluster.examine(asked).found == "not used by here"
    (asked.profile / "config.yaml").write_text("executor: slurm\n")
    monkeypatch.setenv("PATH", "/nowhere")
    assert "sbatch, squeue, sinfo is not found" in cluster.examine(asked).found
    monkeypatch.setattr(shutil, "which", lambda name: name)
    monkeypatch.setattr(cluster, "PLUGIN", "no_such_plugin_here")
    assert "executor for it is not installed" in cluster.examine(asked).found


def test_partitions_of_a_profile(asked: Asked) -> None:
    rule = "{slurm_partition: \"'a-1,b'\", gpu: 2}"
    text = f"default-resources:\n  - slurm_partition=cpu\nset-resources:\n  train_model: {rule}\n"
    (asked.profile / "config.yaml").write_text(text)
    assert profile.partitions(asked.profile) == ["a-1", "b", "cpu"]
    assert profile.gpus_asked(asked.profile)


LOCK = """# a comment
alpha==1.0 \\
    --hash=sha256:{0} \\
    --hash=sha256:{0}
    # via beta
Beta_Gamma==2.0 ; sys_platform == 'linux' --hash=sha256:{0}
never==3.0 ; python_version < '3.0' \\
    --hash=sha256:{0}
""".format("0" * 64)


def test_a_lock_is_read_as_this_interpreter_would_install_it() -> None:
    assert installed.pinned(LOCK) == {"alpha": "1.0", "beta-gamma": "2.0"}


@pytest.mark.parametrize(
    ("there", "state", "text"),
    [
        ({"alpha": "1.0", "Beta.Gamma": "2.0"}, State.OK, "2 as locked, layers demo"),
        ({"alpha": "1.1", "beta_gamma": "2.0"}, State.LOOK, "1 of 2 differ from the lock: alpha 1.1 (lock: 1.0)"),
        ({"alpha": "1.0"}, State.BROKEN, "1 of 2 missing: beta-gamma"),
    ],
)
def test_packages(
    there: dict[str, str], state: State, text: str, asked: Asked, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    setup = Path(__file__).resolve().parents[2] / "envs" / "setup.py"
    (tmp_path / "envs").mkdir()
    shutil.copy(setup, tmp_path / "envs" / "setup.py")
    (tmp_path / "envs" / "demo.lock").write_text(LOCK)
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    found = [SimpleNamespace(metadata={"Name": name}, version=version) for name, version in there.items()]
    monkeypatch.setattr(installed.importlib.metadata, "distributions", lambda: found)
    line = installed.packages(asked)
    assert (line.state, text in line.found) == (state, True)
    assert installed.python(asked).state is State.OK
