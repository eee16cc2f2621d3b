"""The plan's rows, and how they are printed."""

import dataclasses
from pathlib import Path

import pytest

from datalines import cli
from datalines.plan.jobs import Job, Planned
from datalines.plan.schedule import Machine
from datalines.plan.table import Plan, cells, duration, make_plan
from tests.unit.config_study import StudyFiles
from tests.unit.test_plan_work import COSTS


@pytest.fixture
def plan(tmp_path: Path) -> Plan:
    study = StudyFiles(tmp_path).set("costs", "costs", {**COSTS, "hardware": {"cpu": "a core"}}).load()
    jobs = (
        Job("download_pool", {"pool": "yfcc", "part": "0"}),
        Job("download_pool", {"pool": "laion", "part": "0"}),
        Job("draw_figure", {}, needs=(0, 1)),
    )
    return make_plan(study, Planned(jobs, done=7), Machine(2, 0))


def test_rows_add_up_jobs_of_a_rule(plan: Plan) -> None:
    download, figure = plan.rows
    assert (download.rule, download.jobs, download.items, download.wall_seconds) == ("download_pool", 2, 8000, 4002)
    assert download.core_hours == pytest.approx(2 * 4002 / 3600)
    assert (figure.jobs, figure.wall_seconds) == (1, 3)
    assert (plan.total.jobs, plan.total.bytes, plan.total.wall_seconds) == (3, 8000 * 107, 4005)


def test_the_table_says_what_it_was_reckoned_for(plan: Plan) -> None:
    lines = cli.outline(plan).splitlines()
    assert lines[0].split() == ["rule", "jobs", "items", "core", "h", "GPU", "h", "bytes", "wall"]
    assert lines[2].split() == ["download_pool", "2", "8,000", "2.22", "856", "kB", "1", "h", "6", "min"]
    assert lines[4].split() == ["total", "3", "2.22", "856", "kB", "1", "h", "6", "min"]
    assert lines[6].startswith("Scale demo on 2 cores and no GPU; ")
    assert lines[6].endswith(" 7 further jobs are done.") and lines[7:] == ["CPU: a core"]
    unknown = dataclasses.replace(plan, unknown={"pools.web.items": "the number of its images"})
    last = "Not counted, because pools.web.items is not stated; write the number of its images."
    assert cli.outline(unknown).splitlines()[-1] == last


def test_a_finished_study_has_nothing_to_do(plan: Plan) -> None:
    done = Plan("demo", plan.machine, {}, 1234, [], plan.total, {})
    assert cli.outline(done) == "Nothing is to be done at scale demo: all of its 1,234 jobs are done."


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.4, "0 s"),
        (89, "89 s"),
        (90, "2 min"),
        (3599, "60 min"),
        (3600 * 3 + 60 * 20, "3 h 20 min"),
        (86400 * 4 + 3600 * 3, "4 d 3 h"),
        (86400 * 365 * 2.1, "2.1 years"),
    ],
)
def test_durations_for_people(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_columns_fit_the_header(plan: Plan) -> None:
    from datalines.plan.table import HEADER

    assert {len(cells(row)) for row in [*plan.rows, plan.total]} == {len(HEADER)}
