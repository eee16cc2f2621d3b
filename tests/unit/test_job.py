"""A script's `main` is called with what the job or the command line gives, converted to the annotated types."""

import logging
import sys
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from snakemake.iocontainers import Namedlist

from datalines import job
from datalines.files import read_json

SCRIPT = '''"""Count sheep."""
from pathlib import Path
from typing import Any
from datalines.errors import PoolError

calls = []

def main(pool: str, part: int, files: list[Path], out: Path, spec: dict[str, Any], steps: list[dict[str, Any]],
         rate: float = 0.5, threads: int = 1, note: str | None = None, limit: int | None = None) -> None:
    calls.append(locals().copy())
    if spec.get("fail") == "known":
        raise PoolError("pools.web.path: /data/0.tar does not exist")
    if spec.get("fail") == "unknown":
        raise ZeroDivisionError("by zero")
    if spec.get("fail") == "full":
        raise OSError(28, "No space left on device", "/data/out.tar")
    out.write_text("done")
'''


@pytest.fixture(autouse=True)
def root_logger() -> Iterator[None]:
    """Gives the root logger its handlers back."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    for handler in root.handlers:
        if handler not in handlers:
            handler.close()
    root.handlers[:], root.level = handlers, level
    logging.captureWarnings(False)


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch) -> types.ModuleType:
    module = types.ModuleType("count_sheep")
    module.__file__ = "workflow/scripts/count_sheep.py"
    monkeypatch.setitem(sys.modules, "count_sheep", module)
    exec(compile(SCRIPT, module.__file__, "exec"), module.__dict__)
    return module


def snakemake_job(tmp_path: Path, **spec: Any) -> types.SimpleNamespace:
    (tmp_path / "a.txt").write_text("a")
    files: Namedlist[str] = Namedlist([str(tmp_path / "a.txt"), str(tmp_path / "b.txt")])
    files._set_name("files", 0, end=2)
    return types.SimpleNamespace(
        rule="count_sheep",
        input=files,
        output=Namedlist(fromdict={"out": str(tmp_path / "out.txt")}),
        params=Namedlist(fromdict={"spec": {"n": 3, **spec}, "steps": [{"kind": "x"}], "code": "abc", "rate": 1}),
        wildcards=Namedlist(fromdict={"pool": "web", "part": "07"}),
        threads=4,
        resources=Namedlist(fromdict={"_cores": 4, "gpu": 2, "tmpdir": "/tmp"}),
        config={"scale": "demo"},
        log=[str(tmp_path / "logs" / "count_sheep" / "web-07.log")],
    )


def test_a_job_hands_over_its_whole_number_resources(tmp_path: Path) -> None:
    assert job.available(snakemake_job(tmp_path))["resources"] == {"_cores": 4, "gpu": 2}


def test_a_job_hands_over_names_in_their_types(tmp_path: Path, script: types.ModuleType) -> None:
    found = job.bind(script.main, job.available(snakemake_job(tmp_path)))
    assert found == {
        "pool": "web",
        "part": 7,
        "files": [tmp_path / "a.txt", tmp_path / "b.txt"],
        "out": tmp_path / "out.txt",
        "spec": {"n": 3},
        "steps": [{"kind": "x"}],
        "rate": 1.0,
        "threads": 4,
    }
    assert isinstance(found["rate"], float)
    assert "code" not in found


def test_one_file_is_a_list_of_one(script: types.ModuleType) -> None:
    assert job.convert("a.txt", list[Path]) == [Path("a.txt")]
    assert job.convert(["a", "b"], list[Path]) == [Path("a"), Path("b")]
    assert job.convert([], list[Path]) == []


@pytest.mark.parametrize(
    ("value", "kind", "expected"),
    [
        ("3", int, 3),
        ("1e-3", float, 0.001),
        (3, str, "3"),
        ("a/b", Path, Path("a/b")),
        (None, str | None, None),
        ("", Path | None, None),
        ("a", Path | None, Path("a")),
        (None, int | None, None),
        ("5", int | None, 5),
        ({"a": 1}, dict[str, Any], {"a": 1}),
        (None, Any, None),
        (["1", 2], list[int], [1, 2]),
    ],
)
def test_values_become_the_annotated_type(value: Any, kind: Any, expected: Any) -> None:
    found = job.convert(value, kind)
    assert found == expected
    assert type(found) is type(expected)


def test_a_missing_argument_names_the_script_and_what_there_is(script: types.ModuleType) -> None:
    with pytest.raises(TypeError) as caught:
        job.bind(script.main, {"pool": "web", "extra": 1})
    assert str(caught.value) == "workflow/scripts/count_sheep.py: the rule gives no 'part'; it gives extra, pool"


def test_a_name_that_is_used_twice_is_an_error_of_the_rule(tmp_path: Path) -> None:
    twice = snakemake_job(tmp_path)
    twice.params = Namedlist(fromdict={"out": 1})
    with pytest.raises(TypeError, match="rule count_sheep: the name 'out' is used twice"):
        job.available(twice)


def test_a_finished_job_has_a_log_and_a_receipt(tmp_path: Path, script: types.ModuleType) -> None:
    script.__dict__["snakemake"] = snakemake_job(tmp_path)
    job.run(script.main)
    assert script.calls[0]["part"] == 7
    assert (tmp_path / "out.txt").read_text() == "done"
    receipt = read_json(tmp_path / "receipts" / "count_sheep" / "web-07.json")
    assert list(receipt["outputs"]) == [str(tmp_path / "out.txt")]
    assert list(receipt["inputs"]) == [str(tmp_path / "a.txt")]
    assert (tmp_path / "logs" / "count_sheep" / "web-07.log").is_file()


def test_an_error_that_a_user_can_act_on_is_a_sentence_without_a_traceback(
    tmp_path: Path, script: types.ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    script.__dict__["snakemake"] = snakemake_job(tmp_path, fail="known")
    with pytest.raises(SystemExit) as caught:
        job.run(script.main)
    assert caught.value.code == 1
    log = (tmp_path / "logs" / "count_sheep" / "web-07.log").read_text()
    for text in (log, capsys.readouterr().err):
        assert "pools.web.path: /data/0.tar does not exist" in text
        assert "Traceback" not in text
    assert not (tmp_path / "receipts").exists()


def test_a_full_disk_is_a_sentence_that_says_what_to_do(tmp_path: Path, script: types.ModuleType) -> None:
    script.__dict__["snakemake"] = snakemake_job(tmp_path, fail="full")
    with pytest.raises(SystemExit):
        job.run(script.main)
    log = (tmp_path / "logs" / "count_sheep" / "web-07.log").read_text()
    assert "no space is left on the disk of /data/out.tar; free some and run the same command" in log
    assert "Traceback" not in log


def test_an_error_of_the_program_leaves_its_traceback_in_the_log(
    tmp_path: Path, script: types.ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    script.__dict__["snakemake"] = snakemake_job(tmp_path, fail="unknown")
    with pytest.raises(SystemExit):
        job.run(script.main)
    log = (tmp_path / "logs" / "count_sheep" / "web-07.log").read_text()
    assert "unexpected ZeroDivisionError: by zero" in log
    assert "Traceback (most recent call last)" in log
    assert "Traceback" not in capsys.readouterr().err


FLAGS = ["--pool", "web", "--part", "7", "--files", "a", "b", "--spec", '{"n": 3}']


def test_flags_of_the_command_line_are_converted_like_a_jobs_values(
    tmp_path: Path, script: types.ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps = ["--steps", '{"kind": "x"}', '{"kind": "y"}', "--limit", "3"]
    monkeypatch.setattr(sys, "argv", ["count_sheep.py", *FLAGS, *steps, "--out", str(tmp_path / "o")])
    job.run(script.main)
    (call,) = script.calls
    assert call == {
        "pool": "web",
        "part": 7,
        "files": [Path("a"), Path("b")],
        "out": tmp_path / "o",
        "spec": {"n": 3},
        "steps": [{"kind": "x"}, {"kind": "y"}],
        "rate": 0.5,
        "threads": 1,
        "note": None,
        "limit": 3,
    }


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        ([*FLAGS[4:], "--pool", "web", "--part", "x", "--out", "o", "--steps"], "argument --part: invalid literal"),
        ([*FLAGS[:-1], "{n: 3}", "--out", "o", "--steps"], "argument --spec: "),
        ([*FLAGS, "--out", "o", "--steps", "x"], "argument --steps: "),
        (FLAGS, "the following arguments are required: --out, --steps"),
    ],
)
def test_a_flag_that_cannot_be_read_is_named(
    script: types.ModuleType,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    flags: list[str],
    message: str,
) -> None:
    monkeypatch.setattr(sys, "argv", ["count_sheep.py", *flags])
    with pytest.raises(SystemExit) as caught:
        job.run(script.main)
    assert caught.value.code == 2
    assert message in capsys.readouterr().err
    assert script.calls == []


def test_help_shows_the_scripts_docstring(
    script: types.ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["count_sheep.py", "--help"])
    with pytest.raises(SystemExit) as caught:
        job.run(script.main)
    assert caught.value.code == 0
    shown = capsys.readouterr().out
    assert "Count sheep." in shown
    assert "--steps" in shown
