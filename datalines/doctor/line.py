"""One line of the screen: what was looked at, how it stands, what was found, and what to do."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from datalines.config.study import Study


class State(StrEnum):
    """From best to worst."""

    OK = "ok"
    LOOK = "look"
    """Works, or may work; a person should know."""
    BROKEN = "broken"
    """A run would fail, or its numbers would be of something else."""


STATUS = {State.OK: 0, State.LOOK: 1, State.BROKEN: 3}
"""Exit statuses; 2 is for a command that was called wrongly."""


@dataclass(frozen=True)
class Line:
    """What one check says."""

    name: str
    state: State
    found: str
    todo: str = ""
    """What to do, as a sentence; empty where there is nothing."""


@dataclass(frozen=True)
class Asked:
    """What is examined: a checkout, a scale of its study (no study: its configuration cannot be used), a profile."""

    checkout: Path
    scale: str
    study: Study | None
    profile: Path

    @property
    def results(self) -> Path:
        """Where the scale's results go; they need not be there."""
        return self.checkout / "results" / self.scale


def status_of(lines: Iterable[Line]) -> int:
    """Exit status by the worst line."""
    return max((STATUS[line.state] for line in lines), default=0)


def nearest(path: Path) -> Path:
    """The path itself, or the nearest folder above it that is there."""
    return next((place for place in (path, *path.parents) if place.exists()), Path("/"))


def listed(texts: Iterable[str], shown: int = 4) -> str:
    """The first of some texts, and how many more there are."""
    every = list(texts)
    more = f" and {len(every) - shown} more" if len(every) > shown else ""
    return ", ".join(every[:shown]) + more
