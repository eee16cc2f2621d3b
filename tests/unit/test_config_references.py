"""Every name that one section mentions must exist in another and fit there; numbers must be possible."""

from pathlib import Path
from typing import Any

import pytest

from datalines.config.errors import ConfigError
from datalines.config.load import load_study
from tests.unit.config_study import StudyFiles


@pytest.fixture
def study(tmp_path: Path) -> StudyFiles:
    return StudyFiles(tmp_path)


POOLS = "Known pools: laion, photo, web, yfcc"
FAMILIES = "Known families: baseline, both, laion, web, yfcc"
SHIFTS = "Known shifts: candidates, hard, pacs, reference, sketch"
SUITES = "Known suites: candidates, natural, real"
IN_NATURAL = "Known shifts of suite natural: hard, reference, sketch"

UNKNOWN = [
    ("pools", "pools.yfcc.filter", "webb", "'webb' is not a filter; did you mean 'web'? Known filters: keep-all, web"),
    ("pools", "pools.photo.classes", "animal",
     "'animal' is not a class list; did you mean 'animals'? Known class lists: animals"),
    ("filters", "filters.web.1.list", "animls", "'animls' is not a class list; did you mean 'animals'?"),
    ("mixtures", "mixtures.both.entries.1.pool", "lion", f"'lion' is not a pool; did you mean 'laion'? {POOLS}"),
    ("mixtures", "mixtures.both.entries.1.pool", "zzz", f"'zzz' is not a pool. {POOLS}"),
    ("mixtures", "mixtures.both.entries.0.filter", "keepall", "'keepall' is not a filter; did you mean 'keep-all'?"),
    ("recipes", "recipes.supervised.classes", "anmals", "'anmals' is not a class list; did you mean 'animals'?"),
    ("experiments", "families.yfcc.mixture", "yfc",
     "'yfc' is not a mixture; did you mean 'yfcc'? Known mixtures: both, laion"),
    ("experiments", "families.yfcc.recipe", "clap",
     "'clap' is not a recipe; did you mean 'clip'? Known recipes: clip, supervised"),
    ("experiments", "families.yfcc.sizes.0", "hlf",
     "'hlf' is not a size of mixture yfcc; did you mean 'half'? Known sizes of mixture yfcc: full, half"),
    ("experiments", "families.web.sizes.0", "half",
     "'half' is not a size of mixture web. Known sizes of mixture web: full"),
    ("experiments", "ensembles.pair.members.1", "lain", f"'lain' is not a family; did you mean 'laion'? {FAMILIES}"),
    ("experiments", "ensembles.pair.sizes.0", "half",
     "'half' is not a size of family laion. Known sizes of laion: full"),
    ("experiments", "experiments.sources.families.1", "bth", f"'bth' is not a family; did you mean 'both'? {FAMILIES}"),
    ("experiments", "experiments.sources.ensembles.0", "pairs",
     "'pairs' is not an ensemble; did you mean 'pair'? Known ensembles"),
    ("experiments", "experiments.sources.baseline", "base",
     f"'base' is not a family; did you mean 'baseline'? {FAMILIES}"),
    ("experiments", "experiments.sources.suite", "natura",
     f"'natura' is not a suite; did you mean 'natural'? {SUITES}"),
    ("experiments", "experiments.sources.reference", "pacs", f"'pacs' is not a shift of suite natural. {IN_NATURAL}"),
    ("experiments", "experiments.sources.shifts.0", "sketc",
     f"'sketc' is not a shift of suite natural; did you mean 'sketch'? {IN_NATURAL}"),
    ("shifts", "shifts.sketch.classes", "animal", "'animal' is not a class list; did you mean 'animals'?"),
    ("shifts", "shifts.sketch.subset.0", "cats",
     "'cats' is not a class of list animals; did you mean 'cat'? Known classes of list"),
    ("shifts", "shifts.pacs.names.katze", "kat", "'kat' is not a class of list animals; did you mean 'cat'?"),
    ("shifts", "shifts.hard.candidates", "candidate",
     f"'candidate' is not a shift; did you mean 'candidates'? {SHIFTS}"),
    ("shifts", "shifts.hard.model.family", "baselin",
     f"'baselin' is not a family; did you mean 'baseline'? {FAMILIES}"),
    ("shifts", "shifts.hard.model.size", "half",
     "'half' is not a size of family baseline. Known sizes of baseline: full"),
    ("shifts", "shifts.hard.model.seed", 3, "3 is not a seed of family baseline. Known seeds: [0]"),
    ("shifts", "shifts.hard.model.epoch", 2, "2 is not kept by recipe supervised. Kept epochs: [1, 4]"),
    ("shifts", "shifts.hard.model.suite", "candidats",
     f"'candidats' is not a suite; did you mean 'candidates'? {SUITES}"),
    ("shifts", "suites.natural.1", "sktch", f"'sktch' is not a shift; did you mean 'sketch'? {SHIFTS}"),
    ("papers/qnq", "papers.qnq.figures.fig-02.experiment", "source",
     "'source' is not an experiment; did you mean 'sources'? Known experiments: sources"),
    ("papers/qnq", "papers.qnq.figures.fig-02.script", "qnq/fig_2",
     "'qnq/fig_2' is not a script; did you mean 'qnq/fig_02'? "
     "Known scripts in workflow/scripts/papers: qnq/fig_02, qnq/tab_01"),
    ("papers/qnq", "papers.qnq.figures.fig-02.shifts.0", "reference",
     "'reference' is not a shift of experiment sources. Known shifts of experiment sources: hard, sketch"),
    ("papers/qnq", "papers.qnq.tables.tab-01.pools.0", "yfc", f"'yfc' is not a pool; did you mean 'yfcc'? {POOLS}"),
    ("scales/demo", "study.targets.0", "qnc", "'qnc' is not a paper; did you mean 'qnq'? Known papers: qnq"),
]  # fmt: skip


