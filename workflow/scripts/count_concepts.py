"""Count how many captions of a pool name each class, for every declared set of classes: class frequencies as in the
Imbalance paper (Wen et al. 2024, Figure 1a)."""

import logging
from pathlib import Path
from typing import Any

import pandas as pd

from datalines.concepts.captions import captions_in, list_parts
from datalines.concepts.counting import count
from datalines.concepts.lexicon import ConceptError
from datalines.concepts.specs import build_matcher
from datalines.fetch.download import Wanted, defect
from datalines.files import write_csv, write_json
from datalines.job import run

COLUMNS = ["concepts", "source", "index", "class", "count"]

log = logging.getLogger(__name__)


def main(
    pool: str,
    specs: dict[str, dict[str, Any]],
    kept: list[Path],
    listed: list[Path],
    terms: list[Path],
    table: Path,
    summary: Path,
    threads: int = 1,
) -> None:
    frames, counted = [], {}
    files = {"kept": [path.with_name("index.parquet") for path in kept]}
    files["listed"] = [part for manifest in listed for part in list_parts(manifest)]
    given = iter(terms)
    for name, spec in specs.items():
        key = f"concepts.{name}"
        path = None if spec["part"] is None else next(given)
        if path is not None:
            _check(path, spec["sha256"], key)
        found = count(build_matcher(spec, path, key), captions_in(files[spec["captions"]]), threads)
        rows = {"concepts": name, "source": pool, "index": range(len(spec["texts"]))}
        frames.append(pd.DataFrame({**rows, "class": spec["texts"], "count": found.classes}))
        counted[name] = {"captions": found.captions, "matched": found.matched, "pairs": int(found.classes.sum())}
        log.info("%s: %d captions, %d name a class, %d pairs of caption and class", name, *counted[name].values())
    write_csv(table, pd.concat(frames, ignore_index=True)[COLUMNS])
    write_json(summary, {"pool": pool, "concepts": counted})


def _check(path: Path, sha256: str | None, key: str) -> None:
    problem = defect(path, Wanted(str(path), None, sha256, key))
    if problem:
        raise ConceptError(f"{key}.terms: {path} {problem}; remove it and run again, or correct the declaration")


if __name__ == "__main__":
    run(main)
