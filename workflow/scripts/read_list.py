"""Read a pool's list of URLs, judge and select its rows, and cut it into parts that are downloaded one by one."""

import logging
import time
from pathlib import Path
from typing import Any

from datalines.errors import PoolError
from datalines.files import write_json
from datalines.job import run
from datalines.lists.split import split_list

log = logging.getLogger(__name__)


def main(
    pool: str,
    spec: dict[str, Any],
    files: list[Path],
    manifest: Path,
    exclusions: list[Path] | None = None,
    request: str = "",
) -> None:
    # Parts without a manifest are unfinished, so none may speak for parts that are being replaced.
    manifest.unlink(missing_ok=True)
    started = time.monotonic()
    content = split_list(pool, spec, files, manifest.parent, f"pools.{pool}.list", exclusions=exclusions or ())
    seconds = time.monotonic() - started
    expected = spec.get("expected_rows")
    if expected is not None and content["rows"] != expected:
        text = f"the card states {expected:,} rows, and the list has {content['rows']:,}"
        advice = "complete it, or declare it under `list` as one of your own"
        raise PoolError(f"pools.{pool}.source: {text}; {advice}")
    write_json(manifest, {"request": request, **content})
    left_out = {**content["not_selected"], "not_sampled": content["not_sampled"]}
    counts = (content["rows"], content["rows"] / max(seconds, 1e-9), content["requested"], len(content["parts"]))
    log.info("%d rows (%.0f a second), %d requested in %d parts", *counts)
    log.info("statuses: %s; left out: %s", content["statuses"], left_out)
    for fact, count in content["unreadable_facts"].items():
        if count:
            log.warning("fact %s: %d values are not numbers and count as missing", fact, count)


if __name__ == "__main__":
    run(main)
