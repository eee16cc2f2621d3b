"""The contrastive loss, whole and in shares, and the zero-shot head, against their definitions."""

import math
import pickle

import pytest
import torch
from open_clip.loss import ClipLoss
from torch.nn import functional

from datalines.objectives import Clip, Encoded
from tests.unit.tiny_objectives import loss, targets, views
from tests.unit.tiny_runs import CLASSES, objective, recipe

PROMPTS = ["a photo of a {}.", "{}", "a drawing of a {}"]


def clip() -> Clip:
    """A contrastive objective in evaluation mode."""
    found = objective(recipe())
    assert isinstance(found, Clip)
    found.model.eval()
    return found


def rows(count: int = 12, seed: int = 0) -> Encoded:
    """Features of norm 1 and a logit scale, as leaves of a graph."""
    generator = torch.Generator().manual_seed(seed)
    both = [functional.normalize(torch.randn(count, 8, generator=generator), dim=1) for _ in range(2)]
    return Encoded((both[0].requires_grad_(), both[1].requires_grad_()), (torch.tensor(14.0, requires_grad=True),))


def leaves(encoded: Encoded) -> list[torch.Tensor]:
    """What a loss has gradients for."""
    return [*encoded.rows, *encoded.shared]


def gradients(encoded: Encoded) -> list[torch.Tensor]:
    """The gradients that a backward pass has left."""
    found = [leaf.grad for leaf in leaves(encoded)]
    assert all(gradient is not None for gradient in found)
    return [gradient for gradient in found if gradient is not None]


def test_the_loss_is_the_mean_of_two_cross_entropies() -> None:
    ours = clip()
    tokens = targets(ours, 6)
    image = functional.normalize(ours.model.encode_image(views(ours, 6)[0]), dim=1)
    text = functional.normalize(ours.model.encode_text(tokens), dim=1)
    logits = math.exp(ours.model.logit_scale.item()) * image @ text.T
    across = -torch.log_softmax(logits, dim=1).diagonal().mean()
    down = -torch.log_softmax(logits, dim=0).diagonal().mean()
    assert loss(ours, 6).item() == pytest.approx(((across + down) / 2).item(), rel=1e-5)


def test_value_and_gradients_are_those_of_open_clips_loss() -> None:
    ours, theirs = rows(), rows()
    value = clip().loss(ours, torch.zeros(12), slice(0, 12))
    expected = ClipLoss()(*theirs.rows, *theirs.shared)
    assert value.item() == pytest.approx(expected.item(), rel=1e-6)
    value.backward()
    expected.backward()
    for mine, other in zip(gradients(ours), gradients(theirs), strict=True):
        assert torch.allclose(mine, other, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("world", [2, 3, 4])
def test_local_losses_add_up_to_the_whole_with_the_gradients_of_all_rows(world: int) -> None:
    ours, whole = clip(), rows()
    value = ours.loss(whole, torch.zeros(12), slice(0, 12))
    value.backward()
    share = 12 // world
    parts = [rows() for _ in range(world)]
    local = [
        ours.loss(part, torch.zeros(12), slice(rank * share, (rank + 1) * share)) for rank, part in enumerate(parts)
    ]
    assert sum(one.item() for one in local) == pytest.approx(value.item(), rel=1e-6)
    assert len({round(one.item(), 6) for one in local}) == world
    for one in local:
        one.backward()
    for place, expected in enumerate(gradients(whole)):
        total = torch.stack([gradients(part)[place] for part in parts]).sum(dim=0)
        assert torch.allclose(total, expected, rtol=1e-5, atol=1e-7)


def test_half_precision_around_the_loss_does_not_round_its_logits() -> None:
    ours, plain = clip(), rows()
    halves = Encoded(tuple(row.detach().bfloat16() for row in plain.rows), plain.shared)
    with torch.autocast("cpu", torch.bfloat16):
        value = ours.loss(halves, torch.zeros(12), slice(0, 12))
    assert value.dtype == torch.float32
    wide = Encoded(tuple(row.float() for row in halves.rows), plain.shared)
    assert value.item() == ours.loss(wide, torch.zeros(12), slice(0, 12)).item()


@pytest.mark.parametrize(("value", "kept"), [(10.0, math.log(100)), (-1.0, 0.0), (2.0, 2.0)])
def test_the_logit_scale_stays_between_1_and_100(value: float, kept: float) -> None:
    ours = clip()
    ours.model.logit_scale.data.fill_(value)
    ours.after_step(0, 1)
    assert ours.model.logit_scale.item() == pytest.approx(kept, rel=1e-6)


def test_a_worker_can_be_sent_the_tokens_without_the_model() -> None:
    ours = clip()
    sent = pickle.loads(pickle.dumps(ours.targets))
    assert torch.equal(sent(["a cat, 2019"], [None]), ours.targets(["a cat, 2019"], [None]))
    assert not any(isinstance(value, torch.Tensor | torch.nn.Module) for value in vars(ours.targets).values())


def test_the_zero_shot_head_is_the_normalised_mean_of_normalised_prompts() -> None:
    ours = clip()
    columns = []
    for name in CLASSES:
        tokens = ours.targets([prompt.format(name) for prompt in PROMPTS], [None] * 3)
        embeddings = ours.model.encode_text(tokens)
        mean = torch.stack([row / row.norm() for row in embeddings]).mean(dim=0)
        columns.append(mean / mean.norm())
    images = views(ours, 6)[0]
    features = ours.model.encode_image(images)
    expected = ours.model.logit_scale.exp() * (features / features.norm(dim=1, keepdim=True)) @ torch.stack(columns).T
    assert torch.allclose(ours.classifier(CLASSES, PROMPTS)(images), expected, atol=1e-5)


def test_columns_follow_the_class_names() -> None:
    ours = clip()
    images = views(ours, 6)[0]
    straight = ours.classifier(CLASSES, PROMPTS)(images)
    turned = ours.classifier(["fish", "cat", "dog"], PROMPTS)(images)
    assert torch.allclose(turned, straight[:, [2, 0, 1]], atol=1e-6)
    assert not torch.allclose(turned, straight, atol=1e-6)
