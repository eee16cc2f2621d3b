"""Level recompute: accuracies from stored logits, then records, fits, tables, figures, claims and the report made again
from what they were made from, and compared cell by cell. On a CPU, without images or networks.

Every job is done from the recorded files, not from those that another job has just made: so a difference is found where
it arose, and nowhere else.
"""

import platform
import random
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from datalines.audit import reported
from datalines.audit.accuracies import accuracies
from datalines.audit.cells import Compared, compare, same_bytes
from datalines.audit.replay import Planned, ReplayError, perform, plan
from datalines.audit.results import Receipt, Results
from datalines.audit.verdicts import Check, Finding, Verdict
from datalines.environment import environment
from datalines.files import sha256_file

LEVEL = "recompute"
EXACT, FITTED, SIX_DIGITS = 0.0, 1e-9, 1e-5
"""Tolerances: of counts and accuracies; of what an optimiser or a special function gives; of printed coordinates."""
DRAWN = (".pdf", ".png", ".svg")
TABLES = (".csv", ".parquet")
LOCK = "demo"
"""The lock that names every package that draws."""
CHANGED = "what was made again is what the receipt tells of: the file was changed since"
CELLS_NAMED = 20


@dataclass(frozen=True)
class Group:
    """Rules whose outputs one check is about, with the tolerance of the numbers in each."""

    name: str
    title: str
    rules: dict[str, float]


GROUPS = (
    Group(
        "records",
        "Records follow from the predictions, the published files and the pools' indexes that they were made from.",
        {
            **dict.fromkeys(("collect_records", "collect_pools", "collect_statistics", "collect_overlap"), EXACT),
            **dict.fromkeys(("measure_balance", "open_archive", "read_published"), EXACT),
        },
    ),
    Group(
        "fits",
        "Lines, intervals and effective robustness follow from the records.",
        {"fit_lines": FITTED, "measure_robustness": FITTED, "fit_published": FITTED},
    ),
    Group("theory", "The simulations of the theory come out again.", {"simulate_theory": FITTED}),
    Group("claims", "The verdict of every claim follows from the records.", {"judge_claims": FITTED}),
    Group("tables", "Every cell of every table follows from the records.", {"make_table": FITTED}),
    Group(
        "figures",
        "Every plotted point of every figure follows from the records.",
        dict.fromkeys(("draw_figure", "draw_pool_figure", "draw_samples", "draw_batches"), SIX_DIGITS),
    ),
)


def checks(results: Results, checkout: Path, seed: int, jobs: int = 1) -> list[Check]:
    """The checks of the level. The jobs are done in `jobs` processes, in an order drawn by `seed`, so that none can
    hang on what another left in its process."""
    found = [Check(f"recomputed-{group.name}", LEVEL, group.title) for group in GROUPS]
    of_rule = {
        rule: (check, tolerance)
        for check, group in zip(found, GROUPS, strict=True)
        for rule, tolerance in group.rules.items()
    }
    receipts = sorted((entry for entry in results.receipts if entry.rule in of_rule), key=lambda entry: entry.path)
    random.Random(seed).shuffle(receipts)
    with tempfile.TemporaryDirectory(prefix="datalines-audit-") as folder:
        for receipt, job, reason in again(results, receipts, checkout, Path(folder) / "jobs", jobs):
            check, tolerance = of_rule[receipt.rule]
            if job is None or reason:
                unmade(check, receipt, reason)
            else:
                judge(check, results, receipt, job, tolerance)
        report = reported.check(results, checkout, Path(folder) / "site")
    for check, group in zip(found, GROUPS, strict=True):
        if not {receipt.rule for receipt in receipts} & set(group.rules):
            check.not_run = f"the results hold no receipt of {' or '.join(group.rules)}"
        check.examined.sort()
        check.findings.sort(key=lambda finding: finding.artifact)
    return [accuracies(results), *found, report]


def unmade(check: Check, receipt: Receipt, reason: str) -> None:
    """Note that nothing can be said of a job's outputs, and why."""
    for path in receipt.outputs:
        check.add(path, Verdict.UNVERIFIABLE, f"could not be made again: {reason}")


