"""The supervised objective: labels, loss and columns, with both heads."""

import math
import pickle

import pytest
import torch

from datalines.errors import TrainingError
from datalines.objectives import Supervised, normalise
from datalines.objectives.heads import Prototypes
from tests.unit.tiny_objectives import spend
from tests.unit.tiny_runs import CLASSES, objective, pixels, supervised

PROMPTS = ["{}"]


def classifier(head: str = "linear") -> Supervised:
    """A supervised objective in evaluation mode."""
    found = objective(supervised(head=head))
    assert isinstance(found, Supervised)
    found.model.eval()
    return found


def images(count: int = 6) -> torch.Tensor:
    """A normalised batch."""
    return normalise(pixels(count))


@pytest.mark.parametrize("head", ["linear", "prototype"])
def test_the_loss_is_the_cross_entropy_of_the_labels(head: str) -> None:
    ours = classifier(head)
    targets = ours.targets([""] * 3, ["fish", "cat", "dog"])
    assert targets.tolist() == [2, 0, 1]
    by_hand = -torch.log_softmax(ours.model(images(3)), dim=1)[[0, 1, 2], [2, 0, 1]].mean()
    encoded = ours.encode(ours.model, images(3)[None], targets)
    assert ours.loss(encoded, targets, slice(0, 3)).item() == pytest.approx(by_hand.item(), rel=1e-6)


@pytest.mark.parametrize(("label", "shown"), [("bird", "bird"), (None, "None")])
def test_a_sample_that_the_head_does_not_know_is_an_error(label: str | None, shown: str) -> None:
    with pytest.raises(
        TrainingError, match=f"known class for every sample; the mixture holds {shown}, .*cat, dog, fish"
    ):
        classifier().targets(["", ""], ["cat", label])


def test_a_worker_can_be_sent_the_classes_without_the_model() -> None:
    ours = classifier()
    assert pickle.loads(pickle.dumps(ours.targets))([""], ["dog"]).tolist() == [1]
    assert not any(isinstance(value, torch.Tensor | torch.nn.Module) for value in vars(ours.targets).values())


@pytest.mark.parametrize("head", ["linear", "prototype"])
def test_columns_follow_the_class_names(head: str) -> None:
    ours = classifier(head)
    straight = ours.classifier(CLASSES, PROMPTS)(images())
    assert torch.equal(straight, ours.model(images()))
    turned = ours.classifier(["fish", "cat"], PROMPTS)(images())
    assert torch.equal(turned, straight[:, [2, 0]])


def test_a_head_is_not_asked_for_classes_that_it_never_learnt() -> None:
    with pytest.raises(TrainingError, match="not trained for: bird"):
        classifier().classifier(["cat", "bird"], PROMPTS)


@pytest.mark.parametrize(("value", "kept"), [(10.0, 100.0), (-1.0, 1.0), (2.0, math.exp(2))])
def test_the_temperature_of_a_prototype_head_stays_in_its_bounds(value: float, kept: float) -> None:
    ours = classifier("prototype")
    assert isinstance(ours.model.head, Prototypes)
    ours.model.head.logit_scale.data.fill_(value)
    ours.after_step(0, 1)
    assert ours.model.head.logit_scale.exp().item() == pytest.approx(kept, rel=1e-5)


@pytest.mark.parametrize("head", ["linear", "prototype"])
def test_training_lowers_the_loss_of_labels_that_can_be_learnt(head: str) -> None:
    assert spend(classifier(head), seeds=[0] * 20)[-1] < 0.5 * math.log(3)
