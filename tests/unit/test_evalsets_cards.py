"""Cards of evaluation sets: every copy is a shift of its own, what a shift states itself stands, errors name what is
known."""

import contextlib
import copy
from pathlib import Path
from typing import Any

import pytest

from datalines.config.errors import ConfigError
from datalines.config.evalsets import EvalsetCard
from datalines.config.load import load_study
from datalines.config.study import Study
from datalines.objectives.pixels import MEAN, STD
from tests.unit.config_study import ANIMALS, StudyFiles
from tests.unit.golden_classes import OBJECTS

ROOT = Path(__file__).parents[2]
CARD = {
    "title": "Zoo", "items": 6, "per_class": 2, "classes": "zoo", "lists": {"zoo": {"names": ["n2", "n1", "n3"]}},
    "prompts": ["a {}"], "licence": "free", "traps": ["bites"],
    "mapping": {"classes": "fowl", "file": "config/zoo.json"},
    "preprocessing": {
        "resize": "bicubic", "side": "shorter", "crop": "centre", "mean": [0.5, 0.5, 0.5], "std": [0.2, 0.2, 0.2],
    },
    "copies": {
        "tars": {
            "kind": "shards", "layout": "0.tar", "label": "cls", "crop": {"border": 1}, "status": "public in 2024",
            "files": [{"page": "https://zoo.example/tars", "sha256": None}],
        },
        "folders": {
            "kind": "folder", "layout": "<class>/*.png", "items": 5, "root": "zoo", "others": ["dodo"],
            "numbers": "classes", "status": "public in 2024", "files": [],
        },
    },
}  # fmt: skip


@pytest.fixture
def study(tmp_path: Path) -> StudyFiles:
    files = StudyFiles(tmp_path)
    files.write()
    (tmp_path / "config" / "zoo.json").write_text('{"n2": ["cat", "rabbit"], "n1": ["fish"], "n3": ["hen"]}')
    (tmp_path / "config" / "classes" / "animals.txt").write_text("\n".join(ANIMALS))
    files.set("shifts", "classes.fowl.names", ["hen", *ANIMALS])
    files.set("evalsets", "evalsets.zoo", copy.deepcopy(CARD))
    return files.set("shifts", "shifts.zoo", {"card": "zoo@tars", "path": "$ZOO"})


def spec_of(study: StudyFiles, name: str = "zoo") -> dict[str, Any]:
    found: dict[str, Any] = study.load().resolved()["shift_specs"][name]
    return found


def test_a_card_fills_in_what_the_shift_leaves_out(study: StudyFiles) -> None:
    spec = spec_of(study)
    given = {"kind": "shards", "title": "Zoo", "items": 6, "per_class": 2, "label": "cls", "crop": {"border": 1}}
    assert {key: spec[key] for key in given} == given and spec["path"] == "$ZOO"
    assert spec["class_names"] == spec["subset"] == ["n2", "n1", "n3"]
    assert spec["mapping"] == {
        "classes": "fowl", "zero_shot": "own", "groups": {"n2": ["cat", "rabbit"], "n1": ["fish"], "n3": ["hen"]},
        "texts": {"cat": "cat", "rabbit": "rabbit", "fish": "fish", "hen": "hen"},
    }  # fmt: skip


def test_another_copy_is_read_otherwise(study: StudyFiles) -> None:
    spec = spec_of(study.set("shifts", "shifts.zoo.card", "zoo@folders"))
    expected = {"kind": "folder", "items": 5, "root": "zoo", "others": ["dodo"], "numbers": "classes", "crop": None}
    assert {key: spec[key] for key in expected} == expected


def test_what_the_shift_states_itself_stands(study: StudyFiles) -> None:
    study.set("shifts", "shifts.zoo.crop", None).set("shifts", "shifts.zoo.items", 9)
    study.set("shifts", "classes.zoo.names", ["n3", "n2", "n1"])
    spec = spec_of(study)
    assert (spec["crop"], spec["items"], spec["class_names"]) == (None, 9, ["n3", "n2", "n1"])


