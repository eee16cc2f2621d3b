"""Jobs behind a file, by the receipts: its maker, the makers of what that read, and so on back to the sources."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from datalines.audit.results import RECEIPTS, Receipt, Results, read_results


@dataclass(frozen=True)
class Step:
    """Jobs of one rule behind a file."""

    rule: str
    receipts: list[Receipt]


def results_of(root: Path) -> Results:
    """The receipts below `root`; none where the folder has none yet."""
    return read_results(root) if (root / RECEIPTS).is_dir() else Results(root, [], {}, [], {})


class Lineage:
    """Which jobs made what a job read. Looked up once for every job."""

    def __init__(self, results: Results) -> None:
        self.results = results
        self._before: dict[str, list[Receipt]] = {}
        self._heights: dict[str, int] = {}

    def behind(self, paths: Iterable[str]) -> list[Receipt]:
        """Receipts of all jobs that the files were made by, the ones furthest from the sources first; each once."""
        waiting = self._makers(paths)
        found = {receipt.path: receipt for receipt in waiting}
        while waiting:
            further = [made for receipt in waiting for made in self._read_by(receipt) if made.path not in found]
            waiting = list({made.path: made for made in further}.values())
            found.update({receipt.path: receipt for receipt in waiting})
        return sorted(found.values(), key=lambda receipt: (-self._height(receipt), receipt.path))

    def _makers(self, paths: Iterable[str]) -> list[Receipt]:
        return list({made.path: made for made in map(self.results.maker, paths) if made is not None}.values())

    def _read_by(self, receipt: Receipt) -> list[Receipt]:
        if receipt.path not in self._before:
            self._before[receipt.path] = self._makers(receipt.inputs)
        return self._before[receipt.path]

    def _height(self, receipt: Receipt) -> int:
        """Jobs on the longest way to a source. Receipts that name each other in a circle were not left by one run; the
        circle is cut where it was entered."""
        if receipt.path not in self._heights:
            self._heights[receipt.path] = 0
            self._heights[receipt.path] = 1 + max(map(self._height, self._read_by(receipt)), default=0)
        return self._heights[receipt.path]


def steps(receipts: Iterable[Receipt]) -> list[Step]:
    """Receipts by rule, in the order in which the rules are met."""
    found: dict[str, list[Receipt]] = {}
    for receipt in receipts:
        found.setdefault(receipt.rule, []).append(receipt)
    return [Step(rule, sorted(jobs, key=lambda job: job.path)) for rule, jobs in found.items()]


def of_rule(receipts: Iterable[Receipt], *rules: str, **wildcards: str) -> Iterator[Receipt]:
    """The receipts of some rules whose wildcards have these values."""
    for receipt in receipts:
        if receipt.rule in rules and wildcards.items() <= receipt.wildcards.items():
            yield receipt


def job_page(receipt: Receipt) -> str:
    """File name of a job's page."""
    return "job-" + receipt.path.removeprefix(f"{RECEIPTS}/").removesuffix(".json").replace("/", "--") + ".html"


def item_page(path: str) -> str:
    """File name of the page of a figure or table, by its file's path in the results folder without its ending."""
    return "item-" + path.replace("/", "-") + ".html"


def job_name(receipt: Receipt) -> str:
    """What a job is called beside its rule: its wildcards."""
    return " ".join(receipt.wildcards.values())


def job_title(receipt: Receipt) -> str:
    """A job's rule and name."""
    return f"{receipt.rule} {job_name(receipt)}".strip()
