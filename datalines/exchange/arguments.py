"""What `datalines export` may be given. Loads nothing large, because every command builds all parsers."""

import argparse
from pathlib import Path

FORMATS = {
    "ro-crate": "Workflow Run RO-Crate: every job and file, for other software and for archives",
    "croissant": "Croissant: one file for each pool and mixture, for data loaders and reviewers",
    "codecheck": "a CODECHECK bundle: tables, figures and codecheck.yml",
    "checklist": "the fields of ACM's artifact appendix and NeurIPS' checklist, as Markdown and JSON",
}
DESCRIPTION = """
Write a finished study in a format that other software reads, from its receipts and manifests; Snakemake is not needed.
docs/exchange.md says what each format holds.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of `datalines export`."""
    parser.description = " ".join(DESCRIPTION.split())
    add = parser.add_argument
    add(
        "folder",
        type=Path,
        nargs="?",
        metavar="FOLDER",
        help="results of one scale, here or copied elsewhere (default: of the scale in config/config.yaml)",
    )
    add("--scale", metavar="NAME", help="the folder results/NAME of this checkout, instead of FOLDER")
    formats = "; ".join(f"{name}: {text}" for name, text in FORMATS.items())
    add("--as", dest="form", choices=FORMATS, required=True, help=formats)
    add("--out", type=Path, metavar="FOLDER", help="where to (default: exchange/<scale>/<format> beside FOLDER)")
    add("--about", type=Path, metavar="FILE", help="YAML of what no receipt knows: agent, paper, licence, repository")
    add(
        "--with-data",
        action="store_true",
        help="ro-crate: pack images, indexes, weights, predictions and downloads, too",
    )
    add("--base", metavar="URL", default="", help="croissant: address under which the folder's files are published")
