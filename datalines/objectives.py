"""Objectives: each is a class with a model, a batch contract and a loss. The training loop does not know which one it
runs.

An objective also says how its model becomes a classifier, so that zero-shot models and supervised heads are evaluated
by one code path.
"""

from collections.abc import Callable, Sequence
from typing import Any, Protocol

import torch
from open_clip.loss import ClipLoss
from torch import nn
from torch.nn import functional

from datalines.errors import TrainingError
from datalines.models import Classifier, build_clip, build_tokenizer, image_size

MEAN = (0.48145466, 0.4578275, 0.40821073)
STD = (0.26862954, 0.26130258, 0.27577711)
MAX_LOGIT_SCALE = 100.0

Logits = Callable[[torch.Tensor], torch.Tensor]


class Objective(Protocol):
    """What the loop and the evaluation need of an objective."""

    @property
    def model(self) -> nn.Module:
        """What is trained."""
        ...

    @property
    def image_size(self) -> int:
        """Side of the square images it takes, in pixels."""
        ...

    def targets(self, captions: Sequence[str], labels: Sequence[str | None]) -> torch.Tensor:
        """One row per training pair, to be indexed by batches: tokens (N, context) or class indices (N,)."""
        ...

    def loss(self, images: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        """Scalar loss of normalised images (B, 3, S, S) and their targets."""
        ...

    def after_step(self) -> None:
        """Called after every optimiser step."""
        ...

    def classifier(self, class_names: Sequence[str], prompts: Sequence[str]) -> Logits:
        """A function from normalised images (B, 3, S, S) to logits (B, classes), columns in the order of
        `class_names`."""
        ...


class Clip:
    """Contrastive image-text training (Radford et al. 2021) with open_clip's model, tokenizer and loss."""

    def __init__(self, spec: dict[str, Any]) -> None:
        self.model = build_clip(spec)
        self.image_size = image_size(spec)
        self._tokenizer = build_tokenizer(spec)
        self._loss = ClipLoss()

    def targets(self, captions: Sequence[str], labels: Sequence[str | None]) -> torch.Tensor:
        """Tokens of the captions, int64 (N, context)."""
        return self._tokenizer(list(captions))

    def loss(self, images: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        """Mean of the image-to-text and text-to-image cross-entropies over the batch."""
        image_features, text_features, scale = self.model(images, targets)
        loss: torch.Tensor = self._loss(image_features, text_features, scale)
        return loss

    def after_step(self) -> None:
        """Keep the logit scale between 1 and 100, as CLIP does."""
        with torch.no_grad():
            self.model.logit_scale.clamp_(0, torch.log(torch.tensor(MAX_LOGIT_SCALE)))

    @torch.no_grad()
    def classifier(self, class_names: Sequence[str], prompts: Sequence[str]) -> Logits:
        """Zero-shot head: per class the normalised mean of its normalised prompt embeddings; logits are scale x
        cosine."""
        columns = []
        for name in class_names:
            tokens = self._tokenizer([prompt.format(name) for prompt in prompts])
            embedding = self.model.encode_text(tokens.to(self.model.logit_scale.device), normalize=True).mean(dim=0)
            columns.append(functional.normalize(embedding, dim=0))
        head = torch.stack(columns, dim=1)

        def logits(images: torch.Tensor) -> torch.Tensor:
            features: torch.Tensor = self.model.encode_image(images, normalize=True)
            return self.model.logit_scale.exp() * features @ head

        return logits


class Supervised:
    """Cross-entropy training of an image tower with a linear head over the study's classes."""

    def __init__(self, spec: dict[str, Any], class_names: Sequence[str]) -> None:
        self.model = Classifier(spec, len(class_names))
        self.image_size = image_size(spec)
        self._column = {name: position for position, name in enumerate(class_names)}

    def targets(self, captions: Sequence[str], labels: Sequence[str | None]) -> torch.Tensor:
        """Class indices, int64 (N,). A sample without a label, or with one that the head does not know, is an error."""
        unknown = sorted({str(label) for label in labels} - set(self._column))
        if unknown:
            raise TrainingError(
                "the supervised objective needs a known class for every sample; "
                f"the mixture holds {', '.join(unknown[:5])}, "
                f"the recipe's classes are {', '.join(self._column)}"
            )
        return torch.tensor([self._column[str(label)] for label in labels])

    def loss(self, images: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        """Cross-entropy, mean over the batch."""
        return functional.cross_entropy(self.model(images), targets)

    def after_step(self) -> None:
        """Nothing to keep in bounds."""

    def classifier(self, class_names: Sequence[str], prompts: Sequence[str]) -> Logits:
        """The head's columns in the order of `class_names`; prompts are not used."""
        missing = [name for name in class_names if name not in self._column]
        if missing:
            raise TrainingError(f"the head was not trained for: {', '.join(missing[:5])}")
        columns = torch.tensor([self._column[name] for name in class_names])

        def logits(images: torch.Tensor) -> torch.Tensor:
            output: torch.Tensor = self.model(images)
            return output[:, columns]

        return logits


def build(recipe: dict[str, Any]) -> Objective:
    """The objective of a resolved recipe (keys `objective`, `model_spec` and, if supervised, `class_names`)."""
    if recipe["objective"] == "clip":
        return Clip(recipe["model_spec"])
    return Supervised(recipe["model_spec"], recipe["class_names"])


def normalise(images: torch.Tensor) -> torch.Tensor:
    """uint8 (B, 3, S, S) to float32 with CLIP's channel means and deviations removed."""
    mean = torch.tensor(MEAN, device=images.device).view(1, 3, 1, 1)
    std = torch.tensor(STD, device=images.device).view(1, 3, 1, 1)
    return (images.float() / 255 - mean) / std
