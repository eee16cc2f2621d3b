"""Looks by role: the mixture that others are held against is black, ensembles are wine, all else keeps its look."""

from collections.abc import Sequence
from dataclasses import replace

from datalines.errors import DatalinesError
from datalines.plotting.drawing import Figure
from datalines.plotting.house import PALETTE, Look, looks

MIXTURE_COLOUR = "#222222"
ENSEMBLE_COLOUR, ENSEMBLE_MARKER = "#882255", "D"
_TOO_DARK = "#332288"  # hardly told from black as a line
_SPARE = ("#999933", "#44AA99", "#AA4499", "#117733")  # for mixtures: no colour of one of the first six families


def mixture_of(figure: Figure, families: Sequence[str]) -> str:
    """Option `mixture` of a figure, one of the families that it draws; empty without the option."""
    mixture = str(figure.options.get("mixture", ""))
    if mixture and mixture not in families:
        raise DatalinesError(
            f"figure {figure.title!r}, options.mixture: is {mixture!r}; write one of {', '.join(families)}"
        )
    return mixture


def role_looks(
    figure: Figure, families: Sequence[str], mixture: str = "", ensembles: Sequence[str] = ()
) -> dict[str, Look]:
    """Look of every family and ensemble of a figure, no two families with one colour while the palette lasts.

    A family keeps the look that it has in all figures unless one that is listed before it has the same colour here;
    then it gets the next colour that the figure does not use.
    """
    found = looks(figure.titles, [*families, *ensembles], figure.baseline)
    others = [slug for slug in families if slug != mixture]
    taken = {MIXTURE_COLOUR, ENSEMBLE_COLOUR, _TOO_DARK} if mixture else set()
    spare = dict.fromkeys([*_SPARE, *PALETTE])
    free = iter([colour for colour in spare if colour not in taken | {found[slug].colour for slug in others}])
    for slug in others:
        colour = found[slug].colour if found[slug].colour not in taken else next(free, found[slug].colour)
        taken.add(colour)
        found[slug] = replace(found[slug], colour=colour)
    if mixture in found:
        found[mixture] = replace(found[mixture], colour=MIXTURE_COLOUR)
    return found | {slug: replace(found[slug], colour=ENSEMBLE_COLOUR, marker=ENSEMBLE_MARKER) for slug in ensembles}
