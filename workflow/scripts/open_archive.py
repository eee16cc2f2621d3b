"""Open an archive of records: check every file and lay its tables where figures look for them."""

import logging
from pathlib import Path

from datalines import archive
from datalines.job import run

log = logging.getLogger(__name__)


def main(experiments: dict[str, str], names: list[str], manifest: Path, records: list[Path]) -> None:
    archive.unpack(manifest.parent, experiments, dict(zip(names, records, strict=True)))
    about = archive.read(manifest.parent)["about"]
    log.info("%d tables of scale %s, archived by datalines %s", len(names), about["scale"], about["datalines"])


if __name__ == "__main__":
    run(main)
