"""Write the report: one HTML page that holds the targets' claims, figures and tables, the samples, the attrition of
every pool and the fits; and beside it pages of where each of them comes from."""

from datalines.forked import run_in_fork

run_in_fork(globals())

import logging
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd

from datalines.claims.page import shown
from datalines.files import write_text
from datalines.job import run
from datalines.receipts import versions
from datalines.report import LOOK, Claim, FigureItem, Front, Section, TableItem, render
from datalines.site.build import Site, Told, item_path
from datalines.site.lineage import item_page
from datalines.site.pages import FOLDER, write_manifest

log = logging.getLogger(__name__)


def paper_items(paper: dict[str, Any], folder: Path) -> Iterator[FigureItem | TableItem]:
    """Tables first, then figures, in the order of the config."""
    for name, spec in paper["tables"].items():
        links = {ending: folder / f"{name}.{ending}" for ending in ("csv", "tex", "md")}
        yield TableItem(spec["title"], links["csv"], table_notes(links["md"]), links)
    for name, spec in paper["figures"].items():
        links = {ending: folder / f"{name}.{ending}" for ending in ("pdf", "svg", "csv")}
        yield FigureItem(spec["title"], folder / f"{name}.png", links, figure_caption(folder / f"{name}.md"))


def table_notes(path: Path) -> str:
    """What stands under a table in its Markdown file."""
    lines = path.read_text().splitlines()
    last = max(number for number, line in enumerate(lines) if line.startswith("|"))
    return "\n".join(lines[last + 1 :]).strip()


def figure_caption(path: Path) -> str:
    """A figure's caption without its title, which the report prints itself."""
    return path.read_text().split(".** ", maxsplit=1)[1]


def ledger_items(paper: dict[str, Any], folder: Path) -> list[TableItem]:
    """The ledger of a paper's claims, where it states any."""
    if not paper["claims"]:
        return []
    links = {ending: folder / f"claims.{ending}" for ending in ("csv", "tex", "md")}
    return [TableItem("Claims", shown(pd.read_csv(links["csv"])), table_notes(links["md"]), links)]


def claims_of(paper: dict[str, Any], folder: Path) -> list[Claim]:
    """A paper's claims and their verdicts, for the front."""
    if not paper["claims"]:
        return []
    page = f"{FOLDER}/{item_page(f'papers/{folder.name}/claims')}"
    ledger = shown(pd.read_csv(folder / "claims.csv"))
    columns = [ledger[name] for name in ("Claim", "Paper", "Effect", "Verdict")]
    return [Claim(text, source, effect, verdict, page) for text, source, effect, verdict in zip(*columns, strict=True)]


def linked(section: Section, root: Path) -> Section:
    """A section whose figures and tables lead to their own pages."""
    pages = [replace(item, page=f"{FOLDER}/{item_page(item_path(item, root))}") for item in section.items]
    return replace(section, items=pages)


def sample_items(samples: list[Path]) -> list[FigureItem]:
    """The sheets of samples."""
    titles = {"sources": "Random samples of every source", "shifts": "Random samples of every evaluation set"}
    texts = {
        "sources": "Drawn by a keyed hash of the samples' ids from what the filter kept; "
        "the caption as it is trained on beneath each image.",
        "shifts": "Drawn by a keyed hash of the images' ids; the class beneath each image.",
    }
    return [FigureItem(titles[path.stem], path, beside(path), texts[path.stem]) for path in samples]


def batch_items(batches: list[Path]) -> list[FigureItem]:
    """The sources in the first batches of training."""
    text = (
        "Each column is one batch of the first run on the mixture's largest size, dashed lines are the shares of the "
        "whole mixture. The shards of each source are spread evenly over an epoch, and consecutive ones are shuffled "
        "together: so single batches scatter about the shares as chance has it, and many together keep to them."
    )
    title = "Sources in the first batches of every mixture"
    return [FigureItem(title, path, beside(path), text) for path in batches]


def beside(png: Path) -> dict[str, Path]:
    """The same figure in other formats, and its csv."""
    return {ending: png.with_suffix(f".{ending}") for ending in ("pdf", "svg", "csv")}


