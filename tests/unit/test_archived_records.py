"""Archives of records: what is written comes back to the byte, and nothing else does."""

import gzip
from pathlib import Path

import pytest

from datalines import archive
from datalines.archive import ArchiveError
from datalines.files import read_json, write_json

ABOUT = {"scale": "toy", "title": "A toy"}
EXPERIMENTS = {"sources": "a1", "sweep": "b2"}


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Path]:
    """A table and a file that is no table."""
    folder = tmp_path / "records"
    folder.mkdir()
    (folder / "sources.csv").write_text("a,b\n" + "1,2\n" * 500)
    (folder / "samples.parquet").write_bytes(bytes(range(256)) * 9)
    return {"records/sources": folder / "sources.csv", "records/samples": folder / "samples.parquet"}


def targets(folder: Path, files: dict[str, Path]) -> dict[str, Path]:
    return {name: folder / "again" / path.name for name, path in files.items()}


def test_what_is_archived_comes_back_to_the_byte(tmp_path: Path, files: dict[str, Path]) -> None:
    size = archive.write(tmp_path / "artifacts", ABOUT, EXPERIMENTS, files)
    found = targets(tmp_path, files)
    archive.unpack(tmp_path / "artifacts", EXPERIMENTS, found)
    assert {name: path.read_bytes() for name, path in found.items()} == {
        name: path.read_bytes() for name, path in files.items()
    }
    listed = archive.read(tmp_path / "artifacts")["files"]
    assert [entry["name"] for entry in listed] == ["records/samples", "records/sources"]
    assert size == sum(path.stat().st_size for path in (tmp_path / "artifacts").rglob("records/*"))
    assert size < sum(path.stat().st_size for path in files.values())


def test_equal_records_give_equal_archives(tmp_path: Path, files: dict[str, Path]) -> None:
    for name in ("one", "two"):
        archive.write(tmp_path / name, ABOUT, EXPERIMENTS, dict(reversed(files.items())) if name == "two" else files)
    one, two = (
        {
            path.relative_to(tmp_path / name): path.read_bytes()
            for path in (tmp_path / name).rglob("*")
            if path.is_file()
        }
        for name in ("one", "two")
    )
    assert one == two


def test_an_altered_or_missing_file_is_named(tmp_path: Path, files: dict[str, Path]) -> None:
    folder = tmp_path / "artifacts"
    archive.write(folder, ABOUT, EXPERIMENTS, files)
    packed = folder / "records" / "sources.csv.gz"
    packed.write_bytes(gzip.compress(b"a,b\n3,4\n"))
    with pytest.raises(ArchiveError, match=r"sources\.csv\.gz is not the file that .*manifest\.json lists"):
        archive.unpack(folder, EXPERIMENTS, targets(tmp_path, files))
    packed.unlink()
    with pytest.raises(ArchiveError, match=r"sources\.csv\.gz is listed in .* but missing; restore the archive"):
        archive.unpack(folder, EXPERIMENTS, targets(tmp_path, files))


def test_a_study_that_was_declared_otherwise_is_refused(tmp_path: Path, files: dict[str, Path]) -> None:
    folder = tmp_path / "artifacts"
    archive.write(folder, ABOUT, EXPERIMENTS, files)
    with pytest.raises(ArchiveError, match=r"experiment sweep was declared otherwise than now .* \(1 of 2 experiments"):
        archive.unpack(folder, EXPERIMENTS | {"sweep": "c3"}, targets(tmp_path, files))
    with pytest.raises(ArchiveError, match="experiment another is not in the archive"):
        archive.unpack(folder, {"another": "d4"}, targets(tmp_path, files))
    with pytest.raises(ArchiveError, match=r"holds no records/sweep \(of 1 that are missing\)"):
        archive.unpack(folder, EXPERIMENTS, {"records/sweep": tmp_path / "sweep.csv"})


def test_an_archive_of_another_scale_is_not_replaced(tmp_path: Path, files: dict[str, Path]) -> None:
    folder = tmp_path / "artifacts"
    archive.write(folder, ABOUT, EXPERIMENTS, files)
    (folder / "stale.csv.gz").write_bytes(b"left by an earlier version")
    with pytest.raises(ArchiveError, match="holds an archive of scale toy; move it away first"):
        archive.write(folder, ABOUT | {"scale": "paper"}, EXPERIMENTS, files)
    archive.write(folder, ABOUT, EXPERIMENTS, files)
    assert not (folder / "stale.csv.gz").exists()


def test_a_folder_that_is_no_archive_is_named(tmp_path: Path, files: dict[str, Path]) -> None:
    with pytest.raises(ArchiveError, match=r"manifest\.json does not exist; name a folder"):
        archive.read(tmp_path)
    archive.write(tmp_path / "artifacts", ABOUT, EXPERIMENTS, files)
    manifest = tmp_path / "artifacts" / "manifest.json"
    write_json(manifest, read_json(manifest) | {"format": 0})
    with pytest.raises(ArchiveError, match="format is 0, this version reads 1"):
        archive.read(tmp_path / "artifacts")
