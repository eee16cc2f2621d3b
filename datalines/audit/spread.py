"""Is an accuracy that was measured anew one that the recorded runs would lead to expect? A stated test.

With three recorded seeds or more: is it inside the prediction interval of one further seed (Student's t with n - 1
degrees of freedom, standard deviation of the seeds times the square root of 1 + 1/n)? With fewer: are the counts of
right answers those of one binomial (Fisher's exact test of two samples, two-sided)? That takes the seeds for equal, and
so says drifted too often rather than too seldom.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import stdtr
from scipy.stats import fisher_exact

LEVEL = 0.01
"""Chance of an error of the first kind over all comparisons of one cell, shared out evenly (Bonferroni)."""
SEEDS = 3
"""Recorded seeds that a spread can be told from."""


@dataclass(frozen=True)
class Counted:
    """Right answers among n images."""

    correct: int
    n: int

    @property
    def accuracy(self) -> float:
        """As a fraction."""
        return self.correct / self.n


def p_value(new: Counted, own: Counted, seeds: Sequence[Counted]) -> tuple[float, str]:
    """How likely a difference as large as that is by chance, and the test. `own` is what was recorded for the same
    seed, `seeds` what was recorded for all seeds of the cell."""
    accuracies = np.array([seed.accuracy for seed in seeds])
    spread = float(accuracies.std(ddof=1)) if len(seeds) >= SEEDS else 0.0
    if spread > 0:
        away = abs(new.accuracy - float(accuracies.mean())) / (spread * math.sqrt(1 + 1 / len(seeds)))
        return 2 * float(stdtr(len(seeds) - 1, -away)), f"prediction interval of {len(seeds)} seeds"
    table = np.array([[new.correct, new.n - new.correct], [own.correct, own.n - own.correct]])
    return float(fisher_exact(table).pvalue), "exact test of two binomial samples"
