"""audit.html: an audit as one static page, made from audit.json alone. It needs no network and no scripts."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

from datalines.audit.levels import COSTS
from datalines.audit.verdicts import ORDER, Verdict

LETTERS = {
    Verdict.IDENTICAL: "I",
    Verdict.EQUIVALENT: "E",
    Verdict.ACCEPTED: "A",
    Verdict.EVICTED: "V",
    Verdict.TOUCHED: "T",
    Verdict.ORPHAN: "O",
    Verdict.UNVERIFIABLE: "U",
    Verdict.STALE: "S",
    Verdict.MIXED: "X",
    Verdict.DRIFTED: "D",
    Verdict.CORRUPT: "C",
    Verdict.MISSING: "M",
}
MEANINGS = {
    Verdict.IDENTICAL: "as stated",
    Verdict.EQUIVALENT: "within the declared tolerance",
    Verdict.ACCEPTED: "a person said why it does no harm",
    Verdict.EVICTED: "left out, can be made again",
    Verdict.TOUCHED: "another time than stated",
    Verdict.ORPHAN: "named by nothing",
    Verdict.UNVERIFIABLE: "cannot be checked here",
    Verdict.STALE: "its inputs have changed",
    Verdict.MIXED: "inputs of different generations",
    Verdict.DRIFTED: "comes out otherwise",
    Verdict.CORRUPT: "not what was made",
    Verdict.MISSING: "not there",
}
STATUSES = {0: "Sound.", 1: "There is something to look at.", 3: "Broken: do not rely on what is listed below."}
SHOWN = 2000
"""Findings on the page; audit.json holds all."""


def page(said: Mapping[str, Any]) -> str:
    """The page for the content of an audit.json."""
    style = Path(__file__).with_name("page.css").read_text(encoding="utf-8")
    title = f"Audit of {escape(said['folder'])}"
    parts = [
        _front(said),
        _section("checks", "Checks", _checks(said)),
        _section("papers", "Tables and figures against checks", _matrix(said)),
        _section("acceptances", "What people accepted", _acceptances(said)),
        _section("findings", "Findings by artifact", _findings(said)),
        _section("environments", "Where it was made", _environments(said)),
    ]
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{title}</title>\n<style>\n{style}</style>\n</head>\n<body>\n<main>\n<h1>{title}</h1>\n"
        + "\n".join(parts)
        + "\n</main>\n<footer><p>Made from audit.json beside this page, which holds every finding.</p></footer>\n"
        "</body>\n</html>\n"
    )


def _section(name: str, title: str, body: str) -> str:
    return f'<section aria-labelledby="{name}">\n<h2 id="{name}">{title}</h2>\n{body}\n</section>'


def badge(verdict: str, words: bool = True) -> str:
    """A verdict's letter on its colour, and its name, which is always there for those who hear the page."""
    letter = f'<span class="v {verdict}" aria-hidden="true">{LETTERS[Verdict(verdict)]}</span>'
    return f"{letter} {verdict}" if words else f'{letter}<span class="heard">{verdict}</span>'


def _front(said: Mapping[str, Any]) -> str:
    facts = {
        "Level": said["level"],
        "Made": said["when"],
        "Receipts": f"{said['receipts']:,}",
        "Artifacts": f"{len(said['artifacts']):,}",
        "Large files": "all read" if said["full"] else f"a sample, seed {said['seed']}",
        "Audited with": _versions(said["environment"]),
    }
    cells = "".join(f"<div><dt>{name}</dt><dd>{escape(str(value))}</dd></div>" for name, value in facts.items())
    counts = "".join(f"<li>{badge(verdict)} {number:,}</li>" for verdict, number in said["counts"].items())
    return (
        f"<p><strong>{STATUSES[said['status']]}</strong> The worst verdict is {badge(said['verdict'])}. "
        f"Cost of level {said['level']}: {escape(COSTS[said['level']])}.</p>\n"
        f'<dl class="facts">{cells}</dl>\n<ul class="legend" aria-label="Artifacts by verdict">{counts}</ul>'
    )


def _versions(environment: Mapping[str, Any]) -> str:
    versions = environment.get("versions") or {}
    return ", ".join(f"{name} {version}" for name, version in versions.items()) or "not stated"


def _checks(said: Mapping[str, Any]) -> str:
    rows = [
        (
            escape(check["name"]),
            escape(check["level"]),
            escape(check["title"]),
            f"{check['examined']:,}",
            f"not made: {escape(check['not_run'])}" if check["not_run"] else _tally(check["counts"]),
        )
        for check in said["checks"]
    ]
    return table(("Check", "Level", "What it shows if it finds nothing", "Examined", "Verdicts"), rows, numbers={3})


