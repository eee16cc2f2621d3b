"""The screen and its JSON form."""

import json
from collections.abc import Sequence

from datalines.doctor.line import Line, State, status_of

SCHEMA = 1
VERDICTS = {
    0: "Nothing stands in the way.",
    1: "It can run; {look} to look at.",
    3: "{broken} broken, {look} to look at.",
}


def screen(lines: Sequence[Line], scale: str, profile: str) -> str:
    """One line for each check, what to do under it, and the whole at the end."""
    name, state = (max(len(getattr(line, key)) for line in lines) for key in ("name", "state"))
    shown = []
    for line in lines:
        shown.append(f"{line.state:{state}}  {line.name:{name}}  {' '.join(line.found.split())}")
        if line.todo:
            shown.append(f"{'':{state}}  {'':{name}}  -> {line.todo}")
    counts = {kind.value: sum(line.state is kind for line in lines) for kind in State}
    verdict = VERDICTS[status_of(lines)].format(**counts)
    return "\n".join([*shown, "", f"Scale {scale}, {profile}: {verdict}"])


def content(lines: Sequence[Line], scale: str, profile: str) -> str:
    """The same as JSON."""
    entries = [{"name": line.name, "state": line.state.value, "found": line.found, "todo": line.todo} for line in lines]
    whole = {"schema": SCHEMA, "scale": scale, "profile": profile, "status": status_of(lines), "lines": entries}
    return json.dumps(whole, indent=2, ensure_ascii=False)
