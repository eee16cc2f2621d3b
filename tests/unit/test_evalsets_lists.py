"""Golden class lists: ImageNet-R's and -A's 200 classes, and ObjectNet's 113 folders as 125 classes of ImageNet."""

import hashlib
import json
from pathlib import Path

from datalines.config.evalsets import read_mapping
from datalines.config.openclip import imagenet_texts
from tests.unit.golden_classes import ADVERSARIAL, OBJECTS, RENDITIONS

FOLDER = Path(__file__).parents[2] / "config" / "classes"
MAPPING = FOLDER / "objectnet-imagenet.json"


def lines(name: str) -> list[str]:
    return (FOLDER / f"{name}.txt").read_text().splitlines()


def test_files_are_those_that_were_checked() -> None:
    digests = {
        "imagenet.txt": "70002b0ff5de60a3a17a82dbfcff291931f96225ddf941ad2e182fc39e183d15",
        "imagenet-r.txt": "a6a0729f7a99230280639cab6e51e01485a3b41a676ea35621a501c9d6e83ca4",
        "imagenet-a.txt": "9826a24166e74ce62fb87b27889874ca26917542c745712309d6e25855d63bc2",
        "objectnet-imagenet.json": "fc75b7633e438a6b10338539015294941eb2b90cf0cae60ab210ce03d0fb60ce",
        "objectnet-others.txt": "4babc1c3ba60e418f77e9bcb653a62a5b2bb242d847830caa1e4907dd990befd",
    }
    assert {name: hashlib.sha256((FOLDER / name).read_bytes()).hexdigest() for name in digests} == digests


def test_the_200_classes_of_r_and_of_a_are_the_published_ones() -> None:
    label = {synset: number for number, synset in enumerate(lines("imagenet"))}
    assert [label[synset] for synset in lines("imagenet-r")] == RENDITIONS
    assert [label[synset] for synset in lines("imagenet-a")] == ADVERSARIAL
    assert len(RENDITIONS) == len(ADVERSARIAL) == 200 and len({*RENDITIONS} & {*ADVERSARIAL}) == 86
    # Folders sorted by WordNet id, and so the labels of the webdataset copies, are in the order of ImageNet's labels.
    assert lines("imagenet-r") == sorted(lines("imagenet-r")) and lines("imagenet-a") == sorted(lines("imagenet-a"))


def test_objectnets_113_folders_are_125_classes() -> None:
    label = {synset: number for number, synset in enumerate(lines("imagenet"))}
    groups = read_mapping(MAPPING, list(OBJECTS), lines("imagenet"))
    assert {folder: [label[synset] for synset in group] for folder, group in groups.items()} == {
        folder: numbers for folder, (_, numbers) in OBJECTS.items()
    }
    assert list(groups) == sorted(groups) and len(groups) == 113
    assert len({synset for group in groups.values() for synset in group}) == sum(map(len, groups.values())) == 125
    several = {folder for folder, group in groups.items() if len(group) > 1}
    assert several == {
        "alarm_clock", "bicycle", "chair", "helmet", "pen", "skirt", "still_camera", "tie", "wheel",
    }  # fmt: skip


def test_objectnets_other_folders_complete_the_313() -> None:
    others = lines("objectnet-others")
    assert others == sorted(set(others)) and len(others) == 200
    assert not set(others) & set(OBJECTS)


def test_of_names_that_stand_for_two_classes_objectnet_has_one_of_one_pair() -> None:
    texts = imagenet_texts()
    twice = {
        name: [place for place, text in enumerate(texts) if text == name] for name in texts if texts.count(name) > 1
    }
    assert twice == {"missile": [657, 744], "sunglasses": [836, 837]}
    mapped = {number for _, numbers in OBJECTS.values() for number in numbers}
    assert mapped & {657, 744, 836, 837} == {837}
    assert set(RENDITIONS) & {657, 744, 836, 837} == {657} and not set(ADVERSARIAL) & {657, 744, 836, 837}


def test_the_mapping_is_plain_json_with_a_line_a_class() -> None:
    text = MAPPING.read_text()
    assert len(text.splitlines()) == 115 and list(json.loads(text)) == list(OBJECTS)
