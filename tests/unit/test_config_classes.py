"""Label spaces: class lists, what prompts say of their classes, subsets by name, and the lists of this repository."""

import subprocess
import sys
from pathlib import Path

import pytest

from datalines.config import openclip
from datalines.config.load import load_study
from tests.unit.config_study import ANIMALS, StudyFiles

ROOT = Path(__file__).parents[2]


@pytest.fixture
def study(tmp_path: Path) -> StudyFiles:
    return StudyFiles(tmp_path)


def test_prompts_say_the_names_unless_the_list_has_texts(study: StudyFiles) -> None:
    specs = study.load().resolved()["shift_specs"]
    assert specs["reference"]["class_texts"] == specs["reference"]["class_names"] == ANIMALS
    # Two classes may be called the same; they stay two classes.
    texts = ["pet", "pet", "fish"]
    specs = study.set("shifts", "classes.animals.texts", texts).load().resolved()["shift_specs"]
    assert (specs["reference"]["class_names"], specs["reference"]["class_texts"]) == (ANIMALS, texts)
    assert specs["hard"]["class_texts"] == texts


def test_texts_are_one_for_each_class(study: StudyFiles) -> None:
    message = study.set("shifts", "classes.animals.texts", ["cat"]).message()
    assert "config/shifts.yaml: classes.animals.texts: are 1, but the list has 3 classes" in message
    message = study.set("shifts", "classes.animals.texts", "openai-imagenet").message()
    assert "classes.animals.texts: are 1000, but the list has 3 classes" in message
    message = study.set("shifts", "classes.animals.texts", "imagenet").message()
    assert "classes.animals.texts: is 'imagenet'; write a list of texts, or openai-imagenet" in message


def test_a_subset_may_be_the_name_of_a_class_list(study: StudyFiles) -> None:
    study.set("shifts", "classes.pets.names", ["rabbit", "cat"]).set("shifts", "shifts.candidates.subset", "pets")
    specs = study.load().resolved()["shift_specs"]
    assert specs["candidates"]["subset"] == specs["hard"]["subset"] == ["rabbit", "cat"]
    message = study.set("shifts", "classes.pets.names", ["rabbit", "dog"]).message()
    assert "config/shifts.yaml: shifts.candidates.subset: 'dog' is not a class of list animals" in message
    message = study.set("shifts", "shifts.candidates.subset", "pet").message()
    assert "shifts.candidates.subset: 'pet' is not a class list; did you mean 'pets'?" in message
    message = study.set("shifts", "shifts.candidates.subset", 3).message()
    assert "shifts.candidates.subset: is 3; write a list of classes, or the name of a class list" in message


def test_labels_that_count_a_subset_need_one(study: StudyFiles) -> None:
    shards = {
        "title": "Web", "kind": "shards", "path": "$WEB/*.tar", "items": 9, "classes": "animals", "prompts": ["a {}"],
    }  # fmt: skip
    study.set("shifts", "shifts.web", {**shards, "numbers": "subset"})
    assert "shifts.web.numbers: is subset, but the shift has none" in study.message()
    study.set("shifts", "shifts.web.subset", ["fish"])
    assert study.load().resolved()["shift_specs"]["web"]["numbers"] == "subset"


def test_prompts_of_openai_are_written_out(study: StudyFiles) -> None:
    prompts = study.set("shifts", "shifts.candidates.prompts", "openai-imagenet").load().resolved()["shift_specs"]
    assert len(prompts["candidates"]["prompts"]) == 80 and prompts["hard"]["prompts"][0] == "a bad photo of a {}."
    assert all(prompt.count("{}") == 1 for prompt in prompts["candidates"]["prompts"])


def test_without_open_clip_the_error_says_so(study: StudyFiles, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(openclip.importlib.util, "find_spec", lambda name: None)
    openclip.imagenet_texts.cache_clear()
    openclip.imagenet_templates.cache_clear()
    study.set("shifts", "classes.animals.texts", "openai-imagenet")
    message = study.set("shifts", "shifts.sketch.prompts", "openai-imagenet").message()
    for key in ("classes.animals.texts", "shifts.sketch.prompts"):
        assert f"config/shifts.yaml: {key}: openai-imagenet needs open_clip, which is not installed here" in message


def test_openais_lists_are_read_without_torch() -> None:
    code = (
        "import sys; from datalines.config.openclip import imagenet_texts, imagenet_templates; "
        "print(len(imagenet_texts()), len(imagenet_templates()), 'torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["1000", "80", "False"]


def lines(name: str) -> list[str]:
    """A class list of this repository."""
    return (ROOT / "config" / "classes" / f"{name}.txt").read_text().splitlines()


def test_imagenets_classes_are_its_sorted_synsets() -> None:
    names = lines("imagenet")
    assert (len(names), names[0], names[-1]) == (1000, "n01440764", "n15075141")
    assert names == sorted(set(names))
    texts = openclip.imagenet_texts()
    assert [texts[names.index(synset)] for synset in ("n01440764", "n02123045", "n02906734")] == [
        "tench", "tabby cat", "broom",
    ]  # fmt: skip
    # The names that stand for two classes each.
    assert [[place for place, text in enumerate(texts) if text == name] for name in ("missile", "sunglasses")] == [
        [657, 744], [836, 837],
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "first", "last"),
    [
        ("imagenet-r", [1, 2, 4, 6, 8, 9, 11, 13, 22, 23], [980, 981, 983, 988]),
        ("imagenet-a", [6, 11, 13, 15, 17, 22, 23, 27], [981, 984, 986, 987, 988]),
    ],
)
def test_lists_of_200_classes(name: str, first: list[int], last: list[int]) -> None:
    places = [lines("imagenet").index(synset) for synset in lines(name)]
    assert len(places) == 200 and places == sorted(set(places))
    assert (places[: len(first)], places[-len(last) :]) == (first, last)


def test_the_two_lists_share_86_classes() -> None:
    assert len(set(lines("imagenet-r")) & set(lines("imagenet-a"))) == 86


def test_objectnets_folders() -> None:
    names = lines("objectnet")
    assert len(set(names)) == len(names) == 113
    assert names == [name.lower() for name in names]
    assert [names[place] for place in (0, 23, 112)] == ["alarm_clock", "doormat", "wok"]


def test_sets_of_scale_paper() -> None:
    specs = load_study(ROOT, {"scale": "paper"}).resolved()["shift_specs"]
    sizes = {name: (spec["items"], len(spec["class_names"]), len(spec["subset"])) for name, spec in specs.items()}
    assert sizes == {
        "reference": (50_000, 1000, 1000),
        "v2": (10_000, 1000, 1000),
        "r": (30_000, 1000, 200),
        "sketch": (50_889, 1000, 1000),
        "objectnet": (18_574, 113, 113),
        "a": (7_500, 1000, 200),
        "cifar10-test": (10_000, 10, 10),
        "cinic10-test": (90_000, 10, 10),
        "cinic10-unseen": (80_000, 10, 10),
    }
    assert all(len(spec["prompts"]) == (80 if spec["classes"] != "ten" else 1) for spec in specs.values())
