"""Contrastive image-text training (Radford et al. 2021) with open_clip's model and tokenizer."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import nn
from torch.nn import functional

from datalines.models import build_clip, build_tokenizer, image_size
from datalines.objectives import towers
from datalines.objectives.base import Encoded, Logits
from datalines.objectives.heads import bound


class Tokens:
    """Captions to tokens. Apart from the model, so that a loader's worker carries none."""

    def __init__(self, spec: dict[str, Any]) -> None:
        self._tokenizer = build_tokenizer(spec)

    def __call__(self, captions: Sequence[str], labels: Sequence[str | None], /) -> torch.Tensor:
        """Tokens of the captions, int64 (N, context)."""
        return self._tokenizer(list(captions))


class Clip:
    """Image and text tower, pulled together where they belong to one sample and apart where they do not."""

    views = 1
    coupled = True

    def __init__(self, spec: dict[str, Any]) -> None:
        self.model = build_clip(spec)
        self.image_size = image_size(spec)
        self.targets = Tokens(spec)

    def encode(self, model: nn.Module, images: torch.Tensor, targets: torch.Tensor) -> Encoded:
        """Rows: image and text features, each (b, embed_dim) of norm 1. Shared: the logit scale."""
        image, text, scale = model(images[0], targets)
        return Encoded((image, text), (scale,))

    def loss(self, encoded: Encoded, targets: torch.Tensor, own: slice) -> torch.Tensor:
        """Mean of the image-to-text and text-to-image cross-entropies over the global batch; of it, the share of the
        rows `own`, whose negatives are all the others."""
        image, text = (rows.float() for rows in encoded.rows)
        (scale,) = encoded.shared
        pairs = torch.arange(len(image), device=image.device)[own]
        # Under autocast the logits, up to 100, would be rounded to tenths.
        with torch.autocast(image.device.type, enabled=False):
            to_text = scale.float() * image[own] @ text.T
            to_image = scale.float() * text[own] @ image.T
            both = functional.cross_entropy(to_text, pairs, reduction="sum") + functional.cross_entropy(
                to_image, pairs, reduction="sum"
            )
        return both / (2 * len(image))

    def train(self) -> None:
        """Training mode, except for frozen towers."""
        towers.train(self.model)

    def after_step(self, step: int, steps: int) -> None:
        """Keep the logit scale between 1 and 100."""
        bound(self.model.logit_scale)

    @torch.no_grad()
    def classifier(self, class_names: Sequence[str], prompts: Sequence[str]) -> Logits:
        """Zero-shot head: per class the normalised mean of its normalised prompt embeddings; logits are scale x
        cosine."""
        columns = []
        for name in class_names:
            tokens = self.targets([prompt.format(name) for prompt in prompts], [])
            embedding = self.model.encode_text(tokens.to(self.model.logit_scale.device), normalize=True).mean(dim=0)
            columns.append(functional.normalize(embedding, dim=0))
        head = torch.stack(columns, dim=1)

        def logits(images: torch.Tensor) -> torch.Tensor:
            features: torch.Tensor = self.model.encode_image(images, normalize=True)
            return self.model.logit_scale.exp() * features @ head

        return logits
