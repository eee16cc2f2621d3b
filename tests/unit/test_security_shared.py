"""Folders that others may write to: no file is written through a link that they planted, and no socket is theirs."""

import os
import socket
import stat
import threading
from pathlib import Path

import pytest

from datalines import archive, forked, forkserver
from datalines.archive import ArchiveError
from datalines.errors import FetchError
from datalines.fetch.partial import Partial
from datalines.files import atomic, read_json, write_csv, write_json, write_text
from datalines.tars import tar_writer


@pytest.fixture
def victim(tmp_path: Path) -> Path:
    """A file elsewhere that nobody should touch."""
    path = tmp_path / "home" / "precious"
    path.parent.mkdir()
    path.write_text("precious")
    return path


@pytest.fixture
def shared(tmp_path: Path) -> Path:
    """A folder in which somebody else has planted links."""
    path = tmp_path / "shared"
    path.mkdir()
    return path


def test_a_planted_link_is_not_written_through(shared: Path, victim: Path) -> None:
    target = shared / "table.json"
    planted = shared / f".{target.name}.{os.getpid()}.tmp"
    planted.symlink_to(victim)
    write_json(target, {"a": 1})
    assert victim.read_text() == "precious"
    assert read_json(target) == {"a": 1}
    assert not target.is_symlink()
    assert not planted.exists()


def test_a_target_that_is_a_link_is_replaced_and_not_followed(shared: Path, victim: Path) -> None:
    (shared / "table.txt").symlink_to(victim)
    write_text(shared / "table.txt", "new")
    assert victim.read_text() == "precious"
    assert (shared / "table.txt").read_text() == "new"


def test_a_tar_is_not_written_through_a_planted_link(shared: Path, victim: Path) -> None:
    (shared / f".0.tar.{os.getpid()}.tmp").symlink_to(victim)
    with tar_writer(shared / "0.tar") as writer:
        writer.add("a.txt", b"a")
    assert victim.read_text() == "precious"


def test_nothing_is_left_where_writing_fails(shared: Path) -> None:
    with pytest.raises(ZeroDivisionError), atomic(shared / "table.txt"):
        raise ZeroDivisionError
    assert list(shared.iterdir()) == []


def test_a_download_does_not_grow_behind_a_planted_link(shared: Path, victim: Path) -> None:
    partial = Partial(shared / "list.csv")
    partial.path.symlink_to(victim)
    with pytest.raises(FetchError, match="cannot be written"), Partial(shared / "list.csv"):
        pass
    assert victim.read_text() == "precious"


def test_the_socket_of_the_fork_server_is_this_users_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setenv(forked.VARIABLE, "")
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: {0, 1})
    assert forkserver.start(preloaded=())
    process = forkserver._started.pop()
    try:
        (folder,) = tmp_path.iterdir()
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        assert folder.stat().st_uid == os.getuid()
    finally:
        assert process.stdin is not None
        process.stdin.close()
        process.wait(60)


def test_the_kernel_says_who_asks(monkeypatch: pytest.MonkeyPatch) -> None:
    one, other = socket.socketpair()
    with one, other:
        assert forkserver.peer(one) == os.getuid()


def test_a_request_of_another_user_is_not_even_read(monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[socket.socket] = []
    monkeypatch.setattr(forkserver, "peer", lambda connection: os.getuid() + 1)
    monkeypatch.setattr(forkserver, "received", lambda connection: read.append(connection) or ({}, []))
    monkeypatch.setattr(os, "fork", lambda: pytest.fail("a stranger's request was run"))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = forkserver.Server.__new__(forkserver.Server)
        server._listener = listener
        asking = threading.Thread(target=lambda: socket.create_connection(listener.getsockname()).close())
        asking.start()
        server._accept()
        asking.join()
    assert read == []


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    """An archive of one table."""
    table = tmp_path / "table.csv"
    table.write_text("a,b\n1,2\n")
    archive.write(tmp_path / "archive", {"scale": "demo"}, {}, {"records/table": table})
    return tmp_path / "archive"


def tampered(kept: Path, **changes: object) -> Path:
    content = read_json(kept / "manifest.json")
    content["files"][0] |= changes
    write_json(kept / "manifest.json", content)
    return kept


def test_an_archive_is_opened(kept: Path, tmp_path: Path) -> None:
    archive.unpack(kept, {}, {"records/table": tmp_path / "out.csv"})
    assert (tmp_path / "out.csv").read_text() == "a,b\n1,2\n"


@pytest.mark.parametrize("way", ["../table.csv", "absolute", "link"])
def test_an_archive_leads_nowhere_else(way: str, kept: Path, tmp_path: Path) -> None:
    path = str(tmp_path / "table.csv") if way == "absolute" else way
    if way == "link":
        (kept / "link").symlink_to(tmp_path / "table.csv")
    digest = "d8e4e94a98df2a1cba40e2ca8ea4fb6a29bc6a4df5a0f5f0ab2a5d0a0c1cf1a1"
    with pytest.raises(ArchiveError, match="leads out of the archive"):
        archive.unpack(tampered(kept, path=path, sha256=digest), {}, {"records/table": tmp_path / "out.csv"})
    assert not (tmp_path / "out.csv").exists()


def test_an_archive_does_not_explode(kept: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "LARGEST", 7)
    with pytest.raises(ArchiveError, match="holds more than 7 bytes"):
        archive.unpack(kept, {}, {"records/table": tmp_path / "out.csv"})


def test_an_archives_content_is_what_its_manifest_states(kept: Path, tmp_path: Path) -> None:
    with pytest.raises(ArchiveError, match="another content"):
        archive.unpack(tampered(kept, content_sha256="0" * 64), {}, {"records/table": tmp_path / "out.csv"})


def test_tables_are_written_whole(shared: Path) -> None:
    import pandas as pd

    write_csv(shared / "a.csv", pd.DataFrame({"a": [1]}))
    assert [path.name for path in shared.iterdir()] == ["a.csv"]
