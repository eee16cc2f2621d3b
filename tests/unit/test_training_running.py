"""Running statistics of batch norms: the mean over the micro-batches of a step, whatever their number."""

import pytest
import torch
from torch import nn

from datalines.training.running import RunningStatistics
from tests.unit.tiny_training import ALONE


def network() -> nn.Sequential:
    """Two batch norms, one of them without statistics, one layer without any."""
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.BatchNorm1d(4, track_running_stats=False))


def norm(model: nn.Sequential) -> nn.BatchNorm1d:
    """The one with statistics."""
    (_, found, _) = model
    assert isinstance(found, nn.BatchNorm1d)
    return found


def pieces(count: int) -> list[torch.Tensor]:
    """Micro-batches of different means."""
    generator = torch.Generator().manual_seed(1)
    return [torch.randn(6, 3, generator=generator) + 3 * place for place in range(count)]


def state(model: nn.Sequential) -> dict[str, torch.Tensor]:
    """The statistics, apart from the model."""
    return {name: value.clone() for name, value in norm(model).named_buffers()}


def test_a_step_ends_with_the_mean_of_what_each_micro_batch_makes_of_the_same_start() -> None:
    model, batch = network(), pieces(3)
    model(pieces(1)[0])  # statistics that differ from the first ones
    start = {name: value.clone() for name, value in model.state_dict().items()}
    each = []
    for piece in batch:
        model.load_state_dict(start)
        model(piece)
        each.append(state(model))
    model.load_state_dict(start)
    statistics = RunningStatistics(model, ALONE, 3, 3)
    for piece in batch:
        statistics.before()
        model(piece)
        statistics.after()
    statistics.settle()
    found = state(model)
    for name in ("running_mean", "running_var"):
        mean = torch.stack([values[name] for values in each]).mean(dim=0)
        assert torch.allclose(found[name], mean, rtol=1e-6)
        assert not torch.allclose(found[name], each[-1][name], rtol=1e-3)
    # A step is one batch, as it would be without micro-batches.
    assert found["num_batches_tracked"] == 2


def test_a_pass_that_does_not_count_leaves_no_trace() -> None:
    found = []
    for repeats in (1, 2):
        model, batch = network(), pieces(2)
        statistics = RunningStatistics(model, ALONE, 2, 2)
        for attempt in range(repeats):
            for piece in batch:
                statistics.before()
                model(piece)
                if attempt == repeats - 1:
                    statistics.after()
        statistics.settle()
        found.append(state(model))
    assert all(torch.equal(found[0][name], found[1][name]) for name in found[0])


def test_a_backward_pass_after_the_next_forward_pass_is_not_disturbed() -> None:
    model, batch = network(), pieces(2)
    statistics = RunningStatistics(model, ALONE, 2, 2)
    losses = []
    for piece in batch:
        statistics.before()
        losses.append(model(piece).square().mean())
        statistics.after()
    statistics.settle()
    sum(losses, torch.zeros(())).backward()
    assert model[0].weight.grad is not None


@pytest.mark.parametrize("whole", [1, 2])
def test_one_micro_batch_or_a_frozen_norm_is_left_to_torch(whole: int) -> None:
    model, other = network(), network()
    if whole == 2:
        for one in (model, other):
            norm(one).eval()
    statistics = RunningStatistics(model, ALONE, whole, whole)
    for piece in pieces(whole):
        statistics.before()
        model(piece)
        other(piece)
        statistics.after()
    statistics.settle()
    assert all(torch.equal(value, state(other)[name]) for name, value in state(model).items())
    assert state(model)["num_batches_tracked"] == (1 if whole == 1 else 0)