def again(
    results: Results, receipts: list[Receipt], checkout: Path, folder: Path, jobs: int
) -> Iterator[tuple[Receipt, Planned | None, str]]:
    """Do the receipts' jobs, each into a folder of its own: (receipt, what was done, or why it could not be)."""
    planned: list[tuple[Receipt, Planned]] = []
    for number, receipt in enumerate(receipts):
        try:
            planned.append((receipt, plan(results, receipt, checkout, folder / f"{number:05d}")))
        except ReplayError as error:
            yield receipt, None, str(error)
    for (receipt, job), reason in zip(planned, perform([job for _, job in planned], jobs), strict=True):
        yield receipt, job, reason


def judge(check: Check, results: Results, receipt: Receipt, job: Planned, tolerance: float) -> None:
    """Compare a job's outputs with the recorded ones, tables first, since what is said of texts and drawings hangs on
    them."""
    table = Verdict.IDENTICAL
    for path in sorted(receipt.outputs, key=lambda path: (not path.endswith(TABLES), path)):
        recorded, new = results.file(path), Path(job.outputs[path])
        if not recorded.is_file():
            check.add(path, Verdict.MISSING, "is not there to be compared with what was made again")
            continue
        if results.bloated(path):
            check.add(path, Verdict.CORRUPT, "is of another size than stated")
            continue
        if same_bytes(recorded, new):
            check.add(path)
            continue
        changed = sha256_file(new) == receipt.outputs[path]["sha256"]
        remark = CHANGED if changed else job.remark
        if path.endswith(DRAWN):
            check.add(path, *_of_drawing(table, receipt, job, changed))
            continue
        table = max(table, differing(check, path, recorded, new, tolerance, remark, table), key=list(Verdict).index)


def differing(
    check: Check, path: str, recorded: Path, new: Path, tolerance: float, remark: str, table: Verdict
) -> Verdict:
    """Note how two versions of a file differ, cell by cell; `table` is the verdict of the table beside a text."""
    try:
        found = compare(recorded, new, tolerance, loosely=table is Verdict.EQUIVALENT)
    except (OSError, ValueError) as error:
        check.add(path, Verdict.CORRUPT, _said(f"cannot be read: {error}", remark))
        return Verdict.CORRUPT
    check.add(path, found.verdict, _said(_summary(found, tolerance), remark))
    check.findings += [Finding(f"{path}#{place}", Verdict.DRIFTED, text) for place, text in found.apart[:CELLS_NAMED]]
    return found.verdict


def _summary(found: Compared, tolerance: float) -> str:
    if not found.apart:
        number = f"{found.within} of {found.cells} values differ by at most {found.largest:.1e} of themselves"
        return f"{number} (allowed: {tolerance:.0e})" if found.largest else "other bytes, the same values"
    more = f"; the first {CELLS_NAMED} are listed" if len(found.apart) > CELLS_NAMED else ""
    return f"{len(found.apart)} of {found.cells} values are others than those that were recomputed{more}"


def _of_drawing(table: Verdict, receipt: Receipt, job: Planned, changed: bool) -> tuple[Verdict, str]:
    """What is to be said of a picture with other bytes: another matplotlib may draw the same points otherwise."""
    remark = CHANGED if changed else job.remark
    if table is not Verdict.IDENTICAL and table is not Verdict.EQUIVALENT:
        return Verdict.DRIFTED, _said("shows other points: see the csv beside it", remark)
    if changed or (same_packages(receipt) and not job.remark):
        return Verdict.DRIFTED, _said("is another picture than that of the points in the csv beside it", remark)
    text = "drawn otherwise, by other packages or another kind of machine; every point in the csv beside it is the same"
    return Verdict.EQUIVALENT, _said(text, remark)


def same_packages(receipt: Receipt) -> bool:
    """Whether the job drew with the packages that are here, on the same kind of machine: then not a byte may differ."""
    then, now = receipt.said.get("environment") or {}, environment()
    lock = (then.get("locks") or {}).get(LOCK)
    python = (then.get("versions") or {}).get("python")
    locked = lock is not None and lock == now["locks"].get(LOCK) and python == now["versions"]["python"]
    same = locked or then.get("installed") == now["installed"]
    return bool(same and receipt.said.get("machine") == platform.machine())


def _said(text: str, remark: str) -> str:
    return f"{text} ({remark})" if remark else text
