"""Base forms of English nouns after WordNet's morphology, over a list of nouns and a list of irregular forms.

A word's candidates are itself and either what the list of irregular forms says or, without an entry there, what each
rule of detachment makes of it. Of those that are nouns the shortest is the lemma; a word without any is left as it is.
So NLTK's `WordNetLemmatizer` picks for its default part of speech, and both released matchers use it.
"""

import gzip
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from datalines.errors import DatalinesError

DETACHED = (
    ("s", ""), ("ses", "s"), ("ves", "f"), ("xes", "x"), ("zes", "z"), ("ches", "ch"), ("shes", "sh"), ("men", "man"),
    ("ies", "y"),
)  # fmt: skip
"""Endings of nouns and what replaces them, in WordNet's order (morphy(7WN))."""

PACKAGE = "spacy_lookups_data"
KNOWN = 1 << 20
"""Words whose lemmas are remembered, so that memory does not grow with the number of captions."""


class ConceptError(DatalinesError):
    """Class terms, a lexicon or captions that cannot be matched as declared."""


@dataclass(frozen=True)
class Lexicon:
    """English nouns, and the base forms of irregular ones.

    `repeated` detaches endings again and again until a noun is found, as NLTK did up to version 3.8.1, the one of the
    time when both documents counted ("womens" is then "woman", but "less" is "le"); WordNet itself does it once.
    """

    nouns: frozenset[str]
    irregular: Mapping[str, tuple[str, ...]]
    repeated: bool = False

    def lemma(self, word: str) -> str:
        """The shortest noun among a lower-case word and its candidates, the first of equally short ones."""
        exceptional = word in self.irregular
        forms = list(self.irregular[word]) if exceptional else _detach([word])
        found = [form for form in (word, *forms) if form in self.nouns]
        while self.repeated and not exceptional and not found and forms:
            forms = _detach(forms)
            found = [form for form in forms if form in self.nouns]
        return min(found, key=len) if found else word


class Lemmas(dict[str, str]):
    """Lemmas by word, looked up in a lexicon when first asked for."""

    def __init__(self, lexicon: Lexicon) -> None:
        super().__init__()
        self.lexicon = lexicon

    def __missing__(self, word: str) -> str:
        if len(self) >= KNOWN:
            self.clear()
        lemma = self[word] = self.lexicon.lemma(word)
        return lemma

    def __reduce__(self) -> tuple[Any, ...]:
        return Lemmas, (self.lexicon,)


def read_lexicon(folder: Path | None = None, repeated: bool = False) -> Lexicon:
    """The nouns of a WordNet database folder, which has `index.noun` and `noun.exc`; without a folder, those of the
    package spacy-lookups-data, whose English tables are made from WordNet 3.0.

    Raises ConceptError where neither is there, or a file is not of this form.
    """
    nouns, irregular = _packaged() if folder is None else _wordnet(folder)
    return Lexicon(nouns, irregular, repeated)


def _detach(forms: list[str]) -> list[str]:
    return [form[: len(form) - len(end)] + new for form in forms for end, new in DETACHED if form.endswith(end)]


def _packaged() -> tuple[frozenset[str], dict[str, tuple[str, ...]]]:
    spec = find_spec(PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise ConceptError(
            "there is no lexicon of English nouns: install the package spacy-lookups-data (`make setup` does), or name "
            "a folder of WordNet with index.noun and noun.exc under `lexicon`"
        )
    data = Path(spec.submodule_search_locations[0]) / "data"
    return frozenset(_noun_table(data, "index")), {
        word: tuple(forms) for word, forms in _noun_table(data, "exc").items()
    }


def _noun_table(data: Path, name: str) -> Any:
    path = data / f"en_lemma_{name}.json.gz"
    try:
        with gzip.open(path, "rt", encoding="utf-8") as stream:
            return json.load(stream)["noun"]
    except (OSError, EOFError, ValueError, KeyError) as error:
        raise ConceptError(f"{path} cannot be read ({error}); install spacy-lookups-data again") from error


def _wordnet(folder: Path) -> tuple[frozenset[str], dict[str, tuple[str, ...]]]:
    """Index lines begin with the lemma, and lines of the licence above them with a space; lines of exceptions are the
    irregular form and its base forms (wndb(5WN))."""
    index, exceptions = (_lines(folder / name) for name in ("index.noun", "noun.exc"))
    nouns = frozenset(line.split(" ", 1)[0] for line in index if line.strip() and not line.startswith(" "))
    irregular = {words[0]: tuple(words[1:]) for words in map(str.split, exceptions) if len(words) > 1}
    if not nouns or not irregular:
        raise ConceptError(f"{folder}: index.noun and noun.exc list no nouns; give the folder of a WordNet database")
    return nouns, irregular


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        reason = os.strerror(error.errno) if isinstance(error, OSError) and error.errno else str(error)
        raise ConceptError(
            f"{path} cannot be read ({reason}); a folder of WordNet has index.noun and noun.exc"
        ) from error
