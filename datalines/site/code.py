"""Scripts as the pages show them: their text, lightly marked, and the library's modules that they reach."""

import hashlib
import io
import keyword
import tokenize
from dataclasses import dataclass
from pathlib import Path

from markupsafe import Markup, escape

from datalines.codehash import reached

MARKED = {tokenize.COMMENT: "c", tokenize.STRING: "s", tokenize.NUMBER: "n"}


@dataclass(frozen=True)
class Script:
    """A script of the workflow: its path from the repository root, its digest, its text as markup."""

    path: str
    sha256: str
    text: Markup


def read_script(checkout: Path, path: str) -> Script | None:
    """A script of the checkout; None where the file is not there."""
    file = checkout / path
    if not file.is_file():
        return None
    content = file.read_bytes()
    return Script(path, hashlib.sha256(content).hexdigest(), marked(content.decode("utf-8")))


def modules(checkout: Path, scripts: list[Script]) -> list[str]:
    """The library's modules that the scripts reach, sorted."""
    return sorted(path.relative_to(checkout).as_posix() for path in reached(tuple(checkout / s.path for s in scripts)))


def marked(text: str) -> Markup:
    """Python code with comments, texts, numbers and keywords in spans; what cannot be read stays as it is."""
    lines = text.splitlines(keepends=True)
    parts: list[str] = []
    line, column = 1, 0

    def upto(row: int, end: int) -> str:
        nonlocal line, column
        taken = []
        while line < row:
            taken.append(lines[line - 1][column:])
            line, column = line + 1, 0
        if line <= len(lines):
            taken.append(lines[line - 1][column:end])
            column = end
        return str(escape("".join(taken)))

    try:
        for token in tokenize.generate_tokens(io.StringIO(text).readline):
            kind = "k" if token.type == tokenize.NAME and keyword.iskeyword(token.string) else MARKED.get(token.type)
            if kind:
                parts.append(upto(*token.start))
                parts.append(f'<span class="{kind}">{upto(*token.end)}</span>')
    except (tokenize.TokenError, SyntaxError):
        return escape(text)
    return Markup("".join(parts) + upto(len(lines) + 1, 0))
