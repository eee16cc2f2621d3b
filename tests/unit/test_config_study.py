"""What the workflow asks of a loaded study, and the tables that rules look up."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datalines.config.errors import ConfigError
from datalines.config.mixtures import apportion
from datalines.config.study import Run
from tests.unit.config_study import ANIMALS, StudyFiles


@pytest.fixture
def study(tmp_path: Path) -> StudyFiles:
    return StudyFiles(tmp_path)


def test_runs_are_those_of_families_baseline_and_ensemble_members(study: StudyFiles) -> None:
    assert study.load().runs("sources") == [
        Run("yfcc", "half", 0), Run("yfcc", "half", 1), Run("yfcc", "full", 0), Run("yfcc", "full", 1),
        Run("both", "half", 0), Run("both", "full", 0),
        Run("baseline", "full", 0),
        Run("laion", "full", 1),  # a member: only the seed that both members have
    ]  # fmt: skip


def test_what_papers_need(study: StudyFiles) -> None:
    study.set("papers/other", "papers.other", {"title": "Other"})
    study.set("experiments", "experiments.real", {
        "title": "Real", "families": ["web"], "suite": "real", "reference": "reference", "shifts": ["pacs"],
    })  # fmt: skip
    study.set("papers/other", "papers.other.figures.fig-01", {
        "title": "Real", "script": "qnq/fig_02", "experiment": "real",
    })  # fmt: skip
    loaded = study.load()
    assert loaded.targets() == ["qnq"]
    assert (loaded.experiments_of("qnq"), loaded.experiments_of("other")) == (["sources"], ["real"])
    assert loaded.pools_of("other") == ["web"]
    assert loaded.pools_of() == loaded.pools_of("qnq") == ["yfcc", "laion", "photo"]
    assert loaded.shifts_of("natural") == ["reference", "sketch", "hard"]
    assert loaded.shifts_used() == ["reference", "sketch", "hard", "candidates"]
    assert loaded.shifts_used("other") == ["reference", "pacs"]
    assert loaded.members("sources") == ["yfcc", "both", "baseline", "laion"]


def test_pool_behind_the_reference_model_of_an_adversarial_shift(study: StudyFiles) -> None:
    study.set("experiments", "experiments.sources.baseline", None)
    assert "photo" in study.load().pools_of()
    study.set("shifts", "suites.natural", ["reference", "sketch"]).set(
        "experiments", "experiments.sources.shifts", ["sketch"]
    )
    assert "photo" not in study.load().pools_of()


def test_resolved_is_plain_data_with_defaults(study: StudyFiles) -> None:
    resolved = study.load().resolved()
    assert json.loads(json.dumps(resolved)) == resolved
    assert resolved["scale"] == "demo" and resolved["study"]["follow_code"] is True
    assert resolved["pools"]["yfcc"]["shard_size"] == 512 and resolved["pools"]["yfcc"]["domain"]["blur"] >= 0
    assert resolved["training"]["checkpoint_seconds"] == 300.0
    assert resolved["experiments"]["sources"]["resamples"] == 1000


def test_family_specs(study: StudyFiles) -> None:
    specs = study.load().resolved()["family_specs"]
    assert set(specs["yfcc"]) == {"title", "mixture", "objective", "recipe", "weights"}
    assert specs["yfcc"]["mixture"] == "yfcc" and specs["yfcc"]["objective"] == "clip"
    assert specs["yfcc"]["recipe"]["model_spec"] == {"width": 16} and "class_names" not in specs["yfcc"]["recipe"]
    assert specs["baseline"]["recipe"]["class_names"] == ANIMALS


def test_initial_weights_are_part_of_the_recipe_by_their_digest_and_not_by_their_path(study: StudyFiles) -> None:
    study.set("recipes", "recipes.clip.initial", {"image": {"path": "weights/rn50.pt", "sha256": 64 * "a"}})
    study.set("recipes", "recipes.clip.frozen", ["image"])
    spec = study.load().resolved()["family_specs"]["yfcc"]
    assert spec["recipe"]["initial"] == {"image": {"sha256": 64 * "a"}} and spec["recipe"]["frozen"] == ["image"]
    assert spec["weights"] == {"image": "weights/rn50.pt"}


RECIPES = [
    ("clip", "micro_batch", 3, "recipes.clip.micro_batch: is 3, which does not divide the batch of 8"),
    ("clip", "head", "linear", "recipes.clip: a clip recipe has no head over classes; remove `head`"),
    ("clip", "frozen", ["image", "text"], "recipes.clip: freezes both towers"),
    ("clip", "frozen", ["text", "text"], "recipes.clip.frozen: lists text more than once"),
    ("clip", "presicion", "bf16", "recipes.clip.presicion: unknown key; did you mean 'precision'?"),
    ("clip", "precision", "fp8", "recipes.clip.precision: 'fp8' is not allowed. Allowed values: fp32, bf16, fp16"),
    ("supervised", "frozen", ["text"], "recipes.supervised: a supervised recipe has no text tower"),
    ("supervised", "local_loss", True, "recipes.supervised: local_loss concerns the contrastive loss"),
]


@pytest.mark.parametrize(("recipe", "key", "value", "text"), RECIPES)
def test_impossible_recipes(study: StudyFiles, recipe: str, key: str, value: object, text: str) -> None:
    study.set("recipes", "recipes.clip.batch", 8)
    study.set("recipes", f"recipes.{recipe}.{key}", value)
    with pytest.raises(ConfigError) as caught:
        study.load()
    assert text in str(caught.value)


def test_a_model_and_one_of_its_towers_cannot_both_be_given(study: StudyFiles) -> None:
    weights = {"path": "a.pt", "sha256": 64 * "a"}
    study.set("recipes", "recipes.clip.initial", {"model": weights, "text": weights})
    with pytest.raises(ConfigError, match="names `model`, which is both towers, and a tower"):
        study.load()


def test_changed_network_changes_the_spec(study: StudyFiles) -> None:
    root = study.write()
    before = study.load().resolved()["family_specs"]
    files = StudyFiles(root)
    files.set("recipes", "recipes.clip.model", "wide")
    files.write()
    (root / "config" / "models" / "wide.json").write_text('{"width": 32}')
    after = files.load().resolved()["family_specs"]
    assert before["yfcc"] != after["yfcc"] and before["baseline"] == after["baseline"]


def test_shift_specs(study: StudyFiles) -> None:
    specs = study.load().resolved()["shift_specs"]
    assert specs["reference"]["subset"] == specs["reference"]["class_names"] == ANIMALS
    assert specs["sketch"]["subset"] == ["cat"]
    assert specs["hard"]["subset"] == ["cat", "rabbit"] and specs["hard"]["prompts"] == ["a photo of a {}."]
    assert specs["hard"]["classes"] == "animals" and specs["hard"]["items"] == 50
    assert specs["hard"]["model"]["family"] == "baseline"


def test_adversarial_shift_of_an_adversarial_shift(study: StudyFiles) -> None:
    hard = study.files["shifts"]["shifts"]["hard"]
    study.set("shifts", "suites.hard", ["hard"])
    study.set("shifts", "shifts.harder", {
        **hard, "items": 10, "candidates": "hard", "model": {**hard["model"], "suite": "hard"},
    })  # fmt: skip
    assert study.load().resolved()["shift_specs"]["harder"]["subset"] == ["cat", "rabbit"]


def test_mixture_specs(study: StudyFiles) -> None:
    specs = study.load().resolved()["mixture_specs"]
    assert specs["both"]["full"] == {
        "seed": 3,
        "size": "full",
        "samples": 2001,
        "entries": [
            {"pool": "yfcc", "filter": "keep-all", "count": 1001},
            {"pool": "laion", "filter": "keep-all", "count": 1000},
        ],
    }
    assert set(specs["both"]) == {"half", "full"} and set(specs["laion"]) == {"full"}
    assert specs["laion"]["full"]["entries"] == [{"pool": "laion", "filter": "web", "count": "all"}]
    assert (specs["laion"]["full"]["samples"], specs["web"]["full"]["samples"]) == ("all", 800)


def test_pool_and_filter_specs(study: StudyFiles) -> None:
    resolved = study.load().resolved()
    assert resolved["pool_specs"]["photo"]["path"] == "$PACS"
    assert resolved["pool_specs"]["photo"]["class_names"] == ANIMALS
    assert "class_names" not in resolved["pool_specs"]["web"]
    steps = resolved["filter_specs"]["web"]
    assert [step["name"] for step in steps] == ["caption-length", "known"]
    assert steps[1]["classes"] == ANIMALS and resolved["filter_specs"]["keep-all"] == []


def test_experiment_specs(study: StudyFiles) -> None:
    spec = study.load().resolved()["experiment_specs"]["sources"]
    assert spec["axis"] == "probit" and spec["baseline"] == "baseline" and spec["shifts"] == ["sketch", "hard"]
    assert spec["samples"] == {
        "baseline/full": "all", "both/full": 2001, "both/half": 1000, "laion/full": "all",
        "yfcc/full": 2001, "yfcc/half": 1000,
    }  # fmt: skip
    assert spec["members"]["yfcc"]["epochs"] == [2, 4] and spec["members"]["baseline"]["objective"] == "supervised"
    assert spec["ensemble_specs"]["pair"]["seeds"] == [1] and spec["ensemble_specs"]["pair"]["epochs"] == [2, 4]


@given(st.integers(1, 10**7), st.lists(st.integers(1, 100), min_size=1, max_size=8))
def test_apportion_adds_up_and_stays_within_one(total: int, weights: list[int]) -> None:
    shares = [weight / sum(weights) for weight in weights]
    counts = apportion(total, shares)
    assert sum(counts) == total
    assert all(abs(count - total * share) < 1 + 1e-5 for count, share in zip(counts, shares, strict=True))


def test_apportion_gives_the_rest_to_the_largest_remainder() -> None:
    assert apportion(10, [0.25, 0.25, 0.5]) == [3, 2, 5]
    assert apportion(10, [0.12, 0.68, 0.2]) == [1, 7, 2]
    assert apportion(10, [0.1] * 10) == [1] * 10
