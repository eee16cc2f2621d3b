"""Initial weights: a tower or a whole model starts where another training ended.

A file holds the state of a whole model, either this project's (safetensors whose header describes the network) or
open_clip's (safetensors, or a checkpoint of its trainer). Every tensor of what is asked for must be there and fit:
nothing is interpolated, and nothing is left at its random start.
"""

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from open_clip.factory import load_state_dict
from open_clip.model import CLIPTextCfg, CLIPVisionCfg
from torch import nn

from datalines.carried import carried
from datalines.errors import TrainingError
from datalines.files import sha256_file
from datalines.objectives.towers import tower_of

# They change no tensor, or the shapes say so.
WITHOUT_EFFECT = ("image_size", "timm_model_pretrained")
SHOWN = 8

State = dict[str, torch.Tensor]


def initialise(model: nn.Module, recipe: dict[str, Any], files: Mapping[str, Path]) -> None:
    """Load the recipe's `initial` weights, {image, text or model: {sha256}}, from `files` into the model.

    Raises TrainingError, which names the file, if one is missing, has another sha256, cannot be read, was trained with
    another network, or lacks tensors.
    """
    initial = recipe.get("initial") or {}
    if set(initial) != set(files):
        told = f"the recipe's initial weights are {sorted(initial)}, the files given are for {sorted(files)}"
        raise TrainingError(f"{told}; name a file for each part")
    for part in sorted(initial):
        path = Path(files[part])
        where = f"initial.{part}: {path}"
        if not _of_part(model.state_dict(), part):
            raise TrainingError(f"{where}: the recipe's model has no {part} tower; remove `{part}`")
        _check_digest(path, initial[part]["sha256"], where)
        _compare(carried(path, where), recipe, part, where)
        _load(model, part, _read(path, where), where)


def _check_digest(path: Path, sha256: str, where: str) -> None:
    if not path.is_file():
        raise TrainingError(f"{where} is missing. Weights are never downloaded: put the file there")
    digest = sha256_file(path)
    if digest != sha256:
        raise TrainingError(
            f"{where} has the sha256 {digest}, but the recipe says {sha256}; "
            "fetch the right file, or correct the digest"
        )


def _compare(theirs: dict[str, Any] | None, ours: dict[str, Any], part: str, where: str) -> None:
    """Refuse another network even where all shapes agree, as they do for another number of attention heads, and a head
    whose classes are others or in another order."""
    if theirs is None:
        return
    if part == "model" and theirs["objective"] != ours["objective"]:
        told = f"was trained with objective {theirs['objective']}, and the recipe's is {ours['objective']}"
        raise TrainingError(f"{where} {told}; name it as `image` to take its image tower alone")
    given, wanted = _settings(theirs["model_spec"], part), _settings(ours["model_spec"], part)
    if part == "model":
        given["classes"], wanted["classes"] = theirs.get("class_names"), ours.get("class_names")
    differing = [
        f"{key} is {given.get(key)} there and {wanted.get(key)} here"
        for key in sorted(given.keys() | wanted.keys())
        if given.get(key) != wanted.get(key)
    ]
    if differing:
        raise TrainingError(
            f"{where} was trained with another network than the recipe's: {'; '.join(differing[:SHOWN])}. "
            "Take weights of the same network, or name theirs as `model`"
        )


def _settings(spec: dict[str, Any], part: str) -> dict[str, Any]:
    """What decides a part's function, with open_clip's defaults filled in: {dotted key: value}."""
    found: dict[str, Any] = {"embed_dim": spec["embed_dim"], "quick_gelu": spec.get("quick_gelu", False)}
    for key, kind, tower in (("vision_cfg", CLIPVisionCfg, "image"), ("text_cfg", CLIPTextCfg, "text")):
        if key in spec and part in ("model", tower):
            options = asdict(kind(**spec[key])).items()
            found |= {f"{key}.{name}": value for name, value in options if name not in WITHOUT_EFFECT}
    return found


def _read(path: Path, where: str) -> State:
    """All tensors of a file."""
    try:
        state = load_state_dict(str(path), weights_only=True)
        tensors = all(isinstance(value, torch.Tensor) for value in state.values())
    except Exception as error:  # torch, pickle and safetensors each have errors of their own
        reason = " ".join(str(error).split())[:300]
        raise TrainingError(
            f"{where} cannot be read as weights: {reason}. Take a safetensors file, or a checkpoint of open_clip's "
            "trainer (TorchScript is not read)"
        ) from error
    if not tensors:
        raise TrainingError(f"{where} holds more than the tensors of a model; take the weights of a kept epoch")
    return state


def _of_part(state: State, part: str) -> State:
    """The tensors of one part, those of a text tower without the prefix that it has in some of open_clip's models."""
    plain = {name.removeprefix("text."): name for name in state}
    return {
        short: state[name]
        for short, name in plain.items()
        if part == "model" or tower_of(short) == part or (part == "text" and short != name)
    }


def _load(model: nn.Module, part: str, state: State, where: str) -> None:
    wanted, given = _of_part(model.state_dict(), part), _of_part(state, part)
    if "logit_scale" in given:  # some versions of open_clip keep it with one dimension
        given["logit_scale"] = given["logit_scale"].squeeze()
    shapes = [
        f"{name} {tuple(given[name].shape)} instead of {tuple(wanted[name].shape)}"
        for name in sorted(given.keys() & wanted.keys())
        if given[name].shape != wanted[name].shape
    ]
    problems = {
        "missing": sorted(wanted.keys() - given.keys()),
        "unexpected": sorted(given.keys() - wanted.keys()),
        "of another shape": shapes,
    }
    if any(problems.values()):
        told = "; ".join(f"{kind}: {_listing(names)}" for kind, names in problems.items() if names)
        raise TrainingError(f"{where} does not hold the weights of the recipe's model. {told}. Take weights that do")
    model.load_state_dict(given, strict=False)


def _listing(names: list[str]) -> str:
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(names[:SHOWN]) + more
