"""The side-by-side measurement of loading runs, and compares what is comparable."""

from pathlib import Path

import torch

from benchmarks.loading import WORKERS, bare, drawings, measure, ours, photographs, prepare, theirs


def test_the_measurement_gives_overhead_and_ratio_for_both_kinds_of_images() -> None:
    found = measure(samples=64, repeats=1)
    assert found["loader_overhead"] > -1
    assert found["loader_vs_webdataset"] > 0
    for kind, count in (("photographs", 64), ("drawings", 320)):
        assert found["raw"][kind]["samples"] == count
        assert all(value > 0 for name, value in found["raw"][kind].items() if name.endswith("_per_second"))
    assert found["raw"]["workers"] == WORKERS


def test_photographs_are_as_large_as_stated() -> None:
    assert all(30_000 < len(image) < 100_000 for image in photographs())
    assert all(len(image) < 3_500 for image in drawings())


def test_all_sides_load_all_samples_of_full_batches(tmp_path: Path) -> None:
    torch.set_num_threads(1)
    case = prepare(drawings(), 200, 32, tmp_path)
    assert bare(case)() == ours(case, 0)() == ours(case, 2)() == 192
    # Its last batch, one for each worker, is a part of one.
    assert theirs(case, 0)() == theirs(case, 2)() == 200
