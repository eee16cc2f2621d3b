"""Files of ids: sorted, each once, searched exactly."""

import tempfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from datalines import idsets
from datalines.errors import CountError, DatalinesError
from datalines.idsets import IdSet, write_ids

IDS = st.sets(st.integers(0, 60).map(lambda number: f"{number:032x}"))


@given(IDS, IDS, st.integers(1, 7))
def test_a_set_contains_what_was_written_and_nothing_else(there: set[str], asked: set[str], piece: int) -> None:
    ids = sorted(there, reverse=True)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "ids.npy")
        batches = (ids[start : start + piece] for start in range(0, len(ids), piece))
        write_ids(path, batches, len(ids), "here")
        assert np.load(path).astype(str).tolist() == sorted(there)
        assert np.load(path).dtype == np.dtype("S32")
        found = IdSet(path)
        assert len(found) == len(there)
        wanted = sorted(asked)
        assert found.contains(pa.array(wanted, pa.large_string())).tolist() == [entry in there for entry in wanted]


def test_ids_that_come_twice_are_counted_and_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(idsets, "_BLOCK", 2)
    ids = ["a", "b", "c", "a", "d", "c", "a"]
    with pytest.raises(CountError, match=r"^mixtures\.half: 3 of 7 samples are taken more than once"):
        write_ids(tmp_path / "ids.npy", [ids], 7, "mixtures.half")
    assert list(tmp_path.iterdir()) == []


def test_fewer_ids_than_announced_are_an_error(tmp_path: Path) -> None:
    with pytest.raises(CountError, match=r"2 ids announced, but 1 came"):
        write_ids(tmp_path / "ids.npy", [["a"]], 2, "here")


def test_another_array_is_refused_with_what_to_do(tmp_path: Path) -> None:
    np.save(tmp_path / "kept.npy", np.array(["a"]))
    with pytest.raises(DatalinesError, match=r"kept\.npy holds <U1, shape \(1,\), .*delete it and run again"):
        IdSet(tmp_path / "kept.npy")
