"""Explanations in words that a person can act on."""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from datalines.reruns.explanation import Explanation, Group
from datalines.reruns.rehydrate import Rehydrated
from datalines.reruns.why import Cause, Kind

NAMES_SHOWN, CAUSES_SHOWN, LENGTH = 6, 12, 70
SHORT = 12
"""Hex digits of a digest that are shown."""
SAID = {
    Kind.NEVER: "was never made",
    Kind.MISSING: "is missing",
    Kind.INTERRUPTED: "was being made when its job was interrupted",
    Kind.SOFTWARE: "the declared software environment is another",
    Kind.ASKED: "supposed to give other files",
}
ONLY_TIME = (
    "Snakemake goes by the time, for want of a note of the content, or because the file is larger than the profile's",
    "max-checksum-file-size. `datalines rehydrate` writes its notes anew.",
)


def sentences(told: Explanation) -> list[str]:
    """What `explain` says, but for the price."""
    if not told.jobs:
        lines = [f"Scale {told.scale}, {told.target}: nothing would run; {_jobs(told.done)} done."]
    else:
        whole = told.jobs + told.done
        lines = [f"Scale {told.scale}, {told.target}: {told.jobs} of {whole} jobs would run."]
    for group in told.groups:
        lines += ["", *_group(group)] if not _is_new(group) else []
    lines += _new([group for group in told.groups if _is_new(group)])
    if told.follows:
        lines += ["", "What follows from that:"]
        width = max(len(entry.rule) for entry in told.follows)
        count = max(len(str(len(entry.jobs))) for entry in told.follows)
        for entry in told.follows:
            lines.append(f"  {entry.rule:{width}}  {len(entry.jobs):>{count}}  after {_listed(entry.after)}")
    lines += _unseen(told.unseen)
    return lines


def acceptance(groups: Sequence[Group], left: Sequence[str], target: str, who: str) -> list[str]:
    """What `accept` says."""
    lines = [f"Accepted by {who}:"]
    for group in groups:
        lines += ["", *_group(group)]
    if left:
        return [*lines, "", f"For {target}, {_jobs(len(left))} would run all the same: {_named(left)}."]
    return [*lines, "", f"Nothing would run for {target} now. The audit lists what was accepted."]


def supposition(told: Explanation, survives: Mapping[str, int], anyway: int) -> list[str]:
    """What `what-if` says, but for the price."""
    lines = sentences(told)
    if anyway and anyway == told.jobs:
        lines += ["", "All of these would run without the change, too: there are no results yet."]
    elif anyway:
        lines += ["", f"{anyway} of these would run without the change, too."]
    if survives and told.jobs:
        width = max(map(len, survives))
        lines += ["", "What survives:", *(f"  {rule:{width}}  {count}" for rule, count in survives.items())]
    if any(entry.rule == "train_model" for entry in told.follows):
        lines += ["", "A training whose mixture comes out the same, byte for byte, is recalled and takes no time."]
    return [*lines, ""]


def rehydration(found: Rehydrated) -> list[str]:
    """What `rehydrate` says."""
    lines = [f"{_jobs(found.done)} verified and noted as done; times of {found.restored} files set back."]
    lines += [f"{_jobs(found.absent)} whose files are not all here, left alone."] if found.absent else []
    lines += [f"{_jobs(found.unreceived)} without a receipt, left alone."] if found.unreceived else []
    for path, problem in found.corrupt.items():
        lines.append(
            f"{path} is not what its receipt says ({problem}); it will be made again. Or put the right one back."
        )
    for name, causes in found.changed.items():
        lines += ["", f"{name}: made otherwise than is asked for now", *(f"  {line}" for line in _causes(causes))]
    if not found.runs:
        return [*lines, "", "Snakemake has nothing to do here."]
    runs = ", ".join(f"{rule} {count}" for rule, count in found.runs.items())
    return [*lines, "", f"Snakemake would run: {runs}. `datalines explain` says why."]


