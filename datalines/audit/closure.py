"""Level closure: was every job given the content that its inputs have now? Compares receipts with each other, and reads
only what no job made: scripts, lists, archives."""

import os
from datetime import timedelta
from functools import cached_property

from datalines.audit.acceptances import Changed
from datalines.audit.chains import Chains, is_foreign, is_outside, moment, place
from datalines.audit.files import digests, status_of_file
from datalines.audit.results import Receipt, Results
from datalines.audit.verdicts import Check, Verdict
from datalines.files import LARGE

LEVEL = "closure"
SLACK = timedelta(seconds=5)
"""How far the clocks of two hosts may be apart."""


def checks(results: Results, full: bool = False) -> list[Check]:
    """The checks of this level; they take seconds, unless `full` reads large files that no job made, too."""
    closure = Closure(results, full)
    return [closure.contents(), closure.order()]


class Closure:
    """What receipts say of each other."""

    def __init__(self, results: Results, full: bool) -> None:
        self._results = results
        self._full = full
        self._chains = Chains(results)

    def contents(self) -> Check:
        """Every input of every job against what made it."""
        check = Check("closure", LEVEL, "Every job was given the content that its inputs have now.")
        mixed = self._mixed
        lost: dict[str, str] = {}
        for receipt in self._results.receipts:
            findings = [self._judged(receipt, path, digest, lost) for path, digest in receipt.inputs.items()]
            old = [found for found in findings if found is not None]
            for path in receipt.outputs:
                check.add(path)
                check.findings += [Changed(path, verdict, reason, now) for verdict, reason, now in old]
                if receipt.path in mixed:
                    check.findings.append(Changed(path, Verdict.MIXED, mixed[receipt.path], ""))
        for path, user in sorted(lost.items()):
            check.add(
                path, Verdict.MISSING, f"was given to {user}; neither the file nor a receipt that made it is there"
            )
        for cycle in self._cycles:
            check.add(
                cycle[0], Verdict.CORRUPT, f"says that it needs what it made, by way of {' and '.join(cycle[1:])}"
            )
        return check

    def _judged(
        self, receipt: Receipt, path: str, digest: str, lost: dict[str, str]
    ) -> tuple[Verdict, str, str] | None:
        """What is wrong with one input, and its digest now; None if nothing is."""
        made = self._results.artifacts.get(path)
        if made is not None:
            now = made.sha256
            return None if now == digest else (Verdict.STALE, _changed(path, digest, now), now)
        there = status_of_file(self._results, path) is not None
        if not there and not is_outside(path):
            lost.setdefault(path, receipt.path)
            return Verdict.UNVERIFIABLE, f"was made from {path}, which is not there", ""
        if not there:
            foreign = is_foreign(receipt, path)
            return (
                (Verdict.UNVERIFIABLE, f"was made from {path}, which is not on this machine", "") if foreign else None
            )
        now = self._external.get(path, digest)
        if now != digest:
            return Verdict.STALE, _changed(path, digest, now), now
        return None if is_outside(path) else (Verdict.UNVERIFIABLE, f"was made from {path}, which no receipt made", "")

    @cached_property
    def _external(self) -> dict[str, str]:
        """Digests of inputs that no job of the folder made, where they are there, and small unless all is read."""
        paths = {path for receipt in self._results.receipts for path in receipt.inputs}
        chosen = {}
        for path in sorted(paths - self._results.artifacts.keys()):
            status = status_of_file(self._results, path)
            if status is not None and (self._full or status.st_size < LARGE):
                chosen[place(self._results, path)] = path
        found = digests(chosen, os.cpu_count() or 1)
        return {chosen[file]: digest for file, digest in found.items() if isinstance(digest, str)}

    @cached_property
    def _mixed(self) -> dict[str, str]:
        """Jobs whose inputs, or what those were made from, hold two generations of one file, with the reason. Named is
        the job where the generations meet, not those after it."""
        found: dict[str, str] = {}
        for path in self._contested():
            contents: dict[str, frozenset[str]] = {}
            for receipt in self._in_order:
                own = {receipt.inputs[path]} if path in receipt.inputs else set()
                before = [contents.get(maker.path, frozenset()) for maker in self._chains.makers(receipt)]
                contents[receipt.path] = frozenset(own.union(*before))
                if len(contents[receipt.path]) > 1 and all(len(content) <= 1 for content in before):
                    first, second = sorted(contents[receipt.path])[:2]
                    said = f"was made from two generations of {path}: {first[:12]} and {second[:12]}"
                    found.setdefault(receipt.path, said)
        return found | self._half()

    def _contested(self) -> list[str]:
        """Files that different jobs were given with different contents."""
        seen: dict[str, set[str]] = {}
        for receipt in self._results.receipts:
            for path, digest in receipt.inputs.items():
                seen.setdefault(path, set()).add(digest)
        return sorted(path for path, contents in seen.items() if len(contents) > 1)

    def _half(self) -> dict[str, str]:
        """Jobs that were given some files of another job as they are now, and some as they were before."""
        found = {}
        for receipt in self._results.receipts:
            same: dict[str, dict[bool, str]] = {}
            for path, digest in receipt.inputs.items():
                made = self._results.artifacts.get(path)
                if made is not None:
                    same.setdefault(made.receipt, {})[made.sha256 == digest] = path
            for maker, kinds in sorted(same.items()):
                if len(kinds) == 2:
                    said = (
                        f"was made from {kinds[True]} as {maker} made it, and from {kinds[False]} of another run of it"
                    )
                    found[receipt.path] = said
        return found

    @cached_property
    def _sorted(self) -> tuple[list[Receipt], list[list[str]]]:
        """Receipts with makers before users, and the cycles among them, by an iterative depth-first search."""
        order: list[Receipt] = []
        cycles: list[list[str]] = []
        state: dict[str, bool] = {}
        for start in self._results.receipts:
            stack = [(start, iter(self._chains.makers(start)))] if start.path not in state else []
            state.setdefault(start.path, False)
            while stack:
                receipt, makers = stack[-1]
                maker = next(makers, None)
                if maker is None:
                    stack.pop()
                    state[receipt.path] = True
                    order.append(receipt)
                elif maker.path not in state:
                    state[maker.path] = False
                    stack.append((maker, iter(self._chains.makers(maker))))
                elif not state[maker.path]:
                    trail = [entry.path for entry, _ in stack]
                    cycles.append([*trail[trail.index(maker.path) :], maker.path])
        return order, cycles

    @property
    def _in_order(self) -> list[Receipt]:
        return self._sorted[0]

    @property
    def _cycles(self) -> list[list[str]]:
        return self._sorted[1]

    def order(self) -> Check:
        """Every job against the ends of the jobs that made its inputs."""
        check = Check("times", LEVEL, "No job began before the jobs that made its inputs had ended.")
        for receipt in self._results.receipts:
            started = moment(receipt, "started")
            late = ""
            for maker in self._chains.makers(receipt) if started is not None else []:
                ended = moment(maker, "ended")
                if started is not None and ended is not None and ended > started + SLACK:
                    late = f"began {started.isoformat()}, before {maker.path} ended at {ended.isoformat()}"
            for path in receipt.outputs:
                check.add(path, Verdict.TOUCHED if late else Verdict.IDENTICAL, f"its job {late}" if late else "")
        return check


def _changed(path: str, digest: str, now: str) -> str:
    return f"was made from {path} with content {digest[:12]}, which is {now[:12]} now"
