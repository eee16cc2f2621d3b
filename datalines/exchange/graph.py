"""Entities of a crate by id, and those that are alike everywhere: references, values, files, people."""

import hashlib
import json
import mimetypes
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

from datalines.audit.results import Results
from datalines.exchange.about import Person
from datalines.exchange.facts import in_checkout

Entity = dict[str, Any]
KINDS = {
    ".md": "text/markdown",
    ".npy": "application/octet-stream",
    ".parquet": "application/vnd.apache.parquet",
    ".py": "text/x-python",
    ".safetensors": "application/octet-stream",
    ".tex": "text/x-tex",
    ".yaml": "application/yaml",
}


@dataclass
class Graph:
    """Entities in the order in which they were added."""

    present: Mapping[str, str]
    """Files that lie in the crate, by their path there, with their digest."""
    entities: dict[str, Entity] = field(default_factory=dict)

    def add(self, entity: Entity) -> Entity:
        """Add an entity unless its id is there; returns the reference to it."""
        self.entities.setdefault(entity["@id"], entity)
        return ref(entity["@id"])

    def value(self, identifier: str, name: str, value: str, **more: str) -> Entity:
        """Add a property with its value."""
        return self.add({"@id": identifier, "@type": "PropertyValue", "name": name, **more, "value": value})

    def file(self, results: Results, path: str, digest: str) -> Entity:
        """Add a file as one job saw it.

        A file that does not lie in the crate with this content has a local identifier (`#...`), as RO-Crate has it for
        data that are described and not packed.
        """
        inside = in_checkout(results, path)
        name = inside or Path(path).name
        made = results.artifacts.get(path)
        entity: Entity = {"@type": "File", "name": name, "encodingFormat": encoding(path), "sha256": digest}
        if inside is not None and self.present.get(inside) == digest:
            entity["@id"] = quote(inside)
        elif made is not None and made.sha256 == digest:
            entity["@id"] = f"#{quote(name)}"
        else:
            entity["@id"] = f"#{quote(name)}@{digest[:12]}"
        if made is not None and made.sha256 == digest and made.bytes is not None:
            entity["contentSize"] = str(made.bytes)
        return self.add(entity)

    def packed(self, path: str) -> Entity:
        """Add a file that lies in the crate and that no job made."""
        kind = {"@type": "File", "name": path, "encodingFormat": encoding(path)}
        return self.add({"@id": quote(path), **kind, "sha256": self.present[path]})

    def person(self, who: Person) -> Entity:
        """Add a person, by ORCID where there is one."""
        identifier = f"https://orcid.org/{who.ORCID}" if who.ORCID else f"#person/{quote(who.name)}"
        return self.add({"@id": identifier, "@type": "Person", "name": who.name})


def ref(identifier: str) -> Entity:
    """A reference to an entity."""
    return {"@id": identifier}


def compact(entity: Entity) -> Entity:
    """The entity with single values in place of lists of one, as RO-Crate 1.1 recommends."""
    return {key: value[0] if isinstance(value, list) and len(value) == 1 else value for key, value in entity.items()}


def short(value: Any) -> str:
    """Twelve hex digits for plain data."""
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:12]


def encoding(path: str) -> str:
    """Media type of a file by its name."""
    return KINDS.get(Path(path).suffix) or mimetypes.guess_type(path)[0] or "application/octet-stream"
