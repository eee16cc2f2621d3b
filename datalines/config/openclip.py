"""OpenAI's class names and prompt templates for ImageNet, read from the open_clip that is installed.

The names are not all different: `missile` and `sunglasses` stand for two classes each. They are what prompts say;
classes are told apart by their WordNet ids (config/classes/imagenet.txt).
"""

import importlib.util
from functools import cache
from pathlib import Path
from types import ModuleType

from datalines.errors import DatalinesError

OPENAI_IMAGENET = "openai-imagenet"


class OpenClipError(DatalinesError):
    """An open_clip that is not installed, or that does not hold what is asked for."""


@cache
def imagenet_texts() -> tuple[str, ...]:
    """The 1,000 names, in the order of ImageNet's classes. Raises OpenClipError."""
    return tuple(_metadata().IMAGENET_CLASSNAMES)


@cache
def imagenet_templates() -> tuple[str, ...]:
    """The 80 prompt templates, each with one {} for the class. Raises OpenClipError."""
    return tuple(template("{}") for template in _metadata().OPENAI_IMAGENET_TEMPLATES)


def _metadata() -> ModuleType:
    """The one file of the package that holds them; the package itself would import torch."""
    found = importlib.util.find_spec("open_clip")
    places = list(found.submodule_search_locations or []) if found is not None else []
    path = Path(places[0], "zero_shot_metadata.py") if places else Path()
    spec = importlib.util.spec_from_file_location("datalines_zero_shot_metadata", path) if path.is_file() else None
    if spec is None or spec.loader is None:
        text = "needs open_clip, which is not installed here"
        raise OpenClipError(f"{OPENAI_IMAGENET} {text}; install envs/demo.lock, or write the list out")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
