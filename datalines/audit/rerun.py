"""Level rerun: one run is trained and evaluated again. The same weights are identical; others are equivalent if their
accuracies are such as a further seed would give (see `spread`)."""

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from datalines.audit.cells import same_bytes
from datalines.audit.replay import ReplayError, damaged, plan, redo
from datalines.audit.rescored import held
from datalines.audit.results import Receipt, Results
from datalines.audit.spread import LEVEL, Counted, p_value
from datalines.audit.verdicts import Check, Verdict
from datalines.errors import DatalinesError
from datalines.files import read_json

SHOWN = 5
ARITHMETIC = ("ranks", "device", "precision", "determinism", "threads", "decoder")
"""What a summary says of the machine, which may explain other weights."""


class CellError(DatalinesError):
    """A cell that these results do not hold."""


@dataclass(frozen=True)
class Measured:
    """One accuracy of the run that was trained again: its place in the results, and what was recorded there."""

    place: str
    new: Counted
    own: Counted
    seeds: list[Counted]


def checks(results: Results, checkout: Path, cell: str) -> list[Check]:
    """The checks of the level, for a cell FAMILY/SIZE/SEED. Raises CellError where there is no such run."""
    trained = receipt_of(results, cell)
    weights = Check("retrained", "rerun", f"Training {cell} again gives the same weights, or as good ones.")
    measured = Check("reevaluated", "rerun", f"Trained again, {cell} is as accurate as its recorded seeds.")
    with tempfile.TemporaryDirectory(prefix="datalines-audit-") as folder:
        try:
            job = plan(results, trained, checkout, Path(folder))
            made = redo(job)
        except ReplayError as error:
            weights.add(f"runs/{cell}/summary.json", Verdict.UNVERIFIABLE, f"could not be trained again: {error}")
            measured.not_run = "the run could not be trained again"
            return [weights, measured]
        evaluate(measured, results, checkout, cell, made[f"runs/{cell}/summary.json"], Path(folder))
        compare_run(weights, results, cell, made, outcome(measured), job.remark)
    return [weights, measured]


def receipt_of(results: Results, cell: str) -> Receipt:
    """The receipt of the training of a cell."""
    trained = [receipt for receipt in results.receipts if receipt.rule == "train_model"]
    found = {_cell(receipt): receipt for receipt in trained if f"runs/{_cell(receipt)}/summary.json" in receipt.outputs}
    if cell not in found:
        some = ", ".join(sorted(found)[:SHOWN]) or "none"
        raise CellError(f"--cell {cell}: no receipt of such a run is in {results.root}; write FAMILY/SIZE/SEED: {some}")
    return found[cell]


def _cell(receipt: Receipt) -> str:
    return "/".join(receipt.wildcards.get(name, "") for name in ("family", "size", "seed"))


def evaluate(check: Check, results: Results, checkout: Path, cell: str, summary: Path, folder: Path) -> None:
    """Evaluate the new weights on every suite that the run was evaluated on, and judge their accuracies."""
    receipts = [entry for entry in results.receipts if entry.rule == "evaluate_run" and _cell(entry) == cell]
    if not receipts:
        check.not_run = f"the results hold no evaluation of {cell}"
    found: list[Measured] = []
    for receipt in sorted(receipts, key=lambda entry: entry.path):
        path = next((path for path in receipt.outputs if path.endswith(".json")), receipt.path)
        try:
            bad = damaged(file for manifest in _sets(results, receipt) for file in held(manifest))
            if bad:
                raise ReplayError(bad)
            job = plan(results, receipt, checkout, folder, {f"runs/{cell}/summary.json": summary})
            found += measured(results, path, read_json(redo(job)[path]))
        except Exception as error:  # whatever was done to one evaluation, the others are still made
            check.add(path, Verdict.UNVERIFIABLE, f"could not be evaluated again: {error}")
    for one in found:
        check.add(one.place, *judged(one, len(found)))


