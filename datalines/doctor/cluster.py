"""Slurm: whether it answers, has the partitions that the profile names, and can be given jobs by Snakemake."""

import importlib.util
import os
import shutil
import subprocess

from datalines.doctor.line import Asked, Line, State, listed
from datalines.doctor.profile import executor, partitions

PATIENCE = 2.5
PLUGIN = "snakemake_executor_plugin_slurm"
NEEDED = ("sbatch", "squeue", "sinfo")


def examine(asked: Asked) -> Line:
    """Slurm, if the profile uses it."""
    if executor(asked.profile) != "slurm":
        return Line("Slurm", State.OK, f"not used by {asked.profile.name}")
    absent = [name for name in NEEDED if shutil.which(name) is None]
    if absent:
        text = f"{asked.profile.name} uses it, and {listed(absent)} is not found here"
        return Line("Slurm", State.BROKEN, text, "Log in to a node of the cluster, or use --profile profiles/local.")
    if importlib.util.find_spec(PLUGIN) is None:
        text = "Snakemake's executor for it is not installed"
        return Line("Slurm", State.BROKEN, text, "`make profile` installs envs/slurm.lock.")
    try:
        done = subprocess.run(
            ["sinfo", "--noheader", "--format=%R|%a"], capture_output=True, text=True, timeout=PATIENCE, check=False
        )
    except subprocess.TimeoutExpired:
        return Line(
            "Slurm", State.LOOK, f"no answer within {PATIENCE:g} s", "The controller is busy or down: see `sinfo`."
        )
    if done.returncode:
        said = done.stderr.strip().rpartition("\n")[2][:200]
        return Line("Slurm", State.BROKEN, f"sinfo failed: {said}", "Ask those who run the cluster.")
    up = [name for name, _, state in (line.partition("|") for line in done.stdout.split()) if state == "up"]
    return _judged(sorted(set(up)), partitions(asked.profile))


def _judged(up: list[str], wanted: list[str]) -> Line:
    unknown = [name for name in wanted if name not in up]
    if unknown:
        text = f"{listed(unknown)} is no partition that is up; there are {listed(up, 10) or 'none'}"
        return Line("Slurm", State.BROKEN, text, "Correct `slurm_partition` in the profile.")
    if not up:
        return Line("Slurm", State.BROKEN, "no partition is up", "Ask those who run the cluster.")
    inside = f"; this is job {os.environ['SLURM_JOB_ID']}" if "SLURM_JOB_ID" in os.environ else ""
    used = listed(wanted) if wanted else "the default"
    return Line("Slurm", State.OK, f"answers; partitions {listed(up, 10)}; the profile uses {used}{inside}")
