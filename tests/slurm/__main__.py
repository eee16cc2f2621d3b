"""`python -m tests.slurm [options of pytest]`: the tests of profiles/slurm, or loud words that they did not run.

Where Slurm's programs are missing the exit status is 3; with DATALINES_SLURM=skip it is 0, and the words are the same.
"""

import os
import sys

import pytest

from tests.slurm.cluster import missing_programs

DID_NOT_RUN = 3


def main(words: list[str]) -> int:
    """Returns the exit status."""
    missing = missing_programs()
    if not missing:
        return int(pytest.main(["tests/slurm", *words]))
    sys.stderr.write(
        f"\n{'!' * 100}\nSLURM TESTS DID NOT RUN: this host lacks {', '.join(missing)}.\n"
        "On Debian and Ubuntu, as root: apt-get install slurm-wlm munge\n"
        "To go on without them, which leaves profiles/slurm untested: DATALINES_SLURM=skip\n"
        f"{'!' * 100}\n\n"
    )
    return 0 if os.environ.get("DATALINES_SLURM") == "skip" else DID_NOT_RUN


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
