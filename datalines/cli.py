"""The command `datalines`: what people ask of a study outside the workflow."""

import argparse
import dataclasses
import json
import logging
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from datalines.audit.arguments import add_arguments as add_audit
from datalines.config.availability import NO_CONTACT
from datalines.config.errors import Findings, suggestion
from datalines.config.layers import merge_layers
from datalines.config.load import load_study
from datalines.config.study import Study
from datalines.doctor.arguments import add_arguments as add_doctor
from datalines.errors import DatalinesError, FetchError
from datalines.exchange.arguments import add_arguments as add_export
from datalines.exposure import Exposure, exposure
from datalines.fetch.archived import fetch_archive
from datalines.fetch.download import DOWNLOADS, DownloadError, Missing, Wanted, missing, obtain, size_text
from datalines.fetch.mirror import VARIABLE, mirror
from datalines.fetch.policy import Policy, policy_of
from datalines.published.arguments import add_arguments
from datalines.reruns import arguments as reruns
from datalines.version import VERSION

if TYPE_CHECKING:
    from datalines.plan.table import Plan

CHECKOUT = Path(__file__).resolve().parents[1]
COMMANDS = {
    "fetch": "obtain the files that a study declares by their address, or list those that are missing",
    "exposed": "tell which trained models saw samples of an exclusion list",
    "plan": "tell what a run would take: jobs, processor and GPU time, bytes and wall time by rule",
    "audit": "tell whether a results folder is what its receipts say, and whether its numbers come out again",
    "doctor": "tell whether a study can run here: environment, disk, memory, GPUs, Slurm, mirror, evaluation sets",
    "export": "write a finished study as RO-Crate, Croissant, CODECHECK bundle or checklist",
    "er": "tell the effective robustness of accuracies that you have, against published baselines",
    **reruns.COMMANDS,
}
RERUNS = {
    "explain": reruns.add_explain,
    "accept": reruns.add_accept,
    "what-if": reruns.add_what_if,
    "rehydrate": reruns.add_rehydrate,
}
NO_DATA_NEEDED = "Nothing is started, and no data are needed. Speeds stand in section costs of the configuration."
UNRESOLVED_SHOWN = 10
FAILED, MISUSED, INTERRUPTED = 1, 2, 130