def test_a_card_in_a_scale_replaces_a_set_of_another_kind(study: StudyFiles) -> None:
    study.set("scales/demo", "shifts.pacs", {"card": "zoo@tars", "path": "$ZOO"})
    spec = spec_of(study, "pacs")
    assert spec["kind"] == "shards" and spec["title"] == "Zoo" and not {"names", "root"} & set(spec)


@pytest.mark.parametrize(
    ("card", "text"),
    [
        ("zoos@tars", "'zoos' is not an evaluation set with a card; did you mean 'zoo'? Known sets: zoo"),
        ("zoo", "is 'zoo', which names no copy; write zoo@<copy>. Known copies: folders, tars"),
        ("zoo@tar", "'tar' is not a copy of zoo; did you mean 'tars'? Known copies: folders, tars"),
    ],
)
def test_a_card_that_leads_nowhere(study: StudyFiles, card: str, text: str) -> None:
    assert f"config/shifts.yaml: shifts.zoo.card: {text}" in study.set("shifts", "shifts.zoo.card", card).message()


def test_a_mistake_of_a_card_is_looked_for_in_its_file(study: StudyFiles) -> None:
    message = study.set("evalsets", "evalsets.zoo.items", 0).message()
    assert (
        "config/evalsets.yaml: evalsets.zoo.items: " in message
        and "config/evalsets.yaml: shifts.zoo.items: " in message
    )
    study.set("evalsets", "evalsets.zoo.items", 6)
    study.set("evalsets", "evalsets.zoo.preprocessing.resize", "nearest")
    assert "config/evalsets.yaml: evalsets.zoo.preprocessing.resize: " in study.message()


@pytest.mark.parametrize("value", [None, 3, "x", [], ["x"], {}, {"x": 3}])
@pytest.mark.parametrize(
    ("file", "key"),
    [
        ("evalsets", "evalsets"), ("evalsets", "evalsets.zoo"), ("evalsets", "evalsets.zoo.copies"),
        ("evalsets", "evalsets.zoo.copies.tars"), ("evalsets", "evalsets.zoo.lists"),
        ("evalsets", "evalsets.zoo.lists.zoo"), ("evalsets", "evalsets.zoo.items"), ("shifts", "shifts.zoo.card"),
        ("shifts", "shifts.zoo"), ("shifts", "classes"),
    ],
)  # fmt: skip
def test_nonsense_in_a_card_is_an_error_of_the_configuration(
    study: StudyFiles, file: str, key: str, value: Any
) -> None:
    study.set(file, key, value)
    with contextlib.suppress(ConfigError):
        study.load()


def test_a_mapping_that_does_not_fit(study: StudyFiles) -> None:
    study.set("evalsets", "evalsets.zoo.lists.zoo.names", ["n2", "n1", "n3", "n4"])
    assert "shifts.zoo.mapping.file: config/zoo.json lacks n4" in study.message()
    study.set("evalsets", "evalsets.zoo.lists.zoo.names", ["n2", "n1", "n3"])
    study.set("evalsets", "evalsets.zoo.mapping.classes", "fowls")
    assert "shifts.zoo.mapping.classes: 'fowls' is not a class list; did you mean 'fowl'?" in study.message()


def test_a_supervised_family_needs_the_classes_or_a_mapping_from_its_own(study: StudyFiles) -> None:
    """The baseline's head predicts `animals`."""
    study.set("shifts", "suites.natural", ["reference", "sketch", "zoo"])
    study.set("shifts", "shifts.hard", None).set("experiments", "experiments.sources.shifts", ["sketch"])
    del study.files["shifts"]["shifts"]["hard"]
    text = "family 'baseline' predicts the classes 'animals', but shift 'zoo' has 'zoo'; use the same class list"
    assert f"experiments.sources.baseline: {text}, or declare shifts.zoo.mapping" in study.message()
    study.set("evalsets", "evalsets.zoo.mapping.classes", "animals")
    (study.root / "config" / "zoo.json").write_text('{"n2": ["cat"], "n1": ["fish"], "n3": ["rabbit"]}')
    assert study.load().resolved()["shift_specs"]["zoo"]["mapping"]["classes"] == "animals"


