"""Losses, targets and classifiers against their definitions."""

import math

import pytest
import torch
from torch.nn import functional

from datalines.errors import TrainingError
from datalines.objectives import MEAN, STD, Clip, Supervised, build, normalise
from tests.unit.tiny_runs import CLASSES, objective, pixels, recipe, supervised

PROMPTS = ["a photo of a {}.", "{}", "a drawing of a {}"]


def clip() -> Clip:
    """A contrastive objective in evaluation mode."""
    found = objective(recipe())
    assert isinstance(found, Clip)
    found.model.eval()
    return found


def classifier() -> Supervised:
    """A supervised objective in evaluation mode."""
    found = objective(supervised())
    assert isinstance(found, Supervised)
    found.model.eval()
    return found


def images(count: int = 6) -> torch.Tensor:
    """A normalised batch."""
    return normalise(pixels(count))


def test_the_recipe_chooses_the_objective() -> None:
    assert isinstance(build(recipe()), Clip)
    assert isinstance(build(supervised()), Supervised)


def test_images_are_normalised_by_clips_constants() -> None:
    batch = torch.stack([torch.zeros(3, 2, 2), torch.full((3, 2, 2), 255.0)]).to(torch.uint8)
    result = normalise(batch)
    for channel in range(3):
        assert result[0, channel, 0, 0].item() == pytest.approx(-MEAN[channel] / STD[channel], rel=1e-6)
        assert result[1, channel, 1, 1].item() == pytest.approx((1 - MEAN[channel]) / STD[channel], rel=1e-6)


def test_clip_loss_is_the_mean_of_two_cross_entropies() -> None:
    ours = clip()
    tokens = ours.targets([f"a {name}" for name in ("cat", "dog", "bird", "fish", "owl", "pig")], [None] * 6)
    image = functional.normalize(ours.model.encode_image(images()), dim=1)
    text = functional.normalize(ours.model.encode_text(tokens), dim=1)
    logits = math.exp(ours.model.logit_scale.item()) * image @ text.T
    rows = -torch.log_softmax(logits, dim=1).diagonal().mean()
    columns = -torch.log_softmax(logits, dim=0).diagonal().mean()
    assert ours.loss(images(), tokens).item() == pytest.approx(((rows + columns) / 2).item(), rel=1e-5)


def test_supervised_loss_is_the_cross_entropy_of_the_labels() -> None:
    ours = classifier()
    targets = ours.targets([""] * 3, ["fish", "cat", "dog"])
    assert targets.tolist() == [2, 0, 1]
    logits = ours.model(images(3))
    by_hand = -torch.log_softmax(logits, dim=1)[[0, 1, 2], [2, 0, 1]].mean()
    assert ours.loss(images(3), targets).item() == pytest.approx(by_hand.item(), rel=1e-6)


@pytest.mark.parametrize(("value", "kept"), [(10.0, math.log(100)), (-1.0, 0.0), (2.0, 2.0)])
def test_the_logit_scale_stays_between_1_and_100(value: float, kept: float) -> None:
    ours = clip()
    ours.model.logit_scale.data.fill_(value)
    ours.after_step()
    assert ours.model.logit_scale.item() == pytest.approx(kept, rel=1e-6)


@pytest.mark.parametrize(("label", "shown"), [("bird", "bird"), (None, "None")])
def test_a_sample_that_the_head_does_not_know_is_an_error(label: str | None, shown: str) -> None:
    with pytest.raises(
        TrainingError, match=f"known class for every sample; the mixture holds {shown}, .*cat, dog, fish"
    ):
        classifier().targets(["", ""], ["cat", label])


def test_the_zero_shot_head_is_the_normalised_mean_of_normalised_prompts() -> None:
    ours = clip()
    columns = []
    for name in CLASSES:
        tokens = ours.targets([prompt.format(name) for prompt in PROMPTS], [None] * 3)
        embeddings = ours.model.encode_text(tokens)
        mean = torch.stack([row / row.norm() for row in embeddings]).mean(dim=0)
        columns.append(mean / mean.norm())
    features = ours.model.encode_image(images())
    expected = ours.model.logit_scale.exp() * (features / features.norm(dim=1, keepdim=True)) @ torch.stack(columns).T
    assert torch.allclose(ours.classifier(CLASSES, PROMPTS)(images()), expected, atol=1e-5)


@pytest.mark.parametrize("make", [clip, classifier])
def test_columns_follow_the_class_names(make: type[Clip] | type[Supervised]) -> None:
    ours = make()  # type: ignore[call-arg]
    straight = ours.classifier(CLASSES, PROMPTS)(images())
    turned = ours.classifier(["fish", "cat", "dog"], PROMPTS)(images())
    assert torch.allclose(turned, straight[:, [2, 0, 1]], atol=1e-6)
    assert not torch.allclose(turned, straight, atol=1e-6)


def test_a_head_is_not_asked_for_classes_that_it_never_learnt() -> None:
    with pytest.raises(TrainingError, match="not trained for: bird"):
        classifier().classifier(["cat", "bird"], PROMPTS)
