"""Captions a second in which 1,000 classes are looked for; prints one line of JSON.

Usage: python -m benchmarks.captions [captions] [repeats] [processes]

Both matchers, and beside them the plain loop: for every caption, every class and every term, as the released code of
the Imbalance paper (Wen et al. 2024) does; of its captions, only a sample. All sides have the same number of processes
and run in turns. The plain loop is spared the lemmatising of words that it has met before, which the others also are.
"""

import json
import logging
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from datalines.concepts.counting import Matcher, count
from datalines.concepts.lemmasets import LemmaSetMatcher, Words
from datalines.concepts.lexicon import Lexicon, read_lexicon
from datalines.concepts.rules import Concept, concepts
from datalines.concepts.subsets import SubsetMatcher
from datalines.concepts.termtables import TermTable

CLASSES = 1000
WORDS = (4, 17)
"""Least and largest number of words of a caption."""
FILLERS = ("a", "the", "of", "in", "with", "and", "for", "on", "photo", "Stock", "HD", "-", "|", "2019", "3d")
NAMED = 0.2
"""Share of captions into which a class term is written."""
PLAIN_SHARE = 50
"""The plain loop reads one caption in so many."""


class PlainLemmaSets:
    """The definition of a lemma-set match, read off word by word."""

    def __init__(self, sought: Sequence[Concept], lexicon: Lexicon) -> None:
        self._words = Words(lexicon)
        self.names = tuple(concept.name for concept in sought)
        self._terms = [[self._words.of(term) for term in concept.terms] for concept in sought]
        self._negatives = [[self._words.of(term) for term in concept.negatives] for concept in sought]

    def match(self, caption: str | None) -> tuple[int, ...]:
        """Indices of the classes that a caption names, ascending."""
        words = self._words.of(caption or "")
        found = []
        for place, terms in enumerate(self._terms):
            if any(word in words for negative in self._negatives[place] for word in negative):
                continue
            for term in terms:
                if all(word in words for word in term):
                    found.append(place)
                    break
        return tuple(found)


def measure(captions: int = 100_000, repeats: int = 3, processes: int = 2) -> dict[str, Any]:
    """Median captions a second with two processes, start of the processes included: the lemma-set matcher, the plain
    loop, and subset matching. The captions are made up of nouns of the lexicon, 4 to 17 words, a fifth with a term."""
    lexicon = read_lexicon()
    table = _classes(lexicon)
    texts = _captions(table, lexicon, captions)
    sought = concepts(table, "none")
    sides: dict[str, tuple[Callable[[], Matcher], list[str]]] = {
        "captions_per_second": (lambda: LemmaSetMatcher(sought, lexicon), texts),
        "captions_per_second_plain": (lambda: PlainLemmaSets(sought, lexicon), texts[::PLAIN_SHARE]),
        "captions_per_second_subsets": (lambda: SubsetMatcher(table, lexicon), texts),
    }
    seconds: dict[str, list[float]] = {name: [] for name in sides}
    matched: dict[str, int] = {}
    for _ in range(repeats):
        for name, (made, rows) in sides.items():
            matcher, started = made(), time.perf_counter()
            found = count(matcher, rows, processes, batch=min(4096, len(rows) // (2 * processes) + 1))
            seconds[name].append(time.perf_counter() - started)
            matched[name] = found.matched
    rates = {name: round(len(rows) / statistics.median(seconds[name])) for name, (_, rows) in sides.items()}
    counted = {name: len(rows) for name, (_, rows) in sides.items()}
    raw = {"captions": counted, "matched": matched, "classes": CLASSES, "processes": processes}
    return {**rates, "raw": {**raw, "seconds": {name: [round(s, 3) for s in each] for name, each in seconds.items()}}}


def _nouns(lexicon: Lexicon) -> list[str]:
    return sorted(noun for noun in lexicon.nouns if noun.isalpha() and 3 <= len(noun) <= 9)


def _classes(lexicon: Lexicon) -> TermTable:
    """1,000 classes with two terms each: a noun or two of them, and two others."""
    draw = np.random.Generator(np.random.PCG64(list(b"classes")))
    drawn = draw.choice(_nouns(lexicon), (CLASSES, 4), replace=False).tolist()
    terms = [(row[0] if place % 2 else f"{row[0]} {row[1]}", f"{row[2]} {row[3]}") for place, row in enumerate(drawn)]
    return TermTable(tuple(row[0] for row in terms), tuple(terms))


def _captions(table: TermTable, lexicon: Lexicon, number: int) -> list[str]:
    draw = np.random.Generator(np.random.PCG64(list(b"captions")))
    words = [*_nouns(lexicon)[::7], *FILLERS * 200]
    terms = [term for row in table.synonyms or () for term in row]
    lengths = draw.integers(WORDS[0], WORDS[1], number, endpoint=True)
    chosen = draw.choice(words, int(lengths.sum())).tolist()
    named, places = draw.random(number) < NAMED, draw.integers(0, len(terms), number)
    texts, start = [], 0
    for row, length in enumerate(lengths):
        text = " ".join(chosen[start : start + length])
        texts.append(f"{text}, {terms[places[row]]}s" if named[row] else text)
        start += length
    return texts


def main(captions: int = 100_000, repeats: int = 3, processes: int = 2) -> None:
    """Print what `measure` returns."""
    logging.disable(logging.INFO)
    sys.stdout.write(json.dumps({"benchmark": "captions", **measure(captions, repeats, processes)}) + "\n")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
