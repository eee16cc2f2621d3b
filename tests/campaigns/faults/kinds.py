"""The kinds of faults by name, and which kind a trial has."""

import random
from collections.abc import Callable, Sequence
from functools import partial

from tests.campaigns.faults import kills, surroundings, tampering
from tests.campaigns.faults.damaging import WAYS
from tests.campaigns.faults.trial import Trial

KINDS: dict[str, Callable[[Trial], None]] = {
    "snakemake-killed": kills.kill_snakemake,
    "job-killed": kills.kill_job,
    "worker-killed": kills.kill_worker,
    "fork-server-killed": kills.kill_server,
    "fork-killed": kills.kill_fork,
    "power-cut": kills.power_cut,
    "terminated": kills.terminate,
    "stopped": kills.stop,
    "disk-full": surroundings.full_disk,
    "read-only": surroundings.read_only,
    "two-at-once": surroundings.two_at_once,
    "clock-wrong": surroundings.wrong_clock,
    "times-wrong": surroundings.wrong_times,
    "notes-damaged": tampering.notes,
    **{f"file-{way}": partial(tampering.tamper, way=way) for way in WAYS},
}


def kind_of(number: int, kinds: Sequence[str], seed: int) -> str:
    """The kind of a trial, counted from 1: every kind once, in an order that chance decides, then again."""
    turn, place = divmod(number - 1, len(kinds))
    order = sorted(kinds)
    random.Random(f"{seed} turn {turn}").shuffle(order)
    return order[place]


def selected(patterns: Sequence[str]) -> list[str]:
    """The kinds whose names begin with one of some words; all where none is given. An unknown word is a ValueError."""
    unknown = [word for word in patterns if not any(kind.startswith(word) for kind in KINDS)]
    if unknown:
        raise ValueError(f"there is no kind {unknown[0]}; kinds are {', '.join(KINDS)}")
    return [kind for kind in KINDS if not patterns or any(kind.startswith(word) for word in patterns)]
