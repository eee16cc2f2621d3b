"""Networks and tokenizers from a JSON spec in open_clip's own format (config/models/*.json).

CLIP's modified ResNet has stride 32 and leaves one pixel of a 32 px image. For such images, networks of stride 8 are
registered with timm: small convolutional ones as `datalines_convnet_w8`, `_w16` and `_w32`, and residual ones as
`datalines_resnet18_s32`, `datalines_resnet34_s32` and `datalines_resnet50_s32`. Any other timm or open_clip tower
works by its name alone.
"""

import gzip
import tempfile
from pathlib import Path
from typing import Any

import torch
from open_clip.model import CLIP, _build_vision_tower
from open_clip.tokenizer import SimpleTokenizer, default_bpe
from timm.models import register_model
from timm.models.resnet import BasicBlock, Bottleneck, ResNet
from torch import nn

# CLIP's byte-pair vocabulary: 256 bytes, the same 256 at a word's end, the merges, and two markers for start and end.
SYMBOLS_BESIDE_MERGES = 514
# The list that open_clip carries is longer than what CLIP takes of it.
MERGES = 48894


class ConvNet(nn.Module):
    """Four 3x3 convolutions with batch normalisation, total stride 8, and average pooling: a timm model for 32-96 px
    images.

    At equal samples it reached twice the accuracy of a small residual network, at two thirds of its cost (CHANGELOG).
    """

    def __init__(self, width: int, num_classes: int = 0) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        before = 3
        for channels, stride in ((width, 2), (2 * width, 2), (4 * width, 1), (8 * width, 2)):
            layers += [
                nn.Conv2d(before, channels, 3, stride, 1, bias=False),
                nn.BatchNorm2d(channels),
                nn.ReLU(inplace=True),
            ]
            before = channels
        self.body = nn.Sequential(*layers)
        self.num_features = before
        self.default_cfg = {"pool_size": (4, 4), "input_size": (3, 32, 32)}
        self.reset_classifier(num_classes)

    def reset_classifier(self, num_classes: int, global_pool: str = "avg") -> None:
        """Put a new linear head on the pooled features, or none for 0 classes (timm's interface)."""
        if global_pool != "avg":
            raise ValueError(
                f"the small convolutional networks pool by the average, not by {global_pool!r}: set timm_pool to avg"
            )
        self.fc = nn.Linear(self.num_features, num_classes) if num_classes else nn.Identity()

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Images (B, 3, S, S) to features (B, 8 width), or to logits."""
        features: torch.Tensor = self.fc(self.body(images).mean((2, 3)))
        return features


def _convnet(width: int, pretrained: bool, options: dict[str, Any]) -> ConvNet:
    if pretrained:
        raise ValueError(
            "the small convolutional networks have no pretrained weights; set timm_model_pretrained to false"
        )
    return ConvNet(width, options.get("num_classes", 0))


@register_model
def datalines_convnet_w8(pretrained: bool = False, **kwargs: Any) -> ConvNet:
    """Convolutional network of 8, 16, 32 and 64 channels."""
    return _convnet(8, pretrained, kwargs)


@register_model
def datalines_convnet_w16(pretrained: bool = False, **kwargs: Any) -> ConvNet:
    """Convolutional network of 16, 32, 64 and 128 channels: 32 px images in minutes on a CPU."""
    return _convnet(16, pretrained, kwargs)


@register_model
def datalines_convnet_w32(pretrained: bool = False, **kwargs: Any) -> ConvNet:
    """Convolutional network of 32, 64, 128 and 256 channels."""
    return _convnet(32, pretrained, kwargs)


class SmallImageResNet(ResNet):
    """A timm ResNet whose stem is a 3x3 convolution of stride 1 without max pooling, which leaves 4 x 4 of 32 x 32 px.

    With this stem, which is customary on CIFAR-10, these are the ResNet-18, -34 and -50 of He et al. (2016) that Nguyen
    et al. (2022, appendix D.2) train; their stem is not stated.
    """

    def __init__(self, block: Any, layers: tuple[int, ...], **options: Any) -> None:
        super().__init__(block, layers, **options)
        stem = nn.Conv2d(3, 64, 3, 1, 1, bias=False)
        nn.init.kaiming_normal_(stem.weight, mode="fan_out", nonlinearity="relu")
        self.add_module("conv1", stem)
        self.add_module("maxpool", nn.Identity())
        self.default_cfg: dict[str, Any] = {"pool_size": (4, 4), "input_size": (3, 32, 32), "classifier": "fc"}


def _resnet(
    block: type[BasicBlock | Bottleneck], layers: tuple[int, ...], pretrained: bool, options: dict[str, Any]
) -> SmallImageResNet:
    if pretrained:
        raise ValueError("the networks for 32 px have no pretrained weights; set timm_model_pretrained to false")
    taken = {name: options[name] for name in ("num_classes", "global_pool") if name in options}
    return SmallImageResNet(block, layers, **taken)


@register_model
def datalines_resnet18_s32(pretrained: bool = False, **kwargs: Any) -> SmallImageResNet:
    """ResNet-18 for 32 px images: 512 features, 11.2 million weights."""
    return _resnet(BasicBlock, (2, 2, 2, 2), pretrained, kwargs)


@register_model
def datalines_resnet34_s32(pretrained: bool = False, **kwargs: Any) -> SmallImageResNet:
    """ResNet-34 for 32 px images: 512 features, 21.3 million weights."""
    return _resnet(BasicBlock, (3, 4, 6, 3), pretrained, kwargs)


@register_model
def datalines_resnet50_s32(pretrained: bool = False, **kwargs: Any) -> SmallImageResNet:
    """ResNet-50 for 32 px images: 2,048 features, 23.5 million weights."""
    return _resnet(Bottleneck, (3, 4, 6, 3), pretrained, kwargs)


def build_clip(spec: dict[str, Any]) -> CLIP:
    """Image tower, text tower and logit scale (initially ln(1/0.07)) as the spec says, randomly initialised."""
    return CLIP(**spec)


def build_image_tower(spec: dict[str, Any]) -> nn.Module:
    """The spec's image tower alone, randomly initialised: images (B, 3, S, S) to features (B, embed_dim)."""
    tower: nn.Module = _build_vision_tower(spec["embed_dim"], spec["vision_cfg"], spec.get("quick_gelu", False))
    return tower


