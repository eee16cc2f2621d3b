"""Commands: `python -m datalines.config check --scale demo` checks a scale, `... schema` writes config/schema.json."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from datalines.config.errors import ConfigError
from datalines.config.load import load_study
from datalines.config.schema import write_schema
from datalines.config.study import Study


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns 0, or 1 with the errors on stderr."""
    parser = argparse.ArgumentParser(prog="python -m datalines.config", description=__doc__)
    parser.add_argument("--root", type=Path, default=Path(), help="folder that holds config/ (default: here)")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("schema", help="write config/schema.json")
    check = commands.add_parser("check", help="check a scale with everything that it refers to")
    check.add_argument("--scale", help="scale to check (default: the one in config/config.yaml)")
    check.add_argument("--paths", action="store_true", help="also check that the data of the scale's targets are there")
    given = parser.parse_args(arguments)
    if given.command == "schema":
        sys.stdout.write(f"wrote {write_schema(given.root)}\n")
        return 0
    try:
        study = load_study(given.root, {"scale": given.scale} if given.scale else {})
        if given.paths:
            study.check_paths()
    except ConfigError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stdout.write(f"{summary(study)}\n")
    return 0


def summary(study: Study) -> str:
    """What a sound study will build, in one sentence."""
    experiments = list(dict.fromkeys(name for paper in study.targets() for name in study.experiments_of(paper)))
    runs = {run for name in experiments for run in study.runs(name)}
    shifts = study.shifts_used()
    return (
        f"scale {study.scale} is sound: {', '.join(study.targets())} from {len(study.pools_of())} pools, "
        f"{len(runs)} runs, {len(shifts)} shifts, {len(experiments)} experiments"
    )


if __name__ == "__main__":
    sys.exit(main())