def _tally(counts: Mapping[str, int]) -> str:
    return "<br>".join(f"{badge(verdict)} {number:,}" for verdict, number in counts.items())


def table(header: Sequence[str], rows: Iterable[Sequence[str]], numbers: Collection[int] = ()) -> str:
    """A table of cells that are HTML already; it scrolls sideways where the page is narrow."""

    def mark(place: int) -> str:
        return ' class="number"' if place in numbers else ""

    head = "".join(f'<th scope="col"{mark(place)}>{name}</th>' for place, name in enumerate(header))
    body = "\n".join(
        "<tr>" + "".join(f"<td{mark(place)}>{cell}</td>" for place, cell in enumerate(row)) + "</tr>" for row in rows
    )
    return (
        f'<div class="scroll" tabindex="0"><table>\n<thead><tr>{head}</tr></thead>\n<tbody>\n{body}\n'
        "</tbody></table></div>"
    )


def _matrix(said: Mapping[str, Any]) -> str:
    used = {name for row in said["papers"] for name in row["cells"]}
    names = [check["name"] for check in said["checks"] if check["name"] in used]
    if not names:
        return "<p>The folder holds no tables or figures.</p>"
    legend = "".join(f"<li>{badge(verdict)}: {MEANINGS[verdict]}</li>" for verdict in ORDER)
    head = "".join(f'<th scope="col"><span>{escape(name)}</span></th>' for name in names)
    rows = "\n".join(_line(row, names) for row in said["papers"])
    return (
        "<p>A cell is the worst verdict of a check on the table or figure and on everything that it was made from. "
        "A dash: the check is not about any of that.</p>\n"
        f'<ul class="legend">{legend}</ul>\n'
        '<div class="scroll" tabindex="0"><table class="matrix">\n'
        f'<thead><tr><th scope="col">Table or figure</th>{head}</tr></thead>\n<tbody>\n{rows}\n</tbody></table></div>'
    )


def _line(row: Mapping[str, Any], names: Sequence[str]) -> str:
    cells = []
    for name in names:
        cell = row["cells"].get(name)
        if cell is None:
            cells.append('<td class="none">–</td>')
        else:
            about = f" of {cell['artifact']}" if cell["artifact"] else f" for all {cell['examined']:,} examined"
            cells.append(f'<td title="{escape(cell["verdict"] + about)}">{badge(cell["verdict"], words=False)}</td>')
    return f'<tr><th scope="row">{escape(row["item"])}</th>{"".join(cells)}</tr>'


def _acceptances(said: Mapping[str, Any]) -> str:
    if not said["acceptances"]:
        return "<p>Nothing.</p>"
    rows = [
        (
            f"<code>{escape(entry['artifact'])}</code>",
            escape(entry["verdict"]),
            f'<span class="reason">{escape(entry["reason"])}</span>',
            f"{escape(entry['who'])}, {escape(entry['when'])}",
            f"<code>{escape(str(entry['from'])[:12])}</code> to <code>{escape(str(entry['to'])[:12])}</code>",
            f"{entry['findings']:,}",
        )
        for entry in said["acceptances"]
    ]
    return table(("Artifact", "Verdict", "Why it does no harm", "Who, when", "Content", "Findings"), rows, numbers={5})


def _findings(said: Mapping[str, Any]) -> str:
    by_artifact = sorted(
        (
            (finding["artifact"], check["name"], finding["verdict"], finding["reason"])
            for check in said["checks"]
            for finding in check["findings"]
        ),
        key=lambda entry: (-ORDER.index(Verdict(entry[2])), entry),
    )
    if not by_artifact:
        return "<p>None: every artifact that was examined is as stated.</p>"
    rows = [
        (
            f"<code>{escape(artifact)}</code>",
            badge(verdict),
            escape(name),
            f'<span class="reason">{escape(reason)}</span>',
        )
        for artifact, name, verdict, reason in by_artifact[:SHOWN]
    ]
    left = len(by_artifact) - len(rows)
    more = f"\n<p>And {left:,} more in audit.json.</p>" if left else ""
    return table(("Artifact", "Verdict", "Check", "Reason"), rows) + more


def _environments(said: Mapping[str, Any]) -> str:
    rows = [
        (
            f"{entry['jobs']:,}",
            escape(", ".join(entry["hosts"])),
            escape(_versions(entry)),
            escape(", ".join(map(str, entry.get("gpus") or [])) or "none"),
            escape(str(entry.get("driver") or "none")),
            f"<code>{escape(str(entry.get('installed') or 'not stated')[:12])}</code>",
        )
        for entry in said["made_on"]
    ]
    return table(("Jobs", "Hosts", "Versions", "GPUs", "Driver", "Digest of what is installed"), rows, numbers={0})
