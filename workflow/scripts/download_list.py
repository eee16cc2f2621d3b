"""Obtain one declared file by its address: from the mirror, else from the web, with its size and digests checked."""

import logging
from pathlib import Path
from typing import Any

from datalines.fetch.download import obtain, size_text
from datalines.fetch.policy import policy_of
from datalines.job import run

log = logging.getLogger(__name__)


def main(wanted: dict[str, Any], target: Path, config: dict[str, Any]) -> None:
    policy = policy_of(config["fetching"]["lists"])
    obtain(wanted["url"], target, wanted["sha256"], wanted["bytes"], policy, wanted["key"], wanted.get("md5"))
    log.info("%s, %s", target, size_text(target.stat().st_size))


if __name__ == "__main__":
    run(main)
