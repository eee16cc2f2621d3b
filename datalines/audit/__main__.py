"""`python -m datalines.audit`: the command `datalines audit` where little more than Python is installed."""

import argparse
import sys

from datalines.audit.arguments import add_arguments
from datalines.audit.command import run
from datalines.audit.engine import CHECKOUT
from datalines.errors import DatalinesError

MISUSED = 2


def main() -> int:
    """Run the command; returns its exit status, 2 for errors."""
    parser = argparse.ArgumentParser(prog="datalines audit")
    add_arguments(parser)
    given = parser.parse_args()
    try:
        return run(given, CHECKOUT)
    except DatalinesError as error:
        sys.stderr.write(f"datalines: {error}\n")
        return MISUSED


if __name__ == "__main__":
    sys.exit(main())
