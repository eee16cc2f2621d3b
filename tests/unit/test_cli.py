"""What the command `datalines` prints, and the exit status it ends with."""

import hashlib
import json
import subprocess
import sys
import threading
from collections.abc import Callable
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from datalines import cli
from datalines.config.availability import NO_CONTACT
from datalines.config.fetching import Fetch
from datalines.fetch.mirror import VARIABLE
from datalines.files import write_json

ROOT = Path(__file__).parents[2]
SHA256 = hashlib.sha256(b"list").hexdigest()
BIG = "https://example.org/lists/big.parquet"
SMALL = "https://example.org/lists/small.csv?part=1"
DECLARED: list[dict[str, Any]] = [
    {"url": BIG, "bytes": 1_234_567_890, "sha256": "ab" * 32, "key": "pools.web.source"},
    {"url": SMALL, "bytes": None, "sha256": None, "key": "pools.own.list.path"},
    {"url": "https://example.org/lists/here.csv", "bytes": 4, "sha256": SHA256, "key": "pools.own.list.path"},
]


class StandIn:
    """A study that declares files."""

    def __init__(self, scale: str, declared: list[dict[str, Any]], contact: str | None) -> None:
        self.scale = scale
        self.fetch = Fetch.model_validate({"contact": contact, "allow_private": True, "tries": {"connect": 1}})
        self._declared = declared

    def downloads(self) -> list[dict[str, Any]]:
        """As `Study.downloads`."""
        return self._declared


@pytest.fixture
def study(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Path]:
    """Lets the command find a study with these downloads; returns its checkout, the current folder."""
    monkeypatch.delenv(VARIABLE, raising=False)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "config" / "scales").mkdir(parents=True)
    (tmp_path / "config" / "config.yaml").write_text("scale: demo\n")
    (tmp_path / "config" / "scales" / "demo.yaml").write_text("study: {title: t, targets: []}\npools: {own: {}}\n")

    def declare(declared: list[dict[str, Any]], contact: str | None = "a@example.org") -> Path:
        monkeypatch.setattr(
            cli, "load_study", lambda root, given: StandIn(given.get("scale", "demo"), declared, contact)
        )
        return tmp_path

    return declare


def put(path: Path, content: bytes = b"list") -> None:
    """A file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def test_without_a_command_the_help_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main([]) == 0
    text = capsys.readouterr().out
    assert all(command in text for command in cli.COMMANDS)


@pytest.mark.parametrize(
    ("word", "hint"), [("fecth", "; did you mean 'fetch'? "), ("expose", "; did you mean 'exposed'? "), ("x", ". ")]
)
def test_an_unknown_command_is_answered_with_a_suggestion(
    capsys: pytest.CaptureFixture[str], word: str, hint: str
) -> None:
    assert cli.main([word]) == 2
    commands = "fetch, exposed, plan, audit, doctor, export, er, explain, accept, what-if, rehydrate"
    assert capsys.readouterr().err == f"datalines: there is no command '{word}'{hint}Commands: {commands}\n"


def test_missing_files_are_listed_with_all_that_is_needed(
    study: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    put(study(DECLARED) / "results/downloads/example.org/lists/here.csv")
    assert cli.main(["fetch", "--list"], Path.cwd()) == 1
    assert capsys.readouterr().out == (
        f"""\
{BIG}
  size    1.23 GB (1234567890 bytes)
  sha256  {"ab" * 32}
  for     pools.web.source in config/scales/demo.yaml
  put at  results/downloads/example.org/lists/big.parquet

{SMALL}
  size    not declared
  sha256  not declared
  for     pools.own.list.path in config/scales/demo.yaml
  put at  results/downloads/example.org/lists/small.csv?part=1

2 of 3 files missing, 1.23 GB and 1 of unknown size.
`datalines fetch --scale demo` obtains what is missing. Without a network here, fetch the files
elsewhere and put them where they are wanted,
or in a mirror: a folder <host>/<path> that $DATALINES_MIRROR names.
"""
    )


def test_with_a_mirror_the_places_are_in_it_and_wrong_files_are_told(
    study: Callable[..., Path], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    root = study(DECLARED[2:])
    monkeypatch.setenv(VARIABLE, str(tmp_path / "mirror"))
    put(root / "mirror/example.org/lists/here.csv", b"lost")
    assert cli.main(["fetch", "--list", "--scale", "demo"], root) == 1
    assert capsys.readouterr().out == (
        f"""\
