"""Matchers from declarations: the entries of section `concepts` as the workflow hands them on, as plain data."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from datalines.concepts.counting import Matcher
from datalines.concepts.lemmasets import LemmaSetMatcher
from datalines.concepts.lexicon import ConceptError, read_lexicon
from datalines.concepts.rules import concepts
from datalines.concepts.subsets import SubsetMatcher
from datalines.concepts.termtables import TermTable, read_terms
from datalines.config.paths import expand


def build_matcher(spec: Mapping[str, Any], terms: Path | None, key: str) -> Matcher:
    """The matcher of one entry. `spec` is what `config.concepts.concept_specs` gives, `terms` the file of its terms, if
    it names one; `key` stands in errors. Raises ConceptError for what the entry, the file or the lexicon lacks."""
    folder = spec["lexicon"]
    lexicon = read_lexicon(None if folder is None else expand(folder, f"{key}.lexicon"), spec["repeated"])
    table = TermTable(tuple(spec["texts"]))
    try:
        if terms is not None:
            table = read_terms(terms, spec["part"]).named(spec["names"])
        if spec["kind"] == "subsets":
            return SubsetMatcher(table, lexicon, spec["strategy"])
        return LemmaSetMatcher(concepts(table, spec["rules"]), lexicon, spec["digits"])
    except ConceptError as error:
        raise ConceptError(f"{key}: {error}") from error
