"""What classes are called: names, or lists of synonyms, from the forms in which term tables are published."""

import ast
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from datalines.concepts.lexicon import ConceptError

Part = Literal["values", "keys"]


@dataclass(frozen=True)
class TermTable:
    """Classes in order. `synonyms` holds the terms of each; None where the name is all there is."""

    names: tuple[str, ...]
    synonyms: tuple[tuple[str, ...], ...] | None = None

    def named(self, names: Sequence[str]) -> "TermTable":
        """The table for classes called `names`: in their order where the table has these very names, otherwise one by
        one. A table without synonyms keeps its names, because they are its terms. Raises ConceptError for another
        number of classes."""
        if len(names) != len(self.names):
            raise ConceptError(f"the term table has {len(self.names)} classes and the class list {len(names)}")
        if self.synonyms is None:
            return TermTable(tuple(names)) if set(names) == set(self.names) else self
        rows = dict(zip(self.names, self.synonyms, strict=True))
        same = set(names) == set(self.names)
        return TermTable(tuple(names), tuple(rows[name] for name in names) if same else self.synonyms)


def read_terms(path: Path, part: Part = "values") -> TermTable:
    """The term table of a file: JSON, a literal of Python (as JANuS' `imagenet1k_*.txt`), or one name a line.

    A list holds names. An object holds class -> terms: a list of them, or one text that separates them by ", "; with
    `part` "keys" its keys are the names, and its values, such as descriptions, are not read. Keys that are numbers must
    count from 0. Raises ConceptError, naming the file, for anything else.
    """
    try:
        content = _content(path)
    except (OSError, ValueError, SyntaxError) as error:
        raise ConceptError(f"{path} cannot be read as a term table: {error}") from error
    if isinstance(content, dict) and content:
        return _of_object(path, content, part)
    if isinstance(content, list) and content and all(isinstance(name, str) and name.strip() for name in content):
        return TermTable(tuple(content))
    raise ConceptError(f"{path}: write a list of names, or class -> terms; the file holds neither")


def _content(path: Path) -> Any:
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".json":
        return json.loads(text)
    if text.lstrip().startswith(("[", "{")):
        return ast.literal_eval(text.strip())
    return [line.strip() for line in text.splitlines() if line.strip()]


def _of_object(path: Path, content: dict[Any, Any], part: Part) -> TermTable:
    numbered = all(isinstance(key, int) or str(key).isdigit() for key in content)
    if numbered and [int(key) for key in content] != list(range(len(content))):
        raise ConceptError(f"{path}: the classes are numbered, but not 0, 1, 2, ... in order; put them in order")
    names = tuple(map(str, content))
    if part == "keys":
        return TermTable(names)
    rows = []
    for name, terms in zip(names, content.values(), strict=True):
        listed = terms.split(", ") if isinstance(terms, str) else terms
        if not isinstance(listed, list) or not all(isinstance(term, str) and term.strip() for term in listed):
            raise ConceptError(
                f"{path}: class {name!r} has the terms {terms!r}; write a list of texts, or set `part: keys` to use "
                "the names alone"
            )
        rows.append(tuple(listed))
    if empty := [name for name, row in zip(names, rows, strict=True) if not row]:
        raise ConceptError(f"{path}: class {empty[0]!r} has no term; give it one")
    return TermTable(names, tuple(rows))
