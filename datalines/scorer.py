"""A CLIP model that judges whether image and text agree, loaded from a file, with a statement of all that decides its
scores.

Users could not repeat scores that were published beside a data set, because nobody had written down how they were made.
So a scorer states its weights' digest, precision, device, preprocessing, decoder and library versions. Nothing is ever
downloaded. Images pass through this project's transform, whose crop may lie a pixel beside that of open_clip's: scores
made elsewhere with the same weights are met nearly, not to the last digit.
"""

from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import open_clip
import torch
from open_clip.coca_model import CoCa
from open_clip.factory import convert_state_dict, get_model_config, load_state_dict
from open_clip.model import CLIP, CustomTextCLIP
from open_clip.pretrained import get_pretrained_cfg, list_pretrained_tags_by_model
from torch.nn import functional

from datalines.carried import carried
from datalines.errors import DatalinesError
from datalines.files import sha256_file
from datalines.images import DECODER
from datalines.models import build_clip, build_tokenizer
from datalines.objectives import MEAN, STD

HALF = {"fp16": torch.float16, "bf16": torch.bfloat16}
LIBRARIES = ("torch", "open_clip_torch", "timm")

Floats = npt.NDArray[np.float32]
Tokenizer = Callable[[list[str]], torch.Tensor]


@dataclass(frozen=True)
class Network:
    """A model without its weights, and how images are prepared for it."""

    model: CLIP
    tokenizer: Tokenizer
    mean: tuple[float, ...] = MEAN
    std: tuple[float, ...] = STD


@dataclass(frozen=True)
class Scorer:
    """A loaded model. `header` says what its scores depend on; `side` is that of the square images it takes."""

    name: str
    network: Network
    side: int
    batch: int
    precision: str
    device: torch.device
    header: dict[str, Any]

    @torch.inference_mode()
    def cosines(self, images: torch.Tensor, tokens: torch.Tensor) -> Floats:
        """Cosine of each image and its caption: uint8 (B, 3, side, side) and int64 (B, context) to float32 (B,)."""
        mean = torch.tensor(self.network.mean, device=self.device).view(1, 3, 1, 1)
        std = torch.tensor(self.network.std, device=self.device).view(1, 3, 1, 1)
        pixels = (images.to(self.device).float() / 255 - mean) / std
        half = self.precision in HALF
        with torch.autocast(self.device.type, HALF.get(self.precision, torch.bfloat16), enabled=half):
            seen = self.network.model.encode_image(pixels.contiguous(memory_format=torch.channels_last))
            read = self.network.model.encode_text(tokens.to(self.device))
        product = functional.normalize(seen.float(), dim=-1) * functional.normalize(read.float(), dim=-1)
        values: Floats = product.sum(dim=-1).cpu().numpy()
        return values


def load_scorer(spec: dict[str, Any]) -> Scorer:
    """The scorer of a resolved declaration, its weights checked and loaded.

    `spec` holds scorer, model (open_clip's name, or name/tag) or model_spec (a network in open_clip's format), weights
    (path of a safetensors, pt or bin file), weights_sha256 (or None), precision, device, batch, version. Raises
    `DatalinesError` where something is missing, unknown or does not fit.
    """
    where = f"scorers.{spec['scorer']}"
    device = _device(spec["device"], spec["precision"], where)
    weights, digest = _checked(spec, where)
    carried = _carried(weights, spec, where)
    name, described = spec.get("model"), carried or spec.get("model_spec")
    network = _named(name, where) if name is not None else _from_spec(described, where)
    _load(network.model, weights, where)
    # Convolutions on a GPU would otherwise be rounded to 10 bits of mantissa, under the name of fp32.
    torch.backends.cudnn.allow_tf32 = False
    network.model.to(device=device, memory_format=torch.channels_last).eval()
    side = _side(network.model, where)
    header = {
        **{key: spec[key] for key in ("scorer", "version", "precision", "batch")},
        "model": name,
        "model_spec": None if name is not None else described,
        "weights": {"file": weights.name, "sha256": digest},
        "device": device.type if device.type == "cpu" else f"{device.type} ({torch.cuda.get_device_name(device)})",
        "preprocessing": {
            "side": side,
            "resize": "shorter side, bicubic",
            "crop": "centre",
            "mean": list(network.mean),
            "std": list(network.std),
        },
        "decoder": DECODER,
        "libraries": {library: version(library) for library in LIBRARIES},
    }
    return Scorer(spec["scorer"], network, side, spec["batch"], spec["precision"], device, header)


def _checked(spec: dict[str, Any], where: str) -> tuple[Path, str]:
    """The file of weights, which must be there, and its digest, which must be the declared one."""
    weights = Path(spec["weights"])
    if not weights.is_file():
        text = f"Weights are never downloaded: {_remedy(spec.get('model'))} there"
        raise DatalinesError(f"{where}.weights: {weights} is missing. {text}")
    digest = sha256_file(weights)
    if spec.get("weights_sha256") not in (None, digest):
        text = f"has the sha256 {digest}, but weights_sha256 is {spec['weights_sha256']}"
        raise DatalinesError(f"{where}.weights: {weights} {text}; fetch the right file, or correct the digest")
    return weights, digest


def _device(wanted: str, precision: str, where: str) -> torch.device:
    there = torch.cuda.is_available()
    if wanted == "cuda" and not there:
        raise DatalinesError(f"{where}.device is cuda, but no GPU is found here; write device: auto, or run elsewhere")
    kind = "cuda" if there and wanted != "cpu" else "cpu"
    if kind == "cpu" and precision in HALF:
        text = f"{where}.precision is {precision}, but the scorer runs on the CPU and half precision is for GPUs"
        raise DatalinesError(f"{text}; write precision: fp32, or run it where there is a GPU")
    return torch.device(kind)