def test_folders_are_named_or_numbered(study: StudyFiles) -> None:
    study.set("shifts", "shifts.zoo.card", "zoo@folders").set("shifts", "shifts.zoo.names", {"1": "n1"})
    assert "give either names: {folder: class} or numbers: classes" in study.message()


@pytest.fixture(scope="module")
def paper() -> Study:
    return load_study(ROOT, {"scale": "paper"})


# Set, images, images of each class, classes of the label space, classes of the set.
SETS = [
    ("imagenet", 50_000, 50, 1000, 1000),
    ("imagenet-v2", 10_000, 10, 1000, 1000),
    ("imagenet-r", 30_000, None, 1000, 200),
    ("imagenet-a", 7_500, None, 1000, 200),
    ("imagenet-sketch", 50_889, None, 1000, 1000),
    ("objectnet", 18_574, None, 113, 113),
]


@pytest.mark.parametrize("made_by", ["djghosh", "clip-benchmark", "folders"])
def test_every_copy_of_every_set_is_a_shift(made_by: str) -> None:
    shifts = {name: {"card": f"{name}@{made_by}", "path": "$SET"} for name, *_ in SETS}
    specs = load_study(ROOT, {"scale": "paper", "shifts": shifts}).resolved()["shift_specs"]
    for name, items, each, space, subset in SETS:
        spec = specs[name]
        found = (spec["items"], spec["per_class"], len(spec["class_names"]), len(spec["subset"]), len(spec["prompts"]))
        assert found == (items, each, space, subset, 80), name
        assert each is None or items == each * subset
        assert spec["kind"] == ("folder" if made_by == "folders" else "shards")
        assert spec["crop"] == ({"border": 1} if name == "objectnet" else None)
        if made_by == "folders":
            assert spec["numbers"] == ("classes" if name == "imagenet-v2" else None)
            assert len(spec["others"]) == (200 if name == "objectnet" else 0)
        else:
            assert (spec["label"], spec["numbers"]) == ("cls", "subset" if subset < space else "classes")


def test_the_paper_takes_its_sets_from_cards(paper: Study) -> None:
    specs = paper.resolved()["shift_specs"]
    natural = paper.suites["natural"]
    cards = {name: specs[name]["card"].partition("@")[0] for name in natural}
    assert cards == {
        "reference": "imagenet", "v2": "imagenet-v2", "r": "imagenet-r", "sketch": "imagenet-sketch",
        "objectnet": "objectnet", "a": "imagenet-a",
    }  # fmt: skip


def test_objectnet_has_its_names_and_a_mapping_of_125_classes(paper: Study) -> None:
    spec = paper.resolved()["shift_specs"]["objectnet"]
    assert dict(zip(spec["class_names"], spec["class_texts"], strict=True)) == {
        folder: name.lower() for folder, (name, _) in OBJECTS.items()
    }
    space = paper.class_names("imagenet")
    assert {
        folder: [space.index(synset) for synset in group] for folder, group in spec["mapping"]["groups"].items()
    } == {folder: numbers for folder, (_, numbers) in OBJECTS.items()}
    assert len(spec["mapping"]["texts"]) == 125 and spec["mapping"]["texts"]["n02708093"] == "analog clock"


def test_cards_state_the_preprocessing_that_is_done(paper: Study) -> None:
    for card in paper.evalsets.values():
        assert (tuple(card.preprocessing.mean), tuple(card.preprocessing.std)) == (MEAN, STD)


def test_cards_say_what_goes_wrong_and_where_files_are(paper: Study) -> None:
    def files(card: EvalsetCard) -> list[Any]:
        return [file for copy in card.copies.values() for file in copy.files]

    assert all(card.traps and len(files(card)) >= 3 for card in paper.evalsets.values())
    stated = {file.sha256 for card in paper.evalsets.values() for file in files(card)} - {None}
    assert len(stated) == 4  # V2, R, A and Sketch; of the others nobody states one
    counts = {name: [count.items for count in card.other_counts] for name, card in paper.evalsets.items()}
    assert counts["imagenet-sketch"] == [50_000] and counts["objectnet"] == [18_514, 6_250]
