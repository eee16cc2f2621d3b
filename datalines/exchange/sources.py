"""What is known of each source of a study: from receipts and manifests, and from the sources' cards where the checkout
declares the study."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from datalines.audit.results import Receipt, Results
from datalines.config.load import load_study
from datalines.config.urlpools import card_of
from datalines.errors import DatalinesError
from datalines.exchange.facts import jobs_of, pool_labels, study_of

OBTAINED = ("download_pool", "fetch_pool", "read_list")
"""Rules that obtain a pool."""
COLLECTION = {
    "testbed": "Drawn by the generator of the testbed, a synthetic stand-in: no photograph and no person.",
    "folder": "Read from folders of images, one a class; the texts are made of class names by templates.",
    "cifar": "Read from CIFAR-10's binary archive; the texts are made of class names by templates.",
    "shards": "Read from existing webdataset shards.",
    "urls": "Fetched from the addresses of a published list.",
}
OWN = "datalines: one line per data source (this workflow)"


@dataclass(frozen=True)
class Source:
    """A pool, as a description of data made from it tells it."""

    title: str
    kind: str = ""
    licence: str = "not stated"
    citation: str = OWN
    attrition: str = ""
    filtering: list[str] = field(default_factory=list)
    limits: list[str] = field(default_factory=list)
    terms: str = ""

    @property
    def how(self) -> str:
        """How the source was obtained."""
        return COLLECTION.get(self.kind, "It is not stated how it was obtained.")

    @property
    def collection(self) -> str:
        """Title, and how the source was obtained."""
        return f"{self.title}: {self.how}"


def read_sources(results: Results, checkout: Path) -> dict[str, Source]:
    """{pool: what is known}. Cards are those of the scale's configuration in the checkout, if it has the scale."""
    labels, study = pool_labels(results), study_of(results)
    kinds = {
        receipt.wildcards["pool"]: receipt.params.get("spec", {}).get("kind", "")
        for receipt in jobs_of(results, *OBTAINED)
        if "pool" in receipt.wildcards
    }
    found = {}
    for pool in sorted({*kinds, *labels}):
        told = labels.get(pool, {})
        found[pool] = Source(
            title=told.get("title", pool),
            kind=told.get("kind") or kinds.get(pool, ""),
            licence=told.get("licence", "not stated"),
            attrition=_attrition(results, pool),
            filtering=_filtering(results, pool),
            limits=list(study["substitutions"]),
        )
    return _with_cards(found, checkout, study["scale"])


def collected(results: Results, pool: str) -> list[Receipt]:
    """Receipts of the jobs that obtained a pool."""
    return [receipt for receipt in jobs_of(results, *OBTAINED) if receipt.wildcards.get("pool") == pool]


def _manifests(results: Results, rule: str, pool: str) -> list[dict[str, Any]]:
    """JSON outputs of a rule for one pool, as far as they are there."""
    paths = [
        path
        for receipt in jobs_of(results, rule)
        if receipt.wildcards.get("pool") == pool
        for path in receipt.outputs
        if path.endswith(".json") and results.file(path).is_file()
    ]
    return [json.loads(results.file(path).read_text(encoding="utf-8")) for path in paths]


def _attrition(results: Results, pool: str) -> str:
    said = _manifests(results, "write_shards", pool)
    if not said or "requested" not in said[0]:
        return ""
    counts = said[0]
    failed = {reason: count for reason, count in counts.get("failed", {}).items() if count}
    reasons = f" ({', '.join(f'{reason} {count:,}' for reason, count in sorted(failed.items()))})" if failed else ""
    return (
        f"{pool}: of {counts['requested']:,} items that were asked for, {counts['stored']:,} were stored and "
        f"{sum(failed.values()):,} failed{reasons}."
    )


def _filtering(results: Results, pool: str) -> list[str]:
    """What each filter kept and dropped."""
    texts = []
    for said in _manifests(results, "filter_pool", pool):
        if "kept" in said:
            dropped = ", ".join(f"{reason} {count:,}" for reason, count in said["dropped"].items())
            texts.append(
                f"{pool}: filter {said['filter']} kept {said['kept']:,} of {said['input']:,}"
                + (f"; dropped: {dropped}." if dropped else ".")
            )
    return texts


def _with_cards(found: Mapping[str, Source], checkout: Path, scale: str) -> dict[str, Source]:
    """Terms and citations of the sources' cards. A checkout without the scale, or with another one, has none."""
    try:
        study = load_study(checkout, {"scale": scale})
    except DatalinesError:
        return dict(found)
    papers = {slug: paper.title for slug, paper in study.papers.items()}
    cards = {}
    for pool, source in found.items():
        declared = study.pools.get(pool)
        card = card_of(study, getattr(declared, "source", None)) if declared else None
        if card is None:
            cards[pool] = source
            continue
        addresses = [entry.url or entry.page for entry in card.metadata]
        citation = ", ".join([card.title, *(str(address) for address in addresses if address)])
        paper = f", as used in {papers[card.paper]}" if card.paper in papers else ""
        limits = [*source.limits, f"Terms: {card.terms}", f"Selection: {card.selection}", f"Status: {card.status}"]
        cards[pool] = replace(source, citation=citation + paper, limits=limits, terms=card.terms)
    return cards
