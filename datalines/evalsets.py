"""Published evaluation sets as they lie on disk: which class folders count, what is left out, and whether all is there.

The public copies differ: folders named by WordNet id, by a number that counts the classes (ImageNet-V2), by a name of
which only some belong to the set (ObjectNet: 113 of 313), or webdataset tars with numbers.
"""

from collections import Counter
from pathlib import PurePosixPath
from typing import Any

import numpy as np
from PIL import Image

from datalines.config.paths import first_existing
from datalines.errors import CountError, PoolError
from datalines.images import EXTENSIONS
from datalines.pools.archive import members, plain

SHOWN = 5
RED, REDDER = 128, 64


def reading(spec: dict[str, Any]) -> dict[str, Any]:
    """The declaration as readers take it: class folders that are numbers get the names of the classes they count.

    Folders are matched by their number and never by their place in a sorted list, in which "10" stands before "2".
    """
    if spec["kind"] != "folder" or spec.get("numbers") is None:
        return spec
    counted = spec["subset" if spec["numbers"] == "subset" else "class_names"]
    return {**spec, "names": {str(number): name for number, name in enumerate(counted)}}


def left_out(spec: dict[str, Any], where: str) -> dict[str, int]:
    """{class folder that is passed over: number of its images}, for a set of folders; empty for other kinds.

    Where the declaration lists the `others`, a folder that is neither a class of the set nor one of them is a
    PoolError: a misspelt or foreign folder is not taken for one that does not count.
    """
    if spec["kind"] != "folder":
        return {}
    wanted, names = set(spec["subset"]), spec.get("names") or {}
    images = _images_by_folder(spec, where)
    passed = {folder: count for folder, count in images.items() if names.get(folder, folder) not in wanted}
    others = spec.get("others")
    strangers = sorted(set(passed) - set(passed if others is None else others))
    if strangers:
        text = f"{len(strangers)} class folders are neither of the set nor listed in `others`: {_first(strangers)}"
        raise PoolError(f"{where}: {text}; correct their names, remove them, or add them to `others`")
    return passed


def check_counts(labels: list[str], spec: dict[str, Any], where: str) -> None:
    """Raise CountError, naming what is missing, unless the images are as many as declared, in all and by class."""
    counts = Counter(labels)
    each = spec.get("per_class")
    wrong = [name for name in spec["subset"] if each is not None and counts[name] != each]
    named = _first([f"{name} has {counts[name]} of {each}" for name in wrong])
    if len(labels) != spec["items"]:
        found = f"{spec['items']} declared, but {len(labels)} images found"
        by_class = f". Wrong by class: {named}" if wrong else ""
        raise CountError(f"{where}.items: {found}; correct the number or complete the set{by_class}{_card(spec)}")
    if wrong:
        text = f"{each} images of each class declared, but of {len(wrong)} classes another number found: {named}"
        raise CountError(f"{where}.per_class: {text}; complete the set{_card(spec)}")
    # A set of folders was refused before; one that is drawn or filtered may lack a class by chance.
    empty = [name for name in spec["subset"] if spec["kind"] == "shards" and not counts[name]]
    if empty:
        text = f"no image of {len(empty)} of {len(spec['subset'])} classes: {_first(empty)}"
        raise CountError(f"{where}.subset: {text}; complete the set, or list the classes that it has{_card(spec)}")


def has_red_frame(image: Image.Image) -> bool:
    """Whether the outermost pixels on all four sides are red, as around every image of ObjectNet.

    Each side's mean is taken, so that a frame that lossy compression has smeared is still one.
    """
    pixels = np.asarray(image.convert("RGB"), dtype=float)
    sides = [side.mean(axis=0) for side in (pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1])]
    return all(red >= RED and red - max(green, blue) >= REDDER for red, green, blue in sides)


def check_frames(framed: int, images: int, border: int, where: str) -> None:
    """Raise PoolError where a border is to be cut off and no image has ObjectNet's red frame."""
    if not framed:
        text = f"is {border}, but none of {images} images has a red frame to be cut off"
        raise PoolError(f"{where}.crop.border: {text}; this copy has lost it: write crop: null")


def _images_by_folder(spec: dict[str, Any], where: str) -> dict[str, int]:
    start = PurePosixPath(spec.get("root") or ".")
    counts: Counter[str] = Counter()
    key = f"{where}.path"
    with plain(first_existing(spec["path"], key), key) as source:
        for member in members(source, key):
            path = PurePosixPath(member.name)
            inside = path.relative_to(start).parts if path.is_relative_to(start) else ()
            if member.folder and len(inside) == 1:
                counts[inside[0]] += 0
            elif not member.folder and len(inside) == 2 and path.suffix.lower().removeprefix(".") in EXTENSIONS:
                counts[inside[0]] += not path.name.startswith(".")
    return dict(sorted(counts.items()))


def _first(names: list[str]) -> str:
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(names[:SHOWN]) + more


def _card(spec: dict[str, Any]) -> str:
    """Where the counts of other copies stand."""
    return f" (other copies: card {spec['card']} in config/evalsets.yaml)" if spec.get("card") else ""
