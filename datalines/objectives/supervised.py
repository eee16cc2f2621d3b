"""Classification of labels: cross-entropy of an image tower with a head over the study's classes."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import nn
from torch.nn import functional

from datalines.errors import TrainingError
from datalines.models import Classifier, build_image_tower, image_size
from datalines.objectives import towers
from datalines.objectives.base import Encoded, Logits
from datalines.objectives.heads import HEADS, Prototypes, bound


class Indices:
    """Labels to class indices. Apart from the model, so that a loader's worker carries none."""

    def __init__(self, class_names: Sequence[str]) -> None:
        self.column = {name: position for position, name in enumerate(class_names)}

    def __call__(self, captions: Sequence[str], labels: Sequence[str | None], /) -> torch.Tensor:
        """Class indices, int64 (N,). A sample without a label, or with one that the head does not know, is an error."""
        unknown = sorted({str(label) for label in labels} - set(self.column))
        if unknown:
            raise TrainingError(
                "the supervised objective needs a known class for every sample; "
                f"the mixture holds {', '.join(unknown[:5])}, "
                f"the recipe's classes are {', '.join(self.column)}"
            )
        return torch.tensor([self.column[str(label)] for label in labels])


class Supervised:
    """An image tower with a head: `linear`, or `prototype` for cosine logits with a learnt temperature."""

    views = 1
    coupled = False

    def __init__(self, spec: dict[str, Any], class_names: Sequence[str], head: str = "linear") -> None:
        tower = build_image_tower(spec)
        self.model = Classifier(tower, HEADS[head](spec["embed_dim"], len(class_names)))
        self.image_size = image_size(spec)
        self.targets = Indices(class_names)

    def encode(self, model: nn.Module, images: torch.Tensor, targets: torch.Tensor) -> Encoded:
        """Rows: logits (b, classes)."""
        return Encoded((model(images[0]),))

    def loss(self, encoded: Encoded, targets: torch.Tensor, own: slice) -> torch.Tensor:
        """Cross-entropy, mean over the micro-batch."""
        (logits,) = encoded.rows
        return functional.cross_entropy(logits.float(), targets)

    def train(self) -> None:
        """Training mode, except for a frozen tower."""
        towers.train(self.model)

    def after_step(self, step: int, steps: int) -> None:
        """Keep the scale of a prototype head between 1 and 100."""
        if isinstance(self.model.head, Prototypes):
            bound(self.model.head.logit_scale)

    def classifier(self, class_names: Sequence[str], prompts: Sequence[str]) -> Logits:
        """The head's columns in the order of `class_names`; prompts are not used."""
        missing = [name for name in class_names if name not in self.targets.column]
        if missing:
            raise TrainingError(f"the head was not trained for: {', '.join(missing[:5])}")
        columns = torch.tensor([self.targets.column[name] for name in class_names])

        def logits(images: torch.Tensor) -> torch.Tensor:
            output: torch.Tensor = self.model(images)
            return output[:, columns.to(output.device)]

        return logits
