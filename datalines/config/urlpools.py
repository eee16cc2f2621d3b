"""Pools of kind `urls` with everything filled in: what the pool says, then its source card, then section `fetch`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from datalines.config.downloads import FileFacts, is_address, wanted
from datalines.config.fetching import Fetch, ImageForm
from datalines.config.lists import UrlList
from datalines.config.pools import UrlsPool
from datalines.version import VERSION

if TYPE_CHECKING:
    from datalines.config.sources import SourceCard
    from datalines.config.study import Study


def url_list(study: Study, pool: UrlsPool) -> UrlList | None:
    """The list of a pool: its own, or the card's form at the pool's `path` or at the addresses that the card names."""
    if pool.list is not None:
        return pool.list
    card = study.card(pool.source)
    if card is None or card.list is None:
        return None
    path = pool.path if pool.path is not None else [file.url for file in card.metadata if file.url is not None]
    return UrlList(path=path, **card.list.model_dump()) if path else None


def manners(study: Study, *layers: dict[str, Any]) -> dict[str, Any]:
    """Section `fetch` with some keys laid over it, and the User-Agent that is sent."""
    merged: dict[str, Any] = {}
    for layer in (study.fetch.model_dump(exclude_unset=True), *layers):
        _lay_over(merged, layer)
    spec = Fetch.model_validate(merged).model_dump(mode="json")
    spec["user_agent"] = f"datalines/{VERSION} (+{spec['contact'] or 'no contact given'})"
    return spec


def fetch_spec(study: Study, pool: UrlsPool) -> dict[str, Any]:
    """Section `fetch` with the card's host limits and the pool's own keys laid over it."""
    card = study.card(pool.source)
    limits = {} if card is None else {name: limit.model_dump(exclude_unset=True) for name, limit in card.hosts.items()}
    return manners(study, {"hosts": limits}, pool.fetch.model_dump(exclude_unset=True))


def image_spec(study: Study, pool: UrlsPool) -> dict[str, Any]:
    """What is stored of an image: the pool's wish, else the card's, else the original bytes."""
    card = study.card(pool.source)
    form = pool.image or (card.image if card is not None else None) or ImageForm()
    return ImageForm.model_validate(form.model_dump()).model_dump(mode="json")


def url_pool_spec(study: Study, pool: UrlsPool, select: list[dict[str, Any]]) -> dict[str, Any]:
    """All that obtaining the pool depends on, as plain data; `select` holds the resolved steps of its row filter."""
    found = url_list(study, pool)
    card = study.card(pool.source)
    return {
        **pool.model_dump(mode="json"),
        "list": None if found is None else found.model_dump(mode="json"),
        "facts": {} if found is None else {name: fact.type for name, fact in found.facts.items()},
        "expected_rows": None if card is None or pool.list is not None else card.expected_rows,
        "select": select,
        "fetch": fetch_spec(study, pool),
        "image": image_spec(study, pool),
        "paper_pairs": pool.paper_pairs or (None if card is None else card.paper_pairs),
        "licence": card.licence if card is not None and pool.licence == "not stated" else pool.licence,
        "substitutes": None if card is None else card.substitutes,
    }


def list_downloads(study: Study, name: str, pool: UrlsPool) -> list[dict[str, Any]]:
    """What has to be obtained of a pool's list: a `wanted` file for every address, with what its card states of it."""
    declared, card = url_list(study, pool), study.card(pool.source)
    if declared is None:
        return []
    stated = {} if card is None else {file.url: file for file in card.metadata}
    key = f"pools.{name}." + ("list.path" if pool.list is not None else "source")
    paths = [declared.path] if isinstance(declared.path, str) else declared.path
    return [wanted(path, stated.get(path, FileFacts()), key) for path in paths if is_address(path)]


def card_of(study: Study, reference: str | None) -> SourceCard | None:
    """The card behind `<name>@<version>`, None without one."""
    if reference is None:
        return None
    name, _, version = reference.partition("@")
    return study.sources.get(name, {}).get(version)


def _lay_over(base: dict[str, Any], layer: dict[str, Any]) -> None:
    for key, value in layer.items():
        if isinstance(value, dict) and isinstance(base.get(key), dict):
            _lay_over(base[key], value)
        else:
            base[key] = value
