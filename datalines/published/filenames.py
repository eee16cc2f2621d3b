"""What the names of published files say. Loads nothing large, so that a configuration can be checked with it."""

import re
from typing import NamedTuple

VAL = "results-imagenet.csv"
V2, SKETCH, REAL = "results-imagenetv2-matched-frequency.csv", "results-sketch.csv", "results-imagenet-real.csv"
R, R_CLASSES = "results-imagenet-r.csv", "results-imagenet-r-clean.csv"
A, A_CLASSES = "results-imagenet-a.csv", "results-imagenet-a-clean.csv"
TIMM = (VAL, V2, SKETCH, R, R_CLASSES, A, A_CLASSES, REAL)
"""timm's files; `-clean` is ImageNet's validation set cut to the classes of R or A."""

CONCEPTS = ("imagenet", "imagenet100", "cub", "food101", "pets", "flowers102", "places365", "eurosat", "dtd")
SOURCES = {"metaclip-fullcc": "metaclip-2.5b"}
"""Names of files where they are not those of sources: MetaCLIP's selection from all of Common Crawl has 2.5 billion."""
PREFIX, ORDERED = "class_frequency_", "_ori"
STEM = re.compile(rf"{PREFIX}(?P<source>.+?)(_(?P<concepts>{'|'.join(CONCEPTS)}))?(?P<ordered>{ORDERED})?\.txt")


class Counted(NamedTuple):
    """What a table of class frequencies is: of which concepts and source, and whether in the order of the classes."""

    concepts: str
    source: str
    ordered: bool


def counted(file: str) -> Counted | None:
    """What a table of class frequencies counts, by its name; None for a name of another form.

    `class_frequency_laionet_thresh0.7_ori.txt` counts ImageNet's classes, which is what a name without concepts means,
    in their order.
    """
    found = STEM.fullmatch(file)
    if found is None:
        return None
    source = found["source"].lower().replace("_", "-")
    return Counted(found["concepts"] or "imagenet", SOURCES.get(source, source), found["ordered"] is not None)


def frequency_problem(files: list[str]) -> str:
    """What is wrong with the names of tables of class frequencies, as the end of a sentence; empty if nothing is."""
    taken: dict[Counted, str] = {}
    for file in files:
        facts = counted(file)
        if facts is None:
            form = f"{PREFIX}<source>[_<concepts>][{ORDERED}].txt"
            return f"has {file}; a table of class frequencies is named {form}, with concepts {', '.join(CONCEPTS)}"
        if facts in taken:
            return f"has {taken[facts]} and {file}, both {facts.concepts} in {facts.source}; keep one"
        taken[facts] = file
    return ""