def facts(study: dict[str, Any], pools: list[Path], fits: list[Path], packages: Mapping[str, str]) -> dict[str, str]:
    """The front page's short list: scale, counts of what the study has, versions."""
    found = {"scale": study["scale"]}
    for counts in map(pd.read_csv, pools):
        found["sources"] = (
            f"{len(counts)} pools, {counts['requested'].sum():,} items requested, "
            f"{counts['stored'].sum():,} stored, {counts['kept'].sum():,} kept"
        )
    if fits:
        found["lines"] = f"{sum(len(pd.read_csv(path)) for path in fits):,} fits in {len(fits)} experiments"
    return {**found, "versions": ", ".join(f"{name} {version}" for name, version in packages.items())}


def record_sections(pools: list[Path], fits: list[Path], samples: list[Path], batches: list[Path]) -> list[Section]:
    """The report's sections on what the study's own records hold; a study of published results alone has none."""
    attrition = (
        "Requested = stored + failed by status, and stored = kept + dropped by the first reason; "
        "both are checked whenever shards are written."
    )
    note = (
        "Ordinary least squares on transformed axes, with percentile intervals of a seeded bootstrap. What it draws "
        "stands under resample: whole runs with all their epochs, or single points, which makes intervals too narrow, "
        "because epochs of one run are alike. er: percentage points above the baseline's line; er_multi: beside "
        "several in-distribution sets."
    )
    counted = [TableItem("What became of every requested item", path, attrition, {"csv": path}) for path in pools]
    fitted = [TableItem(f"Fits of experiment {path.stem}", path, note, {"csv": path}) for path in fits]
    sections = [
        Section("Samples", sample_items(samples)),
        Section("Batches", batch_items(batches)),
        Section("Sources", counted),
        Section("Lines", fitted),
    ]
    return [section for section in sections if section.items]


def compose(
    study: dict[str, Any],
    papers: dict[str, Any],
    titles: dict[str, str],
    experiments: dict[str, Any],
    sources: dict[str, Any],
    pools: list[Path],
    fits: list[Path],
    records: list[Path],
    samples: list[Path],
    batches: list[Path],
    html: Path,
    packages: dict[str, str],
) -> tuple[str, Site]:
    """The report's own page, which is to lie at `html`, and the pages beside it; nothing is written.

    `packages` are the versions that its front tells of.
    """
    root = html.parent.parent
    folders = {name: root / "papers" / name for name in papers}
    sections = [
        Section(spec["title"], [*ledger_items(spec, folders[name]), *paper_items(spec, folders[name])])
        for name, spec in papers.items()
    ]
    sections += record_sections(pools, fits, samples, batches)
    sections = [linked(section, root) for section in sections]
    told = Told(
        study["title"], study["scale"], study["substitutions"], experiments, titles, sources, study["overlap_distance"]
    )
    tables = {f"{path.parent.name}/{path.stem}": path for path in [*records, *fits]}
    site = Site(root, told, tables, sections, (LOOK / "style.css").read_text(encoding="utf-8"))
    claims = {spec["title"]: found for name, spec in papers.items() if (found := claims_of(spec, folders[name]))}
    front = Front(facts(study, pools, fits, packages), study["substitutions"], claims, site.doors())
    return render(study["title"], study["description"], sections, front, html.parent), site


def main(
    study: dict[str, Any],
    papers: dict[str, Any],
    titles: dict[str, str],
    experiments: dict[str, Any],
    sources: dict[str, Any],
    figures: list[Path],
    pools: list[Path],
    fits: list[Path],
    records: list[Path],
    samples: list[Path],
    batches: list[Path],
    html: Path,
    pages: Path,
) -> None:
    text, site = compose(
        study, papers, titles, experiments, sources, pools, fits, records, samples, batches, html, versions()
    )
    write_text(html, text)
    entries = site.write()
    write_manifest(pages, entries)
    log.info("%s, %d figures, %d files of further pages", html, len(figures), len(entries))


if __name__ == "__main__":
    run(main)
