"""A digest of the code behind a rule: its script and every module of this library that the script reaches.

Snakemake reruns nothing when an imported module changes, and everything when a script is merely touched. Rules
therefore carry `params: code=source_hash(...)`, which ignores comments, docstrings and blank lines of the library, and
follows content, not times.
"""

import ast
import hashlib
import io
import tokenize
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
# They carry arguments, logs and receipts, and change no result.
PLUMBING = frozenset({"datalines/job.py", "datalines/receipts.py"})
_SILENT = {tokenize.COMMENT, tokenize.NL, tokenize.ENCODING}
_LINE_ENDS = {tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT}


@cache
def source_hash(*scripts: str) -> str:
    """Twelve hex digits for the scripts (paths from the repository root) and all `datalines` modules that they reach.

    The scripts' own docstrings count, because a figure's docstring is its caption.
    """
    digest = hashlib.sha256()
    for script in sorted(scripts):
        digest.update(normalised(ROOT / script, keep_docstrings=True).encode())
    for module in sorted(reached(tuple(ROOT / script for script in scripts))):
        digest.update(f"{module.relative_to(ROOT)}\0{normalised(module, keep_docstrings=False)}".encode())
    return digest.hexdigest()[:12]


def reached(scripts: tuple[Path, ...]) -> set[Path]:
    """Files of the `datalines` package in the transitive closure of the scripts' imports."""
    found: set[Path] = set()
    queue = list(scripts)
    while queue:
        for module in imported(queue.pop()):
            if module not in found and module.relative_to(ROOT).as_posix() not in PLUMBING:
                found.add(module)
                queue.append(module)
    return found


@cache
def imported(path: Path) -> frozenset[Path]:
    """Files of the `datalines` package that one file imports by name."""
    files: set[Path] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"), filename=str(path))):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        else:
            continue
        for name in names:
            if name.split(".")[0] == "datalines":
                files.update(_files_of(name))
    return frozenset(files)


def _files_of(name: str) -> list[Path]:
    """The module's file, and the `__init__` files above it, which run on import."""
    parts = name.split(".")
    parents = [ROOT.joinpath(*parts[:depth], "__init__.py") for depth in range(1, len(parts) + 1)]
    return [file for file in [*parents, ROOT.joinpath(*parts).with_suffix(".py")] if file.is_file()]


@cache
def normalised(path: Path, keep_docstrings: bool) -> str:
    """The file's tokens without comments, blank lines and, if asked, docstrings."""
    words: list[str] = []
    line: list[tokenize.TokenInfo] = []
    for token in tokenize.generate_tokens(io.StringIO(path.read_text(encoding="utf-8")).readline):
        if token.type in _SILENT:
            continue
        line.append(token)
        if token.type in _LINE_ENDS:
            text = [entry for entry in line if entry.type not in _LINE_ENDS]
            if keep_docstrings or not (text and all(entry.type == tokenize.STRING for entry in text)):
                words += [tokenize.tok_name[part.type] if part.type in _LINE_ENDS else part.string for part in line]
            line = []
    return "\n".join(words)