def _carried(weights: Path, spec: dict[str, Any], where: str) -> dict[str, Any] | None:
    """The network that weights trained by this project carry; one that contradicts the declaration is an error."""
    content = carried(weights, f"{where}.weights: {weights}")
    if content is None:
        return None
    if content["objective"] != "clip":
        kind = f"were trained with objective {content['objective']}, and have no text tower"
        raise DatalinesError(f"{where}.weights: {weights} {kind}; take weights of objective clip")
    network: dict[str, Any] = content["model_spec"]
    if spec.get("model") is not None or spec.get("model_spec") not in (None, network):
        given = spec.get("model") or "the network that is declared"
        raise DatalinesError(
            f"{where}: {weights} was trained with another network than {given}; name the network of its family"
        )
    return network


def _from_spec(network: dict[str, Any] | None, where: str) -> Network:
    if network is None:
        raise DatalinesError(f"{where} names no network; write model: <open_clip model>, or network: <config/models>")
    if "text_cfg" not in network:
        raise DatalinesError(f"{where}.network has no text_cfg; a scorer needs a text tower")
    return Network(build_clip(network), build_tokenizer(network))


def _named(text: str, where: str) -> Network:
    """One of open_clip's networks, with the preprocessing and the activation that its weights were trained with."""
    name, _, tag = text.partition("/")
    if name not in open_clip.list_models():
        raise DatalinesError(f"{where}.model: {name!r} is no model of open_clip; write one such as ViT-B-32/openai")
    if {"hf_model_name", "hf_tokenizer_name"} & set(get_model_config(name)["text_cfg"]):
        raise DatalinesError(f"{where}.model: {name} needs a tokenizer from the network; write one without")
    known = list_pretrained_tags_by_model(name)
    if tag and tag not in known:
        raise DatalinesError(f"{where}.model: {name} has no weights {tag!r}; write one of {', '.join(known)}")
    manners = {_manner(name, one) for one in ([tag] if tag else known)} or {(MEAN, STD, True, False)}
    if len(manners) > 1:
        which = f"say which they are: {name}/<one of {', '.join(known)}>"
        raise DatalinesError(f"{where}.model: the weights of {name} differ in activation or preprocessing; {which}")
    mean, std, usual, quick = manners.pop()
    if not usual:
        raise DatalinesError(f"{where}.model: {text} takes images that are not resized by their shorter side, bicubic")
    return Network(_untrained(get_model_config(name), quick), open_clip.get_tokenizer(name), mean, std)


def _untrained(config: dict[str, Any], quick: bool) -> CLIP:
    """open_clip's model of a configuration of its own, without asking for weights of any tower."""
    custom = config.pop("custom_text", False)
    config["quick_gelu"] = quick or config.get("quick_gelu", False)
    if "timm_model_name" in config["vision_cfg"]:
        config["vision_cfg"]["timm_model_pretrained"] = False
    if not custom:
        return CLIP(**config)
    return CoCa(**config) if "multimodal_cfg" in config else CustomTextCLIP(**config)


def _manner(name: str, tag: str) -> tuple[tuple[float, ...], tuple[float, ...], bool, bool]:
    """Mean, deviation, whether images are resized as usual, and whether GELU is approximated by a sigmoid."""
    found = get_pretrained_cfg(name, tag)
    resized = (found.get("interpolation") or "bicubic", found.get("resize_mode") or "shortest")
    mean, std = tuple(found.get("mean") or MEAN), tuple(found.get("std") or STD)
    return mean, std, resized == ("bicubic", "shortest"), bool(found.get("quick_gelu", False))


def _load(model: CLIP, weights: Path, where: str) -> None:
    """Every tensor must be there and fit: nothing is interpolated, nothing is left at its random start."""
    try:
        state = convert_state_dict(model, load_state_dict(str(weights), weights_only=True))
        if "logit_scale" in state:  # kept with one dimension by some versions; cosines do not need it
            state["logit_scale"] = state["logit_scale"].reshape(model.logit_scale.shape)
        model.load_state_dict(state)
    except Exception as error:  # torch, pickle and safetensors each have errors of their own
        reason = " ".join(str(error).split())[:300]
        text = "Take open_clip's own file (TorchScript is not read), or correct the network"
        raise DatalinesError(
            f"{where}.weights: {weights} does not hold the weights of this network: {reason}. {text}"
        ) from error


def _side(model: CLIP, where: str) -> int:
    size = model.visual.image_size
    height, width = size if isinstance(size, tuple | list) else (size, size)
    if height != width:
        raise DatalinesError(f"{where}.model takes images of {width} x {height} pixels; write one for square images")
    return int(height)


def _remedy(model: str | None) -> str:
    """What to fetch, and from where: the beginning of a sentence that ends with the place."""
    if model is None:
        return "train the family that they come from, or put the file"
    name, _, tag = model.partition("/")
    found = get_pretrained_cfg(name, tag) if tag else {}
    page, _, file = found.get("hf_hub", "").rpartition("/")
    if page:
        return f"fetch {file or 'open_clip_model.safetensors'} from https://huggingface.co/{page} and put it"
    if found.get("url"):
        return f"fetch {found['url']} and put it"
    return f"fetch a file of open_clip's weights for {model} and put it"
