"""The report: one static HTML page with every figure and table of a study, readable offline, on paper and on a phone.

In: what lies on disk (png, csv, links to other formats) with titles and captions. Out: the page as a string. Pictures
are embedded, everything else is linked relative to the page, so a results folder can be moved or zipped as it is.
"""

import base64
import csv
import os
import re
import struct
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import jinja2
import pandas as pd
from markupsafe import Markup, escape

from datalines.errors import DatalinesError

LOOK = Path(__file__).resolve().parent.parent / "workflow" / "report"
LONGEST_TABLE = 60
FIRST_PNG_BYTES = b"\x89PNG\r\n\x1a\n"
# Shown pixels for each stored one: figures are saved at 200 dots an inch, and their 7 point labels should be readable.
MAGNIFICATION = 0.65
# From this width-to-height ratio on, a figure has panels side by side; on a phone it is scrolled instead of shrunk.
WIDE_RATIO = 1.8


class ReportError(DatalinesError):
    """A file that the report should show and that is missing or not what its name says."""


@dataclass(frozen=True)
class FigureItem:
    """A picture to embed; `links` maps a label such as `pdf` to the same figure in another format.

    `page` is the address of its own page seen from the report, empty where it has none.
    """

    title: str
    png: Path
    links: Mapping[str, Path]
    caption: str
    notes: Sequence[str] = ()
    page: str = ""


@dataclass(frozen=True)
class TableItem:
    """A table to show; `frame` is a csv file with a header row, or the table itself. `page` as of a figure."""

    title: str
    frame: Path | pd.DataFrame
    caption: str
    links: Mapping[str, Path]
    notes: Sequence[str] = ()
    page: str = ""


Item = FigureItem | TableItem


@dataclass(frozen=True)
class Section:
    """A part of the report with its own entry in the table of contents."""

    title: str
    items: Sequence[Item] = ()
    text: str = ""


@dataclass(frozen=True)
class Claim:
    """A claim of a paper and what became of it; `page` is the address of its ledger seen from the report."""

    text: str
    source: str
    effect: str
    verdict: str
    page: str


@dataclass(frozen=True)
class Front:
    """What the report says first: rows of facts (scale, versions, counts), what stands in for the papers' data and
    models, claims by paper, and what further pages there are: {heading: {name: address}}."""

    facts: Mapping[str, str]
    substitutions: Sequence[str] = ()
    claims: Mapping[str, Sequence[Claim]] = field(default_factory=dict)
    doors: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


@dataclass(frozen=True)
class Block:
    """One figure or table as the template sees it."""

    anchor: str
    title: str
    caption: Markup
    links: dict[str, str]
    notes: Sequence[str]
    page: str = ""
    image: str = ""
    width: int = 0
    height: int = 0
    wide: bool = False
    head: list[str] = field(default_factory=list)
    rows: list[list[str]] = field(default_factory=list)
    numeric: list[bool] = field(default_factory=list)
    hidden_rows: int = 0


def render(
    title: str,
    description: str,
    sections: Sequence[Section],
    front: Front,
    here: Path,
    look: Path = LOOK,
) -> str:
    """The whole page. Deterministic: the same files give the same bytes.

    `here` is the folder that the page will lie in, `look` the folder with report.html.j2 and style.css.
    Captions, descriptions and texts are plain: an empty line starts a paragraph, backticks mark code.
    Raises ReportError for a file that is missing.
    """
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(look),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        keep_trailing_newline=True,
    )
    taken: set[str] = set()
    parts = []
    for section in sections:
        anchor = _anchor(section.title, taken)
        blocks = [replace(block_of(item, here), anchor=_anchor(item.title, taken)) for item in section.items]
        parts.append({"anchor": anchor, "title": section.title, "text": prose(section.text), "blocks": blocks})
    return environment.get_template("report.html.j2").render(
        title=title,
        description=prose(description),
        front=front,
        counts={paper: Counter(claim.verdict for claim in claims) for paper, claims in front.claims.items()},
        substitutions=[prose(text) for text in front.substitutions],
        sections=parts,
        style=Markup((look / "style.css").read_text(encoding="utf-8")),
    )


