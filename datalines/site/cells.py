"""Tables of pages: cells that name a family or a source lead to its page, and every row to what its cells come from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

CHAIN = "#chain"


@dataclass(frozen=True)
class Cell:
    """A cell as text; `href` leads to the page of what it names."""

    text: str
    href: str = ""


@dataclass(frozen=True)
class Line:
    """A row of a table, and where the chain behind its cells is told."""

    cells: list[Cell]
    chain: str


class Subjects:
    """Pages of what a table can speak of: of each, its slug and its display name lead there. Earlier ones win."""

    def __init__(self, *groups: Mapping[str, tuple[str, str]]) -> None:
        """Each group is {slug: (display name, page)}."""
        self._pages: dict[str, str] = {}
        for group in groups:
            for slug, (title, page) in group.items():
                self._pages.setdefault(slug, page)
                self._pages.setdefault(title, page)

    def page(self, text: str) -> str:
        """The page of what a cell names; empty for any other text."""
        return self._pages.get(text.strip(), "")

    def lines(self, head: Sequence[str], rows: Sequence[Sequence[str]], numeric: Sequence[bool]) -> list[Line]:
        """Rows with their links. A row's chain is that of the first thing that it names, else that of the table."""
        found = []
        for row in rows:
            cells = [Cell(text, "" if number else self.page(text)) for text, number in zip(row, numeric, strict=True)]
            named = _run(head, row, next((cell.href for cell in cells if cell.href), ""))
            found.append(Line(cells, named or CHAIN))
        return found


def _run(head: Sequence[str], row: Sequence[str], page: str) -> str:
    """The page of a family at the run that the row is about, where it has columns size and seed."""
    if not page.startswith("family-") or "size" not in head or "seed" not in head:
        return page
    size, seed = row[list(head).index("size")], row[list(head).index("seed")]
    return f"{page}#{run_anchor(size, seed)}" if size and seed else page


def run_anchor(size: str, seed: str | int) -> str:
    """Anchor of one run on its family's page."""
    return f"run-{size}-{seed}"
