"""Seals: a digest of a receipt over all that it says, so that a receipt that was altered shows."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

SEAL = "seal"
"""The key of a receipt that holds its seal."""


def sealed(content: Mapping[str, Any]) -> dict[str, Any]:
    """A receipt with its seal, as plain data that reads back the same."""
    said: dict[str, Any] = json.loads(json.dumps(content))
    return {**said, SEAL: seal(said)}


def seal(said: Mapping[str, Any]) -> str:
    """Hex sha256 of a receipt's canonical JSON text, its seal left out."""
    content = {key: value for key, value in said.items() if key != SEAL}
    text = json.dumps(content, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def is_whole(said: Mapping[str, Any]) -> bool:
    """False if a receipt says something else than when it was sealed; receipts without a seal cannot be told."""
    return SEAL not in said or said[SEAL] == seal(said)
