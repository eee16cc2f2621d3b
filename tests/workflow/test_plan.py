"""`datalines plan` names the jobs that Snakemake would start now, and no others."""

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.workflow.checkout import Checkout

pytestmark = [pytest.mark.workflow, pytest.mark.slow]


def plan(checkout: Checkout, *arguments: str, scale: str = "tiny", **variables: str) -> dict[str, Any]:
    """The plan as JSON."""
    command = [sys.executable, "-m", "datalines", "plan", "--scale", scale, "--json", *arguments]
    environment = checkout.environment(**variables)
    done = subprocess.run(command, cwd=checkout.root, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def counts(found: dict[str, Any]) -> dict[str, int]:
    return {row["rule"]: row["jobs"] for row in found["rows"]}


def test_before_the_first_run_everything_is_planned(fresh: Checkout, tmp_path: Path) -> None:
    found = plan(fresh, TINY=str(tmp_path / "nowhere"))
    assert counts(found) == fresh.plan()
    assert found["total"]["jobs"] == sum(counts(found).values()) and found["done"] == 0
    assert found["total"]["wall_seconds"] > 0
    assert not fresh.results.exists()


def test_what_is_done_is_not_planned(finished: Checkout, tmp_path: Path) -> None:
    checkout = finished.copy(tmp_path / "copy")
    found = plan(checkout)
    assert counts(found) == {} and found["done"] > 30
    for name in ("evals/both", "records", "fits", "papers", "report"):
        shutil.rmtree(checkout.results / name)
    after = plan(checkout)
    assert counts(after) == checkout.plan() and counts(after)["evaluate_run"] == 1
    assert after["done"] + after["total"]["jobs"] == found["done"]


def test_changes_of_the_configuration_count(finished: Checkout, tmp_path: Path) -> None:
    checkout = finished.copy(tmp_path / "copy")
    checkout.study("    warmup_steps: 2\n", "    warmup_steps: 3\n")
    found = counts(plan(checkout))
    assert found == checkout.plan() and found["train_model"] > 0


def test_a_wrong_configuration_is_told_as_snakemake_tells_it(fresh: Checkout) -> None:
    fresh.study("    warmup_steps: 2\n", "    warm_up: 2\n")
    command = [sys.executable, "-m", "datalines", "plan", "--scale", "tiny"]
    done = subprocess.run(command, cwd=fresh.root, env=fresh.environment(), capture_output=True, text=True)
    assert done.returncode == 2 and done.stdout == ""
    assert "recipes.clip.warm_up: unknown key; did you mean 'warmup_steps'?" in done.stderr
    assert "Traceback" not in done.stderr
