"""What this project's weights files carry in their header: the recipe of their training, with its network."""

import json
from pathlib import Path
from typing import Any

from safetensors import safe_open

from datalines.errors import TrainingError

CARRIED = "datalines"
"""The key in the header."""


def carried(path: Path, where: str) -> dict[str, Any] | None:
    """The recipe that weights of this project were trained with; None for weights of others.

    A file that only calls itself safetensors is a TrainingError that begins with `where`.
    """
    if path.suffix != ".safetensors":
        return None
    try:
        with safe_open(path, framework="pt") as stream:
            text = (stream.metadata() or {}).get(CARRIED)
    except Exception as error:  # safetensors raises an error of its own for a file that is none
        raise TrainingError(f"{where} is no safetensors file: {error}") from error
    content: dict[str, Any] | None = None if text is None else json.loads(text)
    return content
