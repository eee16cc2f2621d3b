"""Networks and tokenizers from a spec: sizes, strides, vocabularies."""

import copy
import json
from pathlib import Path
from typing import Any

import pytest
import timm
import torch
from open_clip.tokenizer import SimpleTokenizer

from datalines.models import Classifier, ConvNet, build_clip, build_image_tower, build_tokenizer, image_size
from tests.unit.tiny_runs import SPEC

MODELS = Path(__file__).parents[2] / "config" / "models"
CAPTIONS = [
    "a photo of a cat.",
    "Zürich & the Uetliberg, 2019",
    "",
    "antidisestablishmentarianism " * 12,
    "猫 🐈",
    "&amp; it's 100%",
]


def spec(vocabulary: int, context: int = 77) -> dict[str, Any]:
    """The tiny spec with another vocabulary."""
    changed = copy.deepcopy(SPEC)
    changed["text_cfg"] |= {"vocab_size": vocabulary, "context_length": context}
    return changed


def classifier(network: dict[str, Any], classes: int) -> Classifier:
    """A spec's image tower under a linear head."""
    return Classifier(build_image_tower(network), torch.nn.Linear(network["embed_dim"], classes))


def test_the_full_vocabulary_is_open_clips_own() -> None:
    ours, theirs = build_tokenizer(spec(49408)), SimpleTokenizer()
    assert ours.vocab_size == theirs.vocab_size == 49408
    assert torch.equal(ours(CAPTIONS), theirs(CAPTIONS))


@pytest.mark.parametrize("vocabulary", [515, 600, 2562])
def test_a_smaller_vocabulary_stays_below_its_size_and_loses_no_text(vocabulary: int) -> None:
    tokenizer = build_tokenizer(spec(vocabulary))
    tokens = tokenizer(CAPTIONS)
    assert tokens.shape == (len(CAPTIONS), 77)
    assert tokens.min() >= 0 and tokens.max() == vocabulary - 1
    assert tokenizer.decode(tokenizer.encode(CAPTIONS[0])).strip() == "a photo of a cat ."


def test_a_smaller_vocabulary_splits_words_into_more_pieces() -> None:
    lengths = [len(build_tokenizer(spec(size)).encode("photograph of a giraffe")) for size in (600, 2562, 49408)]
    assert lengths[0] > lengths[1] > lengths[2]


def test_long_captions_are_cut_with_the_end_marker_kept() -> None:
    tokens = build_tokenizer(spec(600, context=8))([CAPTIONS[3]])
    assert tokens.shape == (1, 8)
    assert tokens[0, 0] == 598 and tokens[0, -1] == 599


@pytest.mark.parametrize("vocabulary", [0, 514, 49409])
def test_an_impossible_vocabulary_is_an_error_that_names_the_key(vocabulary: int) -> None:
    with pytest.raises(ValueError, match=f"text_cfg.vocab_size must lie between 515 and 49408, not {vocabulary}"):
        build_tokenizer(spec(vocabulary))


@pytest.mark.parametrize(("name", "channels"), [("datalines_convnet_w16", 128), ("datalines_convnet_w32", 256)])
def test_small_networks_have_stride_eight_and_pool_to_their_channels(name: str, channels: int) -> None:
    network = timm.create_model(name, num_classes=0).eval()
    assert isinstance(network, ConvNet)
    images = torch.randn(2, 3, 32, 32)
    assert network.body(images).shape == (2, channels, 4, 4)
    assert torch.allclose(network(images), network.body(images).mean((2, 3)))
    assert timm.create_model(name, num_classes=5).eval()(images).shape == (2, 5)


