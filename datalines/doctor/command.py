"""The command `datalines doctor`."""

import argparse
import contextlib
import sys
from pathlib import Path

from datalines.config.errors import ConfigError
from datalines.config.load import load_study
from datalines.config.study import Study
from datalines.doctor.checks import examine
from datalines.doctor.line import Asked, Line, State, status_of
from datalines.doctor.profile import settings
from datalines.doctor.screen import content, screen


def run(given: argparse.Namespace, checkout: Path) -> int:
    """Answer `datalines doctor`; returns the exit status by the worst line. Raises ProfileError without the profile."""
    with contextlib.chdir(checkout):
        profile = Path(given.profile)
        settings(profile)
        study, line = _configured(checkout, given.scale)
        scale = study.scale if study is not None else given.scale or "demo"
        lines = [line, *examine(Asked(checkout, scale, study, profile))]
    shown = content if given.json else screen
    sys.stdout.write(shown(lines, scale, given.profile) + "\n")
    return status_of(lines)


def _configured(checkout: Path, scale: str | None) -> tuple[Study | None, Line]:
    """The study of a scale, and what is to be said of its configuration."""
    try:
        study = load_study(checkout, {"scale": scale} if scale else {})
    except ConfigError as error:
        more = f" (and {len(error.problems) - 1} more)" if len(error.problems) > 1 else ""
        found = f"cannot be used: {error.problems[0]}{more}"
        return None, Line("configuration", State.BROKEN, found, "Correct it; what else it needs is not looked at.")
    papers = study.targets()
    text = f"scale {study.scale}: {len(papers)} target" + ("s" if len(papers) != 1 else "")
    return study, Line("configuration", State.OK, f"{text}, {', '.join(papers)}")
