"""A copy of the repository with the tiny study in it, and what a call of Snakemake there did."""

import hashlib
import io
import os
import re
import shutil
import subprocess
import sys
import tarfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from datalines.forked import NONE, VARIABLE

ROOT = Path(__file__).parents[2]
FORK_SERVER = {VARIABLE: ""}
NEEDED = ("Snakefile", "workflow", "config", "datalines", "envs", "profiles")
STUDY = {"tiny.yaml": "config/examples", "tiny.json": "config/models"}
SNAKEMAKE = [sys.executable, "-m", "snakemake", "--workflow-profile", "profiles/local", "--cores", "2"]
NOTHING = "Nothing to be done"
# They hold times, hosts and versions; everything else must be the same in every run.
EXEMPT = ("receipts", "logs", "benchmarks")


@dataclass(frozen=True)
class Call:
    """What a call left behind: exit code, and everything that it printed."""

    code: int
    text: str

    def jobs(self) -> dict[str, int]:
        """Number of jobs by rule, without the target rule `all`; empty if there was nothing to do."""
        assert self.code == 0, self.text
        table = re.search(r"^job +count\n[- ]+\n(.*?)^total", self.text, flags=re.MULTILINE | re.DOTALL)
        if table is None:
            assert NOTHING in self.text, self.text
            return {}
        counts = {rule: int(number) for rule, number in (line.split() for line in table[1].splitlines())}
        counts.pop("all", None)
        return counts


class Checkout:
    """A folder in which the workflow runs; `data` holds what $TINY stands for."""

    def __init__(self, root: Path, data: Path) -> None:
        self.root, self.data = root, data
        self.results = root / "results" / "tiny"

    def call(self, *arguments: str, scale: str = "tiny", archive: str | None = None, **variables: str) -> Call:
        """Call Snakemake with these arguments and the tiny study, or with an archive of its records."""
        command = [*SNAKEMAKE, *arguments, "--config", f"scale={scale}"]
        command += [f"archive={archive}"] if archive else []
        done = subprocess.run(command, cwd=self.root, env=self.environment(**variables), capture_output=True, text=True)
        return Call(done.returncode, done.stdout + done.stderr)

    def plan(self, *targets: str) -> dict[str, int]:
        """Jobs that a call would run, by rule."""
        return self.call("--dry-run", *targets).jobs()

    def release(self) -> str:
        """Release the lock of a run that was killed, as `make` does before it calls Snakemake; returns what is said."""
        command = [sys.executable, "-m", "datalines.unlock"]
        done = subprocess.run(
            command, cwd=self.root, env=self.environment(), capture_output=True, text=True, check=True
        )
        return done.stderr

    def environment(self, **variables: str) -> dict[str, str]:
        """The tests' environment with $TINY, without a path to another checkout, and without a fork server, which is
        not worth its start for a few jobs."""
        kept = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
        return {**kept, "TINY": str(self.data), "PYTHONDONTWRITEBYTECODE": "1", VARIABLE: NONE, **variables}

    def edit(self, path: str, old: str, new: str) -> None:
        """Replace the one occurrence of `old` in a file; the new file is newer than everything made so far."""
        text = (self.root / path).read_text()
        assert text.count(old) == 1, f"{path}: {old!r} occurs {text.count(old)} times"
        (self.root / path).write_text(text.replace(old, new))

    def study(self, old: str, new: str) -> None:
        """Change the tiny study."""
        self.edit("config/examples/tiny.yaml", old, new)

    def digests(self, *without: str) -> dict[str, str]:
        """Sha256 of every result, by path, that two clean runs must share."""
        # Hidden files remember times of other files, so that what did not change need not be read.
        files = (path for path in sorted(self.results.rglob("[!.]*")) if path.is_file())
        names = {path.relative_to(self.results).as_posix(): path for path in files}
        left_out = (*EXEMPT, "state", *without)
        return {
            name: hashlib.sha256(path.read_bytes()).hexdigest()
            for name, path in names.items()
            if name.split("/")[0] not in left_out
        }

    def copy(self, target: Path) -> "Checkout":
        """The same checkout with its results and Snakemake's notes elsewhere; times are kept."""
        target.mkdir(parents=True)
        subprocess.run(["cp", "-a", f"{self.root}/.", str(target)], check=True)
        return Checkout(target, self.data)


def make(root: Path, data: Path) -> Checkout:
    """A fresh checkout of what the workflow needs, with the tiny study."""
    root.mkdir(parents=True)
    unwanted = shutil.ignore_patterns("__pycache__")
    for name in NEEDED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, root / name, ignore=unwanted)
        else:
            shutil.copy2(source, root / name)
    for name, folder in STUDY.items():
        shutil.copyfile(Path(__file__).with_name(name), root / folder / name)
    return Checkout(root, data)


def write_animals(path: Path, per_class: int = 12) -> None:
    """A tar of class folders with pictures of one colour a class and some noise, always the same bytes."""
    generator = np.random.default_rng(0)
    path.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(path, "w") as archive:
        for place, name in enumerate(("cat", "rabbit", "fish", "bird")):
            for number in range(per_class):
                pixels = np.clip(generator.normal(60 + 45 * place, 30, (34, 40, 3)), 0, 255).astype(np.uint8)
                buffer = io.BytesIO()
                Image.fromarray(pixels).save(buffer, "PNG")
                entry = tarfile.TarInfo(f"{name}/{number:03d}.png")
                entry.size = buffer.tell()
                archive.addfile(entry, io.BytesIO(buffer.getvalue()))