@pytest.mark.parametrize(
    ("depth", "features", "weights"), [(18, 512, 11_168_832), (34, 512, 21_276_992), (50, 2048, 23_500_352)]
)
def test_residual_networks_keep_the_stem_at_full_size(depth: int, features: int, weights: int) -> None:
    """He et al.'s counts without the head (11,176,512, 21,284,672, 23,508,032), less 7,680 of the smaller stem."""
    name = f"datalines_resnet{depth}_s32"
    network = timm.create_model(name, num_classes=0).eval()
    large = timm.create_model(f"resnet{depth}", num_classes=0)
    assert sum(value.numel() for value in network.parameters()) == weights
    assert sum(value.numel() for value in large.parameters()) - weights == 64 * 3 * (7 * 7 - 3 * 3)
    images = torch.randn(2, 3, 32, 32)
    stem = network.maxpool(network.act1(network.bn1(network.conv1(images))))
    assert stem.shape == (2, 64, 32, 32)
    assert network.forward_features(images).shape == (2, features, 4, 4)
    assert torch.allclose(network(images), network.forward_features(images).mean((2, 3)), atol=1e-5)
    assert timm.create_model(name, num_classes=5).eval()(images).shape == (2, 5)
    # Filters of 3 x 3 whose outputs are to keep their variance backwards: 2 / (64 channels x 9).
    assert network.conv1.weight.std().item() == pytest.approx((2 / (64 * 9)) ** 0.5, rel=0.1)


def test_a_residual_network_learns() -> None:
    torch.manual_seed(0)
    content = json.loads((MODELS / "resnet18-s32.json").read_text())
    model = classifier(content, 2).train()
    images, labels = torch.randn(8, 3, 32, 32), torch.arange(8) % 2
    images[labels == 1, 0] += 1.0
    trained = torch.optim.AdamW(model.parameters(), lr=1e-3)
    losses = []
    for _ in range(4):
        trained.zero_grad()
        loss = torch.nn.functional.cross_entropy(model(images), labels)
        loss.backward()
        trained.step()
        losses.append(loss.item())
    assert losses[-1] < losses[0] / 2


@pytest.mark.parametrize("name", ["datalines_convnet_w16", "datalines_resnet18_s32"])
def test_networks_of_this_library_have_no_pretrained_weights(name: str) -> None:
    with pytest.raises(ValueError, match="set timm_model_pretrained to false"):
        timm.create_model(name, pretrained=True)


def test_what_the_small_networks_cannot_do_is_an_error() -> None:
    with pytest.raises(ValueError, match="set timm_pool to avg"):
        ConvNet(16).reset_classifier(0, "max")


def test_clip_and_classifier_give_the_shapes_of_the_spec() -> None:
    clip = build_clip(SPEC).eval()
    assert clip.encode_image(torch.zeros(2, 3, 16, 16)).shape == (2, 16)
    assert clip.encode_text(torch.zeros(2, 8, dtype=torch.long)).shape == (2, 16)
    assert clip.logit_scale.item() == pytest.approx(2.6592, abs=1e-4)
    assert classifier(SPEC, 5).eval()(torch.zeros(2, 3, 16, 16)).shape == (2, 5)


@pytest.mark.parametrize("quick", [False, True])
def test_the_image_tower_alone_is_the_one_of_the_whole_model(quick: bool) -> None:
    vision = {"image_size": 16, "patch_size": 8, "width": 16, "layers": 1, "head_width": 8}
    network = {**SPEC, "vision_cfg": vision, "quick_gelu": quick}
    whole, alone, images = build_clip(network).visual, build_image_tower(network), torch.randn(2, 3, 16, 16)
    alone.load_state_dict(whole.state_dict())
    assert torch.equal(alone.eval()(images), whole.eval()(images))


@pytest.mark.parametrize("path", sorted(MODELS.glob("*.json")), ids=lambda path: path.stem)
def test_every_model_of_the_repository_takes_its_own_image_size(path: Path) -> None:
    content = json.loads(path.read_text())
    side = image_size(content)
    with torch.device("meta"):
        images = torch.empty(1, 3, side, side)
        if "text_cfg" in content:
            model = build_clip(content)
            assert model.visual(images).shape == (1, content["embed_dim"])
            assert model.vocab_size == content["text_cfg"]["vocab_size"]
        else:
            assert classifier(content, 7)(images).shape == (1, 7)
