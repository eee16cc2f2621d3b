"""The script that fetches a part of a pool of URLs: called as the rule calls it, and from the command line."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from datalines.errors import FetchError
from datalines.files import read_json, write_json
from datalines.pools.rows import attrition
from tests.unit.url_lists import POOL, Entry, url_spec, write_list
from tests.web import pictures
from tests.web.server import Site, serve
from workflow.scripts import fetch_pool

ROOT = Path(__file__).parents[2]


@pytest.fixture
def site() -> Iterator[Site]:
    with serve() as site:
        yield site


def arguments(root: Path, part: str = "0") -> dict[str, Any]:
    """The paths that the rule gives."""
    pools = root / "pools" / POOL
    outputs = {"images": ".tar", "rows": ".parquet", "attempts": ".attempts.parquet", "receipt": ".json"}
    paths = {name: pools / f"{part}{suffix}" for name, suffix in outputs.items()}
    listing = root / "lists" / POOL / "manifest.json"
    return {"spec": url_spec(), "pool": POOL, "part": part, "listing": listing, "states": root / "state", **paths}


def write(root: Path, entries: list[Entry]) -> None:
    write_json(root / "lists" / POOL / "manifest.json", {"pool": POOL, "requested": len(entries)})
    write_list(root / "lists" / POOL / "0.parquet", entries)


def test_a_part_and_its_supplement(site: Site, tmp_path: Path) -> None:
    site.break_("/late.jpg", 503)
    write(tmp_path, [Entry(site.url(path)) for path in ("/ok.jpg", "/late.jpg", "/404.jpg")])
    fetch_pool.main(**arguments(tmp_path), previous=[], threads=2)
    base = arguments(tmp_path)["receipt"]
    assert read_json(base)["failed"] == {"http_404": 1, "http_503": 1}
    site.put("/late.jpg", pictures.jpeg())
    fetch_pool.main(**arguments(tmp_path, "0r1"), previous=[base], threads=2)
    supplement = arguments(tmp_path, "0r1")["receipt"]
    assert read_json(supplement)["asked_again"] == {"http_503": 1}
    assert attrition([base, supplement]) | {"decoder": None} == {
        "requested": 3,
        "stored": 2,
        "failed": {"http_404": 1},
        "decoder": None,
    }
    statuses = [pd.read_parquet(arguments(tmp_path, part)["rows"])["status"].tolist() for part in ("0", "0r1")]
    assert sorted(statuses[0]) == ["http_404", "http_503", "ok"] and statuses[1] == ["ok"]


def test_a_missing_list_part_is_an_error_that_names_the_manifest(tmp_path: Path) -> None:
    with pytest.raises(FetchError, match=r"0\.parquet is missing: delete .*manifest\.json and run again"):
        fetch_pool.main(**arguments(tmp_path, "0r2"))


def test_by_hand(site: Site, tmp_path: Path) -> None:
    write(tmp_path, [Entry(site.url("/ok.jpg"))])
    flags = []
    for name, value in {**arguments(tmp_path), "threads": 2}.items():
        flags += [f"--{name}", json.dumps(value) if isinstance(value, dict) else str(value)]
    command = [sys.executable, "-m", "workflow.scripts.fetch_pool", *flags]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "1 requested, 1 stored, failed: none" in done.stderr
    (tmp_path / "lists" / POOL / "0.parquet").unlink()
    failed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert failed.returncode == 1
    assert "run again to read the list anew" in failed.stderr and "Traceback" not in failed.stderr
