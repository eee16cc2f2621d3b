"""What `datalines doctor` may be given. Loads nothing large, because every command builds all parsers."""

import argparse

DESCRIPTION = """
Tell whether a study can run here: the environment against its lock, the image decoder, cores, memory, disk, GPUs,
Slurm, downloads, network and evaluation sets. Nothing is changed, and no line takes more than three seconds. Exit
status: 0 fine, 1 something to look at, 3 broken.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of `datalines doctor`."""
    parser.description = " ".join(DESCRIPTION.split())
    add = parser.add_argument
    add("--scale", metavar="NAME", help="scale of the study (default: the one in config/config.yaml)")
    add("--profile", metavar="FOLDER", default="profiles/local", help="profile (default: %(default)s)")
    add("--json", action="store_true", help="print JSON")