def prose(text: str) -> Markup:
    """Plain text as paragraphs: escaped, split at empty lines, `code` between backticks."""
    paragraphs = [" ".join(part.split()) for part in re.split(r"\n\s*\n", text.strip()) if part.strip()]
    marked = (re.sub(r"`([^`]+)`", r"<code>\1</code>", str(escape(part))) for part in paragraphs)
    return Markup("\n".join(f"<p>{part}</p>" for part in marked))


def block_of(item: Item, here: Path, longest: int = LONGEST_TABLE) -> Block:
    """A figure or table as a page in the folder `here` shows it, with at most `longest` rows of a table."""
    links = {label: _relative(path, here, item.title) for label, path in item.links.items()}
    plain = Block("", item.title, prose(item.caption), links, item.notes, item.page)
    if isinstance(item, FigureItem):
        return _figure(item, plain)
    head, rows = _read_table(item)
    numeric = [all(_is_number(row[column]) or not row[column] for row in rows) for column in range(len(head))]
    shown = [
        [_shorten(cell) if number else cell for cell, number in zip(row, numeric, strict=True)]
        for row in rows[:longest]
    ]
    return replace(plain, head=head, rows=shown, numeric=numeric, hidden_rows=len(rows) - len(shown))


def _anchor(title: str, taken: set[str]) -> str:
    slug = re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-") or "part"
    anchor, number = slug, 1
    while anchor in taken:
        number += 1
        anchor = f"{slug}-{number}"
    taken.add(anchor)
    return anchor


def _relative(path: Path, here: Path, title: str) -> str:
    if not path.is_file():
        raise ReportError(f"the report's item {title!r} links to {path}, which is not there")
    return Path(os.path.relpath(path.resolve(), here.resolve())).as_posix()


def _figure(item: FigureItem, block: Block) -> Block:
    try:
        content = item.png.read_bytes()
    except OSError as error:
        raise ReportError(f"the report's figure {item.title!r} cannot be read: {error}") from error
    if not content.startswith(FIRST_PNG_BYTES):
        raise ReportError(f"the report's figure {item.title!r}: {item.png} is not a PNG file")
    # The first chunk of a PNG file starts at byte 16 with width and height (PNG specification, IHDR).
    width, height = struct.unpack(">II", content[16:24])
    return replace(
        block,
        image="data:image/png;base64," + base64.b64encode(content).decode("ascii"),
        width=round(width * MAGNIFICATION),
        height=round(height * MAGNIFICATION),
        wide=width > WIDE_RATIO * height,
    )


def _read_table(item: TableItem) -> tuple[list[str], list[list[str]]]:
    if isinstance(item.frame, pd.DataFrame):
        return [str(name) for name in item.frame], [[str(cell) for cell in row] for row in item.frame.to_numpy()]
    try:
        with item.frame.open(newline="", encoding="utf-8") as file:
            rows = list(csv.reader(file))
    except OSError as error:
        raise ReportError(f"the report's table {item.title!r} cannot be read: {error}") from error
    if not rows:
        raise ReportError(f"the report's table {item.title!r}: {item.frame} is empty, not even a header row")
    ragged = [number for number, row in enumerate(rows, start=1) if len(row) != len(rows[0])]
    if ragged:
        raise ReportError(
            f"the report's table {item.title!r}: line {ragged[0]} of {item.frame} has another width than its header"
        )
    return rows[0], rows[1:]


def _is_number(cell: str) -> bool:
    return re.fullmatch(r"[-+]?(\d+(\.\d*)?|\.\d+)([eE][-+]?\d+)?", cell) is not None


def _shorten(cell: str) -> str:
    """A number for reading: whole numbers with thin spaces, others with four digits. The csv keeps every digit."""
    if re.fullmatch(r"[-+]?\d+", cell):
        return f"{int(cell):,}".replace(",", "\u202f")
    return f"{float(cell):.4g}" if cell else ""