def _sets(results: Results, receipt: Receipt) -> list[Path]:
    """Manifests of the evaluation sets that are there."""
    manifests = [results.file(path) for path in receipt.inputs if path.startswith("shifts/")]
    return [path for path in manifests if path.name == "manifest.json" and path.is_file()]


def measured(results: Results, path: str, content: dict[str, Any]) -> Iterator[Measured]:
    """The new accuracies of one evaluation beside those that are recorded for all seeds."""
    own, place = _counts(read_json(results.file(path))), Path(path)
    beside = sorted(results.file(path).parents[1].glob(f"*/{place.name}"))
    seeds = [_counts(read_json(file)) for file in beside]
    for key, new in _counts(content).items():
        yield Measured(f"{path}#{key}", new, own[key], [seed[key] for seed in seeds if key in seed])


def _counts(content: dict[str, Any]) -> dict[str, Counted]:
    return {f"{row['epoch']},{row['shift']}/correct": Counted(row["correct"], row["n"]) for row in content["measures"]}


def judged(one: Measured, comparisons: int) -> tuple[Verdict, str]:
    """The verdict on one of several accuracies."""
    if one.new == one.own:
        return Verdict.IDENTICAL, ""
    p, test = p_value(one.new, one.own, one.seeds)
    limit = LEVEL / comparisons
    counts = f"{one.new.correct} of {one.new.n} right, {one.own.correct} of {one.own.n} recorded"
    verdict = Verdict.EQUIVALENT if p >= limit else Verdict.DRIFTED
    return verdict, f"{counts}; p = {p:.2g} by the {test} (drifted below {limit:.1e}, {LEVEL:.0%} over all)"


def outcome(check: Check) -> Verdict:
    """What the accuracies say of weights that are not the same."""
    said = {finding.verdict for finding in check.findings}
    if Verdict.DRIFTED in said:
        return Verdict.DRIFTED
    return Verdict.UNVERIFIABLE if check.not_run or Verdict.UNVERIFIABLE in said else Verdict.EQUIVALENT


def compare_run(
    check: Check, results: Results, cell: str, made: dict[str, Path], otherwise: Verdict, remark: str
) -> None:
    """Compare weights, summary and history with the recorded ones; `otherwise` is the verdict on other weights."""
    folder, path = f"runs/{cell}", f"runs/{cell}/summary.json"
    try:
        old, new = read_json(results.file(path)), read_json(made[path])
    except (OSError, ValueError) as error:
        check.add(path, Verdict.UNVERIFIABLE, f"the recorded summary cannot be read: {error}")
        return
    digests = {entry["epoch"]: entry["sha256"] for entry in new["weights"]}
    other = [entry for entry in old["weights"] if digests.get(entry["epoch"]) != entry["sha256"]]
    causes = [f"{key}: {old.get(key)} then, {new.get(key)} now" for key in ARITHMETIC if old.get(key) != new.get(key)]
    why = "; ".join([*causes, *([remark] if remark else [])]) or f"the same {', '.join(ARITHMETIC[1:])} as then"
    for entry in old["weights"]:
        said = (otherwise, f"other weights ({why}); {WORDS[otherwise]}") if entry in other else ()
        check.add(f"{folder}/{entry['path']}", *said)
    wrong = [key for key in old if key not in (*ARITHMETIC, "weights") and old[key] != new.get(key)]
    text = f"{', '.join(wrong)}: not what the run gives that was trained again"
    check.add(path, *((Verdict.DRIFTED, text) if wrong else ()))
    history = f"{folder}/history.csv"
    if not results.file(history).is_file():
        check.add(history, Verdict.MISSING, "is not there to be compared")
    elif same_bytes(results.file(history), made[history]):
        check.add(history)
    elif other:
        check.add(history, otherwise, f"other losses, as the weights are others; {WORDS[otherwise]}")
    else:
        check.add(history, Verdict.DRIFTED, "other losses than those of the run, which gave the same weights again")


WORDS = {
    Verdict.EQUIVALENT: "their accuracies are those of a further seed",
    Verdict.DRIFTED: "their accuracies are not those of a further seed",
    Verdict.UNVERIFIABLE: "their accuracies could not be compared",
}
