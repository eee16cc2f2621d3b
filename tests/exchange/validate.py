"""Validates exports with the tools of their formats: `python tests/exchange/validate.py crate FOLDER` with
rocrate-validator, `... croissant FOLDER` with mlcroissant.

Runs in the environment of the exchange formats, and needs no network. Exit status 1 where something is wrong.
"""

import argparse
import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

PROFILE = "provenance-run-crate"
"""It includes those of workflow and process runs, of workflows, and RO-Crate 1.1 itself."""
RECORDS = 3


def crate(folder: Path) -> Iterator[str]:
    """What the validator says against the crate: every requirement of the profile, and those of the profiles below."""
    import offline
    from rocrate_validator.models import Severity, ValidationSettings
    from rocrate_validator.services import validate

    with tempfile.TemporaryDirectory() as cache:
        offline.warm(Path(cache) / "http")
        settings = ValidationSettings(
            rocrate_uri=str(folder),
            profile_identifier=PROFILE,
            requirement_severity=Severity.REQUIRED,
            offline=True,
            cache_path=Path(cache) / "http",
        )
        for issue in validate(settings).get_issues():
            yield f"{issue.check.identifier}: {issue.message}"


def croissant(folder: Path) -> Iterator[str]:
    """What mlcroissant says against each file: errors, and records that cannot be read."""
    with tempfile.TemporaryDirectory() as cache:
        # Two data sets may name their files alike, and it keeps unpacked tars by their address.
        os.environ["CROISSANT_CACHE"] = cache
        import mlcroissant

        for path in sorted(folder.glob("*.json")):
            try:
                data = mlcroissant.Dataset(jsonld=path)
                records = [record for record, _ in zip(data.records("pairs"), range(RECORDS), strict=False)]
            except Exception as error:
                yield f"{path.name}: {error} {error.__cause__ or ''}".strip()
                continue
            for warning in sorted(data.metadata.ctx.issues.warnings):
                yield f"{path.name}: {warning}"
            if not records or any(record["pairs/image"] is None for record in records):
                yield f"{path.name}: {len(records)} records, some without an image"


CHECKS = {"crate": crate, "croissant": croissant}


def main() -> int:
    """Command line; returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("form", choices=CHECKS)
    parser.add_argument("folder", type=Path)
    given = parser.parse_args()
    problems = list(CHECKS[given.form](given.folder))
    sys.stdout.write("".join(f"{problem}\n" for problem in problems) or f"{given.form}: {given.folder} is valid\n")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
