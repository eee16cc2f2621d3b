"""The fields of two checklists, filled from receipts: ACM's artifact appendix and NeurIPS' paper checklist.

What no receipt can know is left to the authors, and said to be.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from datalines.audit.results import Results
from datalines.exchange import answers
from datalines.exchange.about import About
from datalines.exchange.compute import by_rule, total
from datalines.exchange.facts import in_order, study_of
from datalines.exchange.sources import Source
from datalines.files import write_json, write_text

ACM, NEURIPS = "ACM artifact appendix", "NeurIPS paper checklist"
OPEN = "For the authors to answer: receipts do not know."
ARCHIVED = "Not stated; deposit the RO-Crate (`datalines export --as ro-crate`) and name its DOI."


@dataclass(frozen=True)
class Item:
    """One field of a checklist; without an answer it is for the authors."""

    form: str
    key: str
    question: str
    answer: str


def write_checklist(results: Results, sources: Mapping[str, Source], out: Path, about: About) -> tuple[int, int]:
    """Write checklist.json and checklist.md into `out`; returns how many fields are filled, of how many."""
    found = items(results, sources, about)
    efforts = {rule: asdict(effort) for rule, effort in by_rule(results).items()}
    compute = {rule: _plain(effort) for rule, effort in efforts.items()}
    study = {key: study_of(results)[key] for key in ("scale", "title", "description", "substitutions")}
    fields = [asdict(item) for item in found]
    write_json(out / "checklist.json", {"schema": 1, "study": study, "fields": fields, "compute": compute})
    write_text(out / "checklist.md", markdown(results, found))
    return sum(bool(item.answer) for item in found), len(found)


def _plain(effort: dict[str, Any]) -> dict[str, Any]:
    """Hours to the tenth of a second, sets as sorted lists."""
    rounded = {key: round(value, 5) if isinstance(value, float) else value for key, value in effort.items()}
    return {key: sorted(value) if isinstance(value, set) else value for key, value in rounded.items()}


def items(results: Results, sources: Mapping[str, Source], about: About) -> list[Item]:
    """All fields, in the order of the forms."""
    in_order(results)
    return [*_acm(results, sources, about), *_neurips(results, sources, about)]


def _acm(results: Results, sources: Mapping[str, Source], about: About) -> list[Item]:
    rows = {
        "program": ("How is it run?", answers.program(results)),
        "model": ("Which models, trained how?", answers.training(results)),
        "data set": ("Which data?", answers.data(results, sources)),
        "run-time environment": ("Which software?", answers.surroundings(results)),
        "hardware": ("Which machines, and what did they do?", answers.compute(results)),
        "output": ("What comes out?", answers.outputs(results)),
        "experiments": ("What has to be equal?", answers.levels_of(results)),
        "disk space": ("How much disk is needed?", answers.disk(results)),
        "time": ("How long does it take?", answers.duration(results)),
        "publicly available": ("Where is it?", about.repository or ""),
        "code licence": ("Licence of the code?", "MIT"),
        "data licences": ("Licences of the data?", answers.licences(results, sources)),
        "workflow framework": ("Which workflow framework?", "Snakemake"),
        "archived": ("Under which DOI?", ""),
    }
    return [Item(ACM, key, question, answer) for key, (question, answer) in rows.items()]


def _neurips(results: Results, sources: Mapping[str, Source], about: About) -> list[Item]:
    again = f"{answers.program(results)} {answers.seeds(results)}".strip()
    access = f"Code and receipts: {about.repository}." if about.repository else ""
    rows = {
        "1 claims": ("Do the claims reflect the results?", answers.claims(results)),
        "2 limitations": ("Are limitations discussed?", answers.limitations(results)),
        "3 theory": ("Are assumptions and proofs complete?", ""),
        "4 reproducibility": ("Can the main results be made again?", again),
        "5 open access": ("Are code and data open?", access),
        "6 setting": ("Are all training and test details stated?", answers.training(results)),
        "7 significance": ("Are error bars reported, and how?", answers.error_bars(results)),
        "8 compute": ("Which resources were used?", answers.compute(results)),
        "9 ethics": ("Does it conform to the code of ethics?", ""),
        "10 impacts": ("Are broader impacts discussed?", ""),
        "11 safeguards": ("Are there safeguards against misuse?", ""),
        "12 licences": ("Are assets credited, with licences?", answers.licences(results, sources)),
        "13 new assets": ("Are new assets documented?", _assets(results)),
        "14 crowdsourcing": ("Are instructions to participants given?", ""),
        "15 review board": ("Are risks to participants described?", ""),
        "16 language models": ("Is the use of language models declared?", ""),
    }
    return [Item(NEURIPS, key, question, answer) for key, (question, answer) in rows.items()]


def _assets(results: Results) -> str:
    shards = any(artifact.kind in ("shards", "mixture") for artifact in results.artifacts.values())
    return "Data sets are described in Croissant (`datalines export --as croissant`)." if shards else ""


def markdown(results: Results, found: list[Item]) -> str:
    """Both forms, and the hours by rule."""
    study = study_of(results)
    lines = [f"# Reproducibility of {study['title']}", ""]
    for form in (ACM, NEURIPS):
        lines += [f"## {form}", ""]
        for item in (item for item in found if item.form == form):
            said = item.answer or (ARCHIVED if item.key == "archived" else OPEN)
            lines += [f"**{item.key}**: {item.question}", "", said, ""]
    efforts = by_rule(results)
    lines += [
        "## Compute by rule",
        "",
        "| Rule | Jobs | Hours | Core hours | GPU hours |",
        "| --- | --: | --: | --: | --: |",
    ]
    for rule, effort in [*efforts.items(), ("all", total(efforts))]:
        hours = " | ".join(f"{value:.3f}" for value in (effort.wall_hours, effort.core_hours, effort.gpu_hours))
        lines.append(f"| {rule} | {effort.jobs} | {hours} |")
    lines += [
        "",
        "Core hours are those of the threads that a job was given. GPU hours are those of jobs whose output says",
    ]
    return "\n".join([*lines, "that they ran on GPUs.", ""])
