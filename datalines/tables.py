"""Tables as files: csv with raw numbers for reading back, LaTeX (booktabs) and Markdown with formatted ones."""

import math
from dataclasses import dataclass, field
from numbers import Integral, Real
from pathlib import Path
from typing import Any

import pandas as pd

MISSING = "–"
SENTENCE = 60
"""Texts of more signs than this are wrapped in LaTeX."""
_LATEX = {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "–": "--",
    **{sign: f"\\{sign}" for sign in "&%$#_{}"},
    "×": r"$\times$",
    "±": r"$\pm$",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
}


@dataclass(frozen=True)
class Table:
    """A table as the config declares it: caption title, display names by slug, and the script's own options.

    Option `digits` (default 1) is the number of decimals of fractions, `notes` a list of remarks under the table.
    """

    title: str
    titles: dict[str, str] = field(default_factory=dict)
    options: dict[str, Any] = field(default_factory=dict)

    def name(self, slug: str) -> str:
        """Display name of a pool, family or shift; the slug itself where none is given."""
        return self.titles.get(slug, slug)

    @property
    def digits(self) -> int:
        """Decimals of numbers that are not whole."""
        return int(self.options.get("digits", 1))

    @property
    def notes(self) -> list[str]:
        """Remarks printed under the table."""
        return [str(note) for note in self.options.get("notes", [])]


def show(value: object, digits: int = 1) -> str:
    """One cell as text: thousands separated, fractions rounded, missing values as a dash."""
    if value is None or value is pd.NA or (isinstance(value, float) and math.isnan(value)):
        return MISSING
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Integral):
        return f"{int(value):,}"
    if isinstance(value, Real):
        return f"{float(value):,.{digits}f}"
    return str(value)


def _cells(frame: pd.DataFrame, digits: int) -> list[list[str]]:
    # Column by column: a row of a mixed frame would turn whole numbers into fractions.
    columns = [[show(value, digits) for value in frame[name].tolist()] for name in frame]
    return [list(row) for row in zip(*columns, strict=True)]


def _is_numeric(column: pd.Series) -> bool:
    return pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column)


def _text_column(column: pd.Series) -> str:
    """LaTeX's column of texts: as wide as they are, or wrapped where they are sentences."""
    return r"p{0.3\linewidth}" if max((len(str(text)) for text in column), default=0) > SENTENCE else "l"


def escape_latex(text: str) -> str:
    """Text with LaTeX's special characters made harmless; line breaks become spaces."""
    return "".join(_LATEX.get(sign, sign) for sign in " ".join(text.split()))


def to_latex(frame: pd.DataFrame, table: Table) -> str:
    """A floating booktabs table: numbers right-aligned, the title as caption, notes beneath."""
    align = "".join("r" if _is_numeric(frame[name]) else _text_column(frame[name]) for name in frame)
    body = [" & ".join(escape_latex(cell) for cell in row) + r" \\" for row in _cells(frame, table.digits)]
    head = " & ".join(escape_latex(str(name)) for name in frame) + r" \\"
    notes = [rf"\par\smallskip{{\footnotesize {escape_latex(note)}}}" for note in table.notes]
    caption = rf"\caption{{{escape_latex(table.title)}}}"
    lines = [
        *["% needs \\usepackage{booktabs}", r"\begin{table}[t]", r"\centering", caption],
        *[rf"\begin{{tabular}}{{{align}}}", r"\toprule", head, r"\midrule", *body, r"\bottomrule", r"\end{tabular}"],
        *[*notes, r"\end{table}"],
    ]
    return "\n".join(lines) + "\n"


def to_markdown(frame: pd.DataFrame, table: Table) -> str:
    """A pipe table padded to even columns, numbers right-aligned, under its title in bold; notes beneath."""
    head, rows = [str(name) for name in frame], _cells(frame, table.digits)
    grid = [[cell.replace("|", "\\|").replace("\n", " ") for cell in row] for row in [head, *rows]]
    right = [_is_numeric(frame[name]) for name in frame]
    widths = [max(3, *(len(row[place]) for row in grid)) for place in range(len(head))]
    sides = [">" if is_right else "<" for is_right in right]
    padded = [[f"{cell:{side}{width}}" for cell, side, width in zip(row, sides, widths, strict=True)] for row in grid]
    rule = ["-" * (width - 1) + (":" if side == ">" else "-") for side, width in zip(sides, widths, strict=True)]
    lines = [f"| {' | '.join(row)} |" for row in [padded[0], rule, *padded[1:]]]
    notes = [f"\n{note}" for note in table.notes]
    return "\n".join([f"**{table.title}**", "", *lines, *notes]) + "\n"


def save_table(frame: pd.DataFrame, table: Table, stem: str | Path) -> list[Path]:
    """Write <stem>.csv (raw numbers), .tex and .md; equal tables give equal bytes. Returns the paths."""
    texts = {
        "csv": frame.to_csv(index=False, lineterminator="\n"),
        "tex": to_latex(frame, table),
        "md": to_markdown(frame, table),
    }
    paths = []
    for ending, text in texts.items():
        path = Path(f"{stem}.{ending}")
        path.write_text(text, encoding="utf-8", newline="\n")
        paths.append(path)
    return paths
