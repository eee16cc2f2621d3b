"""What `datalines audit` may be given. Loads nothing large, because every command builds all parsers."""

import argparse
import re
import textwrap
from pathlib import Path

from datalines.audit.levels import COSTS

CELL = re.compile(r"[a-z0-9][a-z0-9-]*/[a-z0-9][a-z0-9-]*/[0-9]+")
DEFAULT = "closure"
WIDTH = 80
DESCRIPTION = """
Audits a results folder: is every file what its receipt says, does it follow from what it was made from, and do the
numbers come out again? Works on a copy on another machine, too. Writes audit.json and audit.html. Exit status: 0 where
all is sound, 1 where there is something to look at, 3 where something is broken.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of `datalines audit`."""
    parser.description = textwrap.fill(" ".join(DESCRIPTION.split()), WIDTH)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    costs = "\n".join(
        textwrap.fill(cost, WIDTH, initial_indent=f"  {level:10} ", subsequent_indent=" " * 13)
        for level, cost in COSTS.items()
    )
    parser.epilog = f"levels, each with those before it, and what they cost:\n{costs}"
    add = parser.add_argument
    add("folder", type=Path, nargs="?", metavar="FOLDER", help="results of one scale (default: results/<scale>)")
    add("--level", choices=[*COSTS], default=DEFAULT, help="how thorough (default: %(default)s)")
    add("--scale", metavar="NAME", help="audit results/NAME (default: the scale in config/config.yaml)")
    add("--full", action="store_true", help="read large files all, not a drawn share of them")
    add("--seed", type=_count, metavar="N", default=0, help="of everything that is drawn (default: 0)")
    add("--jobs", type=_positive, metavar="N", help="threads that read files (default: as many as cores)")
    add("--out", type=Path, metavar="FOLDER", help="where audit.json and audit.html go (default: FOLDER/audit)")
    add("--json", action="store_true", help="print audit.json instead of the summary")
    add("--cell", type=_cell, metavar="FAMILY/SIZE/SEED", help="with --level rerun: the run to train again")
    add("--models", type=_positive, metavar="K", default=2, help="models drawn by level sample (default: %(default)s)")
    add("--images", type=_positive, metavar="M", default=200, help="images drawn for each (default: %(default)s)")


def _count(text: str) -> int:
    if text.isdecimal():
        return int(text)
    raise argparse.ArgumentTypeError(f"{text!r} is not a whole number")


def _positive(text: str) -> int:
    if text.isdecimal() and int(text) > 0:
        return int(text)
    raise argparse.ArgumentTypeError(f"{text!r} is not a whole number above 0")


def _cell(text: str) -> str:
    if CELL.fullmatch(text):
        return text
    raise argparse.ArgumentTypeError(f"{text!r} is no FAMILY/SIZE/SEED, such as laion/full/0")
