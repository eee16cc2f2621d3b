"""Published archives of records: fetched with their digests, and nothing else is laid down."""

import json
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest

from datalines import archive
from datalines.archive import MANIFEST, ArchiveError
from datalines.fetch.archived import fetch_archive
from datalines.fetch.download import DownloadError
from datalines.fetch.mirror import VARIABLE, place
from datalines.files import sha256_file, write_csv
from tests.web.asking import IMPATIENT
from tests.web.server import Site, serve

EXPERIMENTS = {"sources": "0" * 12}


class Published:
    """An archive of two tables, and a server that has it below /study/."""

    def __init__(self, folder: Path, here: Path, site: Site) -> None:
        tables = {"records/sources": folder / "sources.csv", "records/pools": folder / "pools.csv"}
        for number, path in enumerate(tables.values()):
            write_csv(path, pd.DataFrame({"n": [number, 7]}))
        self.folder, self.here, self.site, self.tables = folder / "study", here, site, tables
        archive.write(self.folder, {"scale": "study"}, EXPERIMENTS, tables)

    @property
    def sha256(self) -> str:
        return sha256_file(self.folder / MANIFEST)

    def fetch(self, sha256: str | None = None, address: str = "/study/") -> int:
        return fetch_archive(
            self.site.url(address), sha256 or self.sha256, self.here / "qnq", self.here / "downloads", IMPATIENT
        )

    def rewrite(self, **changes: str) -> None:
        """Another manifest: its first file has other values."""
        said = json.loads((self.folder / MANIFEST).read_text())
        said["files"][0] |= changes
        (self.folder / MANIFEST).write_text(json.dumps(said))


@pytest.fixture
def published(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Published]:
    monkeypatch.delenv(VARIABLE, raising=False)
    with serve(tmp_path / "web") as site:
        yield Published(tmp_path / "web", tmp_path / "here", site)


@pytest.mark.parametrize("address", ["/study", "/study/", "/study/manifest.json"])
def test_a_published_archive_unpacks_to_what_was_packed(published: Published, address: str) -> None:
    assert published.fetch(address=address) == 2
    unpacked = {name: published.here / f"{name}.csv" for name in published.tables}
    archive.unpack(published.here / "qnq", EXPERIMENTS, unpacked)
    for name, path in published.tables.items():
        assert unpacked[name].read_bytes() == path.read_bytes()


def test_a_second_call_asks_for_nothing(published: Published) -> None:
    published.fetch()
    asked = published.site.total()
    assert published.fetch() == 2 and published.site.total() == asked


def test_a_mirror_serves_it_without_a_network_and_leaves_no_link(
    published: Published, monkeypatch: pytest.MonkeyPatch
) -> None:
    mirror = published.here / "mirror" / place(published.site.url("/study"))
    mirror.parent.mkdir(parents=True)
    published.folder.rename(mirror)
    monkeypatch.setenv(VARIABLE, str(published.here / "mirror"))
    published.folder = mirror
    assert published.fetch() == 2 and published.site.total() == 0
    assert not [path for path in (published.here / "qnq").rglob("*") if path.is_symlink()]


def test_another_manifest_than_was_published_is_refused(published: Published) -> None:
    with pytest.raises(DownloadError, match="the sha256"):
        published.fetch("1" * 64)
    assert not (published.here / "qnq").exists()


def test_a_file_that_is_not_the_stated_one_is_refused_and_the_archive_stays_unfinished(published: Published) -> None:
    published.rewrite(sha256="2" * 64)
    with pytest.raises(DownloadError, match="the sha256"):
        published.fetch()
    assert not (published.here / "qnq" / MANIFEST).exists()


@pytest.mark.parametrize("path", ["../out.csv", "/etc/out.csv", "https://example.org/out.csv", "a/../../out.csv"])
def test_a_manifest_that_leads_out_is_refused(published: Published, path: str) -> None:
    published.rewrite(path=path)
    with pytest.raises(ArchiveError, match="leads out of the archive"):
        published.fetch()
    assert not list(published.here.rglob("out.csv"))


def test_what_is_no_archive_or_no_digest_or_no_free_folder_is_refused(published: Published) -> None:
    with pytest.raises(ArchiveError, match="64 hex digits"):
        published.fetch("abc")
    (published.folder / MANIFEST).write_text("[]")
    with pytest.raises(ArchiveError, match="no archive of format 1"):
        published.fetch()
    (published.here / "qnq").mkdir()
    (published.here / "qnq" / "thesis.tex").write_text("precious")
    with pytest.raises(ArchiveError, match="holds other files"):
        published.fetch()
