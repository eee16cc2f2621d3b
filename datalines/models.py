"""Networks and tokenizers from a JSON spec in open_clip's own format (config/models/*.json).

CLIP's modified ResNet has stride 32 and leaves one pixel of a 32 px image, so small residual networks of stride 8 are registered with timm
under the names `datalines_resnet_w16` and `datalines_resnet_w32`; any other timm or open_clip tower works by its name alone.
"""

import gzip
import tempfile
from pathlib import Path
from typing import Any

import torch
from open_clip.model import CLIP, _build_vision_tower
from open_clip.tokenizer import SimpleTokenizer, default_bpe
from timm.models import register_model
from timm.models.byobnet import ByobNet, ByoBlockCfg, ByoModelCfg
from torch import nn

# CLIP's byte-pair vocabulary: 256 bytes, the same 256 at a word's end, the merges, and two markers for start and end.
SYMBOLS_BESIDE_MERGES = 514


def _small_resnet(width: int, pretrained: bool, options: dict[str, Any]) -> ByobNet:
    """3x3 stem of stride 2, then three basic residual blocks of 1, 2 and 4 times `width` channels: total stride 8."""
    if pretrained:
        raise ValueError("the small residual networks have no pretrained weights; set timm_model_pretrained to false")
    stages = ((width, 1), (2 * width, 2), (4 * width, 2))
    blocks = tuple(ByoBlockCfg(type="basic", d=1, c=channels, s=stride, gs=0) for channels, stride in stages)
    known = {name: options[name] for name in ("num_classes", "global_pool", "drop_rate", "drop_path_rate") if name in options}
    network = ByobNet(ByoModelCfg(blocks=blocks, stem_chs=width, stem_type="3x3", stem_pool=""), **known)
    network.default_cfg = network.pretrained_cfg = {"pool_size": (4, 4), "input_size": (3, 32, 32)}
    return network


@register_model
def datalines_resnet_w16(pretrained: bool = False, **kwargs: Any) -> ByobNet:
    """Small residual network of 16, 32 and 64 channels, for 32 px images in minutes on a CPU."""
    return _small_resnet(16, pretrained, kwargs)


@register_model
def datalines_resnet_w32(pretrained: bool = False, **kwargs: Any) -> ByobNet:
    """Small residual network of 32, 64 and 128 channels, for 32-96 px images."""
    return _small_resnet(32, pretrained, kwargs)


def build_clip(spec: dict[str, Any]) -> CLIP:
    """Image tower, text tower and logit scale (initially ln(1/0.07)) as the spec says, randomly initialised."""
    return CLIP(**spec)


class Classifier(nn.Module):
    """An image tower with a linear head: images (B, 3, S, S) to logits (B, classes)."""

    def __init__(self, spec: dict[str, Any], classes: int) -> None:
        super().__init__()
        self.visual = _build_vision_tower(spec["embed_dim"], spec["vision_cfg"])
        self.head = nn.Linear(spec["embed_dim"], classes)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Logits of a batch of normalised images."""
        logits: torch.Tensor = self.head(self.visual(images))
        return logits


def image_size(spec: dict[str, Any]) -> int:
    """Side of the square images that the spec's image tower takes, in pixels."""
    return int(spec["vision_cfg"]["image_size"])


def build_tokenizer(spec: dict[str, Any]) -> SimpleTokenizer:
    """CLIP's tokenizer for the spec's context length and vocabulary.

    A vocabulary smaller than CLIP's 49,408 keeps the first merges of the same list: words then split into more pieces, and a small text
    tower need not carry 49,000 embeddings.
    """
    text = spec["text_cfg"]
    with gzip.open(default_bpe()) as stream:
        header, *merges = stream.read().decode().split("\n")
    wanted = text["vocab_size"] - SYMBOLS_BESIDE_MERGES
    if not 0 < wanted <= len(merges):
        raise ValueError(f"text_cfg.vocab_size must lie between {SYMBOLS_BESIDE_MERGES + 1} and 49408, not {text['vocab_size']}")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "merges.txt.gz"
        path.write_bytes(gzip.compress("\n".join([header, *merges[:wanted]]).encode(), mtime=0))
        return SimpleTokenizer(bpe_path=str(path), context_length=text["context_length"])