https://example.org/lists/here.csv
  size    4 bytes
  sha256  {SHA256}
  for     pools.own.list.path in config/scales/demo.yaml
  put at  mirror/example.org/lists/here.csv
  there   a file that has the sha256 {hashlib.sha256(b"lost").hexdigest()}, and {SHA256} is declared

1 of 1 file missing, 4 bytes.
`datalines fetch --scale demo` obtains what is missing. Without a network here, fetch the files
elsewhere and put them where they are wanted.
"""
    )


@pytest.mark.parametrize(
    ("declared", "text"),
    [([], "scale demo declares no file to download."), (DECLARED[2:], "scale demo declares 1 file to download.")],
)
@pytest.mark.parametrize("words", [["fetch"], ["fetch", "--list"]])
def test_with_nothing_missing_the_status_is_0(
    study: Callable[..., Path], capsys: pytest.CaptureFixture[str], declared: Any, text: str, words: list[str]
) -> None:
    put(study(declared, None) / "results/downloads/example.org/lists/here.csv")
    assert cli.main(words, Path.cwd()) == 0
    assert capsys.readouterr().out == f"Nothing is missing: {text}\n"


def test_the_list_as_json(study: Callable[..., Path], capsys: pytest.CaptureFixture[str]) -> None:
    root = study(DECLARED[:1])
    assert cli.main(["fetch", "--list", "--json"], root) == 1
    assert json.loads(capsys.readouterr().out) == {
        "scale": "demo",
        "declared": 1,
        "missing": [
            {
                **DECLARED[0],
                "md5": None,
                "file": "config/scales/demo.yaml",
                "problem": "missing",
                "path": str(root / "results/downloads/example.org/lists/big.parquet"),
            }
        ],
    }
    assert cli.main(["fetch", "--json"], root) == 2
    assert capsys.readouterr().err == "datalines: --json is for a list; write datalines fetch --list --json\n"


@pytest.mark.parametrize("mirrored", [False, True])
def test_fetch_obtains_what_it_can_and_tells_of_the_rest(
    study: Callable[..., Path],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    mirrored: bool,
) -> None:
    put(tmp_path / "site" / "a.csv")
    server = ThreadingHTTPServer(
        ("127.0.0.1", 0), lambda *given: SimpleHTTPRequestHandler(*given, directory=str(tmp_path / "site"))
    )
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    place = f"127.0.0.1:{server.server_port}"
    entries = [{"url": f"http://{place}/{name}", "bytes": 4, "sha256": SHA256, "key": "k"} for name in ("a.csv", "b")]
    root = study(entries)
    folder = "results/downloads"
    if mirrored:
        folder = "mirror"
        (root / folder).mkdir()
        monkeypatch.setenv(VARIABLE, str(root / folder))
    try:
        assert cli.main(["fetch"], root) == 1
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
    assert (root / folder / place / "a.csv").read_bytes() == b"list"
    shown = capsys.readouterr()
    assert shown.out == (
        f"[1/2] http://{place}/a.csv (4 bytes)\n  4 bytes in {folder}/{place}/a.csv\n"
        f"[2/2] http://{place}/b (4 bytes)\n1 of 2 files obtained, 1 failed.\n"
    )
    assert f"failed: k: http://{place}/b could not be fetched: http_404 (File not found)." in shown.err


def test_nothing_is_asked_for_without_a_contact(study: Callable[..., Path], capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["fetch"], study(DECLARED, None)) == 2
    assert capsys.readouterr().err == f"datalines: fetch.contact {NO_CONTACT}\n"


def test_errors_of_the_configuration_are_sentences(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["fetch", "--list", "--scale", "dmeo"]) == 2
    error = capsys.readouterr().err
    assert error.startswith("datalines: 1 problem in the configuration:\n")
    assert "demo" in error


def test_a_reader_that_has_seen_enough_is_no_error() -> None:
    for words in ([], ["fetch", "--list"]):
        with subprocess.Popen(
            [sys.executable, "-m", "datalines", *words], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        ) as process:
            assert process.stdout is not None
            assert process.stderr is not None
            process.stdout.close()
            assert process.stderr.read() == b""
        assert process.returncode == 1


@pytest.fixture
def trained(tmp_path: Path) -> Path:
    """Results of two scales: three models, one of which does not say what it saw, and the rows of one pool."""
    ids = [f"{number:032x}" for number in range(8)]
    for scale, family, size, chosen in [
        ("demo", "web", "full", ids[:6]),
        ("demo", "web", "half", ids[:2]),
        ("paper", "web", "full", None),
    ]:
        folder = tmp_path / "results" / scale
        summary = {"family": family, "size": size, "seed": 0, "mixture": "web-only", "samples": len(chosen or ids)}
        if chosen is not None:
            summary["id_set_sha256"] = f"set-{size}"
            (folder / "state" / "mixtures").mkdir(parents=True, exist_ok=True)
            np.save(folder / "state" / "mixtures" / f"set-{size}.npy", np.array(chosen, "S32"))
        write_json(folder / "runs" / family / size / "0" / "summary.json", summary)
    frame = pd.DataFrame(
        {"id": ids, "url": [f"https://example.org/{n}.jpg" for n in range(8)], "key": "k", "sha256": "", "status": "ok"}
    )
    (tmp_path / "results" / "demo" / "pools" / "web").mkdir(parents=True)
    frame.to_parquet(tmp_path / "results" / "demo" / "pools" / "web" / "0.parquet")
    return tmp_path


def test_exposed_tells_the_models_that_saw_listed_samples(trained: Path, capsys: pytest.CaptureFixture[str]) -> None:
    listing = trained / "removed.csv"
    listing.write_text(
        f"pool,id,url,key,sha256,reason\nweb,{3:032x},,,,law\nweb,,HTTPS://example.org:443/1.jpg,,,law\n"
        f"other,{7:032x},,,,\n,,https://example.org/none.jpg,,,\n"
    )
    unknown = trained / "results/paper/runs/web/full/0/summary.json"
    assert cli.main(["exposed", str(listing)], trained) == 1
    assert capsys.readouterr().out == (
        f"""\
{listing}: 4 names stand for 3 samples.
1 names fit no row of the pools here:
  url https://example.org/none.jpg

