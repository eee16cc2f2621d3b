"""Tar entries are read by Python's reader, end on block borders, and depend on nothing but name and size."""

import io
import tarfile

import pytest

from datalines.tars import BLOCK, END_OF_ARCHIVE, tar_entry


@pytest.mark.parametrize("size", [0, 1, 511, 512, 513, 2000])
def test_an_entry_is_read_back_by_tarfile_and_ends_on_a_block_border(size: int) -> None:
    header, padding = tar_entry("some.jpg", size)
    data = b"x" * size
    assert len(header) == BLOCK
    assert (size + len(padding)) % BLOCK == 0
    assert len(padding) < BLOCK
    with tarfile.open(fileobj=io.BytesIO(header + data + padding + END_OF_ARCHIVE)) as archive:
        (entry,) = archive.getmembers()
        stream = archive.extractfile(entry)
        assert stream is not None
        assert stream.read() == data
    assert (entry.name, entry.size, entry.isfile()) == ("some.jpg", size, True)


def test_an_entry_holds_no_times_and_no_owners() -> None:
    header, _ = tar_entry("some.jpg", 3)
    entry = tarfile.TarInfo.frombuf(header, "utf-8", "strict")
    assert (entry.mtime, entry.uid, entry.gid, entry.uname, entry.gname, entry.mode) == (0, 0, 0, "", "", 0o644)
    assert tar_entry("some.jpg", 3)[0] == header


def test_the_end_marker_is_two_empty_blocks() -> None:
    assert bytes(1024) == END_OF_ARCHIVE
