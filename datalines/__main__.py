"""`python -m datalines <command>`: see datalines/cli.py."""

import sys

from datalines.cli import main

if __name__ == "__main__":
    sys.exit(main())
