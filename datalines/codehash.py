"""A digest of the code behind a rule: its script and every module of this library that the script reaches.

Snakemake reruns nothing when an imported module changes, and everything when a script is merely touched. Rules
therefore carry `params: code=source_hash(...)`, which ignores comments, docstrings and blank lines of the library, and
follows content, not times.
"""

import hashlib
from functools import cache
from pathlib import Path

from datalines.sources import Sources

ROOT = Path(__file__).resolve().parent.parent
KEPT = ".snakemake/datalines-sources.json"
# They carry arguments, logs and receipts, and change no result.
PLUMBING = frozenset({"datalines/job.py", "datalines/receipts.py", "datalines/forkserver.py", "datalines/forked.py"})


@cache
def source_hash(*scripts: str) -> str:
    """Twelve hex digits for the scripts (paths from the repository root) and all `datalines` modules that they reach.

    The scripts' own docstrings count, because a figure's docstring is its caption.
    """
    digest = hashlib.sha256()
    for script in sorted(scripts):
        digest.update(sources().source(ROOT / script).documented.encode())
    for module in sorted(reached(tuple(ROOT / script for script in scripts))):
        digest.update(f"{module.relative_to(ROOT)}\0{sources().source(module).code}".encode())
    sources().keep()
    return digest.hexdigest()[:12]


@cache
def sources() -> Sources:
    """The checkout's files."""
    return Sources(ROOT / KEPT)


def reached(scripts: tuple[Path, ...]) -> set[Path]:
    """Files of the `datalines` package in the transitive closure of the scripts' imports."""
    found: set[Path] = set()
    queue = list(scripts)
    while queue:
        for module in _imported(queue.pop()):
            if module not in found and module.relative_to(ROOT).as_posix() not in PLUMBING:
                found.add(module)
                queue.append(module)
    return found


@cache
def _imported(path: Path) -> frozenset[Path]:
    """Files of the `datalines` package that one file imports by name."""
    return frozenset(file for name in sources().source(path).imports for file in _files_of(name))


def _files_of(name: str) -> list[Path]:
    """The module's file, and the `__init__` files above it, which run on import."""
    parts = name.split(".")
    parents = [ROOT.joinpath(*parts[:depth], "__init__.py") for depth in range(1, len(parts) + 1)]
    return [file for file in [*parents, ROOT.joinpath(*parts).with_suffix(".py")] if file.is_file()]


def forget() -> None:
    """Read every file anew from here on."""
    for function in (source_hash, sources, _imported):
        function.cache_clear()
