"""Level sample: some models, filters, pools and mixtures, drawn by a seed, are evaluated, applied, ordered and mixed
again."""

import random
import tempfile
from pathlib import Path

from datalines.audit.recompute import EXACT, again, judge, unmade
from datalines.audit.reordered import reordered
from datalines.audit.rescored import rescored
from datalines.audit.results import Receipt, Results
from datalines.audit.verdicts import Check

LEVEL = "sample"


def checks(results: Results, checkout: Path, seed: int, models: int, images: int, jobs: int = 1) -> list[Check]:
    """The checks of the level: `models` models on `images` images of each evaluation set, and as many filters, pools
    and mixtures."""
    refiltered = Check("refiltered", LEVEL, "Filters keep and drop what they did, for the same reasons.")
    remixed = Check("remixed", LEVEL, "Mixtures hold the same samples in the same order, and the same bytes.")
    of_rule = {"filter_pool": refiltered, "mix_shards": remixed}
    receipts = [receipt for rule in of_rule for receipt in drawn(results, rule, seed, models)]
    with tempfile.TemporaryDirectory(prefix="datalines-audit-") as folder:
        for receipt, job, reason in again(results, receipts, checkout, Path(folder), jobs):
            if job is None or reason:
                unmade(of_rule[receipt.rule], receipt, reason)
            else:
                judge(of_rule[receipt.rule], results, receipt, job, EXACT)
    for rule, check in of_rule.items():
        if not check.examined:
            check.not_run = f"the results hold no receipt of {rule}"
    return [rescored(results, seed, models, images), refiltered, reordered(results, checkout, seed, models), remixed]


def drawn(results: Results, rule: str, seed: int, count: int) -> list[Receipt]:
    """Receipts of a rule, drawn by the seed."""
    found = sorted((entry for entry in results.receipts if entry.rule == rule), key=lambda entry: entry.path)
    chosen = random.Random(f"{seed}/{rule}").sample(found, min(count, len(found)))
    return sorted(chosen, key=lambda entry: entry.path)
