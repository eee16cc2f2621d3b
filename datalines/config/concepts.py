"""Section `concepts`: which classes are looked for in the captions of which pools, and how."""

from collections.abc import Callable, Iterable, Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from datalines.config.base import Slug, Slugs, Spec, Text
from datalines.config.downloads import Downloadable, archive_downloads, is_address
from datalines.config.errors import Findings, Loc

CONCEPTS = "concepts-"
"""How the name of a table of class frequencies begins, before the pool: `records/concepts-<pool>`."""


class Terms(Downloadable):
    """File of what the classes are called, where their names are not enough."""

    part: Literal["values", "keys"] = Field(
        default="values", description="Of a file with class -> terms: the terms, or the keys as names."
    )

    @model_validator(mode="after")
    def _checked(self) -> Self:
        last = self.path if isinstance(self.path, str) else self.path[-1]
        if is_address(last) and (self.download is None or self.download.sha256 is None):
            raise ValueError("an address needs download: {sha256: ...}, because other terms give other counts")
        return self


class ConceptsBase(Spec):
    """Keys of both matchers."""

    title: Text = Field(description="Name shown in tables and figures.")
    classes: Slug = Field(description="Class list; its order is the order of the counts.")
    terms: Terms | None = Field(default=None, description="Terms of the classes; without it, what prompts say of each.")
    pools: Annotated[Slugs, Field(min_length=1)] = Field(description="Pools whose captions are read.")
    captions: Literal["kept", "listed"] = Field(
        default="kept", description="Captions of the kept samples, or of all requested rows of the pool's list."
    )
    lexicon: Text | None = Field(
        default=None, description="Folder with index.noun and noun.exc of WordNet; without it, an installed package."
    )
    repeated: bool = Field(default=False, description="Detach endings repeatedly, as NLTK did up to version 3.8.1.")


class LemmaSets(ConceptsBase):
    """The matcher of the Imbalance paper: all words of a term, in any order and anywhere."""

    kind: Literal["lemma-sets"]
    rules: Literal["imagenet", "places365", "cub", "none"] = Field(
        default="none", description="Concept set whose negative words and replaced terms of the released code are used."
    )
    digits: bool = Field(default=True, description="Keep digits, as the paper says; the released code drops them.")


class Subsets(ConceptsBase):
    """The matcher of JANuS: n-grams of up to three words that are terms."""

    kind: Literal["subsets"]
    strategy: Literal["single", "strict", "multi", "strict-released"] = Field(
        default="single",
        description="First class, the only class, up to 25 classes, or the released code's strict matching.",
    )


ConceptSet = Annotated[LemmaSets | Subsets, Field(discriminator="kind")]
Concepts = dict[Slug, ConceptSet]


def concept_specs(
    concepts: Mapping[str, LemmaSets | Subsets],
    class_names: Callable[[str], list[str]],
    class_texts: Callable[[str], list[str]],
) -> dict[str, dict[str, Any]]:
    """{entry: all that its counts depend on, beside captions and the file of terms}: `names` and `texts` of the
    classes, and the entry's keys but for `title`, `pools` and `terms`, of which `part` and `sha256` stay."""
    specs = {}
    for name, entry in concepts.items():
        content = entry.model_dump(mode="json", exclude={"title", "pools", "terms", "classes"})
        stated = entry.terms.download.sha256 if entry.terms and entry.terms.download else None
        content |= {"part": entry.terms.part if entry.terms else None, "sha256": stated}
        specs[name] = content | {"names": class_names(entry.classes), "texts": class_texts(entry.classes)}
    return specs


def counted_in(concepts: Mapping[str, LemmaSets | Subsets], pool: str) -> list[str]:
    """The entries that count a pool's captions."""
    return [name for name, entry in concepts.items() if pool in entry.pools]


def entries_of(concepts: Mapping[str, LemmaSets | Subsets], pools: Iterable[str]) -> list[str]:
    """The entries that count the captions of any of some pools."""
    return list(dict.fromkeys(name for pool in pools for name in counted_in(concepts, pool)))


def kept_of(concepts: Mapping[str, LemmaSets | Subsets], pool: str) -> bool:
    """Whether an entry counts the captions of a pool's kept samples, so that the pool has to be obtained."""
    return any(concepts[name].captions == "kept" for name in counted_in(concepts, pool))


def counted_pools(tables: Iterable[str]) -> list[str]:
    """The pools whose class frequencies are among some tables, such as records/concepts-web."""
    start = f"records/{CONCEPTS}"
    return list(dict.fromkeys(name.removeprefix(start) for name in tables if name.startswith(start)))


def concept_downloads(concepts: Mapping[str, LemmaSets | Subsets], names: Iterable[str]) -> list[dict[str, Any]]:
    """{url, bytes, sha256, key} of the term files that some entries name by an address."""
    return [file for name in names for file in archive_downloads(concepts[name].terms, f"concepts.{name}.terms.path")]


def check_concepts(
    concepts: Mapping[str, LemmaSets | Subsets], names: Mapping[str, list[str]], listed: Iterable[str], found: Findings
) -> None:
    """Note every class list and pool that is not there; `names` are all entries by section, `listed` the pools that are
    made from a list."""
    with_lists = set(listed)
    for slug, entry in concepts.items():
        loc: Loc = ("concepts", slug)
        found.check_known((*loc, "classes"), entry.classes, "class list", names["classes"])
        for index, pool in enumerate(entry.pools):
            known = found.check_known((*loc, "pools", index), pool, "pool", names["pools"])
            if known and entry.captions == "listed" and pool not in with_lists:
                text = f"is {pool}, which has no list; write captions: kept, or name a pool of kind urls"
                found.add((*loc, "pools", index), text)
