"""The command `datalines audit`: makes an audit, writes it down, and says the worst of it."""

import argparse
import json
import os
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from datalines.audit import descent, engine
from datalines.audit.document import document
from datalines.audit.page import STATUSES, page
from datalines.audit.verdicts import ORDER, Verdict
from datalines.errors import DatalinesError
from datalines.files import write_json, write_text

PLACE = "audit"
SHOWN = 20


class AuditError(DatalinesError):
    """An audit that cannot be made as it was asked for."""


def run(given: argparse.Namespace, checkout: Path) -> int:
    """Answer `datalines audit`; returns the exit status by the worst verdict.

    Raises DatalinesError where the folder holds no results, or the audit cannot be written.
    """
    folder = _folder(given, checkout)
    out = _out(given, folder)
    if given.level == "rerun" and given.cell is None:
        raise AuditError("--level rerun trains one run again; name it with --cell FAMILY/SIZE/SEED")
    if given.cell is not None and given.level != "rerun":
        raise AuditError("--cell is for --level rerun; leave it out, or write --level rerun")
    jobs = given.jobs or os.cpu_count() or 1
    options = engine.Options(given.seed, given.full, jobs, checkout, given.cell, given.models, given.images)
    audit = engine.run(folder, given.level, options, _tell)
    said = document(audit, datetime.now(UTC).isoformat(timespec="seconds"))
    try:
        write_json(out / "audit.json", said)
        write_text(out / "audit.html", page(said))
    except OSError as error:
        raise AuditError(f"cannot write {error.filename or out}: {error.strerror}; name a folder with --out") from error
    sys.stdout.write(json.dumps(said, indent=2, ensure_ascii=False) + "\n" if given.json else summary(said, out))
    return int(said["status"])


def _folder(given: argparse.Namespace, checkout: Path) -> Path:
    if given.folder is not None and given.scale is not None:
        raise AuditError("name a FOLDER or a --scale, not both")
    if given.folder is not None:
        return Path(given.folder)
    if given.scale is not None:
        return checkout / "results" / str(given.scale)
    # The configuration is only looked at where nothing was named: a copied folder has none.
    from datalines.config.layers import merge_layers

    return checkout / "results" / str(merge_layers(checkout, {}).content["scale"])


def _out(given: argparse.Namespace, folder: Path) -> Path:
    """Where the audit goes. A link in the folder is not followed: a folder that came from elsewhere may have put it."""
    if given.out is not None:
        return Path(given.out)
    out = folder / PLACE
    if out.is_symlink():
        raise AuditError(f"{out} is a link; remove it, or name a folder with --out")
    return out


def _tell(text: str) -> None:
    if sys.stderr.isatty():
        sys.stderr.write(f"{text}\n")


def summary(said: Mapping[str, Any], out: Path) -> str:
    """What is printed: checks against verdicts, the worst findings, and where the rest is."""
    counts = ", ".join(f"{number:,} {verdict}" for verdict, number in said["counts"].items())
    lines = [
        *_checks(said["checks"]),
        "",
        *_findings(said["checks"]),
        f"{said['folder']}, level {said['level']}: {counts or 'nothing was examined'}. {STATUSES[said['status']]}",
        f"Written to {out / 'audit.json'} and {out / 'audit.html'}.",
    ]
    return "".join(f"{plain(line)}\n" for line in lines)


def _checks(checks: Sequence[Mapping[str, Any]]) -> list[str]:
    used = [verdict for verdict in ORDER if any(verdict in check["counts"] for check in checks)]
    header = ("check", "level", "examined", *used)
    rows = [
        (
            check["name"],
            check["level"],
            f"{check['examined']:,}",
            *(f"{check['counts'][verdict]:,}" if verdict in check["counts"] else "." for verdict in used),
        )
        for check in checks
    ]
    widths = [max(map(len, column)) for column in zip(header, *rows, strict=True)]
    numbers = range(2, len(header))
    lines = [
        "  ".join(c.rjust(w) if p in numbers else c.ljust(w) for p, (c, w) in enumerate(zip(row, widths, strict=True)))
        for row in [header, ["-" * width for width in widths], *rows]
    ]
    skipped = [f"{check['name']} was not made: {check['not_run']}" for check in checks if check["not_run"]]
    return [line.rstrip() for line in lines] + skipped


def _findings(checks: Sequence[Mapping[str, Any]]) -> list[str]:
    """The worst findings, one a line; causes before what rests on them."""
    found = [
        (check["name"], finding)
        for check in checks
        for finding in check["findings"]
        if finding["verdict"] != Verdict.IDENTICAL
    ]
    found.sort(key=lambda entry: (*_place(*entry), entry[1]["artifact"], entry[0]))
    lines = [f"{entry['verdict']} {entry['artifact']}: {entry['reason']} [{name}]" for name, entry in found[:SHOWN]]
    more = [f"... and {len(found) - SHOWN:,} more findings in audit.json"] if len(found) > SHOWN else []
    return [*lines, *more, ""] if lines else []


def _place(name: str, finding: Mapping[str, Any]) -> tuple[int, bool]:
    return -ORDER.index(Verdict(finding["verdict"])), name == descent.NAME


def plain(text: str) -> str:
    """Text without characters that a terminal would obey: names of files may come from anywhere."""
    return "".join(character if character.isprintable() else "?" for character in text)