scale  family  size  seed  mixture   listed  of
-----  ------  ----  ----  --------  ------  --
demo   web     full     0  web-only       2   6
demo   web     half     0  web-only       1   2

paper web full 0 cannot be told: {unknown} does not name its samples; train it again
2 of 3 trained models saw samples of the list.
"""
    )


def test_exposed_as_json_and_by_scale(trained: Path, capsys: pytest.CaptureFixture[str]) -> None:
    listing = trained / "removed.txt"
    listing.write_text(f"{5:032x}\n")
    assert cli.main(["exposed", str(listing), "--scale", "demo", "--json"], trained) == 1
    content = json.loads(capsys.readouterr().out)
    assert (content["names"], content["samples"], content["unresolved"], content["models"]) == (1, 1, [], 2)
    assert [(model["size"], model["listed"]) for model in content["exposed"]] == [("full", 1)]
    assert content["unknown"] == []


def test_exposed_ends_with_0_if_no_model_saw_anything(trained: Path, capsys: pytest.CaptureFixture[str]) -> None:
    listing = trained / "removed.txt"
    listing.write_text(f"{6:032x}\n")
    assert cli.main(["exposed", str(listing), "--scale", "demo"], trained) == 0
    assert capsys.readouterr().out.endswith("0 of 2 trained models saw samples of the list.\n")


def test_a_lost_set_of_ids_is_told(trained: Path, capsys: pytest.CaptureFixture[str]) -> None:
    listing = trained / "removed.txt"
    listing.write_text(f"{6:032x}\n")
    lost = trained / "results" / "demo" / "state" / "mixtures" / "set-half.npy"
    lost.unlink()
    assert cli.main(["exposed", str(listing), "--scale", "demo"], trained) == 1
    assert f"demo web half 0 cannot be told: {lost} is gone; make the mixture web-only again" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (["gone.csv"], "gone.csv does not exist; give an exclusion list"),
        (["list.txt", "--scale", "dmeo"], "scale dmeo has no trained models in .*; scales that have: demo, paper"),
    ],
)
def test_what_exposed_cannot_answer(
    trained: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, words: list[str], text: str
) -> None:
    monkeypatch.chdir(trained)
    (trained / "list.txt").write_text(f"{6:032x}\n")
    assert cli.main(["exposed", *words], trained) == 2
    error = capsys.readouterr().err
    assert error.startswith("datalines: ")
    assert pd.Series([error]).str.contains(text).all()
