"""Loading a scorer: which weights, networks and machines it takes, and what it says of the others."""

import copy
import json
import socket
from pathlib import Path
from typing import Any

import numpy as np
import open_clip
import pytest
import torch
from open_clip import factory, pretrained
from safetensors.torch import save_file
from torch.nn import functional

from datalines.errors import DatalinesError
from datalines.evaluation import decode_all
from datalines.files import sha256_file
from datalines.models import build_clip
from datalines.scorer import load_scorer
from datalines.training.weights import save_weights
from tests.unit.tiny_runs import SPEC, objective, recipe, supervised
from tests.unit.tiny_scorer import CAPTIONS, clip, declared, pictures, scored


def refusal(spec: dict[str, Any]) -> str:
    """What the scorer says when it cannot be loaded."""
    with pytest.raises(DatalinesError) as caught:
        load_scorer(spec)
    return str(caught.value)


def test_weights_of_this_project_bring_their_network(part: Path, weights: Path, tmp_path: Path) -> None:
    trained = tmp_path / "epoch-001.safetensors"
    save_weights(trained, objective(recipe()).model, recipe())
    table = scored(declared(trained, model_spec=None), part, tmp_path / "own.parquet")
    assert table.equals(scored(declared(weights), part, tmp_path / "plain.parquet"))
    assert json.loads(table.schema.metadata[b"scorer"])["model_spec"] == SPEC
    other = copy.deepcopy(SPEC)
    other["text_cfg"]["heads"] = 4
    assert "was trained with another network than the network that is declared" in refusal(
        declared(trained, model_spec=other)
    )
    assert "another network than RN50" in refusal(declared(trained, model="RN50"))
    labels = tmp_path / "labels.safetensors"
    save_weights(labels, objective(supervised()).model, supervised())
    assert "trained with objective supervised, and have no text tower" in refusal(declared(labels, model_spec=None))


def test_weights_may_be_a_torch_file(part: Path, weights: Path, tmp_path: Path) -> None:
    other = tmp_path / "tiny.pt"
    state = {f"module.{name}": tensor for name, tensor in clip().state_dict().items()}
    torch.save({"state_dict": state, "epoch": 3}, other)
    found = scored(declared(other), part, tmp_path / "pt.parquet")
    assert found.equals(scored(declared(weights), part, tmp_path / "safetensors.parquet"))


def test_weights_that_do_not_fit_are_an_error(weights: Path, tmp_path: Path) -> None:
    longer = copy.deepcopy(SPEC)
    longer["text_cfg"]["context_length"] = 12
    assert "does not hold the weights of this network" in refusal(declared(weights, model_spec=longer))
    for name in ("junk.safetensors", "junk.pt"):
        (tmp_path / name).write_bytes(b"\x00" * 64)
        assert f"scorers.tiny.weights: {tmp_path / name} " in refusal(declared(tmp_path / name))
    without = {key: value for key, value in SPEC.items() if key != "text_cfg"}
    assert "a scorer needs a text tower" in refusal(declared(weights, model_spec=without))
    assert "names no network" in refusal(declared(weights, model_spec=None))


def test_a_wrong_digest_is_an_error_and_the_right_one_is_none(weights: Path) -> None:
    digest = sha256_file(weights)
    assert load_scorer(declared(weights, weights_sha256=digest)).header["weights"]["sha256"] == digest
    text = refusal(declared(weights, weights_sha256="0" * 64))
    assert digest in text and "0" * 64 in text and str(weights) in text


@pytest.mark.parametrize(
    ("model", "said"),
    [
        ("ViT-B-32/openai", "fetch open_clip_model.safetensors from https://huggingface.co/timm/vit_base_patch32_clip"),
        ("ViT-B-32", "fetch a file of open_clip's weights for ViT-B-32"),
        (None, "train the family that they come from"),
    ],
)
def test_missing_weights_say_what_to_fetch_and_where_to_put_it(model: str | None, said: str, tmp_path: Path) -> None:
    place = tmp_path / "models" / "clip.safetensors"
    text = refusal(declared(place, model=model))
    assert text.startswith(f"scorers.tiny.weights: {place} is missing. Weights are never downloaded: {said}")
    assert text.endswith(("put it there", "put the file there"))


@pytest.mark.parametrize(
    ("model", "said"),
    [
        ("ViT-B/32", "'ViT-B' is no model of open_clip"),
        ("ViT-B-32/laion5b", "has no weights 'laion5b'; write one of openai, laion400m_e31"),
        ("ViT-B-32", "differ in activation or preprocessing; say which they are: ViT-B-32/<one of openai"),
        ("ViT-H-14/dfn5b", "takes images that are not resized by their shorter side"),
        ("ViT-B-16-SigLIP/webli", "needs a tokenizer from the network"),
        ("hf-hub:laion/CLIP-ViT-B-32", "is no model of open_clip"),
    ],
)
def test_models_that_cannot_score_are_errors(model: str, said: str, tmp_path: Path) -> None:
    place = tmp_path / "weights.pt"
    place.write_bytes(b"any")
    assert said in refusal(declared(place, model=model))


def test_half_precision_needs_a_gpu(weights: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    for device in ("cpu", "auto"):
        text = refusal(declared(weights, precision="fp16", device=device))
        assert text.startswith("scorers.tiny.precision is fp16, but the scorer runs on the CPU")
    assert "scorers.tiny.device is cuda, but no GPU is found" in refusal(declared(weights, device="cuda"))
    assert load_scorer(declared(weights, device="auto")).device.type == "cpu"


def test_a_named_model_takes_activation_and_preprocessing_of_its_tag(
    part: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = copy.deepcopy(SPEC)
    spec["text_cfg"]["vocab_size"] = 49408
    tags = {"quick": {"mean": (0.5,) * 3, "std": (0.5,) * 3, "quick_gelu": True}, "plain": {"hf_hub": "some/where/"}}
    monkeypatch.setitem(factory._MODEL_CONFIGS, "tiny-named", spec)
    monkeypatch.setitem(pretrained._PRETRAINED, "tiny-named", tags)
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: pytest.fail("asked the network"))
    torch.manual_seed(0)
    model = build_clip({**spec, "quick_gelu": True}).eval()
    save_file(model.state_dict(), tmp_path / "named.safetensors")
    found = {
        tag: scored(
            declared(tmp_path / "named.safetensors", model=f"tiny-named/{tag}", model_spec=None),
            part,
            tmp_path / f"{tag}.parquet",
        )
        for tag in tags
    }
    tokens = open_clip.get_tokenizer("tiny-named")(CAPTIONS)
    with torch.no_grad():
        image = model.encode_image(decode_all(pictures(), 16, 1).float() / 255 * 2 - 1)
        wanted = functional.cosine_similarity(image, model.encode_text(tokens)).numpy()
    assert found["quick"].column("score.tiny").to_numpy() == pytest.approx(wanted, abs=1e-5)
    assert not np.allclose(found["plain"].column("score.tiny").to_numpy(), wanted, atol=1e-3)
    header = json.loads(found["quick"].schema.metadata[b"scorer"])
    assert header["model"] == "tiny-named/quick" and header["preprocessing"]["mean"] == [0.5, 0.5, 0.5]