@pytest.mark.parametrize(("file", "key", "value", "text"), UNKNOWN, ids=[f"{row[1]}={row[2]}" for row in UNKNOWN])
def test_name_that_leads_nowhere(study: StudyFiles, file: str, key: str, value: Any, text: str) -> None:
    lines = study.set(file, key, value).message().splitlines()
    shown = "".join(f"[{part}]" if part.isdigit() else f".{part}" for part in key.split("."))[1:]
    assert [line for line in lines if line.startswith(f"config/{file}.yaml: {shown}: {text}")], lines


def test_reference_is_not_one_of_the_shifts(study: StudyFiles) -> None:
    message = study.set("experiments", "experiments.sources.shifts", ["sketch", "reference"]).message()
    assert "experiments.sources.shifts[1]: 'reference' is the reference" in message


def test_supervised_families_are_evaluated_on_their_label_space(study: StudyFiles) -> None:
    study.set("shifts", "shifts.sketch.classes", "other").remove("shifts", "shifts.sketch.subset")
    study.set("shifts", "shifts.sketch.domain", {}).set("shifts", "shifts.sketch.kind", "shards")
    study.remove("shifts", "shifts.sketch.domain").set("shifts", "shifts.sketch.path", "$WEB/*.tar")
    assert (
        "experiments.sources.baseline: family 'baseline' predicts the classes 'animals', "
        "but shift 'sketch' has 'other'; use the same class list" in study.message()
    )
    # Zero-shot models are evaluated in any.
    study.set("experiments", "experiments.sources.baseline", None)
    assert study.load().experiments["sources"].shifts == ["sketch", "hard"]


def test_reference_model_of_an_adversarial_shift_fits_its_candidates(study: StudyFiles) -> None:
    study.set("shifts", "shifts.candidates.classes", "other").set("shifts", "shifts.candidates.subset", ["left"])
    assert "shifts.hard.model.family: family 'baseline' predicts the classes 'animals'" in study.message()


def test_reference_model_is_evaluated_on_the_candidates(study: StudyFiles) -> None:
    message = study.set("shifts", "shifts.hard.model.suite", "real").message()
    assert (
        "shifts.hard.model.suite: suite 'real' does not contain the candidates 'candidates'; add them to it" in message
    )


