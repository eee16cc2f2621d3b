"""Does a receipt's job again: its script, on the inputs that it names, with all that it makes in another folder.

Only scripts of the checkout are run, and none that uses the network: a receipt comes with the results, and may be
anybody's.
"""

import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from datalines.artifacts import Vouched
from datalines.audit.apart import each
from datalines.audit.results import Receipt, Results
from datalines.codehash import source_hash
from datalines.errors import DatalinesError
from datalines.files import sha256_file
from datalines.job import bind
from datalines.scriptfile import load

SCRIPTS = "workflow/scripts"
REPLAYED = frozenset(
    {
        *("collect_records", "collect_pools", "collect_statistics", "collect_overlap", "measure_balance"),
        *("open_archive", "read_published", "fit_published", "simulate_theory", "fit_lines", "measure_robustness"),
        *("judge_claims", "make_table", "draw_figure", "draw_pool_figure", "draw_samples", "draw_batches"),
        *("filter_pool", "write_shards", "mix_shards", "train_model", "evaluate_run", "write_report"),
    }
)
"""Rules whose jobs can be done again: what they make follows from their inputs and params, and they ask nobody."""
STATES = "states"
"""The param that names a folder to be written, beside the outputs."""
SCRIPT = "script"
"""The input that is code: it is taken from the checkout, and is part of the code's digest."""
UNFOLLOWED = (None, "declared version")
"""What a receipt says of the code where the study does not follow it."""
NAMED = 3
UNKNOWN = "not a file with a digest"


class ReplayError(DatalinesError):
    """A job that cannot be done again, and why."""


@dataclass(frozen=True)
class Planned:
    """A job that can be done again. Plain data, so that another process can be handed it."""

    script: str
    values: dict[str, Any]
    """Everything that its `main` can ask for, by name."""
    outputs: dict[str, str]
    """{the path that the receipt tells of: the file that is made now}."""
    folder: str
    """Where it is run: the checkout."""
    remark: str
    """What is to be said beside every difference: that the code is other than it was; or nothing."""


def replay(results: Results, receipt: Receipt, checkout: Path, into: Path) -> dict[str, Path]:
    """Do a job again in a process of its own; {recorded output: new file below `into`, laid out as the results are}.

    Raises ReplayError, which names what is missing, altered or went wrong.
    """
    return redo(plan(results, receipt, checkout, into))


def redo(job: Planned) -> dict[str, Path]:
    """Do one job in a process of its own; raises ReplayError with the reason where it fails."""
    (reason,) = perform([job])
    if reason:
        raise ReplayError(reason)
    return {path: Path(new) for path, new in job.outputs.items()}


def plan(
    results: Results, receipt: Receipt, checkout: Path, into: Path, instead: Mapping[str, Path] | None = None
) -> Planned:
    """Find and check all that a job needs. `instead` puts another file in the place of an input, by its path in the
    results.

    Raises ReplayError where the job cannot be done again.
    """
    if receipt.rule not in REPLAYED:
        raise ReplayError(f"jobs of rule {receipt.rule} are not done again")
    if not isinstance(receipt.said.get("names"), dict):
        raise ReplayError(
            "its receipt is of form 1, which does not say which input is which; run the workflow again to write one"
        )
    if not (checkout / SCRIPTS / f"{receipt.rule}.py").is_file():
        raise ReplayError(f"{checkout / SCRIPTS} has no {receipt.rule}.py; run the audit from a checkout")
    try:
        return _planned(results, receipt, checkout, into, instead or {})
    except (AttributeError, KeyError, OSError, TypeError, ValueError) as error:
        raise ReplayError(f"its receipt cannot be followed: {type(error).__name__}: {error}") from error


def _planned(results: Results, receipt: Receipt, checkout: Path, into: Path, instead: Mapping[str, Path]) -> Planned:
    said = receipt.said
    inputs = _inputs(results, said, checkout, instead)
    named = said["names"]["outputs"]
    made = {name: _each(value, lambda raw: _made(receipt, raw, into)) for name, value in named.items()}
    outputs = {inside(raw, said["root"]): _made(receipt, raw, into) for value in named.values() for raw in _flat(value)}
    if outputs.keys() != receipt.outputs.keys():
        raise ReplayError("its receipt tells of other outputs than it names")
    params = dict(receipt.params)
    if STATES in params:
        params[STATES] = str(into.resolve() / "state")
    script = (checkout / SCRIPTS / f"{receipt.rule}.py").resolve()
    return Planned(
        script=str(script),
        values={**_surroundings(said), **params, **receipt.wildcards, **inputs, **made},
        outputs=outputs,
        folder=str(checkout.resolve()),
        remark=_remark(said.get("code"), [str(script), *([inputs[SCRIPT]] if SCRIPT in inputs else [])]),
    )


