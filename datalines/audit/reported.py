"""Level recompute: the report again, page by page, from the receipts, tables and pictures that it shows.

Pages are what people read; and whoever rewrites one together with its digest is found by nothing else.
"""

import os
import re
from dataclasses import replace
from pathlib import Path

from datalines.audit.apart import each
from datalines.audit.replay import Planned, ReplayError, plan
from datalines.audit.results import Receipt, Results
from datalines.audit.verdicts import Check, Verdict
from datalines.files import sha256_file
from datalines.job import bind
from datalines.scriptfile import load

RULE = "write_report"
PAGE, LIST = "report/index.html", "report/pages.json"
CODE = re.compile(r'<section id="code">.*?</section>', re.DOTALL)
"""A page's part with the scripts as they are in the checkout that makes it."""


def check(results: Results, checkout: Path, folder: Path) -> Check:
    """Every page against the one that the report's script makes now; what is made lies in `folder`."""
    found = Check("recomputed-report", "recompute", "The report's pages show what receipts, tables and pictures say.")
    receipt = results.maker(PAGE)
    if receipt is None or receipt.rule != RULE:
        found.not_run = f"the results hold no receipt of {RULE}"
        return found
    pages = {a.path for a in results.artifacts.values() if a.path == PAGE or a.manifest == LIST}
    try:
        job = plan(results, receipt, checkout, folder)
        made = again(results, receipt, job)
    except ReplayError as error:
        for path in sorted(pages):
            found.add(path, Verdict.UNVERIFIABLE, f"could not be made again: {error}")
        return found
    excuse = job.remark or _later(results, receipt)
    for path in sorted(pages | made.keys()):
        found.add(path, *_judged(results, path, path in pages, made.get(path), excuse))
    return found


def again(results: Results, receipt: Receipt, job: Planned) -> dict[str, Path]:
    """Make all pages in a process of its own: {path in the results: new file}. Raises ReplayError with the reason."""
    packages = (receipt.said.get("environment") or {}).get("versions")
    values = {**job.values, "html": str(results.file(PAGE).resolve()), "packages": packages}
    (reason,) = each(compose, [replace(job, values=values)], 1)
    if reason:
        raise ReplayError(reason)
    report = Path(job.outputs[PAGE]).parent
    return {f"report/{path.relative_to(report).as_posix()}": path for path in report.rglob("*") if path.is_file()}


def compose(job: Planned) -> None:
    """Write the pages that the job's script composes beside its output."""
    os.chdir(job.folder)
    script = load(Path(job.script))
    text, site = script.compose(**bind(script.compose, job.values))
    new = Path(job.outputs[PAGE])
    pages = new.with_name("pages")
    pages.mkdir(parents=True)
    new.write_text(text, encoding="utf-8")
    for name, content in site.files().items():
        (pages / name).write_text(content, encoding="utf-8")


def _judged(results: Results, path: str, stated: bool, new: Path | None, excuse: str) -> tuple[Verdict, str]:
    """What is to be said of one page; `stated` tells whether the recorded report has it."""
    recorded = results.file(path)
    if new is None or not stated:
        where = "of the recorded report, and not of the one" if stated else "not of the recorded report, but of the one"
        return _other(f"is a page {where} that was made again", excuse)
    if not recorded.is_file():
        return Verdict.MISSING, "is not there to be compared with what was made again"
    if results.bloated(path):
        return Verdict.CORRUPT, "is of another size than stated"
    if sha256_file(recorded) == sha256_file(new):
        return Verdict.IDENTICAL, ""
    texts = [file.read_text(encoding="utf-8", errors="replace") for file in (recorded, new)]
    if len({CODE.sub("", text) for text in texts}) == 1:
        return Verdict.UNVERIFIABLE, "shows other scripts than those of this checkout"
    return _other("is another page than the one that was made again", excuse)


def _other(text: str, excuse: str) -> tuple[Verdict, str]:
    return (Verdict.UNVERIFIABLE, f"{text}, {excuse}") if excuse else (Verdict.DRIFTED, text)


def _later(results: Results, report: Receipt) -> str:
    """Which receipt was written after the report, whose pages show them all; nothing if none was."""
    began = str(report.said.get("started", ""))
    later = (entry.path for entry in results.receipts if str(entry.said.get("ended", "")) > began and entry != report)
    first = min(later, default="")
    return f"now that there is a later {first}" if first else ""
