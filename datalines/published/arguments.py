"""What `datalines er` may be given. Loads nothing large, because every command builds all parsers."""

import argparse
from pathlib import Path

from datalines.published.names import BASELINES, ONE_PER_MODEL, ROWS, SHIFTS, shift_named

AXES = ("logit", "probit", "linear")
X_SETS = ("full", "class-restricted")
UNITS = ("fraction", "percent")
DESCRIPTION = """
Effective robustness of accuracies that you have: how far a model lies above the line of published standard models, in
percentage points, with a 95 % interval. One model: --shift, --id and --ood. Many: --csv FILE. The baselines' files
come from $DATALINES_MIRROR, or from what `datalines fetch` left, else from the network. docs/effective-robustness.md
has examples, and says what the interval covers.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of `datalines er`."""
    parser.description = " ".join(DESCRIPTION.split())
    add = parser.add_argument
    add("--baseline", choices=[*BASELINES], default=next(iter(BASELINES)), help="whose line (default: %(default)s)")
    add("--shift", type=_shift, metavar="NAME", help=f"the shifted set: {', '.join(SHIFTS)}")
    add("--id", type=float, metavar="X", help="accuracy on ImageNet, in distribution")
    add("--ood", type=float, metavar="Y", help="accuracy on the shifted set")
    add("--unit", choices=UNITS, default=UNITS[0], help="unit of all accuracies given (default: %(default)s)")
    add("--n-id", type=_images, metavar="N", help="images behind --id (default: the set's)")
    add("--n-ood", type=_images, metavar="N", help="images behind --ood (default: the set's)")
    add("--axis", choices=AXES, default=AXES[0], help="axes on which the line is straight (default: %(default)s)")
    add(
        "--x",
        choices=X_SETS,
        default=X_SETS[0],
        help="what --id is measured on: all of ImageNet, or its images of the shift's classes (default: %(default)s)",
    )
    add("--rows", choices=ROWS, default=ONE_PER_MODEL, help="timm's rows behind the line (default: %(default)s)")
    add("--one-line", action="store_true", help="imagenet-a: one line, where the testbed draws two")
    add("--csv", type=Path, metavar="FILE", help="a table of models, a row each")
    add("--columns", metavar="ROLE=NAME,...", help="its columns: id, model, and ood or names of shifts")
    add("--out", type=Path, metavar="FILE", help="with --csv: where the result goes (default: printed)")
    add("--json", action="store_true", help="print JSON")


def _shift(text: str) -> str:
    try:
        return shift_named(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _images(text: str) -> int:
    if text.isdecimal() and int(text) > 0:
        return int(text)
    raise argparse.ArgumentTypeError(f"{text!r} is no number of images; write a whole number above 0")
