"""Keys of an experiment that decide on lines: merged lines, what is resampled, further in-distribution sets."""

from pathlib import Path
from typing import Any

import pytest

from tests.unit.config_study import StudyFiles

KEY = "experiments.sources"
FAMILIES = "Known families of it: both, yfcc"
SOUND = {"sets": ["reference", "sketch"], "families": ["yfcc", "baseline"]}


@pytest.fixture
def study(tmp_path: Path) -> StudyFiles:
    study = StudyFiles(tmp_path).set("experiments", f"{KEY}.shifts", ["hard"])
    return study.set("papers/qnq", "papers.qnq.figures.fig-02.shifts", ["hard"])


def test_defaults(study: StudyFiles) -> None:
    experiment = study.load().experiments["sources"]
    assert (experiment.lines, experiment.resample, experiment.in_distribution) == ({}, "runs", None)
    assert experiment.sets() == ["reference", "hard"]


def test_sound_declarations_are_read(study: StudyFiles) -> None:
    study.set("experiments", f"{KEY}.lines", {"all": {"title": "All", "families": ["yfcc", "both"]}})
    study.set("experiments", f"{KEY}.in_distribution", SOUND).set("experiments", f"{KEY}.resample", "points")
    experiment = study.load().experiments["sources"]
    assert experiment.lines["all"].families == ["yfcc", "both"] and experiment.resample == "points"
    assert experiment.sets() == ["reference", "hard", "sketch"]


def test_an_experiment_may_not_take_the_file_of_another_ones_points(study: StudyFiles) -> None:
    study.set("experiments", "experiments.sources-points", study.files["experiments"]["experiments"]["sources"])
    assert (
        "config/experiments.yaml: experiments.sources-points: fits/sources-points.csv holds the points of experiment "
        "'sources'; call this experiment otherwise" in study.message()
    )


WRONG = [
    ("lines.all", {"title": "All", "families": ["yfcc", "laion"]}, "lines.all.families[1]",
     f"'laion' is not a family of the experiment. {FAMILIES}"),
    ("lines.all", {"title": "All", "families": []}, "lines.all.families", ""),
    ("lines.laion", {"title": "All", "families": ["yfcc"]}, "lines.laion",
     "is the name of a family too; fits tell them apart by name, so rename the line"),
    ("lines.pair", {"title": "All", "families": ["yfcc"]}, "lines.pair",
     "is the name of an ensemble too; fits tell them apart by name, so rename the line"),
    ("resample", "seeds", "resample", ""),
    ("in_distribution", {**SOUND, "sets": ["reference"]}, "in_distribution.sets", ""),
    ("in_distribution", {**SOUND, "sets": ["sketch", "reference"]}, "in_distribution.sets[0]",
     "'sketch' is not the reference; write 'reference' first, then the further sets"),
    ("in_distribution", {**SOUND, "sets": ["reference", "pacs"]}, "in_distribution.sets[1]",
     "'pacs' is not a shift of suite natural. Known shifts of suite natural: hard, reference, sketch"),
    ("in_distribution", {**SOUND, "sets": ["reference", "hard"]}, "in_distribution.sets[1]",
     "'hard' is one of the shifts, whose accuracy would be predicted from itself; remove it here or from `shifts`"),
    ("in_distribution", {**SOUND, "families": ["laion"]}, "in_distribution.families[0]",
     "'laion' is not a family of the experiment or its baseline. Known families of it: baseline, both, yfcc"),
]  # fmt: skip


@pytest.mark.parametrize(("key", "value", "shown", "text"), WRONG, ids=[f"{row[0]}-{row[2]}" for row in WRONG])
def test_what_leads_nowhere_is_named(study: StudyFiles, key: str, value: Any, shown: str, text: str) -> None:
    lines = study.set("experiments", f"{KEY}.{key}", value).message().splitlines()
    assert [line for line in lines if line.startswith(f"config/experiments.yaml: {KEY}.{shown}: {text}")], lines
    assert lines[0].startswith("1 problem")


def test_one_baseline_is_enough(study: StudyFiles) -> None:
    published = {"name": "standard", "shifts": {"hard": "sketch"}}
    message = study.set("experiments", f"{KEY}.published", published).message()
    assert f"{KEY}: give either baseline: <family> or published: {{name: ..., shifts: ...}}" in message
    study.set("experiments", f"{KEY}.baseline", None)
    assert "'standard' is not a source of published results" in study.message()


def test_an_unknown_suite_is_said_once(study: StudyFiles) -> None:
    study.set("experiments", f"{KEY}.in_distribution", SOUND).set("experiments", f"{KEY}.suite", "nature")
    assert study.message().startswith("1 problem in the configuration:\n")
