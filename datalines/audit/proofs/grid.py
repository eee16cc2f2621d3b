"""Grid completeness: every declared cell of every experiment is in its records, and nothing else."""

import csv
from collections import Counter, defaultdict
from itertools import product
from typing import Any

from datalines.audit.proofs.study import EVALUATIONS, LEVEL, LackingError, Study, named, say
from datalines.audit.results import Receipt
from datalines.audit.verdicts import Check, Verdict

KEYS = ("kind", "family", "size", "seed", "epoch", "weight", "shift")
Cell = tuple[str, str, str, str, str, float | None, str]
SHOWN = 20


def check(study: Study) -> Check:
    """Every table of records, and every evaluation."""
    title = "Every declared cell of every experiment is in its records; cells with a single seed are named."
    found = Check("grid-completeness", LEVEL, title)
    receipts = [receipt for receipt in study.results.receipts if receipt.rule == "collect_records"]
    for receipt in receipts:
        for path in receipt.outputs:
            _table(found, study, receipt, path)
    _left_out(found, study)
    if not found.examined:
        found.not_run = "no receipt of this folder tells what the records of an experiment should hold"
    return found


def _table(found: Check, study: Study, receipt: Receipt, path: str) -> None:
    """One experiment's records: a finding for each cell that is wrong, the first SHOWN of them."""
    try:
        there, due = _there(study, path), _declared(receipt)
    except LackingError as error:
        found.add(path, Verdict.UNVERIFIABLE, str(error))
        return
    except Exception as error:  # the folder may be damaged in any way
        text = f"records or receipt cannot be read as they should ({type(error).__name__}: {error})"
        found.add(path, Verdict.CORRUPT, text)
        return
    wrong = _wrong(there, due)
    if not wrong:
        found.add(path)
    for cell, verdict, reason in wrong[:SHOWN]:
        found.add(f"{path}#{_name(cell)}", verdict, reason)
    if len(wrong) > SHOWN:
        found.add(path, wrong[0][1], f"{len(wrong) - SHOWN} more cells are not as declared")
    single = _single(receipt)
    if single:
        say(found, path, f"one seed only: {named(single)}")


def _wrong(there: Counter[Cell], due: set[Cell]) -> list[tuple[Cell, Verdict, str]]:
    """Cells that are missing, that are there more than once, and that nobody declared."""
    missing = [(cell, Verdict.MISSING, "declared, but not in the records") for cell in due - set(there)]
    twice = [(cell, Verdict.DRIFTED, f"{count} rows for one cell") for cell, count in there.items() if count > 1]
    extra = [(cell, Verdict.DRIFTED, "in the records, but not declared") for cell in set(there) - due]
    return [*sorted(missing, key=_key), *sorted(twice, key=_key), *sorted(extra, key=_key)]


def _key(entry: tuple[Cell, Verdict, str]) -> str:
    return _name(entry[0])


def _name(cell: Cell) -> str:
    return "/".join(str(part) for part in cell[1:] if part is not None)


def _there(study: Study, path: str) -> Counter[Cell]:
    """The cells of a table of records; published baselines are no cells."""
    found: Counter[Cell] = Counter()
    with study.file(path).open(encoding="utf-8", newline="") as stream:
        for row in csv.DictReader(stream):
            if row["kind"] != "published":
                weight = round(float(row["weight"]), 9) if row["weight"] else None
                found[row["kind"], row["family"], row["size"], row["seed"], row["epoch"], weight, row["shift"]] += 1
                if not row["n"] or not row["top1"]:
                    raise ValueError(f"the row of {row['family']}/{row['size']}/{row['seed']} has no value")
    return found


def _drawn(receipt: Receipt) -> list[str]:
    spec = receipt.params["spec"]
    return list(dict.fromkeys([*spec["families"], *([spec["baseline"]] if spec["baseline"] else [])]))


def _declared(receipt: Receipt) -> set[Cell]:
    """The cells that the experiment declares: of models, and of ensembles of them."""
    params = receipt.params
    found: set[Cell] = set()
    shifts = params["spec"]["sets"]
    for family in _drawn(receipt):
        spec = params["families"][family]
        for size, seed, epoch, shift in product(spec["sizes"], spec["seeds"], spec["epochs"], shifts):
            found.add(("model", family, str(size), str(seed), str(epoch), None, shift))
    for name, spec in params["ensembles"].items():
        equal = [1 / len(spec["members"])]
        weights = equal if spec["weights"] == "equal" else [float(weight) for weight in spec["weights"]]
        grid = product(spec["sizes"], spec["seeds"], spec["epochs"], weights, shifts)
        for size, seed, epoch, weight, shift in grid:
            found.add(("ensemble", name, str(size), str(seed), str(epoch), round(weight, 9), shift))
    return found


def _single(receipt: Receipt) -> list[str]:
    """Families that were trained from one seed, so that their spread is not known."""
    families = receipt.params["families"]
    by_seed: dict[Any, list[str]] = defaultdict(list)
    for family in _drawn(receipt):
        if len(families[family]["seeds"]) == 1:
            by_seed[families[family]["seeds"][0]].append(family)
    return [
        f"{family} ({', '.join(map(str, families[family]['sizes']))})" for names in by_seed.values() for family in names
    ]


def _left_out(found: Check, study: Study) -> None:
    """Evaluations that no job took in: a hole that was cut out of the declaration too."""
    used = {path for receipt in study.results.receipts for path in receipt.inputs}
    for path in study.paths(*EVALUATIONS):
        if path in used:
            found.add(path)
        else:
            found.add(path, Verdict.ORPHAN, "the run was evaluated, but no records take it in")
