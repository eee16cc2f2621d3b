"""The JSON schema of the configuration files, for editors: made from the models, kept in config/schema.json."""

import json
from pathlib import Path
from typing import Any

from datalines.config.study import Study

SCHEMA = Path("config") / "schema.json"
REPAIR = "python -m datalines.config schema"


def make_schema() -> dict[str, Any]:
    """One schema for every file. Each file is a layer that may state a part only, so no key is required."""
    schema = _relaxed(Study.model_json_schema())
    schema["properties"]["standalone"] = {
        "type": "boolean",
        "description": "In a scale's file: start from nothing instead of from the files beside config.yaml.",
    }
    schema["properties"]["extends"] = {
        "anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}],
        "description": "In a scale's file: the scales or parts that this file is laid over, one after the other.",
    }
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema, "title": "datalines configuration"}


def schema_text() -> str:
    """The schema as it stands in config/schema.json."""
    return json.dumps(make_schema(), indent=1, ensure_ascii=False, sort_keys=True) + "\n"


def write_schema(root: Path) -> Path:
    """Write config/schema.json below `root`; returns its path."""
    path = root / SCHEMA
    path.write_text(schema_text(), encoding="utf-8")
    return path


def _relaxed(node: Any) -> Any:
    """A schema without required keys and without titles made from key names; a kind may be left to an earlier layer."""
    if isinstance(node, list):
        return [_relaxed(item) for item in node]
    if not isinstance(node, dict):
        return node
    relaxed = {}
    for key, value in node.items():
        made_up = (key == "required" and isinstance(value, list)) or (key == "title" and isinstance(value, str))
        if made_up or (key == "discriminator" and "oneOf" in node):
            continue
        relaxed["anyOf" if key == "oneOf" else key] = value if key == "default" else _relaxed(value)
    if "patternProperties" in relaxed:
        # Names that are not slugs match no pattern, and would pass unseen. An entry may be taken back with null.
        relaxed["additionalProperties"] = False
        entries = relaxed["patternProperties"].items()
        relaxed["patternProperties"] = {name: {"anyOf": [entry, {"type": "null"}]} for name, entry in entries}
    return relaxed
