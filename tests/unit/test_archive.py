"""Files in folders and tars: a complete tar is read in full, any other is an error that names the key and the file."""

import io
import tarfile
from pathlib import Path

import pytest

from datalines.errors import PoolError
from datalines.pools.archive import members, tar_members
from tests.builders import make_folder, make_tar

FILES = {"a/1.jpg": b"one", "a/2.jpg": b"x" * 700, "b/3.jpg": b"", "top.txt": b"t" * 512}


def error_of(path: Path) -> str:
    with pytest.raises(PoolError) as caught:
        list(tar_members(path, "pools.web.path"))
    text = str(caught.value)
    assert text.startswith("pools.web.path: ")
    assert str(path) in text
    return text


def contents(path: Path) -> list[tuple[str, bytes]]:
    return [(member.name, member.read()) for member in members(path, "pools.web.path") if not member.folder]


def test_a_tar_and_a_folder_of_the_same_files_are_read_alike(tmp_path: Path) -> None:
    names = {**FILES, "a-x/0.jpg": b"z", "a.jpg": b"y"}  # `-` and `.` sort before `/`
    tar = make_tar(tmp_path / "a.tar", dict(reversed(names.items())))
    folder = make_folder(tmp_path / "folder", names)
    assert contents(tar) == contents(folder) == sorted(names.items())


def test_a_tar_is_streamed_in_its_own_order(tmp_path: Path) -> None:
    tar = make_tar(tmp_path / "a.tar", dict(reversed(FILES.items())))
    assert [member.name for member in tar_members(tar, "k")] == list(reversed(FILES))


def test_folders_are_listed_even_when_they_are_empty(tmp_path: Path) -> None:
    make_folder(tmp_path / "folder", FILES)
    (tmp_path / "folder" / "empty").mkdir()
    with tarfile.open(tmp_path / "a.tar", "w") as archive:
        archive.add(tmp_path / "folder", ".")
    for path in (tmp_path / "folder", tmp_path / "a.tar"):
        found = [member.name for member in members(path, "k") if member.folder]
        assert {"a", "b", "empty"} <= set(found)


def test_a_leading_dot_slash_is_dropped(tmp_path: Path) -> None:
    assert contents(make_tar(tmp_path / "a.tar", {"./a/1.jpg": b"one"})) == [("a/1.jpg", b"one")]


def test_long_and_foreign_names_survive(tmp_path: Path) -> None:
    name = f"a/{'lang' * 60}/Übergrößenträger 猫.jpg"
    assert contents(make_tar(tmp_path / "a.tar", {name: b"one"})) == [(name, b"one")]


def test_a_name_that_is_not_utf8_becomes_text_that_can_be_stored(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "a.tar", "w", format=tarfile.USTAR_FORMAT, encoding="latin-1") as archive:
        entry = tarfile.TarInfo("a/caf\u00e9.jpg")
        entry.size = 1
        archive.addfile(entry, io.BytesIO(b"x"))
    ((name, data),) = contents(tmp_path / "a.tar")
    assert (name.encode(), data) == (rb"a/caf\xe9.jpg", b"x")


def test_a_missing_tar(tmp_path: Path) -> None:
    assert "does not exist" in error_of(tmp_path / "none.tar")
    with pytest.raises(PoolError, match=r"^pools\.web\.path: .*none does not exist"):
        members(tmp_path / "none", "pools.web.path")


def test_a_folder_in_place_of_a_tar(tmp_path: Path) -> None:
    assert "is not a file; give a tar" in error_of(tmp_path)


@pytest.mark.parametrize("data", [b"", b"not a tar", b"\x1f\x8b" + b"gz" * 2000, b"<html>" * 400])
def test_what_is_no_tar(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "a.tar").write_bytes(data)
    assert "broken or truncated after its first header" in error_of(tmp_path / "a.tar")


def cut(path: Path, size: int) -> Path:
    path.write_bytes(path.read_bytes()[:size])
    return path


