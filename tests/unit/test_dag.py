"""What each rule is given as params: all that changes its result, and nothing else."""

import json
from pathlib import Path
from typing import Any

import pytest

from datalines.dag import Dag
from tests.unit.config_study import StudyFiles


def dag(root: Path, *changes: tuple[str, str, Any]) -> Dag:
    """The workflow's view of the small study with some keys changed."""
    files = StudyFiles(root)
    for file, key, value in changes:
        files.set(file, key, value)
    return Dag(files.load(), {})


def leaves(value: Any, place: tuple[str, ...] = ()) -> dict[tuple[str, ...], Any]:
    """A nested mapping as {place: leaf}."""
    if not isinstance(value, dict) or not value:
        return {place: value}
    return {key: leaf for name, entry in value.items() for key, leaf in leaves(entry, (*place, name)).items()}


def changed(root: Path, *changes: tuple[str, str, Any]) -> set[str]:
    """The (rule, first wildcards) whose params a change touches, written `rule/wildcard`."""
    before, after = (
        leaves(dag(root / name, *with_these).tables()) for name, with_these in (("old", ()), ("new", changes))
    )
    touched = {place for place in before.keys() | after.keys() if before.get(place, "none") != after.get(place, "none")}
    return {"/".join(place[:2]) for place in touched}


def test_params_are_plain_data(tmp_path: Path) -> None:
    tables = dag(tmp_path).tables()
    assert json.loads(json.dumps(tables)) == tables


def test_tables_of_work_hold_no_titles(tmp_path: Path) -> None:
    tables = dag(tmp_path).tables()
    work = (
        "download_pool",
        "filter_pool",
        "write_shards",
        "mix_shards",
        "train_model",
        "evaluate_run",
        "prepare_shift",
        "collect_records",
        "fit_lines",
    )
    assert not [place for rule in work for place in leaves(tables[rule]) if "title" in place]


@pytest.mark.parametrize(
    ("file", "key", "touched"),
    [
        ("experiments", "families.yfcc.title", {"titles/yfcc"}),
        ("experiments", "families.both.title", {"titles/both", "draw_batches/both"}),
        ("experiments", "ensembles.pair.title", {"titles/pair"}),
        ("shifts", "shifts.sketch.title", {"titles/sketch", "overlap_titles/sketch", "draw_samples/shifts"}),
        (
            "pools",
            "pools.photo.title",
            {"titles/photo", "pool_titles/photo", "overlap_titles/photo", "draw_samples/sources"},
        ),
        ("papers/qnq", "papers.qnq.figures.fig-02.title", {"draw_figure/qnq"}),
        ("papers/qnq", "papers.qnq.tables.tab-01.title", {"make_table/qnq"}),
        ("papers/qnq", "papers.qnq.title", set()),
        ("scales/demo", "study.title", {"study/title"}),
        ("experiments", "experiments.sources.title", {"experiments/sources"}),
    ],
)
def test_a_title_changes_drawings_only(tmp_path: Path, file: str, key: str, touched: set[str]) -> None:
    assert changed(tmp_path, (file, key, "Another name")) == touched


@pytest.mark.parametrize(
    ("change", "touched"),
    [
        (("pools", "pools.laion.items", 5000), {"download_pool/laion", "write_shards/laion"}),
        (("pools", "pools.laion.version", 2), {"download_pool/laion"}),
        (("pools", "pools.laion.licence", "free"), set()),
        (("pools", "pools.laion.shard_size", 100), {"write_shards/laion"}),
        (("pools", "pools.yfcc.filter", "web"), {"mix_shards/yfcc", "mix_shards/both"}),
        (("filters", "filters.web.0.min", 3), {"filter_pool/web"}),
        (("mixtures", "mixtures.both.seed", 4), {"mix_shards/both"}),
        (
            ("recipes", "recipes.clip.epochs", 5),
            {f"train_model/{family}" for family in ("yfcc", "laion", "both", "web")},
        ),
        (
            ("recipes", "recipes.clip.shuffle_window", 100),
            {"draw_batches/both", *(f"train_model/{family}" for family in ("yfcc", "laion", "both", "web"))},
        ),
        (("recipes", "recipes.supervised.version", 2), {"train_model/baseline"}),
        (("experiments", "families.yfcc.seeds", [0, 1, 2]), {"collect_records/sources"}),
        (
            ("experiments", "experiments.sources.floor", 0.2),
            {"fit_lines/sources", "measure_robustness/sources", "experiments/sources"},
        ),
        (("experiments", "experiments.sources.axis", "logit"), {"measure_robustness/sources", "experiments/sources"}),
        (("shifts", "shifts.sketch.items", 50), {"prepare_shift/sketch"}),
        (("shifts", "suites.natural", ["reference", "sketch", "hard", "candidates"]), set()),
        (("papers/qnq", "papers.qnq.figures.fig-02.options", {"a": 1}), {"draw_figure/qnq"}),
        (("scales/demo", "study.follow_code", False), {"study/follow_code"}),
    ],
    ids=lambda value: value[1] if isinstance(value, tuple) else "",
)
def test_a_change_touches_the_rules_that_it_concerns(
    tmp_path: Path, change: tuple[str, str, Any], touched: set[str]
) -> None:
    assert changed(tmp_path, change) == touched


