"""Chains of receipts: from a file to the jobs behind it, back to what no job made."""

import os
import posixpath
from collections import deque
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

from datalines.audit.results import Artifact, Receipt, Results

WEB = ("fetch_pool", "download_list", "download_published")
"""Folders of receipts of jobs that ask other hosts: what they obtained may not be there a second time."""
PAPERS = "papers/"


class Chains:
    """Which jobs a job's inputs come from, over all receipts of a folder. Cycles do no harm."""

    def __init__(self, results: Results) -> None:
        self.results = results
        self.made: dict[str, list[Artifact]] = {}
        """All artifacts of a receipt, by its path: its outputs, and what its manifests vouch for."""
        for artifact in results.artifacts.values():
            self.made.setdefault(artifact.receipt, []).append(artifact)

    def makers(self, receipt: Receipt) -> list[Receipt]:
        """The jobs that made a job's inputs, each once."""
        found = (self.results.maker(path) for path in receipt.inputs)
        return list({maker.path: maker for maker in found if maker is not None}.values())

    def upstream(self, start: Iterable[Receipt]) -> list[Receipt]:
        """The jobs given and all behind them, nearest first."""
        queue = deque(start)
        found: dict[str, Receipt] = {}
        while queue:
            receipt = queue.popleft()
            if receipt.path not in found:
                found[receipt.path] = receipt
                queue.extend(self.makers(receipt))
        return list(found.values())

    def loose_ends(self, start: Receipt) -> list[str]:
        """Inputs in the folder, of a job or of one behind it, that no receipt made: there the chain ends too early."""
        return sorted(
            {
                path
                for receipt in self.upstream([start])
                for path in receipt.inputs
                if not is_outside(path) and self.results.maker(path) is None
            }
        )

    def remade(self, path: str) -> bool:
        """True if a file that is gone can be made again: every job behind it is known, and none asked other hosts."""
        maker = self.results.maker(path)
        return maker is not None and not self.loose_ends(maker) and not _from_the_web(self.upstream([maker]))


def _from_the_web(receipts: Iterable[Receipt]) -> bool:
    return any(receipt.path.split("/")[1] in WEB for receipt in receipts)


def is_outside(path: str) -> bool:
    """True for a path of a receipt that leads out of the results folder."""
    return path == ".." or path.startswith(("/", "../"))


def is_foreign(receipt: Receipt, path: str) -> bool:
    """True for a path that leads out of the checkout that the job ran in, too."""
    if path.startswith("/"):
        return True
    root = receipt.said.get("root") or "results/scale"
    return is_outside(posixpath.normpath(posixpath.join(str(root), path)))


def place(results: Results, path: str) -> Path:
    """Where a file named by a receipt lies now; `..` is followed by name, as where the results are a link."""
    return Path(os.path.normpath(results.root.absolute() / path))


def moment(receipt: Receipt, key: str) -> datetime | None:
    """A time that a receipt states; None where it states none that can be read, or one without a time zone."""
    said = receipt.said.get(key)
    try:
        found = datetime.fromisoformat(said) if isinstance(said, str) else None
    except ValueError:
        return None
    return found if found is not None and found.tzinfo is not None else None


def papers(results: Results) -> dict[str, list[Artifact]]:
    """Files of each table and figure, by its name without ending: `papers/qnq/fig-02`."""
    items: dict[str, list[Artifact]] = {}
    for path in sorted(results.artifacts):
        if path.startswith(PAPERS):
            items.setdefault(posixpath.splitext(path)[0], []).append(results.artifacts[path])
    return items
