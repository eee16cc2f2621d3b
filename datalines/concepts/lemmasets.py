"""The lemma-set matcher of the Imbalance paper (Wen et al. 2024, Appendix B.2, and its released code).

A caption is the set of its nouns' lemmas. It names a class if all words of one of the class's terms are in this set,
in any order and anywhere, and no word of the class's negative terms is.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Sequence

from datalines.concepts.lexicon import ConceptError, Lemmas, Lexicon
from datalines.concepts.rules import Concept

LETTERS = re.compile(r"[a-z]+")
LETTERS_AND_DIGITS = re.compile(r"[a-z0-9]+")
CONTRACTED = {
    "cannot": ("can", "not"),
    "gimme": ("gim", "me"),
    "gonna": ("gon", "na"),
    "gotta": ("got", "ta"),
    "lemme": ("lem", "me"),
    "wanna": ("wan", "na"),
}
"""Words without an apostrophe that NLTK's `word_tokenize` cuts in two."""


class Words:
    """Turns texts into lemmas: lower case, every other character a blank, NLTK's tokens, base forms of nouns.

    `digits` keeps digits, as the paper says; the released code makes blanks of them.
    """

    def __init__(self, lexicon: Lexicon, digits: bool = True) -> None:
        self._lemmas = Lemmas(lexicon)
        self._pattern = LETTERS_AND_DIGITS if digits else LETTERS

    def of(self, text: str) -> set[str]:
        """The lemmas of a text."""
        tokens = set(self._pattern.findall(text.lower()))
        if not tokens.isdisjoint(CONTRACTED):
            for whole in tokens & CONTRACTED.keys():
                tokens.remove(whole)
                tokens.update(CONTRACTED[whole])
        lemmas = self._lemmas
        return {lemmas[token] for token in tokens}


class LemmaSetMatcher:
    """Finds the classes of which a caption has all words of a term and no word of a negative term.

    Every term is filed under its rarest word among all terms, so that a caption's words lead to the few terms that it
    may hold. Raises ConceptError for a term without any word, which would be in every caption.
    """

    def __init__(self, concepts: Sequence[Concept], lexicon: Lexicon, digits: bool = True) -> None:
        self._words = Words(lexicon, digits)
        self.names = tuple(concept.name for concept in concepts)
        terms = [(place, self._term(concept, term)) for place, concept in enumerate(concepts) for term in concept.terms]
        frequency = Counter(word for _, words in terms for word in words)
        single: dict[str, set[int]] = defaultdict(set)
        several: dict[str, set[tuple[int, frozenset[str]]]] = defaultdict(set)
        for place, words in terms:
            key = min(words, key=lambda word: (frequency[word], word))
            if len(words) == 1:
                single[key].add(place)
            else:
                several[key].add((place, words - {key}))
        self._single = {word: tuple(sorted(places)) for word, places in single.items()}
        self._several = {word: tuple(sorted(rows, key=_in_order)) for word, rows in several.items()}
        self._keys = frozenset(self._single) | frozenset(self._several)
        self._negatives = {
            place: frozenset().union(*map(self._words.of, concept.negatives))
            for place, concept in enumerate(concepts)
            if concept.negatives
        }

    def match(self, caption: str | None) -> tuple[int, ...]:
        """Indices of the classes that a caption names, ascending."""
        if not caption:
            return ()
        words = self._words.of(caption)
        found: set[int] = set()
        for word in self._keys & words:
            found.update(self._single.get(word, ()))
            for place, others in self._several.get(word, ()):
                if others <= words:
                    found.add(place)
        for place in found & self._negatives.keys():
            if not self._negatives[place].isdisjoint(words):
                found.remove(place)
        return tuple(sorted(found))

    def _term(self, concept: Concept, term: str) -> frozenset[str]:
        words = frozenset(self._words.of(term))
        if not words:
            raise ConceptError(
                f"class {concept.name!r}: the term {term!r} has no word; remove it or write it in letters"
            )
        return words


def _in_order(row: tuple[int, frozenset[str]]) -> tuple[int, list[str]]:
    return row[0], sorted(row[1])