class Classifier(nn.Module):
    """An image tower with a head: images (B, 3, S, S) to logits (B, classes)."""

    def __init__(self, visual: nn.Module, head: nn.Module) -> None:
        super().__init__()
        self.visual = visual
        self.head = head

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Logits of a batch of normalised images."""
        logits: torch.Tensor = self.head(self.visual(images))
        return logits


def image_size(spec: dict[str, Any]) -> int:
    """Side of the square images that the spec's image tower takes, in pixels."""
    return int(spec["vision_cfg"]["image_size"])


def build_tokenizer(spec: dict[str, Any]) -> SimpleTokenizer:
    """CLIP's tokenizer for the spec's context length and vocabulary.

    A vocabulary smaller than CLIP's 49,408 keeps the first merges of the same list: words then split into more pieces,
    and a small text tower need not carry 49,000 embeddings.
    """
    text = spec["text_cfg"]
    with gzip.open(default_bpe()) as stream:
        header, *merges = stream.read().decode().split("\n")
    wanted = text["vocab_size"] - SYMBOLS_BESIDE_MERGES
    if not 0 < wanted <= MERGES:
        raise ValueError(
            f"text_cfg.vocab_size must lie between {SYMBOLS_BESIDE_MERGES + 1} and 49408, not {text['vocab_size']}"
        )
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "merges.txt.gz"
        path.write_bytes(gzip.compress("\n".join([header, *merges[:wanted]]).encode(), mtime=0))
        return SimpleTokenizer(bpe_path=str(path), context_length=text["context_length"])
