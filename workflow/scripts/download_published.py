"""Obtain the files of one entry of published results: from the mirror, else from the web, sizes and digests checked."""

import logging
from pathlib import Path
from typing import Any

from datalines.fetch.download import obtain, size_text
from datalines.fetch.policy import policy_of
from datalines.job import run

log = logging.getLogger(__name__)


def main(wanted: list[dict[str, Any]], targets: list[Path], config: dict[str, Any]) -> None:
    policy = policy_of(config["fetching"]["lists"])
    for file, target in zip(wanted, targets, strict=True):
        obtain(file["url"], target, file["sha256"], file["bytes"], policy, file["key"])
    log.info("%d files, %s", len(targets), size_text(sum(target.stat().st_size for target in targets)))


if __name__ == "__main__":
    run(main)
