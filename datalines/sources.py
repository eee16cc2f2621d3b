"""What a source file says to a machine: the library's modules that it imports, and a digest of its code.

Reading a hundred files takes half a second, in every call of Snakemake. What was found is therefore kept under the
digest of a file's bytes, from which alone it follows.
"""

import ast
import contextlib
import hashlib
import io
import json
import sys
import tokenize
from dataclasses import dataclass
from pathlib import Path

from datalines.files import write_text

KEPT = 2000
"""Files, old contents among them, that are remembered at most."""
_SILENT = {tokenize.COMMENT, tokenize.NL, tokenize.ENCODING}
_LINE_ENDS = {tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT}


@dataclass(frozen=True)
class Source:
    """One file: names of the `datalines` modules that it imports, perhaps with a function's name behind them, and
    digests of its tokens without comments and blank lines; `code` is also without docstrings."""

    imports: tuple[str, ...]
    code: str
    documented: str


class Sources:
    """The files of a checkout, read once; `kept` is the file that remembers them from call to call."""

    def __init__(self, kept: Path) -> None:
        self._kept = kept
        self._known = _known(kept)
        self._files: dict[Path, Source] = {}
        self._new = False

    def source(self, path: Path) -> Source:
        """What one file says. Raises SyntaxError with the file's name where it is no Python."""
        if path not in self._files:
            content = path.read_bytes()
            key = hashlib.sha256(content).hexdigest()
            if key not in self._known:
                self._known[key] = parsed(content.decode(), str(path))
                self._new = True
            self._files[path] = self._known[key]
        return self._files[path]

    def keep(self) -> None:
        """Write down what was read anew. Where that cannot be written, the next call reads it again."""
        if not self._new:
            return
        self._new = False
        newest = list(self._known.items())[-KEPT:]
        files = {key: [source.imports, source.code, source.documented] for key, source in newest}
        with contextlib.suppress(OSError):
            self._kept.parent.mkdir(parents=True, exist_ok=True)
            write_text(self._kept, json.dumps({"python": sys.version, "files": files}))


def _known(kept: Path) -> dict[str, Source]:
    """What another call wrote down; nothing where there is none, or another Python's tokens."""
    try:
        found = json.loads(kept.read_text(encoding="utf-8"))
        if found["python"] != sys.version:
            return {}
        return {
            key: Source(tuple(imports), code, documented) for key, (imports, code, documented) in found["files"].items()
        }
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}


def parsed(text: str, name: str) -> Source:
    """Read a file's text; `name` is what an error calls it."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(text, filename=name)):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.update([node.module, *(f"{node.module}.{alias.name}" for alias in node.names)])
    library = sorted(name for name in names if name.split(".")[0] == "datalines")
    code, documented = (_digest(_tokens(text, keep_docstrings)) for keep_docstrings in (False, True))
    return Source(tuple(library), code, documented)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _tokens(text: str, keep_docstrings: bool) -> str:
    words: list[str] = []
    line: list[tokenize.TokenInfo] = []
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type in _SILENT:
            continue
        line.append(token)
        if token.type in _LINE_ENDS:
            said = [entry for entry in line if entry.type not in _LINE_ENDS]
            if keep_docstrings or not (said and all(entry.type == tokenize.STRING for entry in said)):
                words += [tokenize.tok_name[part.type] if part.type in _LINE_ENDS else part.string for part in line]
            line = []
    return "\n".join(words)
