"""The study that the campaign damages: a checkout in which it runs, calls of Snakemake there, and a copy after each
stage of an undisturbed run."""

import hashlib
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from datalines.audit.results import read_results
from datalines.audit.verdicts import Finding
from tests.campaigns.faults.processes import Started
from tests.workflow.checkout import NEEDED, ROOT

NAME = "faults"
RESULTS = f"results/{NAME}"
REPORT = f"{RESULTS}/report/index.html"
SNAKEMAKE = [sys.executable, "-m", "snakemake", "--workflow-profile", "profiles/local", "--cores", "2"]
WITH_WORKERS = ["--set-threads", "train_model=2"]
"""With a second thread, a training has a process that loads its batches."""
UNCOMPARED = ("receipts", "logs", "benchmarks", "state", "audit")
"""Folders that hold times, hosts, and notes for going on."""
FAMILIES = ("photos", "both")
STAGES: dict[str, tuple[str, ...]] = {
    "nothing": (),
    "shards": ("shards/photos/web/manifest.json", "shards/drawings/small/manifest.json"),
    "mixtures": (
        *(f"mixtures/{family}/full/manifest.json" for family in FAMILIES),
        *(f"shifts/{shift}/manifest.json" for shift in ("reference", "sketch")),
    ),
    "runs": tuple(f"runs/{family}/full/0/summary.json" for family in FAMILIES),
    "predictions": tuple(f"evals/{family}/full/0/natural.json" for family in FAMILIES),
    "records": ("records/sources.csv", "fits/sources.csv", "records/pools.csv"),
    "everything": ("report/index.html",),
}
"""What is there at each stage: the targets of the call that leads to it."""
FINISHED = "everything"


class CampaignError(Exception):
    """The study does not run even where nobody disturbs it."""


@dataclass(frozen=True)
class Study:
    """A checkout with the study in it."""

    root: Path

    @property
    def results(self) -> Path:
        """The folder of the scale."""
        return self.root / RESULTS

    def start(self, *targets: str, under: tuple[str, ...] = ()) -> Started:
        """Start Snakemake in a session of its own; `under` are words before the command."""
        words = [*under, *SNAKEMAKE, *WITH_WORKERS, "--config", f"scale={NAME}"]
        return Started([*words, "--", *targets], self.root)

    def release(self) -> None:
        """Release the lock of a run that is gone, as every target of the Makefile does first."""
        command = [sys.executable, "-m", "datalines.unlock"]
        subprocess.run(command, cwd=self.root, capture_output=True, check=True)

    def copy(self, target: Path) -> "Study":
        """The same checkout elsewhere, with all times; no file is shared with this one."""
        target.mkdir(parents=True, exist_ok=True)
        subprocess.run(["cp", "-a", f"{self.root}/.", str(target)], check=True)
        return Study(target)

    def size(self) -> int:
        """Bytes that the checkout takes."""
        done = subprocess.run(["du", "-s", "-B1", str(self.root)], capture_output=True, text=True, check=True)
        return int(done.stdout.split()[0])


@dataclass(frozen=True)
class Truth:
    """An undisturbed run: a copy of it after each stage, and how many jobs lie between that stage and the end."""

    stages: dict[str, Study]
    jobs: dict[str, int]
    digests: dict[str, str]
    declared: frozenset[str]
    """Outputs of jobs, which Snakemake can be asked for."""
    known: frozenset[Finding] = frozenset()
    """What the audit says of the undisturbed run."""

    def differing(self, study: Study) -> list[str]:
        """Artifacts that are not as in the undisturbed run, missing and additional ones included."""
        found = digests(study.results)
        names = found.keys() | self.digests.keys()
        return sorted(name for name in names if found.get(name) != self.digests.get(name))


def digests(results: Path) -> dict[str, str]:
    """Sha256 of every artifact by its path. Hidden files are notes, or what a killed job had begun."""
    files = (path for path in sorted(results.rglob("[!.]*")) if path.is_file())
    names = {path.relative_to(results).as_posix(): path for path in files}
    compared = {name: path for name, path in names.items() if name.split("/")[0] not in UNCOMPARED}
    return {name: hashlib.sha256(path.read_bytes()).hexdigest() for name, path in compared.items()}


def checkout(root: Path) -> Study:
    """A fresh checkout of what the workflow needs, with the study."""
    root.mkdir(parents=True)
    for name in NEEDED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, root / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy2(source, root / name)
    shutil.copyfile(Path(__file__).with_name("study.yaml"), root / "config/examples" / f"{NAME}.yaml")
    shutil.copyfile(ROOT / "tests/workflow/tiny.json", root / "config/models" / f"{NAME}.json")
    return Study(root)


def build(folder: Path) -> Truth:
    """Run the study stage by stage, and keep a copy of each."""
    study, stages, ran = checkout(folder / "undisturbed"), {}, {}
    for stage, targets in STAGES.items():
        if targets:
            started = study.start(*(f"{RESULTS}/{target}" for target in targets))
            if started.wait() != 0:
                raise CampaignError(f"the undisturbed run failed at stage {stage}:\n{started.text()}")
            ran[stage] = started.jobs()
        stages[stage] = study.copy(folder / "stages" / stage)
    names = list(STAGES)
    jobs = {stage: sum(ran[later] for later in names[names.index(stage) + 1 :]) for stage in names}
    declared = frozenset(path for receipt in read_results(study.results).receipts for path in receipt.outputs)
    return Truth(stages, jobs, digests(study.results), declared)
