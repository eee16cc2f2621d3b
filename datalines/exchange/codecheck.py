"""A study as a bundle for CODECHECK, configuration 2.0: its tables and figures, and `codecheck.yml`, which lists them.

A codechecker adds what is theirs: codechecker, summary, report and certificate.
"""

import re
from pathlib import Path
from typing import Any

import yaml

from datalines.audit.results import Results
from datalines.exchange.about import About
from datalines.exchange.errors import ExchangeError
from datalines.exchange.facts import in_order, paper_titles, products, study_of
from datalines.exchange.packing import copy_checked
from datalines.files import atomic

VERSION = "https://codecheck.org.uk/spec/config/2.0"
NAME = "codecheck.yml"
SHOWN = {".pdf": "", ".csv": "Data of "}
"""Files of a figure or table that are to be made again, and what a comment begins with; a table is its csv."""
THEIRS = ("codechecker", "summary", "report", "certificate")


def write_codecheck(results: Results, out: Path, about: About) -> list[str]:
    """Write the bundle into `out`; returns the keys that a codecheck needs and that nobody has said yet.

    Raises ExchangeError where there is no table or figure, or one is not what its receipt says.
    """
    in_order(results)
    manifest = []
    for _, path in products(results):
        if Path(path).suffix in SHOWN and results.file(path).is_file():
            copy_checked(results.file(path), out / path, results.artifacts[path])
            manifest.append({"file": path, "comment": comment(results, path)})
    if not manifest:
        raise ExchangeError(f"{results.root} holds no table and no figure; run the workflow to its papers first")
    paper = _paper(results, about)
    content: dict[str, Any] = {"version": VERSION, "paper": paper, "manifest": manifest}
    if about.repository:
        content["repository"] = about.repository
    text = yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=120, explicit_start=True)
    with atomic(out / NAME) as temporary:
        temporary.write_text(text, encoding="utf-8")
    return lacking(about)


def _paper(results: Results, about: About) -> dict[str, Any]:
    if about.paper:
        return about.paper.model_dump(exclude_none=True)
    titles = paper_titles(results)
    return {"title": "; ".join(titles.values()) or study_of(results)["title"]}


def lacking(about: About) -> list[str]:
    """What authors still have to say in the file of --about."""
    if about.paper is None:
        return ["paper.title", "paper.authors", "paper.reference"]
    keys = [f"paper.authors.{place}.ORCID" for place, author in enumerate(about.paper.authors) if author.ORCID is None]
    return [*keys, *([] if about.paper.reference else ["paper.reference"])]


def comment(results: Results, path: str) -> str:
    """A file's title and the first sentence of its caption, which lies beside it as Markdown."""
    caption = results.file(path).with_suffix(".md")
    if not caption.is_file():
        # The parts of a table have its caption: claims-parts.csv that of claims.csv.
        caption = caption.with_stem(caption.stem.rpartition("-")[0] or caption.stem)
    table = not results.file(path).with_suffix(".pdf").is_file()
    begin = "" if table else SHOWN[Path(path).suffix]
    if not caption.is_file():
        return f"{begin}{Path(path).stem}"
    title, text = read_caption(caption.read_text(encoding="utf-8"))
    sentence = re.split(r"(?<=[.?!])\s+(?=[A-Z])", text, maxsplit=1)[0]
    if begin:
        return f"{begin}{title.rstrip('.')}." if title else f"{begin}{Path(path).stem}."
    return " ".join(part for part in (f"{title.rstrip('.')}." if title else "", sentence) if part)


def read_caption(markdown: str) -> tuple[str, str]:
    """Title and text of a caption: the bold words it begins with, and the first paragraph that is no table."""
    found = re.match(r"\s*\*\*(.+?)\*\*\s*", markdown, re.DOTALL)
    title = " ".join(found[1].split()) if found else ""
    rest = markdown[found.end() :] if found else markdown
    texts = [" ".join(part.split()) for part in re.split(r"\n\s*\n", rest) if not part.lstrip().startswith("|")]
    return title, next((text for text in texts if text), "")
