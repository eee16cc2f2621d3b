"""What the configuration says of every pool of the targets, for the pages of sources."""

from typing import Any

from datalines.dag import Dag

FROM_CARD = ("title", "licence", "terms", "selection", "obtainable", "status", "substitutes", "nearest", "nearest_note")


def pool_cards(dag: Dag) -> dict[str, dict[str, Any]]:
    """{pool: title, kind, version, filter, licence, source, card} of the pools that the targets use.

    `source` is the name and version of a pool's card, `card` what the card says; both None where it has none.
    """
    found = {}
    for name in dag.pools():
        spec = dag.specs["pools"][name]
        reference = spec.get("source")
        card = dag.study.card(reference)
        found[name] = {
            **{key: spec[key] for key in ("title", "kind", "version", "filter", "licence")},
            "source": reference,
            "card": {key: getattr(card, key) for key in FROM_CARD} if card else None,
        }
    return found
