"""What a person may ask about: a file, a rule, an experiment, a figure or table, or everything."""

import os
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from datalines.audit.results import ResultsError, read_results
from datalines.config.errors import suggestion
from datalines.config.study import Study
from datalines.errors import DatalinesError
from datalines.reruns.graph import Graph

ALL = "all"


class TargetError(DatalinesError):
    """A target that nothing here is called."""


@dataclass(frozen=True)
class Target:
    """What was asked for: files that Snakemake is given (none: what a call without targets makes), or a rule whose jobs
    are picked from that."""

    name: str
    files: tuple[str, ...] = ()
    rule: str | None = None

    def places(self, graph: Graph) -> set[int]:
        """The jobs of the graph that it stands for, with all that they need."""
        if self.rule is None:
            return set(range(len(graph.steps)))
        if self.rule not in graph.rules():
            names = [*graph.rules(), *figures(graph.study), *graph.study.experiments]
            raise TargetError(
                f"{self.name} is no file here, no rule, no experiment, no figure and no table"
                f"{suggestion(self.name, names)}Write a path such as {graph.root}/report/index.html, a rule such as "
                f"train_model, or {ALL}"
            )
        chosen = [place for place, step in enumerate(graph.steps) if step.rule == self.rule]
        if not chosen:
            raise TargetError(f"rule {self.rule} has no job in what a call without targets makes; name a file of it")
        return graph.upstream(chosen)


def target_of(name: str, study: Study, root: Path, checkout: Path, here: Path) -> Target:
    """What a name stands for. `root` is the results folder from the checkout; a path may be given from `here`."""
    if name == ALL:
        return Target(name)
    drawn = figures(study)
    if name in drawn:
        return Target(name, tuple((root / path).as_posix() for path in drawn[name]))
    if name in study.experiments:
        return Target(name, tuple(f"{root}/{folder}/{name}.csv" for folder in ("records", "fits")))
    if "/" in name or Path(here, name).is_file():
        return Target(name, (_declared(name, root, checkout, here),))
    return Target(name, rule=name)


def figures(study: Study) -> dict[str, list[str]]:
    """Files of every figure and table by `<paper>/<name>`, and by its bare name where one paper has that."""
    kinds: list[tuple[str, Callable[[str], Iterable[str]]]] = [
        ("pdf", lambda paper: study.papers[paper].figures),
        ("csv", lambda paper: study.papers[paper].tables),
    ]
    found = {
        f"{paper}/{name}": [f"papers/{paper}/{name}.{extension}"]
        for paper in study.papers
        for extension, names in kinds
        for name in names(paper)
    }
    bare: dict[str, list[str]] = {}
    for name in found:
        bare.setdefault(name.rpartition("/")[2], []).append(name)
    return {**found, **{name: found[places[0]] for name, places in bare.items() if len(places) == 1}}


def _declared(name: str, root: Path, checkout: Path, here: Path) -> str:
    """A path from the checkout; of a file that only a manifest names, the output that the job declares."""
    given = Path(name) if (checkout / name).exists() or not (here / name).exists() else here / name
    path = Path(os.path.relpath(checkout / given, checkout)).as_posix()
    with suppress(ResultsError):
        results = read_results(checkout / root)
        inside = Path(os.path.relpath(checkout / path, checkout / root)).as_posix()
        maker = results.maker(inside)
        if maker is not None and inside not in maker.outputs:
            return (root / next(iter(maker.outputs))).as_posix()
    return path
