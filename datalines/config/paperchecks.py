"""Cross references of section `papers`: what figures, tables, simulations and claims name must exist elsewhere."""

from collections.abc import Mapping
from pathlib import Path

from datalines.config.claims import check_claim
from datalines.config.concepts import CONCEPTS
from datalines.config.errors import Findings, Loc
from datalines.config.papers import SCRIPTS, WHOLE_RECORDS, Figure, Table
from datalines.config.published import entry_of
from datalines.config.study import Study
from datalines.errors import DatalinesError
from datalines.theory.specs import read_spec


def check_papers(study: Study, names: Mapping[str, list[str]], root: Path, found: Findings) -> None:
    """Add every reference of the papers, and of the targets, that leads nowhere; `names` are all entries by section."""
    for index, paper in enumerate(study.study.targets):
        found.check_known(("study", "targets", index), paper, "paper", names["papers"])
    folder = root / SCRIPTS
    scripts = [path.relative_to(folder).with_suffix("").as_posix() for path in folder.glob("*/*.py")]
    for slug in study.papers:
        PaperChecker(study, names, scripts, found, slug).check()


class PaperChecker:
    """Checks one paper."""

    def __init__(
        self, study: Study, names: Mapping[str, list[str]], scripts: list[str], found: Findings, paper: str
    ) -> None:
        self.study, self.names, self.scripts, self.found = study, names, scripts, found
        self.loc: Loc = ("papers", paper)
        self.paper = study.papers[paper]

    def check(self) -> None:
        """Add every reference that leads nowhere."""
        paper = self.paper
        for name, table in paper.tables.items():
            loc = (*self.loc, "tables", name)
            self._drawn(loc, table)
            if name in paper.figures:
                text = "is the name of a figure too; both would be written to the same files, so rename one"
                self.found.add(loc, text)
        for name, figure in paper.figures.items():
            self._drawn((*self.loc, "figures", name), figure)
            self._figure_shifts((*self.loc, "figures", name, "shifts"), figure)
        for name, claim in paper.claims.items():
            check_claim((*self.loc, "claims", name), claim, self.study.experiments, paper.theory, self.found)
        for name, values in paper.theory.items():
            try:
                read_spec(name, values)
            except DatalinesError as error:
                self.found.add((*self.loc, "theory", name), f"is no sound simulation: {error}")

    def _known(self, loc: Loc, name: str | None, section: str, noun: str) -> None:
        if name is not None:
            self.found.check_known(loc, name, noun, self.names[section])

    def _drawn(self, loc: Loc, part: Figure | Table) -> None:
        self._known((*loc, "experiment"), part.experiment, "experiments", "experiment")
        for index, pool in enumerate(part.pools or []):
            self._known((*loc, "pools", index), pool, "pools", "pool")
        for index, shift in enumerate(getattr(part, "sets", None) or []):
            self._known((*loc, "sets", index), shift, "shifts", "shift")
        for index, table in enumerate(part.tables or []):
            self._table((*loc, "tables", index), table)
        self.found.check_known((*loc, "script"), part.script, "script", self.scripts, f"scripts in {SCRIPTS}")

    def _table(self, loc: Loc, table: str) -> None:
        source, name = table.split("/")
        if source == "theory":
            self.found.check_known(loc, name, "simulation", self.paper.theory)
        elif source == "published":
            entry = entry_of(name, self.study.published)
            self._known(loc, entry, "published", "source of published results")
        elif source == "records" and name.startswith(CONCEPTS):
            pools = [pool for entry in self.study.concepts.values() for pool in entry.pools]
            self.found.check_known(loc, name.removeprefix(CONCEPTS), "pool of section concepts", dict.fromkeys(pools))
        elif not (source == "records" and name in WHOLE_RECORDS):
            self._known(loc, name.removesuffix("-points") if source == "fits" else name, "experiments", "experiment")

    def _figure_shifts(self, loc: Loc, figure: Figure) -> None:
        experiment = self.study.experiments.get(figure.experiment or "")
        if experiment is not None:
            noun, many = f"shift of experiment {figure.experiment}", f"shifts of experiment {figure.experiment}"
            for index, shift in enumerate(figure.shifts):
                self.found.check_known((*loc, index), shift, noun, experiment.shifts, many)
