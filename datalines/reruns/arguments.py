"""What `datalines explain`, `accept`, `what-if` and `rehydrate` may be given. Loads nothing large, because every
command builds all parsers."""

import argparse
from pathlib import Path

COMMANDS = {
    "explain": "tell what would run for a file, rule, figure or experiment, why, and what it costs",
    "accept": "write down that a change does no harm, so that nothing runs again for it",
    "what-if": "tell what a change would make run, what would survive, and what it costs; changes nothing",
    "rehydrate": "check results that were moved or copied against their receipts, and write Snakemake's notes anew",
}
TARGET = "a file, a rule, an experiment, a figure or table (fig-03 or qnq/fig-03), or all"
CHANGE = "pool=NAME:v2, mixture=NAME, file:PATH or KEY=VALUE (docs/reruns.md has all ways)"


def add_explain(parser: argparse.ArgumentParser) -> None:
    """Add the options of `datalines explain`."""
    parser.add_argument("target", nargs="?", default="all", metavar="TARGET", help=f"{TARGET} (default: all)")
    _add_call(parser)
    _add_machine(parser)


def add_accept(parser: argparse.ArgumentParser) -> None:
    """Add the options of `datalines accept`."""
    parser.add_argument("target", metavar="TARGET", help=TARGET)
    parser.add_argument(
        "--because", required=True, metavar="TEXT", help="why the change does no harm; the audit says it"
    )
    parser.add_argument("--who", metavar="NAME", help="who says so (default: the user of this machine)")
    _add_call(parser)


def add_what_if(parser: argparse.ArgumentParser) -> None:
    """Add the options of `datalines what-if`."""
    parser.add_argument("changes", nargs="+", metavar="CHANGE", help=CHANGE)
    parser.add_argument("--target", default="all", metavar="TARGET", help=f"{TARGET} (default: all)")
    _add_call(parser)
    _add_machine(parser)


def add_rehydrate(parser: argparse.ArgumentParser) -> None:
    """Add the options of `datalines rehydrate`."""
    parser.add_argument("folder", type=Path, metavar="FOLDER", help="results of a scale, such as results/study")
    parser.add_argument("--target", default="all", metavar="TARGET", help=f"{TARGET} (default: all)")
    _add_call(parser)


def _add_call(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--scale", metavar="NAME", help="scale of the study (default: the one in config/config.yaml)")
    add("--config", nargs="+", metavar="KEY=VALUE", default=[], help="as for snakemake")
    add("--profile", metavar="FOLDER", default="profiles/local", help="profile (default: profiles/local)")
    add("--json", action="store_true", help="print JSON")


def _add_machine(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--cores", type=_count_of, metavar="N", help="cores of the machine (default: all of this one)")
    add("--gpus", type=_count_of, metavar="N", default=0, help="GPUs of the machine (default: 0)")


def _count_of(text: str) -> int:
    if text.isdecimal():
        return int(text)
    raise argparse.ArgumentTypeError(f"{text!r} is not a whole number")
