"""What came of the trials: lines while they run, a table, and a file with every one of them."""

import os
import platform
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from datalines.files import write_json

SCHEMA = 1


@dataclass(frozen=True)
class Outcome:
    """One trial: what was done, whether the study came to its true end, and whether the audit named the damage."""

    number: int
    kind: str
    did: str
    survived: bool
    detected: bool | None
    failures: tuple[str, ...]
    seconds: float

    def line(self) -> str:
        """A line for a reader."""
        named = {True: ", named", False: ", NOT NAMED", None: ""}[self.detected]
        end = "survived" if self.survived else "FAILED"
        return f"trial {self.number}: {self.kind}: {self.did}: {end}{named} ({self.seconds:.0f} s)"


def counts(outcomes: Sequence[Outcome]) -> dict[str, dict[str, int]]:
    """Trials, survivals, damaged studies and those that the audit named, by kind and in all."""
    kinds = sorted({outcome.kind for outcome in outcomes})
    chosen = {kind: [outcome for outcome in outcomes if outcome.kind == kind] for kind in kinds}
    return {kind: _counted(some) for kind, some in [*chosen.items(), ("all", list(outcomes))]}


def _counted(outcomes: Sequence[Outcome]) -> dict[str, int]:
    return {
        "trials": len(outcomes),
        "survived": sum(outcome.survived for outcome in outcomes),
        "damaged": sum(outcome.detected is not None for outcome in outcomes),
        "named": sum(outcome.detected is True for outcome in outcomes),
    }


def table(outcomes: Sequence[Outcome]) -> str:
    """The counts as text, with `named/damaged` where the audit was asked."""
    rows = [("kind", "trials", "survived", "named by the audit")]
    for kind, found in counts(outcomes).items():
        named = f"{found['named']} of {found['damaged']}" if found["damaged"] else ""
        rows.append((kind, str(found["trials"]), str(found["survived"]), named))
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows)


def is_lost(outcomes: Sequence[Outcome]) -> bool:
    """Whether anything was lost or missed."""
    return not all(outcome.survived and outcome.detected is not False for outcome in outcomes)


def write(path: Path, outcomes: Sequence[Outcome], seed: int, seconds: float, means: dict[str, str]) -> None:
    """The whole campaign as a file. `means` says by what a disk was filled, a folder closed, a clock moved."""
    ordered = sorted(outcomes, key=lambda outcome: outcome.number)
    said: dict[str, Any] = {
        "schema": SCHEMA,
        "seed": seed,
        "seconds": round(seconds),
        "machine": {"system": platform.platform(), "cores": os.cpu_count(), "means": means},
        "counts": counts(ordered),
        "failures": [asdict(outcome) for outcome in ordered if is_lost([outcome])],
        "trials": [asdict(outcome) for outcome in ordered],
    }
    write_json(path, said)
