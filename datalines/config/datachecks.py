"""Cross references of the data half: cards, lists, the columns and models that filters ask for, exclusions."""

from collections.abc import Mapping

from datalines.config.errors import Findings, Loc, listing
from datalines.config.filters import (
    BEFORE_FETCHING,
    ClipScore,
    ExactDuplicate,
    FactStep,
    NearDuplicate,
    Step,
)
from datalines.config.pools import Pool, UrlsPool
from datalines.config.shifts import AdversarialShift
from datalines.config.sources import card_of, check_sources
from datalines.config.study import Study
from datalines.config.urlpools import url_list

Names = Mapping[str, list[str]]
RESERVED_POOLS = {"shifts": "hashes/shifts holds what is known of evaluation sets"}
DRAWN_FACTS = ["style"]


def check_data(study: Study, names: Names, found: Findings) -> None:
    """Add every reference of pools, filters, mixtures, exclusions and scorers that leads nowhere or does not fit."""
    for slug, pool in study.pools.items():
        if slug in RESERVED_POOLS:
            found.add(("pools", slug), f"is a reserved name: {RESERVED_POOLS[slug]}; call the pool otherwise")
        if isinstance(pool, UrlsPool):
            _check_source(study, slug, pool, names, found)
    check_sources(study.sources, found)
    _check_steps(study, names, found)
    _check_uses(study, names, found)
    for slug, exclusion in study.exclusions.items():
        for index, pool_name in enumerate(exclusion.pools or []):
            found.check_known(("exclusions", slug, "pools", index), pool_name, "pool", names["pools"])
    for slug in study.costs.pools:
        found.check_known(("costs", "pools", slug), slug, "pool", names["pools"])
    for slug, scorer in study.scorers.items():
        if (scorer.model is None) == (scorer.network is None):
            found.add(("scorers", slug), "give either model: <open_clip model> or network: <file in config/models>")


def _check_source(study: Study, slug: str, pool: UrlsPool, names: Names, found: Findings) -> None:
    loc: Loc = ("pools", slug)
    if pool.source is not None:
        try:
            card_of(pool.source, study.sources)
        except ValueError as error:
            found.add((*loc, "source"), str(error))
            return
    if pool.source is None and pool.list is None:
        found.add(loc, "has neither a list nor a card; write list: {path: ..., ...} or source: <name>@<version>")
    if pool.list is not None and pool.path is not None:
        found.add(
            (*loc, "path"), "replaces a card's list, and this pool has a list of its own; write list.path instead"
        )
    if pool.select is not None and found.check_known((*loc, "select"), pool.select, "filter", names["filters"]):
        for index, step in enumerate(study.filters.get(pool.select, [])):
            if not isinstance(step, BEFORE_FETCHING):
                text = f"'{pool.select}' has the step {step.kind}, which needs the image; leave it to `filter`"
                found.add((*loc, "select"), text)
            _check_fact(study, slug, step, ("filters", pool.select, index), found)


def _check_steps(study: Study, names: Names, found: Findings) -> None:
    """What single steps name, whether a pool uses them or not."""
    for slug, steps in study.filters.items():
        for index, step in enumerate(steps):
            loc: Loc = ("filters", slug, index)
            if isinstance(step, ClipScore):
                found.check_known((*loc, "scorer"), step.scorer, "scorer", names["scorers"])
            if isinstance(step, ExactDuplicate | NearDuplicate):
                for place, pool in enumerate(step.pools):
                    found.check_known((*loc, "pools", place), pool, "pool", names["pools"])
            if isinstance(step, NearDuplicate) and step.shifts != "all":
                for place, shift in enumerate(step.shifts):
                    here = (*loc, "shifts", place)
                    found.check_known(here, shift, "shift", names["shifts"])
                    made = study.shifts.get(shift)
                    if isinstance(made, AdversarialShift):
                        text = f"'{shift}' is made with a trained model; write its candidates '{made.candidates}'"
                        found.add(here, f"{text}, of which it is a part")


def _check_uses(study: Study, names: Names, found: Findings) -> None:
    """Whether the pools that a filter is applied to have the columns that it asks for."""
    uses = {(slug, pool.filter) for slug, pool in study.pools.items()}
    for slug, mixture in study.mixtures.items():
        for index, entry in enumerate(mixture.entries):
            loc: Loc = ("mixtures", slug, "entries", index)
            if entry.subset is not None:
                found.check_known((*loc, "subset"), entry.subset, "filter", names["filters"])
            if entry.subset is not None and entry.subset == (entry.filter or _filter_of(study.pools.get(entry.pool))):
                found.add((*loc, "subset"), f"'{entry.subset}' is the filter of the shards already; remove it here")
            uses |= {(entry.pool, name) for name in (entry.filter, entry.subset) if name is not None}
    for pool_name, name in sorted(uses):
        if pool_name in study.pools:
            for place, step in enumerate(study.filters.get(name, [])):
                _check_fact(study, pool_name, step, ("filters", name, place), found)
                if isinstance(step, ExactDuplicate | NearDuplicate) and pool_name in step.pools:
                    text = f"names {pool_name}, and is applied to it: every image is a duplicate of itself"
                    found.add(("filters", name, place, "pools"), f"{text}; leave the pool out")


def _filter_of(pool: Pool | None) -> str | None:
    return None if pool is None else pool.filter


def _check_fact(study: Study, slug: str, step: Step, loc: Loc, found: Findings) -> None:
    if not isinstance(step, FactStep):
        return
    pool = study.pools[slug]
    facts: dict[str, str] = {}
    if isinstance(pool, UrlsPool):
        declared = url_list(study, pool)
        if declared is None:
            return
        facts = {name: fact.type for name, fact in declared.facts.items()}
    elif pool.kind == "testbed":
        facts = dict.fromkeys(DRAWN_FACTS, "text")
    wanted = "text" if step.kind == "tag" else "number"
    if step.fact not in facts:
        have = f"its facts: {listing(facts)}" if facts else "it has no facts"
        found.add((*loc, "fact"), f"'{step.fact}' is not known of pool {slug}; {have}")
    elif facts[step.fact] != wanted:
        text = f"'{step.fact}' is a {facts[step.fact]} in pool {slug}, and {step.kind} needs a {wanted}"
        found.add((*loc, "fact"), f"{text}; write type: {wanted} under its `facts`, or use another step")
