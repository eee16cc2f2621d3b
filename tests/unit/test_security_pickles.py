"""No pickle of a file is ever loaded: every place that reads weights, arrays or tables refuses a hostile one."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch

from datalines.carried import carried
from datalines.errors import DatalinesError
from datalines.files import sha256_file, write_json
from datalines.filters.overlap import Kept, _kept_rows
from datalines.idsets import IdSet
from datalines.objectives import build
from datalines.scorer import load_scorer
from datalines.training.state import LISTING, Folder
from datalines.training.weights import load_weights
from tests.unit.hostile_files import is_hostile, numpy_pickled, parquet_pickled, pickled, torch_pickled
from tests.unit.tiny_runs import recipe
from tests.unit.tiny_scorer import declared

Maker = Callable[[Path, Path], Path]


@pytest.fixture
def marker(tmp_path: Path) -> Path:
    """The folder that is there once a hostile file has had its way."""
    return tmp_path / "marker"


def read_scorer(path: Path) -> Any:
    return load_scorer(declared(str(path)))


def read_initial(path: Path) -> Any:
    return build({**recipe(), "initial": {"model": {"sha256": sha256_file(path)}}}, {"model": path})


def read_state(path: Path) -> Any:
    folder = Folder(path.parent / "state", {"family": "photo"})
    folder.claim()
    state = folder.path / "step-000000003.pt"
    state.write_bytes(path.read_bytes())
    write_json(
        folder.path / LISTING,
        {"states": [{"path": state.name, "step": 3, "bytes": state.stat().st_size, "sha256": sha256_file(state)}]},
    )
    return folder.load()


def read_carried(path: Path) -> Any:
    return carried(path, "weights")


READERS = {"scorer": read_scorer, "initial weights": read_initial, "state of a run": read_state}
SAID = {"scorer": r"hostile", "initial weights": r"hostile", "state of a run": r"Weights only load failed|weights_only"}


@pytest.mark.parametrize("make", [pickled, torch_pickled])
@pytest.mark.parametrize("name", READERS)
@pytest.mark.parametrize("suffix", [".pt", ".bin", ".safetensors"])
def test_weights_that_run_a_program_are_refused(
    name: str, make: Maker, suffix: str, tmp_path: Path, marker: Path
) -> None:
    path = make(tmp_path / f"hostile{suffix}", marker)
    with pytest.raises(Exception, match=SAID[name]):
        READERS[name](path)
    assert not marker.exists()


@pytest.mark.parametrize("name", ["scorer", "initial weights"])
def test_the_refusal_names_the_file_and_what_to_take(name: str, tmp_path: Path, marker: Path) -> None:
    path = torch_pickled(tmp_path / "hostile.pt", marker)
    with pytest.raises(DatalinesError, match=r"hostile\.pt.*Take "):
        READERS[name](path)


@pytest.mark.parametrize("read", [load_weights, read_carried])
def test_weights_of_this_project_are_safetensors_whatever_their_name(
    read: Callable[[Path], Any], tmp_path: Path, marker: Path
) -> None:
    with pytest.raises(DatalinesError, match="safetensors"):
        read(torch_pickled(tmp_path / "epoch-001.safetensors", marker))
    assert not marker.exists()


def test_sets_of_ids_are_no_arrays_of_objects(tmp_path: Path, marker: Path) -> None:
    path = numpy_pickled(tmp_path / "kept.npy", marker)
    with pytest.raises((ValueError, DatalinesError)):
        IdSet(path)
    with pytest.raises(ValueError, match="object"):
        next(iter(_kept_rows(0, Kept("web", [], path))))
    assert not marker.exists()


def test_tables_run_nothing(tmp_path: Path, marker: Path) -> None:
    path = parquet_pickled(tmp_path / "index.parquet", marker)
    assert pq.read_table(path)["id"].to_pylist() == ["a"]
    assert pa.parquet.ParquetFile(path).schema_arrow.names == ["id"]
    assert not marker.exists()


def test_the_hostile_files_are_hostile(tmp_path: Path, marker: Path) -> None:
    is_hostile(pickled(tmp_path / "plain", marker), marker)
    torch.load(torch_pickled(tmp_path / "torch", marker), weights_only=False)
    assert marker.is_dir()
