"""Everything that is wrong with a configuration, in one error: the file, the key, and what to write instead."""

import difflib
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from datalines.errors import DatalinesError

Loc = tuple[str | int, ...]
COMMAND_LINE = "command line (--config/--configfile)"
SHOWN = 20
NAMES_SHOWN = 30


class Problem(NamedTuple):
    """One thing that is wrong: where it was written (file, or file and line), its dotted key, and a sentence."""

    source: str
    key: str
    text: str

    def __str__(self) -> str:
        return ": ".join(part for part in self if part)


class ConfigError(DatalinesError, ValueError):
    """A configuration that cannot be used. Its text shows every problem found, one a line, at most 20."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = list(problems)
        lines = [str(problem) for problem in self.problems[:SHOWN]]
        if len(self.problems) > SHOWN:
            lines.append(f"... and {len(self.problems) - SHOWN} more; correct these first")
        count = "1 problem" if len(self.problems) == 1 else f"{len(self.problems)} problems"
        super().__init__("\n".join([f"{count} in the configuration:", *lines]))


class Findings:
    """Collects problems while a configuration is checked, and knows which file set which key."""

    def __init__(self, origins: Mapping[Loc, str]) -> None:
        self._origins = origins
        self.problems: list[Problem] = []

    def source(self, loc: Loc) -> str:
        """The file that set `loc`, or that set the nearest key around it; empty if nobody did."""
        for end in range(len(loc), -1, -1):
            if loc[:end] in self._origins:
                return self._origins[loc[:end]]
        return ""

    def add(self, loc: Loc, text: str) -> None:
        """Note that the value at `loc` is wrong."""
        problem = Problem(self.source(loc), dotted(loc), text)
        if problem not in self.problems:
            self.problems.append(problem)

    def check_known(self, loc: Loc, name: str, kind: str, known: Iterable[str], many: str = "") -> bool:
        """Whether `name` is among `known`; if not, say so. `kind` is a noun such as `pool`, `many` its plural."""
        names = list(known)
        if name in names:
            return True
        article = "an" if kind[0] in "aeiou" else "a"
        text = f"'{name}' is not {article} {kind}{suggestion(name, names)}"
        self.add(loc, f"{text}Known {many or plural(kind)}: {listing(names)}")
        return False

    def stop(self) -> None:
        """Raise `ConfigError` if anything was found."""
        if self.problems:
            raise ConfigError(self.problems)


def dotted(loc: Loc) -> str:
    """`("mixtures", "half", "entries", 1)` as `mixtures.half.entries[1]`."""
    text = ""
    for part in loc:
        text += f"[{part}]" if isinstance(part, int) else f".{part}"
    return text.removeprefix(".")


def suggestion(name: object, known: Iterable[str]) -> str:
    """How a sentence about `name` ends: `; did you mean 'laion'? ` for `lion`, or `. ` when no known name is near."""
    near = difflib.get_close_matches(str(name), [str(item) for item in known], n=1, cutoff=0.6)
    return f"; did you mean '{near[0]}'? " if near else ". "


def listing(names: Iterable[str]) -> str:
    """Names in alphabetical order, cut after 30."""
    ordered = sorted(names)
    more = f", and {len(ordered) - NAMES_SHOWN} more" if len(ordered) > NAMES_SHOWN else ""
    return (", ".join(ordered[:NAMES_SHOWN]) or "none") + more


def plural(noun: str) -> str:
    """Plural of the nouns used in messages: family, class list, pool."""
    if noun.endswith("y"):
        return noun[:-1] + "ies"
    return noun + "s"