@pytest.mark.parametrize(
    ("size", "last"),
    [
        (512 + 512 + 512 + 100, "a/2.jpg"),  # in the first block of a member
        (512 + 512 + 512 + 512 + 100, "a/2.jpg"),  # in its last block
        (512 + 512 + 512, "a/2.jpg"),  # after its header
        (512 + 512 + 100, "a/1.jpg"),  # in a header
        (512 + 512, "a/1.jpg"),  # at a member's end, without an end marker
        (5 * 512, "a/2.jpg"),
        (512 + 3, "a/1.jpg"),
    ],
)
def test_a_tar_that_is_cut_anywhere_names_the_last_member(tmp_path: Path, size: int, last: str) -> None:
    text = error_of(cut(make_tar(tmp_path / "a.tar", FILES), size))
    assert "truncated" in text
    assert f"after {last}" in text
    assert "fetch it again" in text


def test_every_cut_before_the_end_marker_is_noticed(tmp_path: Path) -> None:
    whole = make_tar(tmp_path / "whole.tar", FILES).read_bytes()
    end = 512 * 8
    assert any(whole[end - 512 : end]) and not any(whole[end:])
    for size in [*range(0, end, 97), *range(0, end + 1, 512), end + 511]:
        (tmp_path / "a.tar").write_bytes(whole[:size])
        with pytest.raises(PoolError):
            list(tar_members(tmp_path / "a.tar", "k"))
    (tmp_path / "a.tar").write_bytes(whole[: end + 512])
    assert len(list(tar_members(tmp_path / "a.tar", "k"))) == 4


def test_a_damaged_header_in_the_middle_is_not_taken_for_the_end(tmp_path: Path) -> None:
    path = make_tar(tmp_path / "a.tar", FILES)
    data = bytearray(path.read_bytes())
    data[2 * 512 + 10] ^= 0xFF
    path.write_bytes(data)
    assert "what follows a/1.jpg is not a tar header" in error_of(path)


def test_an_empty_tar_has_no_members(tmp_path: Path) -> None:
    assert list(tar_members(make_tar(tmp_path / "a.tar", {}), "k")) == []


def linked(path: Path, kind: bytes, name: str, target: str) -> Path:
    with tarfile.open(path, "w") as archive:
        entry = tarfile.TarInfo("a/1.jpg")
        entry.size = 3
        archive.addfile(entry, io.BytesIO(b"one"))
        link = tarfile.TarInfo(name)
        link.type, link.linkname = kind, target
        archive.addfile(link)
    return path


def test_links_inside_a_tar_stand_for_the_file_that_they_name(tmp_path: Path) -> None:
    hard = linked(tmp_path / "a.tar", tarfile.LNKTYPE, "b/2.jpg", "a/1.jpg")
    soft = linked(tmp_path / "b.tar", tarfile.SYMTYPE, "b/2.jpg", "../a/1.jpg")
    assert contents(hard) == contents(soft) == [("a/1.jpg", b"one"), ("b/2.jpg", b"one")]


def test_a_link_to_what_is_not_there_is_an_error(tmp_path: Path) -> None:
    text = error_of(linked(tmp_path / "a.tar", tarfile.SYMTYPE, "b/2.jpg", "/elsewhere/1.jpg"))
    assert "b/2.jpg is a link to /elsewhere/1.jpg" in text
    folder = make_folder(tmp_path / "folder", FILES)
    (folder / "a" / "9.jpg").symlink_to(tmp_path / "gone.jpg")
    with pytest.raises(PoolError, match=r"a/9\.jpg is a link to nothing"):
        members(folder, "k")


def test_linked_class_folders_are_followed(tmp_path: Path) -> None:
    make_folder(tmp_path / "all", FILES)
    (tmp_path / "chosen").mkdir()
    (tmp_path / "chosen" / "a").symlink_to(tmp_path / "all" / "a")
    assert [name for name, _ in contents(tmp_path / "chosen")] == ["a/1.jpg", "a/2.jpg"]
