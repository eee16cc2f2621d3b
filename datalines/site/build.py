"""The whole site: a page for every figure and table, family, source, experiment and job behind a report."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd

from datalines.audit.results import Artifact, Receipt
from datalines.codehash import ROOT
from datalines.report import FigureItem, Section, TableItem, block_of
from datalines.site.cells import Cell, Line, Subjects
from datalines.site.code import modules, read_script
from datalines.site.dates import write_dates
from datalines.site.families import Families, family_page, source_page
from datalines.site.jobs import Job, Link, job_link, job_of
from datalines.site.lineage import Lineage, item_page, results_of, steps
from datalines.site.origins import Origins
from datalines.site.pages import FOLDER, Pages
from datalines.site.plots import embedded, plot_data

SCRIPTS = "workflow/scripts"
PREVIEW, LONGEST = 20, 500
"""Rows that a page shows of the csv beside a figure, and of a table."""


@dataclass(frozen=True)
class Told:
    """What the study says of itself, beside its files: title, scale, substitutions, specs of experiments by name,
    display names of families and sets, cards of sources, how near hashes of images count as near."""

    title: str
    scale: str
    substitutions: Sequence[str]
    experiments: Mapping[str, Any]
    titles: Mapping[str, str]
    sources: Mapping[str, Any]
    distance: int


def item_path(item: FigureItem | TableItem, root: Path) -> str:
    """Path of an item's main file in the results folder, without its ending."""
    file = item.png if isinstance(item, FigureItem) else item.links["csv"]
    return Path(os.path.relpath(file, root)).with_suffix("").as_posix()


