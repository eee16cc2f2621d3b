"""The figure of the first batches shows what training is given, from manifests alone."""

from pathlib import Path

import pandas as pd
import pytest

from datalines.files import read_json
from datalines.loading.batches import Batches, Slice
from datalines.loading.manifest import Contents
from datalines.loading.order import Order
from tests.unit.tiny_loading import CROPS, targets, write_mixture
from workflow.scripts import draw_batches

TITLES = {"wit": "WIT", "yfcc": "YFCC", "laion": "LAION"}


@pytest.fixture
def manifest(tmp_path: Path) -> Path:
    return write_mixture(tmp_path / "mixed", {"yfcc": 20, "laion": 60})


def draw(manifest: Path, png: Path, batches: int = 14) -> pd.DataFrame:
    """Draw it; returns the csv."""
    png.parent.mkdir(exist_ok=True)
    spec = {"title": "A quarter", "size": "full", "seed": 3, "batch": 8, "window": 30}
    draw_batches.main({"mixed": spec}, TITLES, [manifest], batches, png)
    return pd.read_csv(png.with_suffix(".csv"))


def test_the_shares_are_those_of_the_batches_that_are_trained_on(manifest: Path, tmp_path: Path) -> None:
    table = draw(manifest, tmp_path / "samples" / "batches.png")
    contents = Contents.open(manifest)
    order = Order(contents.shards, contents.digest, 3, 30)
    made = Batches(contents, order, Slice(8, 8, 0, 1, 2), 8, CROPS, 3, 1, targets, "pillow", 0, 0)
    found = {batch.step + 1: 100 * float((batch.rows < 20).float().mean()) for batch in made}
    drawn = table[table["pool"] == "yfcc"].set_index("batch")["share"]
    # Fourteen batches are more than an epoch of ten.
    assert drawn.to_dict() == {number: share for number, share in found.items() if number <= 14}
    assert (table.groupby("batch")["share"].sum() == 100).all()
    assert table.groupby("label")["declared"].unique().map(list).to_dict() == {"YFCC": [25.0], "LAION": [75.0]}
    assert set(table["samples"]) == {8}


def test_neither_images_nor_index_are_opened(manifest: Path, tmp_path: Path) -> None:
    for path in manifest.parent.iterdir():
        if path != manifest:
            path.unlink()
    assert len(draw(manifest, tmp_path / "samples" / "batches.png")) == 28
    assert read_json(manifest)["samples"] == 80


def test_all_files_are_there_and_the_same_every_time(manifest: Path, tmp_path: Path) -> None:
    png = tmp_path / "samples" / "batches.png"
    draw(manifest, png)
    before = {path.name: path.read_bytes() for path in png.parent.iterdir()}
    assert sorted(before) == ["batches.csv", "batches.pdf", "batches.png", "batches.svg"]
    draw(manifest, png)
    assert {path.name: path.read_bytes() for path in png.parent.iterdir()} == before
