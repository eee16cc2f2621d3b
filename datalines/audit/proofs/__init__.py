"""Proofs: what a study says of itself, worked out again from its manifests, indexes, histories and receipts. They need
no GPU and open no image (docs/proofs.md)."""

from pathlib import Path

from datalines.audit.proofs import exclusions, grid, mixtures, models, order, publication, resume, sets
from datalines.audit.proofs.study import Study
from datalines.audit.results import Results
from datalines.audit.verdicts import Check

PROOFS = (mixtures, order, resume, models, sets, exclusions, grid, publication)


def checks(results: Results, checkout: Path | None) -> list[Check]:
    """All proofs of a results folder; some look things up in the checkout, where there is one.

    Memory: the ids of one index at a time, and what was dropped of its pools.
    """
    study = Study(results, checkout)
    return [proof.check(study) for proof in PROOFS]
