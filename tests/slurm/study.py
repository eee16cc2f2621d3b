"""A checkout with the study `small`, in which Snakemake is started through profiles/slurm or profiles/local."""

import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import psutil
import yaml

from datalines.files import read_json
from tests.slurm.cluster import Cluster, wait_until
from tests.workflow.checkout import Checkout, make

STUDY = "config/examples/small.yaml"
# Training of this family is shared by two ranks.
PAIR = "both"
# What the tests change in the profile: they wait less, on a host that they share with all nodes.
HASTE = {"jobs": 4, "latency-wait": 20, "slurm-init-seconds-before-status-checks": 3}
# Of training and evaluation: one process that computes and one that loads.
THREADS = {"train_model": 2, "evaluate_run": 2}


def for_pair(value: int) -> str:
    """A resource of training that only the family with two ranks has."""
    return f"{value} if wildcards.family == '{PAIR}' else 1"


def run_name(family: str, size: str) -> str:
    """The summary of a run."""
    return f"results/small/runs/{family}/{size}/0/summary.json"


class Running:
    """A Snakemake that was started, with all that it prints in a file."""

    def __init__(self, process: subprocess.Popen[str], output: Path) -> None:
        self.process, self.output = process, output

    def text(self) -> str:
        """What it printed so far."""
        return self.output.read_text()

    def finish(self, seconds: float = 600) -> str:
        """Wait for a good end; returns what it printed."""
        try:
            self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"not done after {seconds:.0f} s:\n{self.text()}") from None
        assert self.process.returncode == 0, self.text()
        return self.text()

    def kill(self) -> None:
        """A `kill -9`; what it started elsewhere goes on."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()


class Study(Checkout):
    """A checkout with the study `small`; `cluster` is where its jobs go."""

    def __init__(self, root: Path, cluster: Cluster) -> None:
        super().__init__(root, root)
        self.results = root / "results" / "small"
        self.cluster = cluster
        self.started: list[Running] = []

    def environment(self, **variables: str) -> dict[str, str]:
        """With the cluster's commands; everything computes on CPUs."""
        kept = {name: value for name, value in self.cluster.environment().items() if name != "PYTHONPATH"}
        return {**kept, "DATALINES_DEVICE": "cpu", "PYTHONDONTWRITEBYTECODE": "1", **variables}

    def profile(self, name: str, changes: dict[str, Any], training: dict[str, Any]) -> None:
        """Change keys of a profile in this checkout, and resources of training."""
        path = self.root / "profiles" / name / "config.yaml"
        profile = yaml.safe_load(path.read_text())
        profile.update(changes)
        profile.setdefault("set-threads", {}).update(THREADS)
        resources = profile.setdefault("set-resources", {}).setdefault("train_model", {})
        resources.update(training)
        path.write_text(yaml.safe_dump(profile))

    def start(self, *arguments: str, profile: str = "slurm") -> Running:
        """Start Snakemake and do not wait for it."""
        command = [sys.executable, "-m", "snakemake", "--workflow-profile", f"profiles/{profile}", *arguments]
        command += ["--config", "scale=small"]
        output = self.root / f"snakemake-{len(self.started)}.txt"
        with output.open("w") as stream:
            process = subprocess.Popen(
                command, cwd=self.root, env=self.environment(), stdout=stream, stderr=stream, text=True
            )
        self.started.append(Running(process, output))
        return self.started[-1]

    def copy(self, target: Path) -> "Study":
        """The same checkout with its results and Snakemake's notes elsewhere; times are kept."""
        super().copy(target)
        return Study(target, self.cluster)

    def forget(self, family: str, size: str) -> None:
        """Leave nothing of a run, as if it had not been trained."""
        shutil.rmtree((self.root / run_name(family, size)).parent)
        for remembered in (self.results / "state").glob("*.done"):
            shutil.rmtree(remembered)

    def log(self, rule: str, run: str) -> str:
        """The log of the last job that worked on something."""
        return (self.results / "logs" / rule / f"{run}.log").read_text()

    def receipt(self, rule: str, run: str) -> dict[str, Any]:
        """What the last job that worked on something says of itself."""
        return dict(read_json(self.results / "receipts" / rule / f"{run}.json"))

    def slurm_log(self, rule: str, run: str, job: str = "*") -> str:
        """What a Slurm job printed, or all that worked on something, in their order."""
        folder = self.root / "results/slurm-logs" / f"rule_{rule}" / run
        return "".join(path.read_text() for path in sorted(folder.glob(f"{job}.log"), key=lambda path: int(path.stem)))

    def job_of(self, family: str, size: str) -> str:
        """Slurm id of the job that trains a run; empty if there is none."""
        lines = self.cluster.call("squeue", "-h", "-o", "%i %k", check=False).splitlines()
        wanted = f"rule_train_model_wildcards_{family}_{size}_0"
        return next((line.split()[0] for line in lines if line.endswith(wanted)), "")

    def trainer(self, family: str, size: str) -> psutil.Process | None:
        """The process that trains a run, if it has saved a state."""
        for spec in (self.results / "state").glob("*/spec.json"):
            try:
                content = read_json(spec)
                holder = read_json(spec.parent.with_name(f"{spec.parent.name}.lock"))
            except (OSError, ValueError):
                continue
            named = (content["family"], content["size"]) == (family, size)
            if named and (spec.parent / "state.json").is_file() and psutil.pid_exists(holder["process"]):
                return psutil.Process(holder["process"])
        return None

    def pause(self, *runs: tuple[str, str]) -> list[psutil.Process]:
        """Wait until each run (family, size) has saved a state and stop its process there, so that it is disturbed
        before its end."""
        found: dict[tuple[str, str], psutil.Process] = {}

        def seen() -> bool:
            for run in runs:
                process = None if run in found else self.trainer(*run)
                if process is not None:
                    process.suspend()
                    found[run] = process
            return len(found) == len(runs)

        wait_until(seen, 300, f"a state of each of {runs}", pause=0.02)
        return [found[run] for run in runs]

    def end(self) -> None:
        """End what was started here and is still alive, jobs included."""
        for running in self.started:
            if running.process.poll() is None:
                running.kill()
        self.cluster.cancel()


def make_study(root: Path, cluster: Cluster) -> Study:
    """A fresh checkout with the study `small` and the profiles for the tests' cluster."""
    make(root, root)
    shutil.copyfile(Path(__file__).with_name("small.yaml"), root / STUDY)
    study = Study(root, cluster)
    study.profile("local", {}, {"ranks": for_pair(2)})
    study.profile("slurm", HASTE, {"gpu": for_pair(2)})
    return study


def differing(one: dict[str, str], other: dict[str, str]) -> list[str]:
    """Names under which two sets of results are not the same."""
    return sorted(name for name in one.keys() | other.keys() if one.get(name) != other.get(name))