def test_testbed_shift_draws_only_classes_that_can_be_predicted(study: StudyFiles) -> None:
    study.set("shifts", "shifts.sketch.domain.classes", ["cat", "fish"]).set("shifts", "shifts.reference.domain", {})
    message = study.message()
    assert "config/shifts.yaml: shifts.sketch.domain.classes: draws fish, which `subset` does not hold" in message
    assert "config/shifts.yaml: shifts.reference.domain.classes: draws apple, bird, " in message


def test_cycles(study: StudyFiles) -> None:
    study.set("shifts", "suites.candidates", ["candidates", "hard"])
    assert "shifts.hard: needs itself: hard -> hard; put the candidates into a suite of their own" in study.message()
    study.set("shifts", "suites.candidates", ["candidates"])
    study.set("shifts", "shifts.hard.candidates", "harder")
    study.set("shifts", "shifts.harder", {**study.files["shifts"]["shifts"]["hard"], "candidates": "hard"})
    message = study.message()
    assert "shifts.hard: needs itself: hard -> harder -> hard" in message
    assert "shifts.harder: needs itself: harder -> hard -> harder" in message


def test_ensemble_members_share_seeds_and_epochs(study: StudyFiles) -> None:
    message = study.set("experiments", "families.laion.seeds", [7]).message()
    assert "config/experiments.yaml: ensembles.pair.members: the members share no seed" in message
    late = {**study.files["recipes"]["recipes"]["clip"], "keep": [3]}
    study.set("recipes", "recipes.late", late).set("experiments", "families.laion.recipe", "late")
    assert "ensembles.pair.members: the members share no kept epoch" in study.message()


def test_names_that_would_share_a_file_or_a_row(study: StudyFiles) -> None:
    study.set("experiments", "ensembles.yfcc", study.files["experiments"]["ensembles"]["pair"])
    study.set("papers/qnq", "papers.qnq.tables.fig-02", study.files["papers/qnq"]["papers"]["qnq"]["tables"]["tab-01"])
    study.set("experiments", "experiments.pools", study.files["experiments"]["experiments"]["sources"])
    study.set("mixtures", "mixtures.both.entries.1", {"pool": "yfcc", "share": 0.5})
    message = study.message()
    assert "ensembles.yfcc: is the name of a family too" in message
    assert "papers.qnq.tables.fig-02: is the name of a figure too" in message
    assert "experiments.pools: is a reserved name: records/pools.csv" in message
    assert "mixtures.both.entries[1].pool: 'yfcc' is listed twice" in message


def test_supervised_training_needs_labels(study: StudyFiles) -> None:
    study.set("mixtures", "mixtures.photo.entries", [{"pool": "web", "count": "all"}])
    message = study.message()
    assert "config/pools.yaml: pools.web: " not in message
    assert (
        "pools.web.label: is none, but the supervised family baseline trains on it; write cls or json:<key>" in message
    )


def test_shares_sum_to_one(study: StudyFiles) -> None:
    message = study.set("mixtures", "mixtures.both.entries.1.share", 0.4).message()
    assert "config/mixtures.yaml: mixtures.both.entries: shares must sum to 1; 0.5 + 0.4 = 0.9" in message
    study.set("mixtures", "mixtures.both.entries.1.share", 0.5 + 5e-10)
    study.load()


def test_shares_and_counts_are_not_mixed(study: StudyFiles) -> None:
    study.set("mixtures", "mixtures.both.entries.1", {"pool": "laion", "count": 5})
    study.set("mixtures", "mixtures.laion.sizes", {"half": 5})
    study.set("mixtures", "mixtures.web.entries.0", {"pool": "web"})
    study.set("mixtures", "mixtures.yfcc.sizes", None)
    message = study.message()
    assert (
        "mixtures.both.entries: mixes shares and counts; write either `share` in all entries, or `count` in all"
        in message
    )
    assert "mixtures.laion.sizes: a mixture by count has the one size `full`; remove `sizes`" in message
    assert "mixtures.web.entries[0]: give either share: <0..1> or count: <number or all>" in message
    assert "mixtures.yfcc.sizes: is missing; shares need at least one size" in message
    study.set("mixtures", "mixtures.web.entries.0", {"pool": "web", "count": 3, "share": 1.0})
    assert "mixtures.web.entries[0]: give either share: <0..1> or count: <number or all>" in study.message()


