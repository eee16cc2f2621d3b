"""Subset matching of JANuS (Feuer et al. 2023, Section H, and its released code): n-grams of a cleaned caption that are
class terms, word for word."""

from collections import defaultdict
from collections.abc import Iterator
from typing import Literal

from datalines.concepts.lexicon import Lemmas, Lexicon
from datalines.concepts.termtables import TermTable

Strategy = Literal["single", "strict", "multi", "strict-released"]

DELETED = "&<^*>\\|+=[]~`\"@/'©#)("
BLANKED = ":;-_.,!?\n"
CHARACTERS = str.maketrans({**dict.fromkeys(DELETED, ""), **dict.fromkeys(BLANKED, " ")})
REPLACED = (
    (" www ", " "), (" com ", " "), (" flickr ", " "), (" st ", " street "), (" de ", ""), ("http", " "), ("href", " "),
)  # fmt: skip
"""In this order. Nothing stands in for " de ", so that the words on its two sides become one."""

LONGEST_TOKEN = 29
SHORTEST_CAPTION = 5
"""Characters of a cleaned caption, below which it gets no label."""

GRAM = 3
MOST = 25
"""Classes of one caption that multi-class matching keeps."""


def clean_caption(caption: str) -> str:
    """A caption as it is matched: lower case, without some characters, shortened tokens of web addresses, tokens of 30
    characters or more, and numbers. Blanks that follow each other stay, and with them empty words."""
    text = caption.lower().translate(CHARACTERS)
    for old, new in REPLACED:
        text = text.replace(old, new)
    return " ".join(token for token in text.strip().split(" ") if len(token) <= LONGEST_TOKEN and not token.isnumeric())


def term_forms(term: str) -> set[str]:
    """What a term looks like in captions: itself, with an s, without blanks, and with its words in reverse without
    blanks; in lower case."""
    text = term.lower().strip()
    return {text, text + "s", text.replace(" ", ""), "".join(reversed(text.split()))}


class SubsetMatcher:
    """Finds classes by the 1-, 2- and 3-grams of a caption's lemmas. Terms are not lemmatised.

    Hits are ordered by position, length of the n-gram and class. `single` takes the first. `multi` takes up to 25
    classes in the order of their first hits. `strict` takes a class if all hits are of this class, as the paper defines
    it. `strict-released` asks for exactly one hit, as the released code does: a class that is named twice is refused,
    and so is one whose term ends the caption, because the n-grams that would reach beyond the end are cut there and
    count again.
    """

    def __init__(self, table: TermTable, lexicon: Lexicon, strategy: Strategy = "single") -> None:
        self.names, self.strategy = table.names, strategy
        self._lemmas = Lemmas(lexicon)
        forms: dict[str, set[int]] = defaultdict(set)
        for place, terms in enumerate(table.synonyms or tuple((name,) for name in table.names)):
            for form in set().union(*map(term_forms, terms)):
                forms[form].add(place)
        self._forms = {form: tuple(sorted(places)) for form, places in forms.items()}
        self._starts = frozenset(form.split(" ")[0] for form in self._forms if " " in form)

    def match(self, caption: str | None) -> tuple[int, ...]:
        """Indices of the classes that a caption is labelled with, in the order of their first hits."""
        cleaned = clean_caption(caption or "")
        if len(cleaned) < SHORTEST_CAPTION:
            return ()
        lemmas = self._lemmas
        words = [lemmas[token] for token in cleaned.split(" ")]
        hits = self._hits(words)
        if self.strategy == "single":
            return next(((places[0],) for places in hits), ())
        if self.strategy == "strict-released":
            every = [place for places in hits for place in places]
            return tuple(every) if len(every) == 1 else ()
        found = tuple(dict.fromkeys(place for places in hits for place in places))
        if self.strategy == "strict":
            return found if len(found) == 1 else ()
        return found[:MOST]

    def _hits(self, words: list[str]) -> Iterator[tuple[int, ...]]:
        """Classes of every n-gram that is a term. The last n-grams are cut at the end of the caption, and then come
        again; only `strict-released` counts hits, the others do not notice."""
        forms, starts = self._forms, self._starts
        last = len(words) - GRAM
        for start, word in enumerate(words):
            if word in forms:
                yield forms[word]
            if word in starts or start > last:
                for length in range(2, GRAM + 1):
                    gram = " ".join(words[start : start + length])
                    if gram in forms:
                        yield forms[gram]
