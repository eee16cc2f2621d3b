"""The engine: levels, the checks of other modules, and checks that break off."""

import json
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from datalines.audit import engine
from datalines.audit.engine import Options, audit, run
from datalines.audit.levels import LEVELS
from datalines.audit.results import ResultsError
from datalines.audit.verdicts import Check, Verdict, status_of
from tests.unit.results_folder import Folder

OWN = {
    "inventory": ["inventory", "receipts", "orphans", "sources"],
    "integrity": ["integrity"],
    "closure": ["closure", "times", "proofs-check"],
    "recompute": ["recompute-check"],
    "sample": ["sampled-check"],
    "rerun": ["rerun-check"],
}
WITHOUT_SNAKEMAKE = """
import sys
class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in ("snakemake", "torch", "pandas", "yaml", "pydantic"):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
sys.meta_path.insert(0, Blocked())
sys.path.insert(0, sys.argv[1])
from pathlib import Path
from datalines.audit.engine import audit
from datalines.audit.verdicts import status_of
checks = audit(Path(sys.argv[2]), "integrity")
print(status_of(f.verdict for check in checks for f in check.findings), len(checks))
"""


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> dict[str, tuple[Any, ...]]:
    """Modules of other levels that note what they are called with."""
    noted: dict[str, tuple[Any, ...]] = {}
    for name in ("proofs", "recompute", "sampled", "rerun"):
        module = ModuleType(f"datalines.audit.{name}")

        def checks(results: Any, *arguments: Any, name: str = name) -> list[Check]:
            noted[name] = arguments
            return [Check(f"{name}-check", "x", "A check.", ["a"])]

        module.checks = checks  # type: ignore[attr-defined]
        monkeypatch.setitem(sys.modules, module.__name__, module)
    return noted


@pytest.mark.parametrize("level", LEVELS)
def test_each_level_makes_the_checks_of_those_before_it(study: Folder, calls: dict[str, Any], level: str) -> None:
    names = [check.name for check in audit(study.root, level)]
    last = ["acceptances", *(["descent"] if "closure" in LEVELS[: LEVELS.index(level) + 1] else [])]
    assert names == [name for other in LEVELS[: LEVELS.index(level) + 1] for name in OWN[other]] + last


def test_checks_of_other_modules_get_what_they_need(study: Folder, calls: dict[str, Any], tmp_path: Path) -> None:
    options = Options(seed=7, checkout=tmp_path, cell="felines/full/0", models=3, images=50)
    run(study.root, "rerun", options)
    assert calls == {
        "proofs": (tmp_path,),
        "recompute": (tmp_path, 7, 1),
        "sampled": (tmp_path, 7, 3, 50, 1),
        "rerun": (tmp_path, "felines/full/0"),
    }


def test_levels_are_told_as_they_begin(study: Folder) -> None:
    told: list[str] = []
    run(study.root, "integrity", Options(), told.append)
    assert [text.split()[1] for text in told] == ["inventory", "integrity"]


def test_a_check_that_breaks_off_is_a_finding_and_the_others_are_made(
    study: Folder, calls: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*arguments: Any) -> list[Check]:
        raise KeyError("weights")

    monkeypatch.setattr(sys.modules["datalines.audit.recompute"], "checks", broken)
    checks = {check.name: check for check in audit(study.root, "sample")}
    (finding,) = checks["recompute-broken-off"].findings
    assert (finding.artifact, finding.verdict) == (".", Verdict.UNVERIFIABLE)
    assert "KeyError" in finding.reason and "weights" in finding.reason
    assert "sampled-check" in checks
    assert status_of(f.verdict for check in checks.values() for f in check.findings) == 1


def test_a_package_that_is_not_installed_is_named(
    study: Folder, calls: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "datalines.audit.recompute", None)
    checks = {check.name: check for check in audit(study.root, "recompute")}
    assert "datalines.audit.recompute" in checks["recompute-broken-off"].findings[0].reason


def test_a_folder_without_receipts_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ResultsError, match="receipts"):
        audit(tmp_path, "inventory")


def test_a_copied_folder_is_audited_without_snakemake_and_the_like(study: Folder, tmp_path: Path) -> None:
    copy = tmp_path / "elsewhere"
    subprocess.run(["cp", "-a", study.root, copy], check=True)
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_SNAKEMAKE, str(engine.CHECKOUT), str(copy)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.stdout, done.returncode) == ("0 6\n", 0), done.stderr


def test_an_audit_changes_nothing_in_the_folder(study: Folder) -> None:
    def state() -> dict[str, tuple[int, bytes]]:
        files = [path for path in sorted(study.root.rglob("*")) if path.is_file()]
        return {str(path): (path.stat().st_mtime_ns, path.read_bytes()) for path in files}

    before = state()
    audit(study.root, "closure", full=True)
    assert state() == before


def test_two_audits_of_one_folder_are_the_same(study: Folder) -> None:
    first, second = (audit(study.root, "closure", seed=3, jobs=jobs) for jobs in (1, 4))
    assert json.dumps([vars(check) for check in first], default=str) == json.dumps(
        [vars(check) for check in second], default=str
    )
