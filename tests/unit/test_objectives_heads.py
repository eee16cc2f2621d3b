"""The prototype head against its definition."""

import math

import pytest
import torch

from datalines.objectives.heads import FIRST_LOGIT_SCALE, Prototypes, bound


def head(width: int = 8, classes: int = 5) -> Prototypes:
    """A head from a seed."""
    torch.manual_seed(0)
    return Prototypes(width, classes)


def features(count: int = 6, width: int = 8) -> torch.Tensor:
    """Features from a seed."""
    return torch.randn(count, width, generator=torch.Generator().manual_seed(1))


def test_logits_are_cosines_times_the_scale() -> None:
    ours, seen = head(), features()
    ours.logit_scale.data.fill_(math.log(20))
    logits = ours(seen)
    for row in range(6):
        for column in range(5):
            cosine = torch.cosine_similarity(seen[row], ours.weight[column], dim=0).item()
            assert logits[row, column].item() == pytest.approx(20 * cosine, rel=1e-4, abs=1e-5)


def test_the_scale_starts_at_clips_and_prototypes_have_norms_about_one() -> None:
    assert math.exp(FIRST_LOGIT_SCALE) == pytest.approx(1 / 0.07)
    ours = head(width=512, classes=200)
    assert ours.logit_scale.item() == pytest.approx(FIRST_LOGIT_SCALE)
    assert ours.weight.norm(dim=1).mean().item() == pytest.approx(1, abs=0.02)
    assert ours(ours.weight).diagonal().tolist() == pytest.approx([1 / 0.07] * 200, rel=1e-5)


def test_norms_of_features_and_prototypes_do_not_matter() -> None:
    ours, seen = head(), features()
    before = ours(seen)
    ours.weight.data *= torch.tensor([1e-3, 0.5, 1, 7, 1e3])[:, None]
    assert torch.allclose(ours(seen * torch.linspace(0.01, 100, 6)[:, None]), before, atol=1e-4)


def test_gradients_flow_and_cannot_change_a_norm_at_first_order() -> None:
    ours, seen = head(), features().requires_grad_()
    torch.nn.functional.cross_entropy(ours(seen), torch.tensor([0, 1, 2, 3, 4, 0])).backward()
    for tensor in (ours.weight, seen):
        assert tensor.grad is not None and tensor.grad.abs().sum() > 0.1
        assert (tensor.grad * tensor).sum(dim=1).abs().max() < 1e-5
    assert ours.logit_scale.grad is not None and ours.logit_scale.grad.abs() > 1e-3


def test_half_precision_around_the_head_does_not_round_its_logits() -> None:
    ours, seen = head(), features().bfloat16()
    ours.logit_scale.data.fill_(math.log(100))
    with torch.autocast("cpu", torch.bfloat16):
        logits = ours(seen)
    assert logits.dtype == torch.float32
    assert torch.equal(logits, ours(seen.float()))


@pytest.mark.parametrize(("value", "kept"), [(10.0, math.log(100)), (-1.0, 0.0), (2.0, 2.0)])
def test_a_scale_is_kept_between_1_and_100(value: float, kept: float) -> None:
    scale = torch.nn.Parameter(torch.tensor(value))
    bound(scale)
    assert scale.item() == pytest.approx(kept, rel=1e-6)
    assert scale.requires_grad