class Site:
    """The pages of one report, in the folder `report` of the results below `root`."""

    def __init__(
        self, root: Path, told: Told, tables: Mapping[str, Path], sections: Sequence[Section], style: str
    ) -> None:
        """`tables` are the study's records and fits by name (`records/sources`), `sections` those of the report."""
        self._root, self._told, self._tables = root, told, tables
        self._here = root / "report" / FOLDER
        self._items = [item for section in sections for item in section.items]
        paths = [*(f"{item_path(item, root)}.csv" for item in self._items), *map(self._inside, tables.values())]
        self._results = results_of(root)
        self._lineage = Lineage(self._results)
        self._receipts = self._lineage.behind(paths)
        self._named: dict[str, list[Artifact]] = {}
        for artifact in self._results.artifacts.values():
            if artifact.manifest:
                self._named.setdefault(artifact.receipt, []).append(artifact)
        frames = {name: pd.read_csv(tables[f"records/{name}"]) for name in told.experiments}
        self._families = Families(frames, told.titles, told.sources, self._lineage, self._receipts, self._named)
        self._frames = frames
        families = {name: (told.titles.get(name, name), family_page(name)) for name in self._families.names}
        sources = {name: (card["title"], source_page(name)) for name, card in told.sources.items()}
        self._by_family, self._by_source = Subjects(families, sources), Subjects(sources, families)
        everywhere = {"study_title": told.title, "scale": told.scale, "substitutions": told.substitutions}
        self._pages = Pages(style, everywhere)
        self._experiments = {
            name: Link(f"experiment-{name}.html", spec["title"]) for name, spec in told.experiments.items()
        }

    def _inside(self, path: Path) -> str:
        return Path(os.path.relpath(path, self._root)).as_posix()

    def doors(self) -> dict[str, dict[str, str]]:
        """What the report's front leads to: {heading: {name: address seen from the report}}."""
        found = {
            "Interactive plots": {link.text: link.page for link in self._experiments.values()},
            "Sources": {card["title"]: source_page(name) for name, card in self._told.sources.items()},
            "Families": {self._told.titles.get(name, name): family_page(name) for name in self._families.names},
            "Receipts": {"All jobs": "jobs.html"},
        }
        return {
            head: {text: f"{FOLDER}/{page}" for text, page in links.items()} for head, links in found.items() if links
        }

    def write(self) -> list[dict[str, Any]]:
        """Make and write all pages; returns {path, bytes, sha256} of every file."""
        self.files()
        write_dates(self._root, self._receipts)
        return self._pages.write(self._here.parent)

    def files(self) -> dict[str, str]:
        """Make all pages: {name of the file in the pages' folder: its text}."""
        for item in self._items:
            self._item(item)
        for receipt in self._receipts:
            job = self._job(receipt)
            self._pages.add(job.page, "job.html.j2", heading=f"Job: {job.title}", job=job, code=self._code(receipt))
        for name in self._families.names:
            heading = f"Family: {self._told.titles.get(name, name)}"
            page = self._families.page(name, self._experiments)
            self._pages.add(family_page(name), "family.html.j2", heading=heading, family=page)
        for name in self._told.experiments:
            self._experiment(name)
        self._sources()
        self._jobs()
        return self._pages.files

    def _item(self, item: FigureItem | TableItem) -> None:
        path = item_path(item, self._root)
        receipt = self._results.maker(f"{path}.csv")
        table = isinstance(item, TableItem)
        block, spec = block_of(item, self._here, LONGEST), _spec(receipt)
        subjects = self._by_source if path == "records/pools" or spec.get("pools") else self._by_family
        self._pages.add(
            item_page(path),
            "item.html.j2",
            heading=item.title,
            path=path,
            block=block,
            image="" if table else f"../../{path}.png",
            lines=subjects.lines(block.head, block.rows, block.numeric) if table else [],
            preview=None if table else self._preview(item, path),
            experiment=self._experiments.get(spec.get("experiment") or ""),
            job=self._job(receipt) if receipt else None,
            code=self._code(receipt) if receipt else None,
        )

    def _preview(self, item: FigureItem | TableItem, path: str) -> dict[str, Any]:
        """The first rows of the table beside a figure."""
        block = block_of(TableItem(item.title, item.links["csv"], "", {}), self._here, PREVIEW)
        rows = [Line([Cell(cell) for cell in row], "") for row in block.rows]
        return {"head": block.head, "numeric": block.numeric, "rows": rows, "total": len(rows) + block.hidden_rows}

    def _job(self, receipt: Receipt) -> Job:
        return job_of(self._lineage, receipt, self._named.get(receipt.path, []))

    def _code(self, receipt: Receipt) -> dict[str, Any]:
        own = [path for path in receipt.said["inputs"] if path.startswith(f"{SCRIPTS}/") and path.endswith(".py")]
        return _code(f"{SCRIPTS}/{receipt.rule}.py", *((path, receipt.said["inputs"][path]) for path in own))

    def _experiment(self, name: str) -> None:
        told = self._told
        fits = self._tables[f"fits/{name}"]
        pages = {family: family_page(family) for family in self._families.names}
        data = plot_data(self._frames[name], pd.read_csv(fits), told.experiments[name], told.titles, pages)
        self._pages.add(
            self._experiments[name].page,
            "experiment.html.j2",
            heading=f"Experiment: {told.experiments[name]['title']}",
            data=embedded(data),
            records=f"../../records/{name}.csv",
            fits=f"../../fits/{name}.csv",
            fits_page=item_page(f"fits/{name}"),
            figures=self._drawn(name),
            families=[Link(entry["page"], entry["title"]) for entry in data["families"] if entry["page"]],
        )

    def _drawn(self, experiment: str) -> list[dict[str, Any]]:
        """The figures of an experiment."""
        found = []
        for item in self._items:
            path = item_path(item, self._root)
            receipt = self._results.maker(f"{path}.csv")
            if isinstance(item, FigureItem) and _spec(receipt).get("experiment") == experiment:
                block = block_of(item, self._here)
                size = {"width": block.width, "height": block.height}
                found.append({"title": item.title, "page": item_page(path), "image": f"../../{path}.png", **size})
        return found

    def _sources(self) -> None:
        names = ("pools", "statistics", "overlap", "samples")
        there = {name: self._tables[f"records/{name}"] for name in names if f"records/{name}" in self._tables}
        frames = {
            name: pd.read_parquet(path) if path.suffix == ".parquet" else pd.read_csv(path)
            for name, path in there.items()
        }
        titles = {**self._told.titles, **{name: card["title"] for name, card in self._told.sources.items()}}
        origins = Origins(frames, self._receipts, titles)
        for name, card in self._told.sources.items():
            trained = self._families.trained_on(name)
            page = origins.page(name, card, self._told.distance, self._by_source, trained)
            self._pages.add(source_page(name), "source.html.j2", heading=f"Source: {card['title']}", source=page)

    def _jobs(self) -> None:
        found = [
            {
                "rule": step.rule,
                "jobs": len(step.receipts),
                "links": [job_link(job) for job in step.receipts],
            }
            for step in steps(self._receipts)
        ]
        unreadable = self._results.unreadable
        self._pages.add(
            "jobs.html",
            "jobs.html.j2",
            heading="All jobs",
            steps=found,
            total=len(self._receipts),
            unreadable=unreadable,
        )


def _spec(receipt: Receipt | None) -> dict[str, Any]:
    """What the configuration says of a figure or table, by its job's receipt; empty for other jobs."""
    found = receipt.params.get("spec") if receipt else None
    return found if isinstance(found, dict) else {}


@cache
def _code(rule: str, *own: tuple[str, str]) -> dict[str, Any]:
    """The scripts behind a job: its rule's, and those among its inputs with the digest that the receipt states."""
    scripts = [found for path in (rule, *(path for path, _ in own)) if (found := read_script(ROOT, path))]
    read = {script.path: script.sha256 for script in scripts}
    notes = [f"{path} is not what it was when the job ran." for path, digest in own if read.get(path, digest) != digest]
    return {"scripts": scripts, "modules": modules(ROOT, scripts) if scripts else [], "notes": notes}
