"""The measurement beside open_clip's trainer: its clock, its comparison of loss curves, and what it asks of ours."""

from pathlib import Path

import numpy as np
import pytest
import torch

from benchmarks import open_clip_training
from benchmarks.training import data, flops, parity, watch
from benchmarks.training.job import Job


def marks(epochs: int, steps: int, step: float, wait: float, between: float = 0.0) -> list[watch.Mark]:
    """Marks of a run whose steps take `step` seconds, `wait` of them for data, with a pause between epochs."""
    found = []
    for epoch in range(epochs):
        for place in range(steps):
            asked = (epoch * steps + place) * step + epoch * between
            found.append((epoch, asked, asked + wait))
    return found


@pytest.mark.parametrize("epochs", [1, 3])
def test_speed_is_that_of_the_steady_steps(epochs: int) -> None:
    found = watch.speed(marks(epochs, 40, step=0.5, wait=0.1), batch=8)
    assert found == pytest.approx({"steady": 16.0, "waiting_share": 0.2, "whole": 16.0})


def test_a_slow_start_is_not_counted() -> None:
    slow = [(0, asked * 9, got * 9) for _, asked, got in marks(1, 40, 0.5, 0.1)]
    late = [(1, asked + 500, got + 500) for _, asked, got in marks(1, 40, 0.5, 0.1)]
    assert watch.speed([*slow, *late], 8)["steady"] == pytest.approx(16.0)


def test_a_pause_between_epochs_is_in_the_whole_alone() -> None:
    found = watch.speed(marks(3, 40, step=0.5, wait=0.1, between=10.0), batch=8)
    assert found["steady"] == pytest.approx(16.0)
    assert found["whole"] == pytest.approx(79 * 8 / (79 * 0.5 + 10.0))


def test_the_clock_gives_the_batches_on_and_numbers_the_epochs() -> None:
    clock = watch.Watch(steps=2)
    assert list(clock.follow(iter("abcd"))) == list("abcd")
    assert list(clock.follow(["e", "f"])) == ["e", "f"]
    assert [epoch for epoch, _, _ in clock.marks] == [0, 0, 1, 1, 2, 2]
    assert all(asked <= got for _, asked, got in clock.marks)


def test_a_run_without_a_loader_repeats_its_first_batches() -> None:
    assert list(watch.repeated(iter(range(100)), 10)) == [0, 1, 2, 3, 0, 1, 2, 3, 0, 1]


def curves(seeds: int, first: int, shift: float = 0.0) -> list[list[float]]:
    """Falling losses with noise in every step and, between seeds, in the whole."""
    found = []
    for seed in range(first, first + seeds):
        draw = np.random.default_rng(seed)
        found.append((np.linspace(4, 1, 160) + draw.normal(0, 0.3, 160) + draw.normal(0, 0.02) + shift).tolist())
    return found


def test_trainers_that_learn_the_same_are_told_so() -> None:
    found = parity.compare(curves(4, 0), curves(4, 10), steps=16)
    assert 0.8 < found["gap"] < 1.2
    assert found["p"] > 0.05
    assert found["cuts"] == 35


@pytest.mark.parametrize("shift", [0.2, -0.2])
def test_a_trainer_that_learns_otherwise_is_noticed(shift: float) -> None:
    found = parity.compare(curves(4, 0), curves(4, 10, shift), steps=16)
    assert found["gap"] > 1.5
    assert found["p"] == pytest.approx(1 / 35, abs=1e-4)
    assert found["largest_difference"] == pytest.approx(0.2, abs=0.15)


def test_unequal_numbers_of_runs_are_refused() -> None:
    with pytest.raises(ValueError, match="not 3 and 2"):
        parity.compare(curves(3, 0), curves(2, 10), steps=16)


def test_the_arithmetic_of_rn50_is_that_of_open_clips_table() -> None:
    # docs/model_profile.csv of open_clip: 18.18 GFLOP forward, layers that flops.py does not count included.
    assert flops.flops_per_image(open_clip_training.spec("clip-rn50")) / 3e9 == pytest.approx(18.18, rel=0.02)


def test_utilisation_needs_a_known_device(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flops, "flops_per_image", lambda spec: 1e9)
    assert flops.utilisation(1000, {}, "NVIDIA H100 80GB HBM3") == pytest.approx(1e12 / 989e12)
    assert flops.utilisation(1000, {}, "NVIDIA H100 PCIe") == pytest.approx(1e12 / 756e12)
    assert flops.utilisation(1000, {}, "NVIDIA L40S") == pytest.approx(1e12 / 362e12)
    assert flops.utilisation(1000, {}, "NVIDIA L40") is None


def test_the_ratio_is_that_of_each_sides_best_setting() -> None:
    settings = [
        {"ours": {"steady": 300.0}, "open_clip": {"steady": 100.0}},
        {"ours": {"steady": 200.0}, "open_clip": {"steady": 150.0}},
    ]
    assert open_clip_training.best(settings) == 2.0


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU: the measurement itself takes minutes")
def test_without_a_gpu_its_figures_are_null() -> None:
    found = open_clip_training.measure(only=["gpu", "parity_gpu"])
    assert (found["train_vs_open_clip_gpu"], found["train_loss_gap_vs_open_clip_gpu"]) == (None, None)
    assert found["raw"]["gpu"]["reason"]


def test_ours_trains_a_job_from_given_weights(tmp_path: Path) -> None:
    spec = open_clip_training.spec("clip-tiny")
    manifest = data.mixture(data.drawn(96), tmp_path, shard=48)
    initial = tmp_path / "initial.pt"
    torch.save(open_clip_training.build_clip(spec).state_dict(), initial)
    job = Job(spec, str(manifest), 96, 16, 2, warmup_steps=2, initial=str(initial))
    assert [path.name for path in job.shards] == ["00000.tar", "00001.tar"]
    assert job.steps == 6
    result = open_clip_training.train("ours", job, tmp_path)
    assert len(result["marks"]) == len(result["losses"]) == 12
    assert result["losses"][0] > result["losses"][-1] > 0
    assert open_clip_training.figures(job, result)["steady"] > 0


def test_a_failure_of_a_side_shows_its_last_words(tmp_path: Path) -> None:
    job = Job(open_clip_training.spec("clip-tiny"), str(tmp_path / "manifest.json"), 96, 16, 1)
    with pytest.raises(RuntimeError, match=r"ours failed on Job(.|\n)*manifest\.json"):
        open_clip_training.train("ours", job, tmp_path)
