"""The scales of Quality Not Quantity: the same experiments, the paper's sizes, enough models for a verdict."""

from pathlib import Path

import pytest

from datalines.config.load import load_study
from datalines.config.study import Run, Study

ROOT = Path(__file__).parents[2]
EXPERIMENTS = {
    "sources", "equal-mixture", "ratio-sweep", "ensembles", "three-sources", "redcaps-sweep", "six-sources",
    "with-shutterstock", "with-redcaps", "six-together", "unimodal-mixtures", "unimodal-ensembles",
}  # fmt: skip


@pytest.fixture(scope="module")
def study() -> Study:
    return load_study(ROOT, {"scale": "study"})


@pytest.fixture(scope="module")
def paper() -> Study:
    return load_study(ROOT, {"scale": "paper"})


def runs(study: Study) -> set[Run]:
    """All runs of the target's families, without the supervised baseline that only the testbed has."""
    found = {run for name in study.experiments_of("qnq") for run in study.runs(name)}
    return {run for run in found if run.family != "standard"}


def test_both_scales_have_every_experiment_with_the_same_runs(study: Study, paper: Study) -> None:
    assert set(study.experiments_of("qnq")) == set(paper.experiments_of("qnq")) == EXPERIMENTS
    # All data of both sources are taken with one seed at the paper's size, where a run takes weeks.
    assert {run for run in runs(study) if run not in runs(paper)} == {
        run for run in runs(study) if run.family == "yfcc-laion-all" and run.seed
    }
    assert runs(paper) <= runs(study) and len(runs(paper)) == 202
    assert set(study.papers["qnq"].figures) == set(paper.papers["qnq"].figures)


def test_every_line_has_three_seeds_and_eighteen_models(study: Study) -> None:
    for name in EXPERIMENTS:
        for family in study.experiments[name].families:
            own = [run for run in study.runs(name) if run.family == family]
            models = len(own) * len(study.recipes[study.families[family].recipe].keep)
            unimodal = name.startswith("unimodal")
            assert len({run.seed for run in own}) == (2 if unimodal else 3), family
            assert models >= (14 if unimodal else 18), family


def test_sizes_of_scale_paper_are_the_papers(paper: Study) -> None:
    def samples(mixture: str, size: str) -> int | str:
        return paper.mixtures[mixture].samples(size)

    sweep = [name for name in paper.mixtures if name.startswith("yfcc") and "-laion" in name and name[4].isdigit()]
    assert len(sweep) == 5
    assert {samples(name, "m15") for name in sweep} == {15_000_000}
    assert paper.mixtures["yfcc50-laion50"].counts("m15") == [7_500_000, 7_500_000]
    assert paper.mixtures["six-sources"].counts("m2-7") == [2_700_000] * 6
    assert paper.mixtures["yfcc-laion-cc12m"].counts("m5") == [5_000_000] * 3
    assert paper.mixtures["yfcc-cc12m-redcaps"].counts("m3") == [3_000_000] * 3
    assert paper.mixtures["yfcc-and-laion"].counts("m5") == [5_000_000] * 2
    assert samples("yfcc-laion-all", "full") == "all"
    # No single source is asked for more than the paper obtained of it.
    for name in ("yfcc", "laion", "cc12m", "redcaps", "wit", "shutterstock"):
        stated = paper.resolved()["pool_specs"][name]["paper_pairs"]
        assert max((paper.mixtures[name].sizes or {}).values()) <= stated, name


def test_recipe_of_scale_paper(paper: Study) -> None:
    recipe = paper.recipes["clip"]
    assert (recipe.model, recipe.epochs, recipe.batch, recipe.warmup_steps) == ("clip-rn50", 16, 1024, 5000)
    assert (recipe.micro_batch, recipe.precision, recipe.determinism) == (128, "bf16", "seeded")
    assert {paper.families[run.family].recipe for run in runs(paper)} == {"clip", "small", "middle", "large"}


def test_sizes_of_scale_study_stand_for_the_papers(study: Study, paper: Study) -> None:
    for run in (run for run in runs(study) if run.size != "k50"):
        small = study.mixtures[study.families[run.family].mixture].samples(run.size)
        large = paper.mixtures[paper.families[run.family].mixture].samples(run.size)
        if isinstance(small, int) and isinstance(large, int):
            assert small == pytest.approx(large * 1400 / 1_000_000, rel=0.02), run


def test_without_shutterstock_nothing_asks_for_it() -> None:
    found = load_study(ROOT, {"scale": "paper-open"})
    assert "shutterstock" not in found.pools_read()
    assert not [run for run in runs(found) if "shutterstock" in run.family]
    assert set(found.experiments_of("qnq")) == EXPERIMENTS - {"with-shutterstock"}
    assert found.mixtures["six-sources"].counts("m2-7") == [3_240_000] * 5
    assert found.ensembles["six-together"].members == found.experiments["sources"].families
