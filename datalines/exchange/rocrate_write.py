"""What runs inside the environment of the exchange formats: rocrate writes the description of a folder as a crate.

Called by datalines/exchange/crate.py as `python -P rocrate_write.py`, with what is to be said in the JSON on its
standard input: folder, root, main, folders, terms, entities. Needs the standard library and rocrate only.
"""

import importlib
import json
import sys
from pathlib import Path
from typing import Any
from urllib.parse import unquote

VERSION = "1.1"
"""Of RO-Crate: the run profiles 0.5 stand on it."""


def write(said: dict[str, Any]) -> None:
    """Write ro-crate-metadata.json beside the files, which lie in the folder already."""
    models = importlib.import_module("rocrate.model.contextentity")
    folder = Path(said["folder"])
    crate = importlib.import_module("rocrate.rocrate").ROCrate(version=VERSION)
    crate.metadata.extra_terms.update(said["terms"])
    for name in said["folders"]:
        crate.add_dataset(folder / name, name, properties={"name": name})
    for entity in said["entities"]:
        identifier = entity["@id"]
        properties = {key: value for key, value in entity.items() if key != "@id"}
        place = Path(unquote(identifier))
        if identifier == said["main"]:
            crate.add_workflow(folder / place, place, main=True, lang="snakemake", properties=properties)
        elif (folder / place).is_file() and not identifier.startswith("#"):
            crate.add_file(folder / place, place, properties=properties)
        else:
            crate.add(models.ContextEntity(crate, identifier, properties=properties))
    for key, value in said["root"].items():
        crate.root_dataset[key] = value
    crate.metadata.write(folder)


if __name__ == "__main__":
    write(json.load(sys.stdin))