def main(arguments: Sequence[str] | None = None, checkout: Path = CHECKOUT) -> int:
    """Run one command; returns the exit status: 0, 1 for an answer that asks for something to be done, 2 for errors."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    if words and not words[0].startswith("-") and words[0] not in COMMANDS:
        near = suggestion(words[0], COMMANDS)
        print(f"datalines: there is no command '{words[0]}'{near}Commands: {', '.join(COMMANDS)}", file=sys.stderr)
        return MISUSED
    given = _parser().parse_args(words)
    try:
        status: int = given.run(given, checkout)
        sys.stdout.flush()
    except DatalinesError as error:
        print(f"datalines: {error}", file=sys.stderr)
        return MISUSED
    except KeyboardInterrupt:
        print("datalines: interrupted; the same command goes on where it was", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:
        # The reader of a pipe has seen enough; Python would complain again when it closes the stream.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    return status


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="datalines", description=__doc__)
    parser.add_argument("--version", action="version", version=f"datalines {VERSION}")
    parser.set_defaults(run=lambda given, checkout: _help(parser))
    commands = parser.add_subparsers(title="commands", metavar="<command>")
    fetch = commands.add_parser("fetch", help=COMMANDS["fetch"], description=f"{_sentence('fetch')} {_where()}")
    fetch.add_argument("--list", action="store_true", help="only list what is missing; exit status 1 if anything is")
    fetch.add_argument("--scale", metavar="NAME", help="scale of the study (default: the one in config/config.yaml)")
    fetch.add_argument("--json", action="store_true", help="with --list: print JSON")
    fetch.add_argument("--archive", metavar="ADDRESS", help="obtain a published archive of records instead")
    fetch.add_argument("--sha256", metavar="DIGEST", help="with --archive: of its manifest.json, as it was published")
    fetch.add_argument("--to", type=Path, metavar="FOLDER", help="with --archive: where it is to lie, artifacts/<name>")
    fetch.set_defaults(run=_fetch)
    exposed = commands.add_parser("exposed", help=COMMANDS["exposed"], description=_sentence("exposed"))
    exposed.add_argument("list", type=Path, help="csv of pool,id,url,key,sha256,reason, or one id or address a line")
    exposed.add_argument("--scale", metavar="NAME", help="look at the models of this scale only (default: all)")
    exposed.add_argument("--json", action="store_true", help="print JSON")
    exposed.set_defaults(run=_exposed)
    _add_plan(commands.add_parser("plan", help=COMMANDS["plan"], description=f"{_sentence('plan')} {NO_DATA_NEEDED}"))
    audit = commands.add_parser("audit", help=COMMANDS["audit"], description=_sentence("audit"))
    add_audit(audit)
    audit.set_defaults(run=_audit)
    doctor = commands.add_parser("doctor", help=COMMANDS["doctor"], description=_sentence("doctor"))
    add_doctor(doctor)
    doctor.set_defaults(run=_doctor)
    export = commands.add_parser("export", help=COMMANDS["export"], description=_sentence("export"))
    add_export(export)
    export.set_defaults(run=_export)
    er = commands.add_parser("er", help=COMMANDS["er"])
    add_arguments(er)
    er.set_defaults(run=_er)
    for name, add in RERUNS.items():
        command = commands.add_parser(name, help=COMMANDS[name], description=_sentence(name))
        add(command)
        command.set_defaults(run=_reruns, command=name)
    return parser


def _add_plan(plan: argparse.ArgumentParser) -> None:
    plan.add_argument("--scale", metavar="NAME", help="scale of the study (default: the one in config/config.yaml)")
    plan.add_argument("--config", nargs="+", metavar="KEY=VALUE", default=[], help="as for snakemake")
    plan.add_argument("--profile", metavar="FOLDER", default="profiles/local", help="profile (default: profiles/local)")
    plan.add_argument("--cores", type=_count_of, metavar="N", help="cores of the machine (default: all of this one)")
    plan.add_argument("--gpus", type=_count_of, metavar="N", default=0, help="GPUs of the machine (default: 0)")
    plan.add_argument("--json", action="store_true", help="print JSON")
    plan.set_defaults(run=_plan)


def _count_of(text: str) -> int:
    if text.isdecimal():
        return int(text)
    raise argparse.ArgumentTypeError(f"{text!r} is not a whole number")


def _help(parser: argparse.ArgumentParser) -> int:
    print(parser.format_help(), end="")
    return 0


def _sentence(command: str) -> str:
    return f"{COMMANDS[command].capitalize()}."


def _where() -> str:
    return f"Files are looked for, and put, in the folder that ${VARIABLE} names, without one in {DOWNLOADS}."


def _fetch(given: argparse.Namespace, checkout: Path) -> int:
    if given.json and not given.list:
        raise DatalinesError("--json is for a list; write datalines fetch --list --json")
    overrides = {"scale": given.scale} if given.scale else {}
    study = load_study(checkout, overrides)
    if given.archive or given.sha256 or given.to:
        return _fetch_archive(given, checkout, study)
    declared = [Wanted(**entry) for entry in study.downloads()]
    lacking = missing(declared, checkout / DOWNLOADS)
    if not given.list:
        return _obtain(lacking, len(declared), study)
    sources = Findings(merge_layers(checkout, overrides).origins)
    files = [sources.source(tuple(item.wanted.key.split("."))) for item in lacking]
    if given.json:
        entries = [_entry(item, file) for item, file in zip(lacking, files, strict=True)]
        print(json.dumps({"scale": study.scale, "declared": len(declared), "missing": entries}, indent=2))
    else:
        for item, file in zip(lacking, files, strict=True):
            print(describe(item, file) + "\n")
        print(summary(lacking, len(declared), study.scale))
    return FAILED if lacking else 0


def _fetch_archive(given: argparse.Namespace, checkout: Path, study: Study) -> int:
    if not (given.archive and given.sha256 and given.to) or given.list:
        raise DatalinesError("an archive takes three: datalines fetch --archive ADDRESS --sha256 DIGEST --to FOLDER")
    files = fetch_archive(given.archive, given.sha256, given.to, checkout / DOWNLOADS, _policy(study), print)
    print(
        f"{_count(files)} and the manifest, verified, in {given.to}. `snakemake ... archive={given.to}` draws from it."
    )
    return 0


def _entry(item: Missing, file: str) -> dict[str, Any]:
    return {**dataclasses.asdict(item.wanted), "file": file, "problem": item.problem, "path": str(item.path)}


def describe(item: Missing, file: str) -> str:
    """A missing file in a few lines: what, how large, which digest, who wants it, where to put it."""
    wanted = item.wanted
    size = f"{size_text(wanted.bytes)} ({wanted.bytes} bytes)" if (wanted.bytes or 0) >= 1000 else None
    lines = [
        wanted.url,
        f"  size    {size or (size_text(wanted.bytes) if wanted.bytes is not None else 'not declared')}",
        f"  sha256  {wanted.sha256 or 'not declared'}",
        *([f"  md5     {wanted.md5}"] if wanted.md5 else []),
        f"  for     {wanted.key}" + (f" in {file}" if file else ""),
        f"  put at  {_shown(item.path)}",
    ]
    if item.problem != "missing":
        lines.append(f"  there   a file that {item.problem}")
    return "\n".join(lines)


def summary(lacking: Sequence[Missing], declared: int, scale: str) -> str:
    """How many of the declared files are missing, how large they are, and what to do."""
    if not lacking:
        return f"Nothing is missing: scale {scale} declares {_count(declared)} to download."
    hint = "." if mirror() else f",\nor in a mirror: a folder <host>/<path> that ${VARIABLE} names."
    return (
        f"{len(lacking)} of {_count(declared)} missing, {_total(lacking)}.\n"
        f"`datalines fetch --scale {scale}` obtains what is missing. Without a network here, fetch the files\n"
        f"elsewhere and put them where they are wanted{hint}"
    )


def _total(lacking: Sequence[Missing]) -> str:
    known = [item.wanted.bytes for item in lacking if item.wanted.bytes is not None]
    unknown = len(lacking) - len(known)
    parts = [size_text(sum(known))] if known else []
    parts += [f"{unknown} of unknown size"] if unknown else []
    return " and ".join(parts)


def _count(files: int) -> str:
    return "no file" if not files else f"{files} file" + ("s" if files > 1 else "")


def _shown(path: Path) -> str:
    """A path as it is written where the command runs."""
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)


def _obtain(lacking: Sequence[Missing], declared: int, study: Study) -> int:
    if not lacking:
        print(summary(lacking, declared, study.scale))
        return 0
    logging.basicConfig(format="%(message)s")
    logging.getLogger("datalines").setLevel(logging.INFO)
    policy = _policy(study)
    failed = 0
    for number, (wanted, _, path) in enumerate(lacking, start=1):
        print(f"[{number}/{len(lacking)}] {wanted.url} ({size_text(wanted.bytes)})", flush=True)
        try:
            obtain(wanted.url, path, wanted.sha256, wanted.bytes, policy, wanted.key, wanted.md5)
            print(f"  {size_text(path.stat().st_size)} in {_shown(path)}", flush=True)
        except DownloadError as error:
            failed += 1
            print(f"  failed: {error}", file=sys.stderr)
    print(f"{len(lacking) - failed} of {_count(len(lacking))} obtained" + (f", {failed} failed." if failed else "."))
    return FAILED if failed else 0


def _policy(study: Study) -> Policy:
    fetch = study.fetch.model_dump(mode="json")
    if fetch["contact"] is None:
        raise FetchError(f"fetch.contact {NO_CONTACT}")
    return policy_of({**fetch, "user_agent": f"datalines/{VERSION} (+{fetch['contact']})"})


def _exposed(given: argparse.Namespace, checkout: Path) -> int:
    found = exposure(checkout / "results", given.list, given.scale)
    exposed = [model for model in found.models if model.listed]
    unknown = [model for model in found.models if model.listed is None]
    if given.json:
        content = {
            "list": str(given.list),
            "names": found.names,
            "samples": len(found.ids),
            "unresolved": found.unresolved,
            "models": len(found.models),
            "exposed": [dataclasses.asdict(model) for model in exposed],
            "unknown": [dataclasses.asdict(model) for model in unknown],
        }
        print(json.dumps(content, indent=2))
    else:
        print(report(found, given.list))
    return FAILED if exposed or unknown else 0


def report(found: Exposure, listing: Path) -> str:
    """What `datalines exposed` says: the list, the models that saw samples of it, and what cannot be told."""
    exposed = [model for model in found.models if model.listed]
    unknown = [model for model in found.models if model.listed is None]
    lines = [f"{listing}: {found.names} names stand for {len(found.ids)} samples."]
    if found.unresolved:
        shown = [f"  {name}" for name in found.unresolved[:UNRESOLVED_SHOWN]]
        more = len(found.unresolved) - len(shown)
        lines += [f"{len(found.unresolved)} names fit no row of the pools here:", *shown]
        lines += [f"  and {more} more"] if more else []
    lines.append("")
    if exposed:
        header = ("scale", "family", "size", "seed", "mixture", "listed", "of")
        rows = [(m.scale, m.family, m.size, str(m.seed), m.mixture, str(m.listed), str(m.samples)) for m in exposed]
        lines += [*table(header, rows, right={3, 5, 6}), ""]
    for model in unknown:
        lines.append(f"{model.scale} {model.family} {model.size} {model.seed} cannot be told: {model.reason}")
    models = f"{len(exposed)} of {len(found.models)} trained models saw samples of the list."
    lines.append(models if found.models else "There are no trained models here.")
    return "\n".join(lines)


def _plan(given: argparse.Namespace, checkout: Path) -> int:
    # Snakemake takes a second to import, which the other commands need not wait for.
    from datalines.plan.jobs import overrides, planned
    from datalines.plan.schedule import Machine
    from datalines.plan.table import make_plan

    config = [*([f"scale={given.scale}"] if given.scale else []), *given.config]
    cores = given.cores or os.cpu_count() or 1
    found = planned(checkout, config, given.profile, cores)
    plan = make_plan(load_study(checkout, overrides(config)), found, Machine(cores, given.gpus))
    print(json.dumps(plan.content(), indent=2) if given.json else outline(plan))
    return 0


def outline(plan: "Plan") -> str:
    """What `datalines plan` says: the table, and the machine that it was reckoned for."""
    from datalines.plan.table import HEADER, cells

    if not plan.rows:
        return f"Nothing is to be done at scale {plan.scale}: all of its {plan.done:,} jobs are done."
    lines = table(HEADER, [cells(row) for row in [*plan.rows, plan.total]], right=set(range(1, len(HEADER))))
    machine = plan.machine
    cores = f"{machine.cores} core" + ("s" if machine.cores > 1 else "")
    gpus = {0: "no GPU", 1: "one GPU"}.get(machine.gpus, f"{machine.gpus} GPUs")
    done = f" {plan.done:,} further jobs are done." if plan.done else ""
    wall = "wall time is while at least one job of a rule runs."
    lines += ["", f"Scale {plan.scale} on {cores} and {gpus}; {wall}{done}"]
    used = ["cpu", *(["gpu"] if machine.gpus else [])]
    lines += [f"{name.upper()}: {plan.hardware[name]}" for name in used if name in plan.hardware]
    lines += [f"Not counted, because {key} is not stated; write {wanted}." for key, wanted in plan.unknown.items()]
    return "\n".join(lines)


def _reruns(given: argparse.Namespace, checkout: Path) -> int:
    # Snakemake takes a second to import, which the other commands need not wait for.
    from datalines.reruns import command

    answers = {"explain": command.explain, "accept": command.accept, "what-if": command.what_if}
    return {**answers, "rehydrate": command.rehydrate}[given.command](given, checkout)


def _audit(given: argparse.Namespace, checkout: Path) -> int:
    from datalines.audit.command import run

    return run(given, checkout)


def _export(given: argparse.Namespace, checkout: Path) -> int:
    from datalines.exchange.command import run

    return run(given, checkout)


def _doctor(given: argparse.Namespace, checkout: Path) -> int:
    # Snakemake takes a second to import, which the other commands need not wait for.
    from datalines.doctor.command import run

    return run(given, checkout)


def _er(given: argparse.Namespace, checkout: Path) -> int:
    # What fits lines takes a while to import, which the other commands need not wait for.
    from datalines.published.command import Sources, run

    study = load_study(checkout, {})

    def policy() -> Policy | None:
        return _policy(study) if study.fetch.contact else None

    return run(given, Sources(study.published, checkout / DOWNLOADS, policy))


def table(header: Sequence[str], rows: Sequence[Sequence[str]], right: set[int]) -> list[str]:
    """Lines of a table with a line under its header; `right` are the columns set to the right."""
    widths = [max(len(row[place]) for row in [header, *rows]) for place in range(len(header))]

    def line(cells: Sequence[str]) -> str:
        pads = [cell.rjust if place in right else cell.ljust for place, cell in enumerate(cells)]
        return "  ".join(pad(width) for pad, width in zip(pads, widths, strict=True)).rstrip()

    return [line(header), "  ".join("-" * width for width in widths), *map(line, rows)]
