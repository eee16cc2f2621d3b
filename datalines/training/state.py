"""A run in progress: what is saved of it, where, and how it is found again.

The folder is not a declared output, so that Snakemake does not delete it before a retry. Its name is the digest of the
run's identity, which also lies in it as `spec.json`; `state.json` names the last two states with their sha256, newest
first, and is written after them: a kill at any moment leaves a whole state behind.
"""

import json
import logging
import shutil
import time
from pathlib import Path
from typing import IO, Any, cast

import pandas as pd
import torch

from datalines.errors import StaleRunError, TrainingError
from datalines.files import HashingWriter, atomic, read_json, sha256_file, write_json

log = logging.getLogger(__name__)
KEPT = 2  # states; should the newest be damaged, the one before it is gone on from
SPEC, LISTING = "spec.json", "state.json"


def differences(there: Any, asked: Any, key: str = "") -> list[str]:
    """One line for every key in which two specs differ: `recipe.epochs: 8 there, 16 asked for`."""
    if isinstance(there, dict) and isinstance(asked, dict):
        found = []
        for name in sorted({*there, *asked}):
            found += differences(there.get(name), asked.get(name), f"{key}.{name}".lstrip("."))
        return found
    return [] if there == asked else [f"{key}: {_shown(there)} there, {_shown(asked)} asked for"]


def _shown(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _write(content: dict[str, Any], writer: HashingWriter) -> None:
    """torch.save, whose own complaint about a file that it could not finish hides what the system said."""
    try:
        torch.save(content, cast("IO[bytes]", writer))  # it writes and flushes, no more is asked of it
    except RuntimeError as error:
        if isinstance(error.__context__, OSError):
            raise error.__context__ from None
        raise


class Folder:
    """The folder of a run's state; `spec` says which run that is (plain data)."""

    def __init__(self, path: Path, spec: dict[str, Any]) -> None:
        self.path = path
        self.spec: dict[str, Any] = json.loads(json.dumps(spec))

    def claim(self) -> None:
        """Write down whose folder this is; one that belongs to another run is a StaleRunError with the differences.

        Only the process that trains this run may call it: files that a killed one left half-written are removed.
        """
        path = self.path / SPEC
        for half in self.path.glob(".*.tmp"):
            half.unlink()
        if not path.is_file():
            if (self.path / LISTING).is_file():
                raise StaleRunError(f"{self.path} holds a state but no {SPEC}; remove the folder to train anew")
            write_json(path, self.spec)
            return
        found = differences(read_json(path), self.spec)
        if found:
            raise StaleRunError(
                f"{self.path} holds the state of another run and is left as it is:\n  "
                + "\n  ".join(found)
                + "\nTake the change back to go on from it, or remove the folder to train anew"
            )

    def unfinished_others(self) -> list[str]:
        """What is left of the same member of the family trained otherwise, one text each: nothing is lost silently."""
        found = []
        for path in sorted(self.path.parent.glob(f"*/{SPEC}")):
            there = read_json(path)
            same = all(there.get(key) == self.spec.get(key) for key in ("family", "size", "seed"))
            if same and path.parent != self.path and (path.parent / LISTING).is_file():
                step = read_json(path.parent / LISTING)["states"][0]["step"]
                changes = "; ".join(differences(there, self.spec))
                found.append(f"{path.parent} holds this run at step {step} as it was before a change ({changes})")
        return found

    def save(self, content: dict[str, Any], step: int) -> None:
        """Write a state beside the last one; then name it; then remove the one before that."""
        path = self.path / f"step-{step:09d}.pt"
        with atomic(path) as temporary, temporary.open("wb") as stream:
            writer = HashingWriter(stream)
            _write(content, writer)
        entry = {"path": path.name, "step": step, "bytes": writer.position, "sha256": writer.hexdigest()}
        # A state of a later step is there only if it was found damaged.
        entries = [entry, *(other for other in self._entries() if other["step"] < step)][:KEPT]
        write_json(self.path / LISTING, {"states": entries})
        names = {entry["path"] for entry in entries}
        for stale in self.path.glob("step-*.pt"):
            if stale.name not in names:
                stale.unlink()

    def load(self) -> dict[str, Any] | None:
        """The newest state whose sha256 is as it was written; None if there is none. All damaged: a TrainingError."""
        entries = self._entries()
        for entry in entries:
            path = self.path / entry["path"]
            if path.is_file() and sha256_file(path) == entry["sha256"]:
                content: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
                return content
            log.warning("%s is missing or not as it was written; looking at the state before it", path)
        if entries:
            raise TrainingError(f"no state in {self.path} is as it was written; remove the folder to train anew")
        return None

    def newest(self) -> int | None:
        """The step of the newest state; None if there is none."""
        entries = self._entries()
        return int(entries[0]["step"]) if entries else None

    def kept(self) -> str:
        """What an error says of the states that are left."""
        step = self.newest()
        if step is None:
            return "no state was saved before"
        return f"the last good state, of step {step}, is kept in {self.path}"

    def remove(self) -> None:
        """Remove the state of a finished run; first what names the states, and what says that the run is finished, so
        that a kill in between leaves nothing to go on from."""
        for path in (self.path / LISTING, *self.path.glob("*.json")):
            path.unlink(missing_ok=True)
        shutil.rmtree(self.path)

    def _entries(self) -> list[dict[str, Any]]:
        path = self.path / LISTING
        return list(read_json(path)["states"]) if path.is_file() else []


class History:
    """One row for each step: step, epoch, learning rate, loss. A GPU's losses are fetched some steps at a time, as each
    look at one waits for the GPU."""

    def __init__(self, every: int = 1) -> None:
        self.rows: list[tuple[int, int, float, float]] = []
        self._every = every
        self._waiting: list[tuple[int, int, float, torch.Tensor]] = []

    def add(self, step: int, epoch: int, rate: float, loss: torch.Tensor) -> None:
        """Append a step, whose loss is not looked at yet."""
        self._waiting.append((step, epoch, rate, loss))

    @property
    def due(self) -> bool:
        """Whether it is time to settle."""
        return len(self._waiting) >= self._every

    def settle(self) -> None:
        """Fetch the losses that are outstanding; one that is no number is a TrainingError."""
        waiting, self._waiting = self._waiting, []
        losses = torch.stack([row[3].float() for row in waiting]).tolist() if waiting else []
        for (step, epoch, rate, _), loss in zip(waiting, losses, strict=True):
            if loss != loss or loss in (float("inf"), float("-inf")):
                raise TrainingError(f"the loss is {loss} in step {step} of epoch {epoch}")
            self.rows.append((step, epoch, rate, loss))

    def mean(self, steps: int) -> float:
        """Mean loss of the last steps."""
        losses = [row[3] for row in self.rows[-steps:]]
        return sum(losses) / len(losses)

    def frame(self, batch: int) -> pd.DataFrame:
        """One row per step: step, epoch, samples_seen, lr, loss."""
        frame = pd.DataFrame(self.rows, columns=["step", "epoch", "lr", "loss"])
        frame.insert(2, "samples_seen", frame["step"] * batch)
        return frame


class Clock:
    """When a state is due."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.reset()

    def reset(self) -> None:
        """A state was just saved."""
        self._saved = time.monotonic()

    def due(self) -> bool:
        """Whether the last state is longer ago than it should be."""
        return time.monotonic() - self._saved >= self.seconds
