"""The Imbalance paper's exceptions to its matching: negative words, and terms that stand in for a class's own.

The paper (Wen et al. 2024, Appendix B.2) names two of the nine classes with negative words; all stand in the released
code alone.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from datalines.concepts.termtables import TermTable

Rules = Literal["imagenet", "places365", "cub", "none"]

NEGATIVES: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "imagenet": {
        "sorrel": ("plant", "herb", "flower", "leaf"),
        "horizontal bar": ("chart", "plot", "graph", "diagram"),
        "impala": ("car", "automobile", "vehicle", "chevy"),
        "bow": ("tie",),
        "ringlet": ("hair",),
        "ram": (
            "car", "truck", "automobile", "vehicle", "dodge", "logo", "computer", "memory", "random access", "chip",
            "review",
        ),
        "crane": ("bird", "fish", "water", "wing", "leg", "zoo"),
        "sub": ("sandwich", "bread", "italian", "meatball", "grill", "menu"),
        "sidewinder": ("missile", "army", "military", "resort", "park"),
    }
}  # fmt: skip
"""By concept set: a class that has the term on the left is not in a caption with any word of the terms on the right."""

REPLACEMENTS: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "places365": {
        "arcade": ("arcade passageway", "arcade walkway", "arcade hallway", "arcade corridor"),
        "lock_chamber": ("lock chamber canal", "lock chamber waterway", "lock chamber water"),
    },
    "cub": {"cardinal": ("cardinal bird", "northern cardinal", "red cardinal")},
}
"""By concept set: the terms of a class that has the term on the left."""

PARENTHESES = re.compile(r"\([^)]*\)")
ALTERNATIVES = re.compile(r" or | / ")


@dataclass(frozen=True)
class Concept:
    """One class as it is looked for: texts of terms and of negative terms, lower-case, not yet tokenised."""

    name: str
    terms: tuple[str, ...]
    negatives: tuple[str, ...] = ()


def concepts(table: TermTable, rules: Rules = "none") -> list[Concept]:
    """The classes of a table, with the exceptions of one of the paper's concept sets.

    Synonyms are taken as they are, without what stands in parentheses; so 'crane (bird)' leaves 'crane ' with a blank,
    which is not the term 'crane' that has negative words. Names are cut at ' or ' and ' / ', and stripped.
    """
    found = []
    for place, name in enumerate(table.names):
        if table.synonyms is None:
            terms = tuple(text.strip() for text in ALTERNATIVES.split(PARENTHESES.sub("", name.lower())))
        else:
            terms = tuple(PARENTHESES.sub("", term.lower()) for term in table.synonyms[place])
        negatives = _first(NEGATIVES.get(rules, {}), terms)
        found.append(Concept(name, _first(REPLACEMENTS.get(rules, {}), terms) or terms, negatives))
    return found


def _first(exceptions: Mapping[str, tuple[str, ...]], terms: tuple[str, ...]) -> tuple[str, ...]:
    """What the first exception whose trigger is one of the terms says; nothing without one."""
    return next((words for trigger, words in exceptions.items() if trigger in terms), ())
