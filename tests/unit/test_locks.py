"""A lock keeps two processes apart: by the kernel on one machine, by Slurm's word between machines."""

import errno
import fcntl
import json
import logging
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from datalines import locks
from datalines.locks import alone

Answers = Callable[..., Path]


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    """Short pauses, no Slurm job around the tests."""
    caplog.set_level(logging.INFO)
    monkeypatch.setattr(locks, "PAUSE", 0.01)
    monkeypatch.delenv("SLURM_JOB_ID", raising=False)


@pytest.fixture
def squeue(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Answers:
    """A squeue that gives some answers in turn, and the last one for ever; it notes what it was asked."""
    asked = tmp_path / "asked"

    def prepare(*answers: str) -> Path:
        for number, answer in enumerate(answers):
            (tmp_path / f"answer{number}").write_text(answer)
        script = tmp_path / "bin" / "squeue"
        script.parent.mkdir()
        script.write_text(
            f'#!/bin/sh\necho "$@" >> {asked}\nn=$(($(wc -l < {asked}) - 1))\n'
            f"[ $n -gt {len(answers) - 1} ] && n={len(answers) - 1}\n. {tmp_path}/answer$n\n"
        )
        script.chmod(0o755)
        monkeypatch.setenv("PATH", f"{script.parent}{os.pathsep}{os.environ['PATH']}")
        return asked

    return prepare


def leave(folder: Path, job: str | None) -> Path:
    """The lock file of a holder on another machine that did not come to release it."""
    path = folder.with_name(f"{folder.name}.lock")
    path.write_text(json.dumps({"host": "node-7", "process": 12, "job": job}))
    return path


def test_the_file_names_its_holder_until_it_is_released(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLURM_JOB_ID", "41")
    with alone(tmp_path / "run", "testing"):
        named = json.loads((tmp_path / "run.lock").read_text())
    assert named == {"host": socket.gethostname(), "process": os.getpid(), "job": "41"}
    assert (tmp_path / "run.lock").read_text() == ""


def test_the_second_waits_and_leaves_the_first_ones_name(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    entered = threading.Event()

    def second() -> None:
        with alone(tmp_path / "run", "testing"):
            entered.set()

    with alone(tmp_path / "run", "testing"):
        other = threading.Thread(target=second)
        other.start()
        assert not entered.wait(0.3)
        assert json.loads((tmp_path / "run.lock").read_text())["process"] == os.getpid()
        with alone(tmp_path / "another", "testing"):
            assert not entered.is_set()
    assert entered.wait(5)
    other.join()
    assert "another process is testing; waiting for it to end" in caplog.text


def test_a_killed_holder_of_this_machine_holds_nothing(tmp_path: Path) -> None:
    code = (
        "import os, pathlib, sys; from datalines.locks import alone\n"
        "with alone(pathlib.Path(sys.argv[1]), 'x'): os._exit(9)"
    )
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path / "run")])
    assert done.returncode == 9 and (tmp_path / "run.lock").read_text()
    with alone(tmp_path / "run", "testing"):
        pass


def test_a_job_that_slurm_calls_alive_is_waited_for(
    tmp_path: Path, squeue: Answers, caplog: pytest.LogCaptureFixture
) -> None:
    asked = squeue("echo RUNNING", "echo COMPLETING", "")
    leave(tmp_path / "run", "7")
    with alone(tmp_path / "run", "training this run"):
        pass
    assert [line.split()[-1] for line in asked.read_text().splitlines()] == ["--jobs=7"] * 3
    assert caplog.text.count("process 12 on node-7 (Slurm job 7) is training this run; waiting") == 1


@pytest.mark.parametrize(
    "answer", ["", "echo PENDING", "echo slurm_load_jobs error: Invalid job id specified >&2; exit 1"]
)
def test_a_job_that_is_gone_or_queued_again_is_not(tmp_path: Path, squeue: Answers, answer: str) -> None:
    asked = squeue(answer)
    leave(tmp_path / "run", "7")
    with alone(tmp_path / "run", "testing"):
        assert len(asked.read_text().splitlines()) == 1


def test_a_controller_that_does_not_answer_is_asked_again(tmp_path: Path, squeue: Answers) -> None:
    asked = squeue("echo Unable to contact slurm controller >&2; exit 1", "echo RUNNING", "")
    leave(tmp_path / "run", "7")
    with alone(tmp_path / "run", "testing"):
        assert len(asked.read_text().splitlines()) == 3


@pytest.mark.parametrize("holder", ["7", None])
def test_its_own_job_and_a_process_without_one_are_not_asked_about(
    tmp_path: Path, squeue: Answers, monkeypatch: pytest.MonkeyPatch, holder: str | None
) -> None:
    asked = squeue("echo RUNNING")
    monkeypatch.setenv("SLURM_JOB_ID", "7")
    leave(tmp_path / "run", holder)
    with alone(tmp_path / "run", "testing"):
        assert not asked.exists()


def test_without_squeue_the_kernels_lock_has_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    leave(tmp_path / "run", "7")
    with alone(tmp_path / "run", "testing"):
        assert "there is no squeue here to ask" in caplog.text


@pytest.mark.parametrize("text", ['{"host": "node-7", "pro', "[]", "5"])
def test_a_name_that_was_cut_off_is_nobodys(tmp_path: Path, text: str) -> None:
    leave(tmp_path / "run", "7").write_text(text)
    with alone(tmp_path / "run", "testing"):
        pass


def test_a_file_system_without_locks(
    tmp_path: Path, squeue: Answers, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def flock(*_: object) -> None:
        raise OSError(errno.ENOSYS, "Function not implemented")

    asked = squeue("echo RUNNING", "")
    leave(tmp_path / "run", "7")
    monkeypatch.setattr(fcntl, "flock", flock)
    with alone(tmp_path / "run", "testing"):
        assert len(asked.read_text().splitlines()) == 2
    assert "without locks" in caplog.text
