"""Every scale builds its graph of jobs; the linter finds nothing; a bad configuration stops before any job."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from datalines.config.load import load_study
from datalines.config.paths import VARIABLE
from datalines.config.shifts import AdversarialShift
from datalines.config.study import Run
from tests.workflow.checkout import ROOT, Checkout

SCALES = sorted(path.stem for folder in ("scales", "examples") for path in (ROOT / "config" / folder).glob("*.yaml"))

pytestmark = [pytest.mark.workflow, pytest.mark.slow]


def variables(scale: str) -> dict[str, str]:
    """Every variable that a scale's paths name, unset."""
    content = load_study(ROOT, {"scale": scale}).resolved()
    text = yaml.safe_dump(content["pools"]) + yaml.safe_dump(content["shifts"])
    return {match[1] or match[2]: "" for match in VARIABLE.finditer(text)}


@pytest.mark.parametrize("scale", SCALES)
def test_every_scale_builds_its_graph_without_data(fresh: Checkout, scale: str) -> None:
    study = load_study(ROOT, {"scale": scale})
    call = fresh.call("--dry-run", scale=scale, **variables(scale))
    jobs = call.jobs()
    assert "Exception" not in call.text and "--strict-dag-evaluation" not in call.text  # no rule is tried in vain
    assert sum(jobs.values()) < 5000
    missing = [name for name in variables(scale) if f"${name} is not set" in call.text]
    assert bool(missing) == bool(variables(scale))
    waits = missing or "fetch.contact: is missing" in call.text
    assert bool(waits) == ("Not there yet, so that only a dry run goes on" in call.text)
    experiments = {name for paper in study.targets() for name in study.experiments_of(paper)}
    runs = {run for name in experiments for run in study.runs(name)}
    adversarial = [spec for spec in map(study.shifts.get, study.shifts_used()) if isinstance(spec, AdversarialShift)]
    runs |= {Run(spec.model.family, spec.model.size, spec.model.seed) for spec in adversarial}
    figures = [figure for paper in study.targets() for figure in study.papers[paper].figures.values()]
    assert jobs.get("train_model", 0) == len(runs)
    assert jobs.get("fit_lines", 0) == jobs.get("collect_records", 0) == len(experiments)
    assert jobs.get("draw_figure", 0) == sum(bool(figure.experiment or figure.tables) for figure in figures)
    assert jobs.get("draw_pool_figure", 0) == sum(bool(figure.pools or figure.sets) for figure in figures)
    assert jobs["write_report"] == 1


def test_the_linter_finds_nothing(fresh: Checkout) -> None:
    call = fresh.call("--lint")
    assert call.code == 0, call.text
    assert "your workflow is in a good condition" in call.text


WRONG = {
    "a word for a number": (
        "    epochs: 2\n    keep: [1, 2]",
        "    epochs: two\n    keep: [1, 2]",
        "recipes.clip.epochs",
        "two",
    ),
    "an unknown key": ("    warmup_steps: 2\n", "    warm_up: 2\n", "recipes.clip.warm_up", "warmup_steps"),
    "a name that leads nowhere": ("mixture: both,", "mixture: bth,", "families.both.mixture", "did you mean 'both'?"),
    "a count that cannot be": ("{half: 48, full: 96}", "{half: 48, full: 960}", "mixtures.photos.sizes.full", "150"),
}


@pytest.mark.parametrize("mistake", WRONG)
def test_a_mistake_stops_before_any_job(fresh: Checkout, mistake: str) -> None:
    old, new, key, hint = WRONG[mistake]
    fresh.study(old, new)
    call = fresh.call()
    assert call.code != 0
    (line,) = [line for line in call.text.splitlines() if line.startswith("config/examples/tiny.yaml: ")]
    assert key in line and hint in line
    assert "Traceback" not in call.text
    assert not fresh.results.exists()


@pytest.fixture
def elsewhere(fresh: Checkout, tmp_path: Path) -> Iterator[Checkout]:
    """A checkout whose $TINY leads nowhere."""
    yield Checkout(fresh.root, tmp_path / "nowhere")


def test_missing_data_stop_before_any_job(elsewhere: Checkout) -> None:
    call = elsewhere.call()
    assert call.code != 0
    assert "pools.folder.path" in call.text and "nowhere/animals.tar does not exist" in call.text
    assert not elsewhere.results.exists()


def test_a_variable_that_is_not_set_is_named(fresh: Checkout) -> None:
    call = fresh.call(TINY="")
    assert call.code != 0
    assert "pools.folder.path" in call.text and "$TINY is not set" in call.text
    assert not fresh.results.exists()