def test_prompts_are_params_of_the_sets_that_use_them(tmp_path: Path) -> None:
    change = ("shifts", "shifts.candidates.prompts", ["{}"])
    assert changed(tmp_path, change) == {"prepare_shift/candidates", "prepare_shift/hard"}


def test_records_are_given_the_declared_grid(tmp_path: Path) -> None:
    collected = dag(tmp_path).tables()["collect_records"]["sources"]
    assert collected["families"]["yfcc"] == {
        "mixture": "yfcc",
        "sizes": ["half", "full"],
        "seeds": [0, 1],
        "epochs": [2, 4],
    }
    assert set(collected["families"]) == {"yfcc", "both", "baseline", "laion"}
    pair = {"members": ["yfcc", "laion"], "sizes": ["full"], "weights": [0.0, 0.5, 1.0], "seeds": [1], "epochs": [2, 4]}
    assert collected["ensembles"] == {"pair": pair}


def test_where_two_sections_share_a_name_the_family_is_shown(tmp_path: Path) -> None:
    found = dag(
        tmp_path, ("experiments", "families.web.title", "Family"), ("pools", "pools.web.title", "Pool")
    ).tables()["titles"]
    assert found["web"] == "Family" and found["photo"] == "Photo"


def test_files_that_rules_depend_on(tmp_path: Path) -> None:
    view = dag(tmp_path, ("pools", "pools.yfcc.parts", 2))
    assert view.parts("yfcc") == ["results/demo/pools/yfcc/0.json", "results/demo/pools/yfcc/1.json"]
    assert view.shards("laion") == "results/demo/shards/laion/web/manifest.json"
    # A mixture may name another filter than the pool's own.
    assert view.mixed("both", "half") == [
        f"results/demo/shards/{pool}/keep-all/manifest.json" for pool in ("yfcc", "laion")
    ]
    assert view.trained_on("laion", "full") == "results/demo/mixtures/laion/full/manifest.json"
    assert view.suite("natural") == [
        f"results/demo/shifts/{name}/manifest.json" for name in ("reference", "sketch", "hard")
    ]
    assert view.candidates("hard") == "results/demo/shifts/candidates/manifest.json"
    assert view.judged_by("hard") == "results/demo/evals/baseline/full/0/candidates.json"
    assert view.shifts(["adversarial"]) == ["hard"]
    assert view.figures(["qnq"], "md") == ["results/demo/papers/qnq/fig-02.md"]
    assert view.tables_of(["qnq"], "csv") == ["results/demo/papers/qnq/tab-01.csv"]
    assert view.experiments_of_targets() == ["sources"]


def test_first_batches_are_shown_of_mixtures_of_several_sources_at_their_largest_size(tmp_path: Path) -> None:
    view = dag(tmp_path, ("experiments", "families.both.seeds", [4, 2]))
    window = view.specs["recipes"]["clip"]["shuffle_window"]
    shown = {"title": "Both", "size": "full", "seed": 4, "batch": 64, "window": window}
    assert view.tables()["draw_batches"] == {"both": shown}
    assert view.batched() == ["results/demo/mixtures/both/full/manifest.json"]
    assert view.batches("png") == ["results/demo/samples/batches.png"]


def test_where_no_mixture_has_several_sources_there_is_no_figure_of_batches(tmp_path: Path) -> None:
    view = dag(tmp_path, ("experiments", "experiments.sources.families", ["yfcc"]))
    assert view.batched() == view.batches("png") == []


def test_every_run_of_an_experiment_is_evaluated_once(tmp_path: Path) -> None:
    runs = [f"yfcc/{size}/{seed}" for size in ("half", "full") for seed in (0, 1)]
    runs += ["both/half/0", "both/full/0", "baseline/full/0", "laion/full/1"]
    assert dag(tmp_path).evaluations("sources") == [f"results/demo/evals/{run}/natural.json" for run in runs]


def test_archives_are_watched_and_folders_are_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    images = tmp_path / "images"
    (images / "cat").mkdir(parents=True)
    shards = [tmp_path / f"{number}.tar" for number in range(2)]
    for path in shards:
        path.touch()
    monkeypatch.setenv("PACS", str(images))
    monkeypatch.setenv("WEB", str(tmp_path))
    view = dag(tmp_path / "study")
    assert view.source_files("pools", "photo") == []
    assert view.source_files("pools", "web") == [str(path) for path in shards]
    assert view.source_files("pools", "yfcc") == []
    monkeypatch.setenv("PACS", str(shards[0]))
    assert view.source_files("pools", "photo") == [str(shards[0])]
    assert view.source_files("shifts", "pacs") == [str(shards[0])]
    # What is not there stops a run before its graph; a dry run plans without it.
    monkeypatch.setenv("WEB", str(tmp_path / "nowhere"))
    assert view.source_files("pools", "web") == []
    monkeypatch.delenv("PACS")
    assert view.source_files("pools", "photo") == []
