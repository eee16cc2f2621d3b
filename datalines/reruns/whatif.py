"""What a change would make run, what would survive, and the price; nothing is changed.

A change is written in one of four ways:

- `pool=NAME:vN`, and `recipe`, `shift`, `scorer` the same: the declared version is raised to N.
- `pool=NAME`, and `mixture`, `shift`, `family`, `experiment` the same: the files of its jobs come out otherwise.
- `file:PATH`: a file has another content, one that jobs read, a script or a module of the library.
- `KEY=VALUE`: a key of the study at its place, such as `recipes.clip.epochs=4`.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import yaml

from datalines import codehash
from datalines.config.errors import suggestion
from datalines.config.study import Study
from datalines.errors import DatalinesError
from datalines.reruns.graph import Asked, Graph
from datalines.sources import Source, Sources

VERSIONED = {"pool": "pools", "recipe": "recipes", "shift": "shifts", "scorer": "scorers"}
MADE = {
    "pool": ("pool", ("download_pool", "fetch_pool")),
    "mixture": ("mixture", ("mix_shards",)),
    "shift": ("shift", ("prepare_shift", "filter_shift")),
    "family": ("family", ("train_model",)),
    "experiment": ("experiment", ("collect_records",)),
}
"""Kind -> wildcard and rules of the jobs that make it."""
SECTIONS = {**VERSIONED, "mixture": "mixtures", "family": "families", "experiment": "experiments"}
CODE = ("datalines/", "workflow/scripts/")
DECLARED = re.compile(r"v([1-9][0-9]*)")


class WhatIfError(DatalinesError):
    """A change that is not written in one of the ways that there are, or that names nothing."""


@dataclass(frozen=True)
class Supposed:
    """Changes as they were understood: settings of the study, jobs to force, code that says something else."""

    settings: dict[str, Any]
    forced: tuple[tuple[str, str], ...]
    """(wildcard or `input`, name or path) of the jobs whose files come out otherwise."""
    code: frozenset[str]


def understood(changes: Sequence[str], study: Study, checkout: Path) -> Supposed:
    """Read changes. Raises WhatIfError for what names nothing that the study has."""
    settings: dict[str, Any] = {}
    forced: list[tuple[str, str]] = []
    code: set[str] = set()
    for change in changes:
        key, equals, value = change.partition("=")
        if not equals and change.startswith("file:"):
            path = change.removeprefix("file:").removeprefix("./")
            _check_file(path, checkout)
            if path.startswith(CODE) and path.endswith(".py"):
                code.add(path)
            else:
                forced.append(("input", path))
        elif not equals or not key or not value:
            raise WhatIfError(f"{change!r} is no change; write pool=NAME:v2, mixture=NAME, file:PATH or KEY=VALUE")
        elif key in SECTIONS:
            name, colon, version = value.partition(":")
            _check_name(key, name, study)
            if colon:
                _lay(settings, (VERSIONED.get(key, ""), name, "version"), _version(key, name, version, study))
            elif key in MADE:
                forced.append((key, name))
            else:
                raise WhatIfError(f"{change!r} says nothing new; write {key}={name}:v<number>, or a key of it")
        else:
            _lay(settings, tuple(key.split(".")), _value(key, value))
    return Supposed(settings, tuple(forced), frozenset(code))


def asking(asked: Asked, supposed: Supposed, graph: Graph) -> Asked:
    """The call with the changes in it; `graph` is the one without them, which knows the jobs to force."""
    forced = [path for kind, name in supposed.forced for path in _outputs(graph, kind, name)]
    return replace(asked, settings=supposed.settings, forced=tuple(dict.fromkeys(forced)))


def _outputs(graph: Graph, kind: str, name: str) -> list[str]:
    """An output of each job that makes or, with kind `input`, reads something."""

    def meant(wildcards: dict[str, str], rule: str, inputs: Sequence[str], ancient: frozenset[str]) -> bool:
        if kind == "input":
            return name in inputs and name not in ancient
        wildcard, rules = MADE[kind]
        return rule in rules and wildcards.get(wildcard) == name

    steps = [step for step in graph.steps if meant(step.wildcards, step.rule, step.inputs, step.ancient)]
    if not steps:
        what = "is an input of" if kind == "input" else "is made by"
        raise WhatIfError(f"{name} {what} no job of scale {graph.study.scale}, so nothing would run")
    return [step.outputs[0] for step in steps]


@contextmanager
def other_code(paths: frozenset[str]) -> Iterator[None]:
    """While this holds, some files of the checkout say something else to whom asks for the digest of their code."""
    before: Callable[[], Sources] = codehash.sources
    other = _OtherSources(paths)
    codehash.forget()
    codehash.sources = lambda: other  # type: ignore[assignment]
    try:
        yield
    finally:
        codehash.sources = before  # type: ignore[assignment]
        codehash.forget()


class _OtherSources(Sources):
    """The files of the checkout, some of them with other code and the same imports; nothing of that is kept."""

    def __init__(self, paths: frozenset[str]) -> None:
        super().__init__(codehash.ROOT / codehash.KEPT)
        self._other = {codehash.ROOT / path for path in paths}

    def source(self, path: Path) -> Source:
        """What one file says."""
        found = super().source(path)
        return replace(found, code="another", documented="another") if path in self._other else found

    def keep(self) -> None:
        """Write nothing."""


def _check_file(path: str, checkout: Path) -> None:
    if path.startswith("config/") or path == "Snakefile" or path.endswith(".smk"):
        raise WhatIfError(f"what {path} would say is not known; name the key: KEY=VALUE, such as recipes.clip.epochs=4")
    if not (checkout / path).is_file():
        raise WhatIfError(f"there is no file {path} in {checkout}; write its path from there")


def _check_name(kind: str, name: str, study: Study) -> None:
    known = getattr(study, SECTIONS[kind], {})
    if name not in known:
        raise WhatIfError(f"there is no {kind} {name!r}{suggestion(name, known)}It is one of {', '.join(known)}")


def _version(kind: str, name: str, version: str, study: Study) -> int:
    if kind not in VERSIONED:
        raise WhatIfError(f"a {kind} has no version; write {kind}={name}, as if its files came out otherwise")
    given = DECLARED.fullmatch(version)
    if given is None:
        raise WhatIfError(f"{version!r} is no version; write {kind}={name}:v2, a whole number")
    now = getattr(study, SECTIONS[kind])[name].version
    if int(given[1]) == now:
        raise WhatIfError(f"{kind} {name} is declared with version {now} already; write another")
    return int(given[1])


def _value(key: str, text: str) -> Any:
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise WhatIfError(f"the value of {key} is no YAML: {text!r}") from error


def _lay(settings: dict[str, Any], place: tuple[str, ...], value: Any) -> None:
    for key in place[:-1]:
        settings = settings.setdefault(key, {})
        if not isinstance(settings, dict):
            raise WhatIfError(f"{'.'.join(place)} lies below a key that another change sets; write one of them")
    settings[place[-1]] = value