def _unseen(groups: Sequence[Group]) -> list[str]:
    if not groups:
        return []
    lines = [
        "",
        "Snakemake would not run these, although their receipts state something else than what is there or asked for",
        "now: its own notes are missing or newer. `datalines rehydrate` writes them anew from the receipts.",
    ]
    for group in groups:
        lines += ["", *_group(group)]
    return lines


def _is_new(group: Group) -> bool:
    return all(cause.kind is Kind.NEVER for cause in group.causes)


def _new(groups: Sequence[Group]) -> list[str]:
    if not groups:
        return []
    rules = max(len(group.rule) for group in groups)
    lines = [f"  {group.rule:{rules}}  {_named(_own_names(group))}" for group in groups]
    return ["", "What they make was never made:", *lines]


def _own_names(group: Group) -> list[str]:
    return [name.removeprefix(group.rule).strip() for name in group.jobs]


def _group(group: Group) -> list[str]:
    head = f"{group.rule}: {_named(_own_names(group))}"
    return [head, *(f"  {line}" for line in _causes(group.causes, len(group.jobs) > 1))]


def _causes(causes: Sequence[Cause], several: bool = False) -> list[str]:
    lines = [line for cause in causes[:CAUSES_SHOWN] for line in _cause(cause, several)]
    more = len(causes) - CAUSES_SHOWN
    lines += [f"and {more} more; --json tells all"] if more > 0 else []
    return [*lines, *ONLY_TIME] if any(cause.kind is Kind.TIME for cause in causes) else lines


def _cause(cause: Cause, several: bool) -> list[str]:
    lines = _plain(cause, several)
    if cause.accepted:
        lines.append(f"  (accepted by {cause.accepted})")
    return lines


def _plain(cause: Cause, several: bool) -> list[str]:
    if cause.kind in SAID:
        what = "what it makes" if several or not cause.what else cause.what
        plain = cause.kind in (Kind.SOFTWARE, Kind.ASKED)
        return [SAID[cause.kind] if plain else f"{what} {SAID[cause.kind]}"]
    if cause.kind is Kind.PARAM:
        return [f"parameter {cause.what}: was {_value(cause.before)}, is {_value(cause.now)}"]
    if cause.kind is Kind.CODE:
        return _code(cause)
    if cause.kind is Kind.TIME:
        return [f"input {cause.what} is newer, and its content is the same"]
    if cause.kind is Kind.NOTES:
        return [f"Snakemake's note of its {cause.what} is another; the receipt states the same values as now, so that",
                "  only their order or kind differs"]  # fmt: skip
    return _input(cause)


def _input(cause: Cause) -> list[str]:
    by = f" (made by {cause.maker})" if cause.maker else ""
    if cause.kind is Kind.ADDED:
        return [f"input {cause.what} was not among its inputs{by}"]
    if cause.kind is Kind.GONE:
        return [f"input {cause.what} is not among its inputs any more"]
    if cause.before is None:
        return [f"input {cause.what} is newer{by}; there is no receipt that says what it was"]
    return [f"input {cause.what} has another content: was {_short(cause.before)}, is {_short(cause.now)}{by}"]


def _code(cause: Cause) -> list[str]:
    if cause.modules:
        return [f"code: {_listed(cause.modules)} changed{f' against {cause.since}' if cause.since else ''}"]
    return [f"code of rule {cause.what} changed: was {cause.before}, is {cause.now}; in which module is not known"]


def _named(names: Sequence[str]) -> str:
    shown = [name for name in names[:NAMES_SHOWN] if name]
    more = len(names) - NAMES_SHOWN
    count = _jobs(len(names))
    listed = ", ".join(shown) + (f" and {more} more" if more > 0 else "")
    return f"{count}: {listed}" if shown else count


def _jobs(count: int) -> str:
    return f"{count} job" + ("" if count == 1 else "s")


def _listed(names: Iterable[str]) -> str:
    *most, last = [*names] or ["nothing"]
    return f"{', '.join(most)} and {last}" if most else last


def _value(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= LENGTH else f"{text[: LENGTH - 3]}..."


def _short(digest: Any) -> str:
    return str(digest)[:SHORT]
