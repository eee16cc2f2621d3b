"""Tar entries are read by Python's reader, end on block borders, and depend on nothing but name and size."""

import io
import tarfile
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datalines import tars
from datalines.files import sha256_file
from datalines.tars import BLOCK, END_OF_ARCHIVE, padded, tar_entry, tar_writer


@pytest.mark.parametrize("size", [0, 1, 511, 512, 513, 2000])
def test_an_entry_is_read_back_by_tarfile_and_ends_on_a_block_border(size: int) -> None:
    header, padding = tar_entry("some.jpg", size)
    data = b"x" * size
    assert len(header) == BLOCK
    assert (size + len(padding)) % BLOCK == 0
    assert len(padding) < BLOCK
    assert padded(size) == size + len(padding)
    with tarfile.open(fileobj=io.BytesIO(header + data + padding + END_OF_ARCHIVE)) as archive:
        (entry,) = archive.getmembers()
        stream = archive.extractfile(entry)
        assert stream is not None
        assert stream.read() == data
    assert (entry.name, entry.size, entry.isfile()) == ("some.jpg", size, True)


def header_by_tarfile(name: str, size: int) -> bytes:
    info = tarfile.TarInfo(name)
    info.size = size
    return info.tobuf(format=tarfile.USTAR_FORMAT)


NAMES = st.one_of(
    st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0"), min_size=1, max_size=33),
    st.from_regex(r"[a-f0-9]{32}\.(jpg|png|webp|txt|json)", fullmatch=True),
    st.text("ab/", min_size=95, max_size=120).map(lambda name: f"folder/{name}"),
)


@given(NAMES, st.one_of(st.integers(0, 1 << 20), st.integers(0, 8**11 - 1)))
def test_a_header_is_byte_for_byte_that_of_tarfile(name: str, size: int) -> None:
    try:
        expected = header_by_tarfile(name, size)
    except ValueError as refusal:
        with pytest.raises(ValueError, match=str(refusal)):
            tar_entry(name, size)
    else:
        assert tar_entry(name, size)[0] == expected


@pytest.mark.parametrize(("name", "size"), [("a" * 101, 1), ("a", 8**11)])
def test_what_ustar_cannot_say_is_refused_as_by_tarfile(name: str, size: int) -> None:
    with pytest.raises(ValueError, match=r"name is too long|overflow"):
        header_by_tarfile(name, size)
    with pytest.raises(ValueError, match=r"name is too long|overflow"):
        tars._header(name, size)


def test_an_entry_holds_no_times_and_no_owners() -> None:
    header, _ = tar_entry("some.jpg", 3)
    entry = tarfile.TarInfo.frombuf(header, "utf-8", "strict")
    assert (entry.mtime, entry.uid, entry.gid, entry.uname, entry.gname, entry.mode) == (0, 0, 0, "", "", 0o644)
    assert tar_entry("some.jpg", 3)[0] == header


def test_the_end_marker_is_two_empty_blocks() -> None:
    assert bytes(1024) == END_OF_ARCHIVE


@settings(max_examples=60)
@given(st.lists(st.integers(0, 3000), max_size=12), st.sampled_from([512, 700, 1024, 1 << 20]))
def test_what_is_written_is_the_same_for_every_buffer(sizes: list[int], buffer: int) -> None:
    before, tars.BUFFER = tars.BUFFER, buffer
    try:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "some.tar")
            with tar_writer(path) as writer:
                places = [writer.add(f"{n}", bytes([n]) * size) for n, size in enumerate(sizes)]
            data = path.read_bytes()
            assert (writer.tell(), writer.hexdigest()) == (len(data), sha256_file(path))
            with tarfile.open(path) as archive:
                assert [(entry.offset_data, entry.size) for entry in archive] == list(zip(places, sizes, strict=True))
            assert data.endswith(END_OF_ARCHIVE)
            for number, (place, size) in enumerate(zip(places, sizes, strict=True)):
                assert data[place : place + size] == bytes([number]) * size
    finally:
        tars.BUFFER = before


@given(st.integers(0, 2500), st.integers(0, 2500), st.integers(0, 800))
def test_a_range_of_another_file_is_copied_or_reported_short(start: int, length: int, before: int) -> None:
    data = bytes(n % 251 for n in range(3000))
    saved, tars.BUFFER = tars.BUFFER, 600
    try:
        with tempfile.TemporaryDirectory() as folder:
            Path(folder, "origin").write_bytes(data)
            with tar_writer(Path(folder, "copy")) as writer, Path(folder, "origin").open("rb") as origin:
                writer.write(b"x" * before)
                copied = writer.copy(origin.fileno(), start, start + length)
            expected = data[start : start + length]
            assert copied == len(expected)
            assert Path(folder, "copy").read_bytes() == b"x" * before + expected + END_OF_ARCHIVE
    finally:
        tars.BUFFER = saved


def test_a_tar_that_could_not_be_finished_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="disk"), tar_writer(tmp_path / "a.tar") as writer:
        writer.add("a", b"x" * 5000)
        raise OSError("disk")
    assert list(tmp_path.iterdir()) == []