def _surroundings(said: dict[str, Any]) -> dict[str, Any]:
    """What a script is told besides: threads as far as there are any here; of GPUs and settings of the workflow, which
    change no result, nothing."""
    return {"threads": min(int(said["threads"]), os.cpu_count() or 1), "config": {}, "resources": {}}


def perform(jobs: list[Planned], processes: int = 1) -> Iterator[str]:
    """Do jobs in processes of their own; for each, in their order, nothing or the reason why it could not be done."""
    for job in jobs:
        for new in job.outputs.values():
            Path(new).parent.mkdir(parents=True, exist_ok=True)
    for job, reason in zip(jobs, each(do, jobs, processes), strict=True):
        lacking = [path for path, new in job.outputs.items() if not Path(new).is_file()]
        yield reason or (f"it ended without {lacking[0]}" if lacking else "")


def do(job: Planned) -> None:
    """Run the job's script here, in the folder that Snakemake would run it in."""
    os.chdir(job.folder)
    main = load(Path(job.script)).main
    main(**bind(main, job.values))


def damaged(files: Iterable[Vouched]) -> str:
    """Which of the files that a manifest vouches for are not there or not the same, in words; nothing if none is."""
    bad = [f"{file.path} is {state}" for file in files if (state := _state(file.path, file.sha256))]
    return _listed(bad)


def inside(raw: str, root: str) -> str:
    """A path that a receipt names, relative to its results folder; as it is where only one of them is absolute."""
    same = Path(raw).is_absolute() == Path(root).is_absolute()
    return Path(os.path.relpath(raw, root)).as_posix() if same else raw


def outside(path: str) -> bool:
    """Whether a path as `inside` gives it leads out of the results folder."""
    return path.split("/")[0] == ".." or Path(path).is_absolute()


def _inputs(results: Results, said: dict[str, Any], checkout: Path, instead: Mapping[str, Path]) -> dict[str, Any]:
    """Where the inputs lie now, by name. Every one but the script must be what the job was given then."""
    found: dict[str, Any] = {}
    bad = []
    for name, value in said["names"]["inputs"].items():
        if name == SCRIPT:
            found[name] = str(_script(str(value), checkout))
            continue
        for raw in _flat(value):
            if inside(raw, said["root"]) in instead:
                continue
            place = _place(results, raw, said["root"], checkout)
            path, digest = inside(raw, said["root"]), said["inputs"].get(raw)
            state = "of another size" if results.bloated(path) else _state(place, digest) if digest else UNKNOWN
            bad += [f"{path} is {state}"] if state else []
        found[name] = _each(
            value, lambda raw: instead.get(inside(raw, said["root"])) or _place(results, raw, said["root"], checkout)
        )
    if bad:
        raise ReplayError(f"not all that it was made from is there: {_listed(bad)}")
    return found


def _place(results: Results, raw: str, root: str, checkout: Path) -> Path:
    """Where an input lies now: in the results, else in the checkout, else where it lay beside the results."""
    path = inside(raw, root)
    near = [results.file(path)] if not outside(path) else [checkout / raw, results.file(path)]
    return next((place for place in near if place.is_file()), near[0]).resolve()


def _script(raw: str, checkout: Path) -> Path:
    """The script of a figure or a table, which must be one of the checkout's own."""
    place = (checkout / raw).resolve()
    if not place.is_relative_to((checkout / SCRIPTS).resolve()):
        raise ReplayError(f"its script {raw} is none of {SCRIPTS} in the checkout, and no other is run")
    if not place.is_file():
        raise ReplayError(f"its script {raw} is missing from the checkout")
    return place


def _made(receipt: Receipt, raw: str, into: Path) -> str:
    path = inside(raw, receipt.said["root"])
    if outside(path) or path not in receipt.outputs:
        raise ReplayError(f"its output {raw} is no file of these results that the receipt tells of")
    return str(into.resolve() / path)


def _each(value: str | list[str], place: Any) -> str | list[str]:
    return str(place(value)) if isinstance(value, str) else [str(place(raw)) for raw in value]


def _flat(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value


def _state(path: Path, sha256: str) -> str:
    """What is wrong with a file; nothing if it has the digest."""
    if not path.is_file():
        return "missing"
    return "" if sha256_file(path) == sha256 else "altered"


def _listed(bad: list[str]) -> str:
    more = f" and {len(bad) - NAMED} more" if len(bad) > NAMED else ""
    return f"{', '.join(bad[:NAMED])}{more}"


def _remark(made: str | None, scripts: list[str]) -> str:
    """That the code is other than it was when the receipt was written; nothing where it is the same or not followed."""
    now = source_hash(*scripts)
    return "" if made in UNFOLLOWED or made == now else f"with code {now}, made with {made}"
