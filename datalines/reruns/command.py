"""The commands `datalines explain`, `accept`, `what-if` and `rehydrate`."""

import argparse
import json
import os
import sys
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from datalines.acceptances import moment, whoever
from datalines.config.load import load_study
from datalines.dag import Dag
from datalines.plan.jobs import overrides
from datalines.plan.schedule import Machine
from datalines.reruns import words
from datalines.reruns.accept import Said
from datalines.reruns.accept import accept as accept_changes
from datalines.reruns.explanation import explain as explanation_of
from datalines.reruns.graph import Asked, Graph, call_of, opened
from datalines.reruns.price import price
from datalines.reruns.rehydrate import RehydrateError
from datalines.reruns.rehydrate import rehydrate as rehydrate_folder
from datalines.reruns.targets import Target, target_of
from datalines.reruns.whatif import asking, other_code, understood
from datalines.reruns.why import Reader

SOUND, TO_DO = 0, 1
ARCHIVED = "archived-"


def explain(given: argparse.Namespace, checkout: Path) -> int:
    """Answer `datalines explain`; returns 0 where nothing would run, 1 otherwise."""
    target, asked = _call(given, given.target, checkout)
    with opened(checkout, asked) as graph:
        reader = Reader(graph)
        told = explanation_of(graph, reader, target.name, target.places(graph))
        cost = price(graph, reader, told.places, _machine(given))
    if given.json:
        _put_json({**told.content(), "price": cost.content()})
    else:
        _put([*words.sentences(told), *([""] if told.jobs else []), *cost.sentences()])
    return TO_DO if told.jobs or told.unseen else SOUND


def accept(given: argparse.Namespace, checkout: Path) -> int:
    """Answer `datalines accept`; returns 0 where nothing is left to run for the target, 1 otherwise."""
    target, asked = _call(given, given.target, checkout)
    said = Said(given.because, given.who or whoever(), moment())
    done = accept_changes(checkout, asked, target, said)
    if given.json:
        _put_json(done.content())
    else:
        _put(words.acceptance(done.groups, done.left, target.name, said.who))
    return TO_DO if done.left else SOUND


def what_if(given: argparse.Namespace, checkout: Path) -> int:
    """Answer `datalines what-if`; returns 0. Nothing is changed."""
    target, asked = _call(given, given.target, checkout)
    supposed = understood(given.changes, load_study(checkout, overrides(asked.config)), checkout)
    with opened(checkout, asked) as graph:
        pending = {name for name, runs in _runs(graph, target) if runs}
        changed = asking(asked, supposed, graph)
    with other_code(supposed.code), opened(checkout, changed) as graph:
        reader = Reader(graph, supposed.code)
        told = explanation_of(graph, reader, target.name, target.places(graph))
        cost = price(graph, reader, told.places, _machine(given))
        states = _runs(graph, target)
    survives = Counter(name.split()[0] for name, runs in states if not runs)
    anyway = sum(runs and name in pending for name, runs in states)
    if given.json:
        _put_json({**told.content(), "survives": dict(survives), "anyway": anyway, "price": cost.content()})
    else:
        _put([*words.supposition(told, survives, anyway), *cost.sentences(), "Nothing was changed."])
    return SOUND


def rehydrate(given: argparse.Namespace, checkout: Path) -> int:
    """Answer `datalines rehydrate`; returns 0 where nothing is left to run and no file is corrupt, 1 otherwise."""
    folder = (Path.cwd() / given.folder).resolve()
    if not folder.is_dir():
        raise RehydrateError(f"there is no folder {given.folder}; name the results of a scale, such as results/demo")
    if given.scale is None and not any(pair.startswith("scale=") for pair in given.config):
        given.scale = folder.name.removeprefix(ARCHIVED)
    target, asked = _call(given, given.target, checkout)
    found = rehydrate_folder(checkout, asked, folder, target)
    if given.json:
        _put_json(found.content())
    else:
        _put(words.rehydration(found))
    return TO_DO if found.runs or found.corrupt else SOUND


def _call(given: argparse.Namespace, name: str, checkout: Path) -> tuple[Target, Asked]:
    """What was asked about, and the call of Snakemake that tells it."""
    config = call_of(given.scale, given.config)
    study = load_study(checkout, overrides(config))
    target = target_of(name, study, Path(Dag(study, {}).root), checkout, Path.cwd())
    cores = getattr(given, "cores", None) or os.cpu_count() or 1
    return target, Asked(config, given.profile, cores, target.files)


def _runs(graph: Graph, target: Target) -> list[tuple[str, bool]]:
    return [(graph.steps[place].name, graph.steps[place].runs) for place in sorted(target.places(graph))]


def _machine(given: argparse.Namespace) -> Machine:
    return Machine(given.cores or os.cpu_count() or 1, given.gpus)


def _put(lines: Iterable[str]) -> None:
    sys.stdout.write("".join(f"{line}\n" for line in lines))


def _put_json(content: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(content, indent=2, default=str) + "\n")
