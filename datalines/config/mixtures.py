"""Section `mixtures`: how many samples of which pools make a training set."""

from typing import Annotated

from pydantic import Field

from datalines.config.base import Count, Number, Positive, Seed, Slug, Spec

ONLY_SIZE = "full"


class Entry(Spec):
    """One source of a mixture."""

    pool: Slug = Field(description="Pool the samples are taken from.")
    filter: Slug | None = Field(default=None, description="Filter used instead of the pool's own.")
    subset: Slug | None = Field(
        default=None, description="A further filter: of the existing shards only samples that it keeps, by byte range."
    )
    share: Annotated[Number, Field(gt=0, le=1)] | None = Field(default=None, description="Share of the mixture's size.")
    count: Count | None = Field(default=None, description="Number of samples, or all; instead of `share`.")


class Mixture(Spec):
    """Samples of one or more pools, by share of stated sizes or by count."""

    seed: Seed = Field(default=0, description="Chooses which samples of the pools are taken.")
    entries: Annotated[list[Entry], Field(min_length=1)] = Field(description="Sources: all by share, or all by count.")
    sizes: dict[Slug, Positive] | None = Field(
        default=None, description="Size slug -> number of samples; for shares only. By count, the one size is `full`."
    )

    @property
    def by_share(self) -> bool:
        """Whether the sources are given as shares of a size, and not as counts."""
        return self.entries[0].share is not None

    def size_slugs(self) -> list[str]:
        """The sizes a family can ask for."""
        return list(self.sizes or {}) if self.by_share else [ONLY_SIZE]

    def counts(self, size: str) -> list[int | str]:
        """Samples of each entry at a size (a number, or "all"), shares rounded by largest remainder."""
        if not self.by_share:
            return [entry.count if entry.count is not None else 0 for entry in self.entries]
        return list(apportion((self.sizes or {})[size], [entry.share or 0.0 for entry in self.entries]))

    def samples(self, size: str) -> int | str:
        """Samples of the whole mixture at a size, or "all" when an entry takes all of a pool of any length."""
        numbers = [count for count in self.counts(size) if isinstance(count, int)]
        return sum(numbers) if len(numbers) == len(self.entries) else "all"


def apportion(total: int, shares: list[float]) -> list[int]:
    """Split `total` into whole numbers in proportion to `shares` (sum 1) by largest remainder; ties to the earlier."""
    exact = [total * share for share in shares]
    # A quota a rounding error below a whole number counts as that number: 0.1 * 3 shares must not lose a sample.
    counts = [int(quota + 1e-6) for quota in exact]
    by_remainder = sorted(range(len(shares)), key=lambda index: (-(exact[index] - counts[index]), index))
    for index in by_remainder[: total - sum(counts)]:
        counts[index] += 1
    return counts
