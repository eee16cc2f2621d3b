"""Numbers that cannot be: shares that are not a whole, more samples than a pool has, batches larger than the data."""

from datalines.config.errors import Findings, Loc
from datalines.config.mixtures import Mixture
from datalines.config.shifts import AdversarialShift
from datalines.config.study import Study

TOLERANCE = 1e-9


def check_counts(study: Study, found: Findings) -> None:
    """Add every number that does not fit another."""
    sound = {name for name, mixture in study.mixtures.items() if _check_mixture(("mixtures", name), mixture, found)}
    for name, pool in study.pools.items():
        if pool.items is not None and pool.parts > pool.items:
            text = f"is {pool.parts}, but the pool has {pool.items} items; a part needs at least one"
            found.add(("pools", name, "parts"), text)
    for name in study.families:
        if study.families[name].mixture in sound:
            _check_family(study, name, found)
    _check_batches(study, sound, found)
    for name, shift in study.shifts.items():
        candidates = study.shifts.get(shift.candidates) if isinstance(shift, AdversarialShift) else None
        if isinstance(shift, AdversarialShift) and candidates is not None and shift.items > candidates.items:
            text = f"is {shift.items}, but the candidates '{shift.candidates}' are only {candidates.items}"
            found.add(("shifts", name, "items"), text)


def _check_mixture(loc: Loc, mixture: Mixture, found: Findings) -> bool:
    """Whether the entries are all shares (with sizes) or all counts (without), and the shares a whole."""
    before = len(found.problems)
    for index, entry in enumerate(mixture.entries):
        if (entry.share is None) == (entry.count is None):
            found.add((*loc, "entries", index), "give either share: <0..1> or count: <number or all>")
    shares = [entry.share for entry in mixture.entries if entry.share is not None]
    if shares and len(shares) < len(mixture.entries):
        found.add((*loc, "entries"), "mixes shares and counts; write either `share` in all entries, or `count` in all")
    elif shares and abs(sum(shares) - 1) > TOLERANCE:
        terms = " + ".join(f"{share:g}" for share in shares)
        found.add((*loc, "entries"), f"shares must sum to 1; {terms} = {sum(shares):.10g}")
    elif shares and not mixture.sizes:
        found.add((*loc, "sizes"), "is missing; shares need at least one size, e.g. sizes: {full: 4000}")
    elif not shares and mixture.sizes:
        text = "a mixture by count has the one size `full`; remove `sizes` (in a later layer: sizes: null)"
        found.add((*loc, "sizes"), text)
    return len(found.problems) == before


def _check_family(study: Study, family: str, found: Findings) -> None:
    """Whether the pools are large enough for every size of a family."""
    spec = study.families[family]
    mixture = study.mixtures[spec.mixture]
    for size in [size for size in spec.sizes if size in mixture.size_slugs()]:
        place: Loc = ("mixtures", spec.mixture, "sizes", size)
        for index, (entry, count) in enumerate(zip(mixture.entries, mixture.counts(size), strict=True)):
            pool = study.pools.get(entry.pool)
            if not mixture.by_share:
                place = ("mixtures", spec.mixture, "entries", index, "count")
            if count == 0:
                text = f"leaves no sample of pool {entry.pool} (share {entry.share:g}); raise the size or the share"
                found.add(place, text)
            elif pool is not None and pool.items is not None and isinstance(count, int) and count > pool.items:
                asked = f"family {family} through mixture {spec.mixture} asks for {count} at size {size}"
                found.add(place, f"pool {entry.pool} declares {pool.items} items; {asked}")


def _check_batches(study: Study, sound: set[str], found: Findings) -> None:
    """Whether the smallest training set of every recipe fills one batch."""
    smallest: dict[str, tuple[int, str, str, str]] = {}
    for name, family in study.families.items():
        mixture = study.mixtures.get(family.mixture)
        if mixture is None or family.mixture not in sound:
            continue
        for size in [size for size in family.sizes if size in mixture.size_slugs()]:
            samples = _samples(study, mixture, size)
            if samples is not None:
                data = (samples, name, family.mixture, size)
                smallest[family.recipe] = min(smallest.get(family.recipe, data), data)
    for slug, (samples, name, source, size) in smallest.items():
        if slug in study.recipes and study.recipes[slug].batch > samples:
            origin = f"{samples} samples (mixture {source}, size {size})"
            text = f"is {study.recipes[slug].batch}, but family {name} trains on {origin}"
            found.add(("recipes", slug, "batch"), f"{text}; lower the batch, or raise the size")


def _samples(study: Study, mixture: Mixture, size: str) -> int | None:
    """Most samples the mixture can have at a size, None if a pool of unknown length is taken whole."""
    total = 0
    for entry, count in zip(mixture.entries, mixture.counts(size), strict=True):
        pool = study.pools.get(entry.pool)
        most = count if isinstance(count, int) else (pool.items if pool is not None else None)
        if most is None:
            return None
        total += most
    return total
