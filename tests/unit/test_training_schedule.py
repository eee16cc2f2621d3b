"""How long a run is, and its learning rates."""

import itertools
import math

import pytest

from datalines.errors import DatalinesError
from datalines.training.schedule import learning_rate, plan
from tests.unit.tiny_runs import recipe


def test_an_epoch_has_full_batches_only() -> None:
    run = plan(recipe(epochs=3), 5, 29)
    assert (run.steps_per_epoch, run.steps, run.seed) == (3, 9, 5)


def test_micro_batches_change_no_length() -> None:
    assert plan(recipe(micro_batch=2), 0, 29) == plan(recipe(micro_batch=2), 0, 31)
    assert plan(recipe(micro_batch=2), 0, 29).steps == plan(recipe(), 0, 29).steps


def test_too_few_samples_for_a_batch_is_an_error_that_says_what_to_do() -> None:
    assert plan(recipe(), 0, 8).steps_per_epoch == 1
    with pytest.raises(DatalinesError, match="holds 7 samples, fewer than one batch of 8: lower `batch` or enlarge it"):
        plan(recipe(), 0, 7)


@pytest.mark.parametrize(("steps", "warmup"), [(100, 10), (37, 0), (12, 12), (5, 8)])
def test_the_schedule_is_open_clips(steps: int, warmup: int) -> None:
    """OpenCLIP's cosine_lr with its warm-up written out: (step + 1) / warmup, then half a cosine over what is left."""
    for step in range(steps):
        if step < warmup:
            expected = 0.3 * (step + 1) / warmup
        else:
            expected = 0.5 * (1 + math.cos(math.pi * (step - warmup) / (steps - warmup))) * 0.3
        assert learning_rate(step, steps, warmup, 0.3) == pytest.approx(expected, rel=1e-12)


def test_the_schedule_rises_to_its_peak_and_falls_towards_zero() -> None:
    rates = [learning_rate(step, 100, 10, 1.0) for step in range(100)]
    assert rates[0] == pytest.approx(0.1) and rates[4] == pytest.approx(0.5)
    assert rates[9] == rates[10] == 1.0
    assert rates[55] == pytest.approx(0.5)
    assert all(later < earlier for earlier, later in itertools.pairwise(rates[10:]))
    assert 0 < rates[-1] < 0.001
    assert learning_rate(100, 100, 10, 1.0) == pytest.approx(0, abs=1e-12)
