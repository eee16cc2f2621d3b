"""Read one file of published results into the tidy form, fit the testbed's lines, count what is left out and why."""

import logging
from pathlib import Path
from typing import Any

from datalines.fetch.download import Wanted, defect
from datalines.files import write_csv, write_json
from datalines.job import run
from datalines.published.reading import PublishedError
from datalines.published.testbed import baseline_lines
from datalines.published.testbed_file import read_testbed
from datalines.published.tidy import counts, of_groups
from datalines.published.vlhub import read_vlhub

READERS = {"imagenet-testbed": read_testbed, "vlhub": read_vlhub}
FACTS = ("title", "url", "bytes", "sha256", "licence", "citation")

log = logging.getLogger(__name__)


def main(published: str, spec: dict[str, Any], file: Path, table: Path, lines: Path, summary: Path) -> None:
    key = f"published.{published}"
    problem = defect(file, Wanted(spec["url"], spec["bytes"], spec["sha256"], key))
    if problem:
        raise PublishedError(f"{key}: {file} {problem}; remove it and run again, or correct the declaration")
    everything = READERS[spec["kind"]](file, spec["kind"])
    rows = of_groups(everything, spec["groups"], f"{key}.groups")
    counted = counts(rows)
    write_csv(table, rows)
    write_csv(lines, baseline_lines(everything))
    models = {"models": int(rows["model"].nunique()), "used": int(rows["used"].sum()), "rows": len(rows)}
    write_json(summary, {"published": published, **{name: spec[name] for name in FACTS}, **models, "counts": counted})
    reasons = rows.loc[~rows["used"], "reason"].value_counts(sort=False).to_dict()
    log.info("%d models, %d of %d rows are used; not used: %s", *models.values(), reasons or "none")


if __name__ == "__main__":
    run(main)