@pytest.mark.parametrize("count", [0, -1, 1.5, True, "most", None])
def test_counts_are_numbers_or_all(study: StudyFiles, count: Any) -> None:
    message = study.set("mixtures", "mixtures.web.entries.0.count", count).message()
    assert "mixtures.web.entries[0]" in message
    assert count is None or f".count: is {count!r}; write a whole number of at least 1, or all" in message


def test_mixture_asks_for_more_than_the_pool_has(study: StudyFiles) -> None:
    message = study.set("mixtures", "mixtures.yfcc.sizes.full", 5000).message()
    assert (
        "config/mixtures.yaml: mixtures.yfcc.sizes.full: pool yfcc declares 4000 items; "
        "family yfcc through mixture yfcc asks for 5000 at size full" in message
    )
    study.set("mixtures", "mixtures.yfcc.sizes.full", 4000).set("mixtures", "mixtures.web.entries.0.count", 1000)
    message = study.message()
    assert (
        "config/mixtures.yaml: mixtures.web.entries[0].count: pool web declares 900 items; "
        "family web through mixture web asks for 1000 at size full" in message
    )


def test_sizes_that_no_family_uses_may_be_larger_than_the_pool(study: StudyFiles) -> None:
    study.set("mixtures", "mixtures.yfcc.sizes.huge", 10**9).load()


def test_share_too_small_for_one_sample(study: StudyFiles) -> None:
    study.set("mixtures", "mixtures.both.entries.0.share", 0.9999).set(
        "mixtures", "mixtures.both.entries.1.share", 0.0001
    )
    assert "mixtures.both.sizes.half: leaves no sample of pool laion (share 0.0001)" in study.message()


def test_batch_larger_than_the_smallest_training_set(study: StudyFiles) -> None:
    message = study.set("recipes", "recipes.clip.batch", 1001).message()
    assert (
        "config/recipes.yaml: recipes.clip.batch: is 1001, but family web trains on 800 samples "
        "(mixture web, size full); lower the batch, or raise the size" in message
    )
    study.set("recipes", "recipes.clip.batch", 800).load()


def test_parts_and_adversarial_items(study: StudyFiles) -> None:
    study.set("pools", "pools.yfcc.parts", 4001).set("shifts", "shifts.hard.items", 101)
    message = study.message()
    assert "config/pools.yaml: pools.yfcc.parts: is 4001, but the pool has 4000 items" in message
    assert "config/shifts.yaml: shifts.hard.items: is 101, but the candidates 'candidates' are only 100" in message


def test_references_are_checked_beside_broken_entries(study: StudyFiles) -> None:
    study.set("mixtures", "mixtures.both.entries", [{"pool": "lion", "share": 1.0}]).set(
        "scales/demo", "study.targets", []
    )
    study.set("experiments", "families.yfcc.titel", "x").set("shifts", "suites.natural.1", "sktch")
    message = study.message()
    for key in ("mixtures.both.entries[0].pool", "study.targets", "families.yfcc.titel", "suites.natural[1]"):
        assert key in message


def test_study_is_required(study: StudyFiles) -> None:
    message = study.remove("scales/demo", "study").set("scales/demo", "filters", {"own": []}).message()
    assert "config/scales/demo.yaml: study: is missing" in message


def test_message_is_the_whole_text(study: StudyFiles) -> None:
    root = study.set("experiments", "experiments.sources.baseline", "base").write()
    with pytest.raises(ConfigError) as caught:
        load_study(root, {})
    assert str(caught.value) == (
        "1 problem in the configuration:\n"
        "config/experiments.yaml: experiments.sources.baseline: 'base' is not a family; did you mean 'baseline'? "
        f"{FAMILIES}"
    )
