"""Frequencies over processes, quality of labels, and captions read from Parquet files."""

import math
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from datalines.concepts.captions import captions_in, list_parts
from datalines.concepts.counting import count
from datalines.concepts.labels import label_quality
from datalines.concepts.lemmasets import LemmaSetMatcher
from datalines.concepts.lexicon import ConceptError, read_lexicon
from datalines.concepts.rules import concepts
from datalines.concepts.termtables import TermTable
from datalines.files import write_json

CAPTIONS = ["a hen", None, "two hens and a bow", "nothing", "bow bow bow", "", "hen"] * 3


@pytest.fixture(scope="module")
def matcher() -> LemmaSetMatcher:
    return LemmaSetMatcher(concepts(TermTable(("bow", "hen", "crane"))), read_lexicon())


@pytest.mark.parametrize(("processes", "batch"), [(1, 4096), (1, 1), (2, 3), (3, 2), (2, 4096)])
def test_counts_do_not_depend_on_processes(matcher: LemmaSetMatcher, processes: int, batch: int) -> None:
    found = count(matcher, iter(CAPTIONS), processes, batch)
    assert (found.classes.tolist(), found.captions, found.matched) == ([6, 9, 0], 21, 12)


def test_no_captions(matcher: LemmaSetMatcher) -> None:
    for processes in (1, 2):
        found = count(matcher, [], processes)
        assert (found.classes.tolist(), found.captions, found.matched) == ([0, 0, 0], 0, 0)


def test_captions_are_read_as_they_are_needed(matcher: LemmaSetMatcher) -> None:
    read = 0

    def endless() -> Iterator[str]:
        nonlocal read
        while True:
            read += 1
            if read > 100:
                raise ConceptError("stop")
            yield "hen"

    with pytest.raises(ConceptError, match="stop"):
        count(matcher, endless(), 2, batch=5)
    assert read == 101


def test_quality_of_labels() -> None:
    quality = label_quality([(3,), (), (1, 4), (2,)], [3, 1, 4, 7])
    assert (quality.samples, quality.labelled, quality.correct) == (4, 3, 2)
    assert (quality.coverage, quality.precision, quality.utilisation) == (0.75, pytest.approx(2 / 3), 0.5)


def test_the_right_class_0_is_right_and_no_label_is_never_right() -> None:
    quality = label_quality([(0,), ()], [0, 0])
    assert (quality.labelled, quality.correct) == (1, 1)
    nothing = label_quality([()], [0])
    assert nothing.coverage == nothing.utilisation == 0
    assert math.isnan(nothing.precision)


def test_quality_needs_captions_and_truths_in_pairs() -> None:
    with pytest.raises(ConceptError, match="give one for each"):
        label_quality([(1,), (2,)], [1])
    with pytest.raises(ConceptError, match="give at least one"):
        label_quality([], [])


def test_captions_of_files(tmp_path: Path) -> None:
    paths = [tmp_path / name for name in ("0.parquet", "1.parquet")]
    pq.write_table(pa.table({"caption": ["a", None, "c"], "id": ["1", "2", "3"]}), paths[0], row_group_size=2)
    pq.write_table(pa.table({"caption": ["d"]}), paths[1])
    write_json(tmp_path / "manifest.json", {"parts": [{}, {}]})
    assert list_parts(tmp_path / "manifest.json") == paths
    assert list(captions_in(paths)) == ["a", None, "c", "d"]


def test_a_file_without_captions(tmp_path: Path) -> None:
    pq.write_table(pa.table({"text": ["a"]}), tmp_path / "index.parquet")
    with pytest.raises(ConceptError, match=r"index\.parquet has no column caption"):
        list(captions_in([tmp_path / "index.parquet"]))
