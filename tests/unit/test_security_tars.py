"""Tars that somebody else made: entries that point elsewhere are refused, and nothing is left where they lie."""

import gzip
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from datalines.errors import PoolError
from datalines.evalsets import left_out
from datalines.pools import archive, cifar, folder, webshards
from tests.builders import folder_pool, jpeg, make_tar, shards_pool
from tests.unit.hostile_files import KINDS, LINKS, NAMES, entry, tar_of, tar_with_header, tar_with_pax

WHERE = "pools.zoo"
Reader = Callable[[Path], Any]


def read_folder(path: Path) -> Any:
    return list(folder.read(folder_pool(path), 0, 1, WHERE))


def read_shards(path: Path) -> Any:
    return list(webshards.read(shards_pool(path), 0, 1, WHERE))


def read_set(path: Path) -> Any:
    return left_out({"kind": "folder", "path": str(path), "subset": ["cat"]}, WHERE)


def read_cifar(path: Path) -> Any:
    return list(cifar.read({"path": str(path), "batches": "train"}, 0, 1, WHERE))


READERS = {"folder": read_folder, "shards": read_shards, "evaluation set": read_set, "cifar": read_cifar}
GOOD = {"cat/1.jpg": jpeg(), "cat/1.txt": b"a cat"}


def refusal(name: str, path: Path) -> str:
    """What is said of a tar; the folder that it lies in holds nothing more afterwards."""
    before = sorted(path.parent.rglob("*"))
    with pytest.raises(PoolError) as caught:
        READERS[name](path)
    assert sorted(path.parent.rglob("*")) == before
    text = str(caught.value)
    assert text.startswith(WHERE)
    assert str(path) in text
    return text


@pytest.mark.parametrize(
    ("name", "packed"), [*((name, False) for name in READERS), *((name, True) for name in READERS if name != "shards")]
)
@pytest.mark.parametrize("hostile", NAMES)
def test_names_that_lead_elsewhere(name: str, hostile: str, packed: bool, tmp_path: Path) -> None:
    path = tar_of(tmp_path / "00000.tar", (entry(NAMES[hostile]), jpeg()), packed=packed)
    text = refusal(name, path)
    assert "is an absolute path" in text or "is a path that leads upwards" in text


@pytest.mark.parametrize("hostile", KINDS)
@pytest.mark.parametrize("name", READERS)
def test_devices_and_pipes(name: str, hostile: str, tmp_path: Path) -> None:
    path = tar_of(tmp_path / "00000.tar", (entry("cat/hostile.jpg", KINDS[hostile]), b""))
    assert "is a device, a pipe or of an unknown kind" in refusal(name, path)


@pytest.mark.parametrize("hostile", LINKS)
@pytest.mark.parametrize("name", ["folder", "shards", "evaluation set"])
def test_links_out_of_the_archive(name: str, hostile: str, tmp_path: Path) -> None:
    kind, target = LINKS[hostile]
    path = tar_of(tmp_path / "00000.tar", (entry("cat/hostile.jpg", kind, target), b""))
    assert "which does not stand before it in the archive" in refusal(name, path)


def test_a_link_is_another_name_of_a_file_before_it(tmp_path: Path) -> None:
    link = entry("cat/2.jpg", tarfile.LNKTYPE, "cat/1.jpg")
    path = tar_of(tmp_path / "zoo.tar", (entry("cat/1.jpg"), jpeg()), (link, b""))
    assert [item.image for item in read_folder(path)] == [jpeg(), jpeg()]


@pytest.mark.parametrize("kind", [tarfile.GNUTYPE_LONGNAME, tarfile.XHDTYPE, tarfile.XGLTYPE])
@pytest.mark.parametrize("name", READERS)
def test_headers_that_would_fill_the_memory(name: str, kind: bytes, tmp_path: Path) -> None:
    assert "an extended header has" in refusal(name, tar_with_header(tmp_path / "00000.tar", kind, 1 << 32))


@pytest.mark.parametrize("value", ["-1", "-1024", "-99999999999"])
@pytest.mark.parametrize("name", READERS)
def test_sizes_that_cannot_be(name: str, value: str, tmp_path: Path) -> None:
    refusal(name, tar_with_pax(tmp_path / "00000.tar", "size", value))


@pytest.mark.parametrize("name", ["folder", "shards", "evaluation set"])
def test_sparse_files(name: str, tmp_path: Path) -> None:
    path = tar_with_pax(tmp_path / "00000.tar", "GNU.sparse.size", "99999")
    content = path.read_bytes().replace(b"GNU.sparse.size=99999\n", b"GNU.sparse.map=0,512\n\n")
    path.write_bytes(content)
    assert "sparse" in refusal(name, path)


def test_a_gzipped_tar_that_explodes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "LEAST_UNPACKED", 1 << 20)
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    path = tmp_path / "zoo.tar.gz"
    path.write_bytes(gzip.compress(bytes(64 << 20)))
    assert "which no archive of images does" in refusal("folder", path)


@pytest.mark.parametrize("text", ["[" * 100_000, '{"a":' * 100_000])
def test_json_that_is_nested_too_deeply_is_a_row_with_a_status(text: str, tmp_path: Path) -> None:
    path = make_tar(tmp_path / "00000.tar", {"a.jpg": jpeg(), "a.json": text.encode()})
    (item,) = webshards.read(shards_pool(path, captions="json:caption"), 0, 1, WHERE)
    assert item.status == "undecodable_caption"


def test_a_caption_of_many_megabytes_is_a_row_with_a_status(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webshards, "LONGEST_TEXT", 1000)
    path = make_tar(tmp_path / "00000.tar", {"a.jpg": jpeg(), "a.txt": b"x" * 1001})
    (item,) = webshards.read(shards_pool(path), 0, 1, WHERE)
    assert item.status == "undecodable_caption"
    assert "1,001 bytes" in item.message


@pytest.mark.parametrize("name", ["folder", "shards", "evaluation set"])
def test_a_tar_without_tricks_is_read(name: str, tmp_path: Path) -> None:
    READERS[name](make_tar(tmp_path / "00000.tar", GOOD))
