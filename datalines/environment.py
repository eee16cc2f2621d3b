"""What a job runs on: interpreter, packages, image decoder, GPUs and their driver, the cluster's job."""

import hashlib
import importlib.metadata
import os
import platform
import re
import sys
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

PACKAGES = ("torch", "open_clip_torch", "timm", "numpy", "pandas", "scipy", "pillow", "snakemake")
DRIVER = Path("/proc/driver/nvidia")
JOB, RESTARTS, HANDED_ON = "SLURM_JOB_ID", "SLURM_RESTART_COUNT", "DATALINES_SLURM_RESTARTS"


def versions() -> dict[str, str]:
    """Versions of Python and of the packages that can move a number; not every environment has all of them."""
    found = {"python": platform.python_version()}
    for name in PACKAGES:
        with suppress(importlib.metadata.PackageNotFoundError):
            found[name] = importlib.metadata.version(name)
    return found


@cache
def environment() -> dict[str, Any]:
    """The environment of this process, with a digest of all that is installed and of the locks it was built from."""
    installed = sorted(
        {  # a script's folders stand in the path once more in a process that was forked for it
            entry.name.removesuffix(".dist-info")
            for folder in map(Path, sys.path)
            if folder.is_dir()
            for entry in folder.glob("*.dist-info")
        }
    )
    stamps = sorted(Path(sys.prefix).glob("setup-*.stamp"))
    return {
        "installed": hashlib.sha256("\n".join([platform.python_version(), *installed]).encode()).hexdigest(),
        "locks": {path.stem.removeprefix("setup-"): path.read_text(encoding="utf-8").strip() for path in stamps},
        "versions": versions(),
        "decoder": f"pillow {_version('pillow')}",
        "driver": driver(),
        "gpus": gpus(),
    }


def _version(package: str) -> str | None:
    with suppress(importlib.metadata.PackageNotFoundError):
        return importlib.metadata.version(package)
    return None


def driver() -> str | None:
    """Version of the NVIDIA driver; None without one."""
    with suppress(OSError):
        found = re.search(r"Kernel Module\s+(?:for \S+\s+)?(\d[\d.]*)", (DRIVER / "version").read_text())
        return found[1] if found else None
    return None


def gpus() -> list[str]:
    """Models of the GPUs that the driver knows, in the order of their bus."""
    names = []
    for file in sorted(DRIVER.glob("gpus/*/information")):
        with suppress(OSError):
            found = re.search(r"^Model:\s+(.+?)\s*$", file.read_text(), re.MULTILINE)
            names.append(found[1] if found else "unknown")
    return names


def hand_on_restarts() -> None:
    """Keep, for the processes that this one starts, how often its Slurm job was restarted: Snakemake's plugin takes
    most of Slurm's variables away from the steps of a job."""
    if JOB in os.environ and RESTARTS in os.environ:
        os.environ[HANDED_ON] = f"{os.environ[JOB]}:{os.environ[RESTARTS]}"


def cluster_job() -> dict[str, str] | None:
    """Number, node and restarts of the Slurm job that this process belongs to; None outside of one."""
    job = os.environ.get(JOB)
    if job is None:
        return None
    of, _, handed_on = os.environ.get(HANDED_ON, "").partition(":")
    restarts = os.environ.get(RESTARTS) or (handed_on if of == job else None)
    found = {"job": job, "node": os.environ.get("SLURMD_NODENAME"), "restarts": restarts}
    return {key: value for key, value in found.items() if value is not None}
