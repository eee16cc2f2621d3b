"""Damaged notes of Snakemake: those that it cannot read are removed, and no others."""

from pathlib import Path

import pytest
from snakemake.persistence import MetadataRecord
from snakemake.persistence.file import FilePersistence

from datalines.notes import mend

SHORT, LONG = "results/demo/records/sources.csv", f"results/demo/{'long/' * 60}a.csv"


class Notes:
    """Snakemake's own writer, in a folder."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.keeper = FilePersistence.__new__(FilePersistence)
        self.keeper._max_len = None
        self.keeper._metadata_path, self.keeper._incomplete_path = root / "metadata", root / "incomplete"
        for folder in (self.keeper._metadata_path, self.keeper._incomplete_path):
            folder.mkdir(parents=True)

    def put(self, output: str, kind: str = "metadata", content: bytes | None = None) -> Path:
        """A note on an output; `content` instead of what Snakemake writes."""
        record = dict(MetadataRecord(rule="collect", input=["a"], params=["1"], starttime=1.0, endtime=2.0).items())
        self.keeper._io_write(self.root / kind, record if kind == "metadata" else {"external_jobid": "7"}, output)
        path = Path(self.keeper._record_path(self.root / kind, output))
        if content is not None:
            path.write_bytes(content)
        return path


@pytest.fixture
def notes(tmp_path: Path) -> Notes:
    return Notes(tmp_path / ".snakemake")


DAMAGED = {
    "no text": b'{"rule": "\xf3ollect"}',
    "another form": b'{"rule": "collect", "input": "a"}',
    "a list": b'["rule"]',
    "deep": b"[" * 100_000,
}
PASSED = {"cut off": b'{"rule": "coll', "empty": b"", "of a later version": b'{"rule": "collect", "new": 1}'}


@pytest.mark.parametrize("output", [SHORT, LONG])
@pytest.mark.parametrize("content", DAMAGED.values(), ids=DAMAGED)
def test_what_snakemake_cannot_read_is_removed_and_named(notes: Notes, output: str, content: bytes) -> None:
    path, whole = notes.put(output, content=content), notes.put("results/demo/other.csv")
    with pytest.raises((ValueError, RecursionError)):
        notes.keeper._read_record_cached.__wrapped__(notes.keeper, output)
    assert mend(notes.root) == [output]
    assert not path.exists() and whole.exists()
    assert notes.keeper._read_record_cached.__wrapped__(notes.keeper, output) is None
    assert mend(notes.root) == []


@pytest.mark.parametrize("content", PASSED.values(), ids=PASSED)
def test_what_snakemake_passes_over_stays(notes: Notes, content: bytes) -> None:
    path = notes.put(SHORT, content=content)
    notes.keeper._read_record_cached.__wrapped__(notes.keeper, SHORT)
    assert mend(notes.root) == []
    assert path.read_bytes() == content


def test_the_mark_of_an_interrupted_job_stays_and_can_be_read(notes: Notes) -> None:
    path = notes.put(SHORT, "incomplete", b'{"external_jobid": "\xff"}')
    assert mend(notes.root) == []
    assert notes.keeper._io_read(notes.root / "incomplete", SHORT) == {}
    assert path.exists()


def test_where_nothing_ran_there_is_nothing_to_mend(tmp_path: Path) -> None:
    assert mend(tmp_path / ".snakemake") == []
