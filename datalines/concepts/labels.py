"""How good labels from captions are, where the truth is known.

JANuS (Feuer et al. 2023, Section H) defines label accuracy as right labels over all samples; the numbers of its Table 9
are right labels over labelled samples, which the released code computes. All three measures are given here by names
that say what they divide.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from datalines.concepts.lexicon import ConceptError


@dataclass(frozen=True)
class LabelQuality:
    """Counts of samples: all, those with a label, those whose labels hold the right class."""

    samples: int
    labelled: int
    correct: int

    @property
    def coverage(self) -> float:
        """Share of samples with a label."""
        return self.labelled / self.samples

    @property
    def precision(self) -> float:
        """Share of right labels among the labelled samples; not a number without any."""
        return self.correct / self.labelled if self.labelled else float("nan")

    @property
    def utilisation(self) -> float:
        """Share of right labels among all samples."""
        return self.correct / self.samples


def label_quality(found: Iterable[Sequence[int]], truth: Iterable[int]) -> LabelQuality:
    """Compare the classes found in captions with the true class of each sample.

    Raises ConceptError for no sample at all, or for another number of truths than of captions.
    """
    samples = labelled = correct = 0
    try:
        for classes, right in zip(found, truth, strict=True):
            samples, labelled, correct = samples + 1, labelled + bool(classes), correct + (right in classes)
    except ValueError as error:
        raise ConceptError("there are not as many true classes as captions; give one for each") from error
    if not samples:
        raise ConceptError("there is no caption to compare; give at least one")
    return LabelQuality(samples, labelled, correct)
