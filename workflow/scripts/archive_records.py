"""Archive a study's records: everything that its figures, tables and claims are made from, with checksums."""

import logging
from pathlib import Path
from typing import Any

from datalines import archive
from datalines.files import sha256_file
from datalines.job import run
from datalines.receipts import versions
from datalines.version import VERSION

log = logging.getLogger(__name__)


def main(
    study: dict[str, Any], experiments: dict[str, str], names: list[str], records: list[Path], manifest: Path
) -> None:
    about = {
        **{key: study[key] for key in ("scale", "title", "description", "substitutions")},
        "datalines": VERSION,
        "versions": versions(),
    }
    size = archive.write(manifest.parent, about, experiments, dict(zip(names, records, strict=True)))
    log.info("%d tables, %.1f MB in %s", len(names), size / 1e6, manifest.parent)
    log.info(
        "publish this beside it, for `datalines fetch --archive`: sha256 of %s is %s", manifest, sha256_file(manifest)
    )


if __name__ == "__main__":
    run(main)
