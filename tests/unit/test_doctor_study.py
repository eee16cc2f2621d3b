"""What the doctor says of a study: bytes that it needs, downloads, network, data, evaluation sets."""

import socket
import threading
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest

from datalines.config.load import load_study
from datalines.doctor import evalsets, needed, sources
from datalines.doctor.line import Asked, State
from datalines.fetch.mirror import DOWNLOADS, VARIABLE, place
from datalines.plan.jobs import planned
from datalines.plan.work import Estimate
from tests.builders import jpeg, make_folder, make_tar

ROOT = Path(__file__).resolve().parents[2]
URL = "https://data.example.org/list.csv"


class OneFile:
    """As much of a study as these checks ask for: it declares one file."""

    def __init__(self, size: int | None = 3, pools: dict[str, Any] | None = None) -> None:
        self.size, self.pools = size, pools or {}

    def downloads(self) -> list[dict[str, Any]]:
        return [{"url": URL, "bytes": self.size, "sha256": "0" * 64, "key": "pools.web.list"}]

    def pools_read(self) -> list[str]:
        return list(self.pools)


@pytest.fixture
def asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Asked:
    """A checkout with a study of one file and no mirror."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv(VARIABLE, raising=False)
    return Asked(tmp_path, "demo", OneFile(), tmp_path)  # type: ignore[arg-type]


def held(text: str, folder: Path = DOWNLOADS) -> None:
    path = folder / place(URL)
    path.parent.mkdir(parents=True)
    path.write_text(text)


@pytest.mark.slow
def test_the_bytes_are_those_of_the_plan(tmp_path: Path) -> None:
    study = load_study(ROOT, {"scale": "demo"})
    estimate = Estimate(study, gpus=False)
    jobs = planned(ROOT, ["scale=demo"], cores=1).jobs
    waiting = sum(estimate.work(job).bytes for job in jobs if not job.rule.startswith(("hash_", "score_")))
    assert needed.bytes_needed(study, tmp_path).bytes >= waiting * 0.99
    if not (ROOT / "results" / "demo").exists():
        assert needed.bytes_needed(study, ROOT).bytes == pytest.approx(waiting, rel=0.01)


def test_what_is_there_needs_no_more_bytes(tmp_path: Path) -> None:
    study = load_study(ROOT, {"scale": "demo"})
    before = needed.bytes_needed(study, tmp_path).bytes
    manifest = tmp_path / "results" / "demo" / "shifts" / next(iter(study.shifts_read())) / "manifest.json"
    manifest.parent.mkdir(parents=True)
    manifest.touch()
    assert 0 < needed.bytes_needed(study, tmp_path).bytes < before


def test_downloads_that_are_missing(asked: Asked) -> None:
    line = sources.downloads(asked)
    assert (line.state, line.found) == (
        State.LOOK,
        "1 of 1 files are missing in results/downloads, 3 bytes as far as declared",
    )


@pytest.mark.parametrize(("text", "state"), [("abc", State.OK), ("abcd", State.BROKEN)])
def test_downloads_that_are_there(text: str, state: State, asked: Asked) -> None:
    held(text)
    assert sources.downloads(asked).state is state
    assert sources.network(asked).state is State.OK


def test_a_mirror(asked: Asked, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, str(tmp_path / "nowhere"))
    assert sources.downloads(asked).state is State.BROKEN
    (tmp_path / "mirror").mkdir()
    monkeypatch.setenv(VARIABLE, str(tmp_path / "mirror"))
    assert sources.downloads(asked).state is State.LOOK
    held("abc", tmp_path / "mirror")
    assert sources.downloads(asked).state is State.OK


def test_a_name_that_is_not_found(asked: Asked, monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: Any, **__: Any) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "create_connection", unknown)
    line = sources.network(asked)
    assert line.state is State.LOOK
    assert line.found == "data.example.org: the name is not found (Name or service not known)"


def test_a_lookup_that_hangs(asked: Asked, monkeypatch: pytest.MonkeyPatch) -> None:
    free = threading.Event()
    monkeypatch.setattr(socket, "create_connection", lambda *_, **__: nullcontext(free.wait(60)))
    monkeypatch.setattr(sources, "PATIENCE", 0.1)
    line = sources.network(asked)
    free.set()
    assert "no answer in time" in line.found


def test_a_host_that_answers(asked: Asked, monkeypatch: pytest.MonkeyPatch) -> None:
    asked_of: list[Any] = []
    with socket.create_server(("127.0.0.1", 0)) as server:
        connect = socket.create_connection

        def here(address: Any, timeout: float) -> socket.socket:
            asked_of.append(address)
            return connect(server.getsockname(), 60)

        monkeypatch.setattr(socket, "create_connection", here)
        monkeypatch.setattr(sources, "PATIENCE", 180.0)
        assert sources.network(asked).state is State.OK
    assert asked_of == [("data.example.org", 443)]


@pytest.fixture
def pacs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Asked:
    """The scale of real images, whose data are looked for in a folder of this test."""
    (tmp_path / "pacs").mkdir()
    monkeypatch.setenv("PACS", str(tmp_path / "pacs"))
    return Asked(tmp_path, "pacs", load_study(ROOT, {"scale": "pacs"}), ROOT / "profiles" / "local")


def test_evaluation_sets_that_are_not_here(pacs: Asked) -> None:
    line = evalsets.examine(pacs)
    assert (line.state, "3 of 3 are not here: " in line.found) == (State.LOOK, True)
    assert sources.data(pacs).state is State.BROKEN


def test_an_evaluation_set_that_lacks_images(pacs: Asked, tmp_path: Path) -> None:
    make_tar(tmp_path / "pacs" / "pacs-photo.tar", {f"photo/dog/{number}.jpg": jpeg() for number in range(40)})
    line = evalsets.examine(pacs)
    assert line.state is State.BROKEN
    assert "photo-test has " in line.found


def test_drawn_sets_need_nothing() -> None:
    study = load_study(ROOT, {"scale": "demo"})
    line = evalsets.examine(Asked(ROOT, "demo", study, ROOT / "profiles" / "local"))
    assert (line.state, line.found) == (State.OK, "scale demo draws all of them")


SPEC = {"kind": "folder", "subset": ["cat", "dog"], "root": "zoo", "names": {"1": "dog"}, "leave_out": ["._*"]}


@pytest.mark.parametrize("tar", [True, False])
def test_images_are_counted_as_the_workflow_would(tar: bool, tmp_path: Path) -> None:
    files = dict.fromkeys(("zoo/cat/1.jpg", "zoo/1/2.PNG", "zoo/1/._2.png", "zoo/bird/1.jpg", "cat/1.jpg"), jpeg())
    path = make_tar(tmp_path / "zoo.tar", files) if tar else make_folder(tmp_path / "zoo", files)
    spec = {**SPEC, "path": str(path)}
    assert evalsets._count(spec, "shifts.zoo", float("inf")) == 2
    with pytest.raises(evalsets._LateError):
        evalsets._count(spec, "shifts.zoo", 0.0)


def test_a_packed_set_is_there_and_not_counted(tmp_path: Path) -> None:
    path = tmp_path / "zoo.tar.gz"
    path.write_bytes(b"\x1f\x8b0000")
    assert evalsets._count({**SPEC, "path": str(path)}, "shifts.zoo", float("inf")) is None
    with pytest.raises(FileNotFoundError):
        evalsets._count({**SPEC, "path": str(tmp_path / "none")}, "shifts.zoo", float("inf"))
