"""The fork server: a script that runs in a fork does what it would do by itself, and nobody outlives anybody."""

import json
import os
import pickle
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from datalines import forked, forkserver
from datalines.codehash import ROOT

HEAD = f'"""A script."""\n\nimport sys\n\nsys.path.insert(0, {str(ROOT)!r})\n'
ASK = "from datalines.forked import run_in_fork\n\nrun_in_fork(globals())\n\nimport os\nimport time\n\n"
PARENT = "print('parent is', os.getppid(), flush=True)\n"


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A server that has imported nothing more than this library."""
    monkeypatch.setenv("TMPDIR", str(tmp_path / "t"))
    (tmp_path / "t").mkdir()
    monkeypatch.setattr("tempfile.tempdir", None)
    monkeypatch.setenv(forked.VARIABLE, "")
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: {0, 1})
    assert forkserver.start(preloaded=())
    process = forkserver._started.pop()
    yield process
    assert process.stdin is not None
    process.stdin.close()  # a second time does no harm
    process.wait(20)
    assert list((tmp_path / "t").iterdir()) == []


@pytest.fixture
def script(tmp_path: Path) -> Callable[[str], Path]:
    """Writes a script as Snakemake does: a copy with the job in front, which knows the file that it was copied from."""

    def written(body: str, **job: Any) -> Path:
        original = tmp_path / "count_sheep.py"
        original.write_text(HEAD + ASK + body)
        given = pickle.dumps(SimpleNamespace(rule="count_sheep", **job))
        front = f"import pickle; snakemake = pickle.loads({given!r}); __file__ = {str(original)!r}\n"
        copied = tmp_path / "tmp1.count_sheep.py"
        copied.write_text(front + original.read_text())
        return copied

    return written


def run(script: Path, **kept: Any) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, script], capture_output=True, text=True, timeout=60, check=False, **{"input": "", **kept}
    )


def parent(said: str) -> int:
    found = re.search(r"parent is (\d+)", said)
    assert found, said
    return int(found[1])


def gone(pid: int) -> bool:
    """Whether a process ends within a while. One that has ended and that nobody waits for counts as gone."""
    until = time.monotonic() + 20
    while time.monotonic() < until:
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
        except (FileNotFoundError, ProcessLookupError):
            return True
        if state == "Z":
            return True
        time.sleep(0.01)
    return False


def test_a_script_runs_in_a_fork_with_its_own_job_streams_folder_and_environment(
    server: subprocess.Popen[bytes],
    script: Callable[..., Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SHEEP", "12")
    body = (
        f"{PARENT}print(snakemake.number, os.environ['SHEEP'], os.getcwd(), input(), __name__)\n"
        "print(__file__, file=sys.stderr)\n"
        f"print({forked.VARIABLE!r} in os.environ)\n"
    )
    done = run(script(body, number=7), cwd=tmp_path, input="hello\n")
    assert done.returncode == 0
    lines = done.stdout.splitlines()
    assert parent(lines[0]) == server.pid
    assert lines[1:] == [f"7 12 {tmp_path} hello __main__", "False"]
    assert done.stderr == f"{tmp_path / 'count_sheep.py'}\n"


@pytest.mark.parametrize(
    ("ending", "status", "said"),
    [
        ("pass", 0, ""),
        ("sys.exit()", 0, ""),
        ("sys.exit(3)", 3, ""),
        ("sys.exit('no sheep')", 1, "no sheep\n"),
        ("raise ValueError('a wolf')", 1, "ValueError: a wolf\n"),
        ("os.kill(os.getpid(), 15)", -15, ""),
        ("os.kill(os.getpid(), 9)", -9, ""),
    ],
)
def test_a_script_ends_as_it_would_by_itself(
    server: subprocess.Popen[bytes],
    script: Callable[..., Path],
    monkeypatch: pytest.MonkeyPatch,
    ending: str,
    status: int,
    said: str,
) -> None:
    written = script(f"{PARENT}{ending}\n")
    inside = run(written)
    monkeypatch.delenv(forked.VARIABLE)
    alone = run(written)
    assert parent(inside.stdout) == server.pid != parent(alone.stdout)
    assert inside.returncode == alone.returncode == status
    assert inside.stderr.endswith(said) and alone.stderr.endswith(said)


def test_jobs_run_side_by_side(server: subprocess.Popen[bytes], script: Callable[..., Path], tmp_path: Path) -> None:
    waiting = (
        "mine, other = snakemake.files\nopen(mine, 'w').close()\n"
        "while not os.path.exists(other):\n    time.sleep(0.01)\n" + PARENT
    )
    files = [str(tmp_path / "a"), str(tmp_path / "b")]
    first = subprocess.Popen([sys.executable, script(waiting, files=files)], stdout=subprocess.PIPE, text=True)
    until = time.monotonic() + 30
    while not (tmp_path / "a").exists():
        assert time.monotonic() < until
        time.sleep(0.01)
    second = run(script(waiting, files=files[::-1]))
    assert parent(first.communicate(timeout=30)[0]) == parent(second.stdout) == server.pid
    assert first.returncode == second.returncode == 0


@pytest.mark.parametrize("of", [["/another/venv", str(ROOT / "datalines")], [sys.prefix, "/another/checkout"]])
def test_another_interpreter_or_checkout_is_not_asked(
    server: subprocess.Popen[bytes], script: Callable[..., Path], monkeypatch: pytest.MonkeyPatch, of: list[str]
) -> None:
    place = json.loads(os.environ[forked.VARIABLE])
    monkeypatch.setenv(forked.VARIABLE, json.dumps({**place, "of": of}))
    done = run(script(PARENT))
    assert done.returncode == 0
    assert parent(done.stdout) == os.getpid()


def test_without_a_server_or_a_job_a_script_goes_on_by_itself(
    script: Callable[..., Path], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    place = {"socket": str(tmp_path / "none"), "of": forked.identity()}
    monkeypatch.setenv(forked.VARIABLE, json.dumps(place))
    assert parent(run(script(PARENT)).stdout) == os.getpid()
    assert parent(run(tmp_path / "count_sheep.py").stdout) == os.getpid()
    monkeypatch.delenv(forked.VARIABLE)
    assert parent(run(script(PARENT)).stdout) == os.getpid()


def begun(script: Path) -> tuple[subprocess.Popen[str], int]:
    """A script that has said which process it is."""
    client = subprocess.Popen([sys.executable, script], stdout=subprocess.PIPE, text=True)
    assert client.stdout is not None
    return client, int(client.stdout.readline())


LONG = "print(os.getpid(), flush=True)\ntime.sleep(100)\n"


def test_a_fork_ends_when_its_client_is_killed(server: subprocess.Popen[bytes], script: Callable[..., Path]) -> None:
    client, fork = begun(script(LONG))
    assert fork != client.pid
    client.kill()
    client.communicate()
    assert gone(fork)
    assert parent(run(script(PARENT)).stdout) == server.pid


def test_forks_end_when_the_server_loses_the_process_that_started_it(
    server: subprocess.Popen[bytes], script: Callable[..., Path]
) -> None:
    client, fork = begun(script(LONG))
    assert server.stdin is not None
    server.stdin.close()
    assert server.wait(20) == 0
    assert gone(fork)
    client.kill()
    client.communicate()


def test_a_job_whose_server_is_killed_is_done_by_its_client(
    server: subprocess.Popen[bytes], script: Callable[..., Path], tmp_path: Path
) -> None:
    mark = tmp_path / "mark"
    first_time = f"if not os.path.exists({str(mark)!r}):\n    open({str(mark)!r}, 'w').close()\n"
    body = first_time + "".join(f"    {line}\n" for line in LONG.splitlines())
    client, fork = begun(script(body + PARENT))
    server.kill()
    os.kill(fork, signal.SIGKILL)
    assert parent(client.communicate(timeout=30)[0]) == os.getpid()
    assert client.returncode == 0
    for left in (tmp_path / "t").glob("*/socket"):
        left.unlink()
        left.parent.rmdir()


def test_garbage_does_not_stop_the_server(server: subprocess.Popen[bytes], script: Callable[..., Path]) -> None:
    address = json.loads(os.environ[forked.VARIABLE])["socket"]
    for garbage in (b"", b"abc", (4).to_bytes(forked.LENGTH, "big") + b"abcd", (400).to_bytes(forked.LENGTH, "big")):
        with forked.socket.socket(forked.socket.AF_UNIX) as connection:
            connection.connect(address)
            connection.sendall(garbage)
            connection.shutdown(forked.socket.SHUT_WR)
            assert connection.recv(1) == b""
    assert parent(run(script(PARENT)).stdout) == server.pid


def test_a_server_is_not_started_on_one_core_or_where_none_is_wanted_or_no_socket_can_be_made(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv(forked.VARIABLE, raising=False)
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: {3})
    assert not forkserver.start()
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: {3, 4})
    long = tmp_path / ("x" * 120)
    long.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(long))
    assert not forkserver.start()
    assert list(long.iterdir()) == []
    assert forked.VARIABLE not in os.environ
    monkeypatch.setenv(forked.VARIABLE, forked.NONE)
    monkeypatch.setattr("tempfile.tempdir", None)
    assert not forkserver.start()
    assert forkserver._started == []


def test_a_server_that_no_job_asks_for_ends(
    server: subprocess.Popen[bytes], script: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(forkserver, "_started", [server])
    forkserver.keep_for(["train_model", "draw_figure"])
    assert parent(run(script(PARENT)).stdout) == server.pid
    forkserver.keep_for(["train_model"])
    assert server.wait(20) == 0
    assert parent(run(script(PARENT)).stdout) == os.getpid()
    forkserver.keep_for(["train_model"])


def test_the_rules_are_those_whose_scripts_ask_and_all_run_beside_snakemake() -> None:
    scripts = {path.stem for path in (ROOT / "workflow/scripts").glob("*.py") if "run_in_fork" in path.read_text()}
    assert scripts == forkserver.RULES
    rules = "".join(path.read_text() for path in (ROOT / "workflow/rules").glob("*.smk"))
    for name in forkserver.RULES:
        body = re.split(r"\n(?:    )?rule ", rules.split(f"rule {name}:")[1])[0]
        assert "localrule: True" in body, name
        assert f"/{name}.py" in body, name


def test_what_is_imported_beforehand_exists() -> None:
    check = "import importlib, sys\nfor name in sys.argv[1:]:\n    importlib.import_module(name)\n"
    subprocess.run([sys.executable, "-c", check, *forkserver.PRELOADED], cwd=ROOT, check=True)
