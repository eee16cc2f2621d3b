"""Published copies of evaluation sets in small: every format is read, counted and refused if it is not complete."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from safetensors.numpy import save_file

from datalines import shifts
from datalines.errors import CountError, PoolError
from datalines.evalsets import has_red_frame, left_out, reading
from datalines.evaluation import decode_all
from datalines.files import read_json, write_json
from datalines.images import decode
from tests.builders import encode, folder_shift, jpeg, make_folder, make_tar, noise, png
from workflow.scripts import filter_shift, prepare_shift

WHERE = "shifts.zoo"
SYNSETS = [f"n{number:08d}" for number in range(1, 13)]
RED, BLUE = (255, 0, 0), (20, 40, 200)


def prepared(tmp_path: Path, spec: dict[str, Any]) -> shifts.EvaluationSet:
    """The set as the workflow prepares it."""
    manifest = tmp_path / "prepared" / "manifest.json"
    prepare_shift.main("zoo", spec, manifest)
    return shifts.load(manifest)


def error_of(tmp_path: Path, spec: dict[str, Any]) -> str:
    with pytest.raises((CountError, PoolError)) as caught:
        prepared(tmp_path, spec)
    assert not list((tmp_path / "prepared").glob("*"))
    return str(caught.value)


def webdataset(folder: Path, labels: list[int], tars: int = 2) -> Path:
    """Tars as DataComp's copies: <key>.<image> and <key>.cls, in test/, beside test/nshards.txt; returns their glob."""
    kinds = [("webp", {"lossless": True}), ("png", {}), ("jpg", {"quality": 90})]
    for tar in range(tars):
        members = {}
        for number in range(tar, len(labels), tars):
            extension, options = kinds[number % 3]
            image = encode(noise(20, 16, number), {"jpg": "JPEG"}.get(extension, extension.upper()), **options)
            members |= {f"s{number:07d}.{extension}": image, f"s{number:07d}.cls": str(labels[number]).encode()}
        make_tar(folder / "test" / f"{tar}.tar", members)
    make_folder(folder / "test", {"nshards.txt": str(tars).encode()})
    return folder / "test" / "*.tar"


def shards(path: Path, items: int, classes: list[str], **more: Any) -> dict[str, Any]:
    return {**folder_shift(path, items, classes, **more), "kind": "shards", "label": "cls", **more}


def test_webdataset_tars_with_numbers_of_the_label_space(tmp_path: Path) -> None:
    labels = [11, 0, 2, 5]
    subset = [SYNSETS[label] for label in sorted(labels)]
    loaded = prepared(tmp_path, shards(webdataset(tmp_path / "wds", labels), 4, SYNSETS, subset=subset))
    # Keys lie in the tars in turn: 0 and 2 in the first, 1 and 3 in the second.
    assert loaded.labels.tolist() == [11, 2, 0, 5]
    assert loaded.index["extension"].tolist() == ["webp", "jpg", "png", "webp"]
    assert [decode(data).size for data in loaded.encoded()] == [(20, 16)] * 4


def test_webdataset_tars_with_numbers_of_the_subset(tmp_path: Path) -> None:
    subset = [SYNSETS[1], SYNSETS[4], SYNSETS[9]]
    spec = shards(webdataset(tmp_path / "wds", [2, 0, 1, 1]), 4, SYNSETS, subset=subset, numbers="subset")
    loaded = prepared(tmp_path, spec)
    assert loaded.labels.tolist() == [9, 4, 1, 4] and loaded.allowed.sum() == 3


def test_a_class_without_an_image_refuses_tars_of_the_right_size(tmp_path: Path) -> None:
    text = error_of(tmp_path, shards(webdataset(tmp_path / "wds", [0, 1, 1]), 3, SYNSETS[:3]))
    assert text.startswith(f"shifts.zoo.subset: no image of 1 of 3 classes: {SYNSETS[2]}; complete the set")


def test_class_folders_by_wordnet_id(tmp_path: Path) -> None:
    files = {f"val/{name}/ILSVRC2012_val_{number}.JPEG": jpeg(seed=number) for number, name in enumerate(SYNSETS)}
    spec = folder_shift(make_folder(tmp_path, files), 12, SYNSETS, root="val", per_class=1, others=[])
    assert prepared(tmp_path, spec).labels.tolist() == list(range(12))


@pytest.mark.parametrize("packed", [False, True], ids=["folder", "tar"])
def test_numbered_folders_go_by_their_number_and_not_by_their_place(tmp_path: Path, packed: bool) -> None:
    """As text, 10 and 11 stand before 2: an image of class 2 would be taken for one of class 4."""
    files = {f"v2/{number}/{image}.jpeg": jpeg(seed=10 * number + image) for number in range(12) for image in range(2)}
    source = make_tar(tmp_path / "v2.tar", files) if packed else make_folder(tmp_path / "raw", files)
    spec = folder_shift(source, 24, SYNSETS, root="v2", numbers="classes", per_class=2, others=[])
    loaded = prepared(tmp_path, spec)
    images = dict(zip(loaded.encoded(), loaded.labels.tolist(), strict=True))
    assert images == {data: int(name.split("/")[1]) for name, data in files.items()}


def test_numbers_may_count_the_subset(tmp_path: Path) -> None:
    spec = folder_shift(tmp_path, 2, SYNSETS, subset=[SYNSETS[3], SYNSETS[7]], numbers="subset")
    assert reading(spec)["names"] == {"0": SYNSETS[3], "1": SYNSETS[7]}
    plain = folder_shift(tmp_path, 2, SYNSETS)
    assert reading(plain) is plain


def test_a_number_beyond_the_classes_is_an_error(tmp_path: Path) -> None:
    files = {f"{number}/1.jpg": jpeg(seed=number) for number in [*range(12), 12]}
    text = error_of(
        tmp_path, folder_shift(make_folder(tmp_path / "v2", files), 12, SYNSETS, numbers="classes", others=[])
    )
    assert text.startswith("shifts.zoo: 1 class folders are neither of the set nor listed in `others`: 12;")


def test_what_is_missing_is_named_by_class(tmp_path: Path) -> None:
    files = {f"{name}/{number}.jpg": jpeg(seed=number) for name in SYNSETS for number in range(3)}
    del files[f"{SYNSETS[4]}/1.jpg"]
    folder = make_folder(tmp_path / "val", files)
    text = error_of(tmp_path, folder_shift(folder, 36, SYNSETS, per_class=3, card="imagenet@folders"))
    assert text == (
        "shifts.zoo.items: 36 declared, but 35 images found; correct the number or complete the set. "
        f"Wrong by class: {SYNSETS[4]} has 2 of 3 (other copies: card imagenet@folders in config/evalsets.yaml)"
    )
    make_folder(folder, {f"{SYNSETS[0]}/9.jpg": jpeg()})
    text = error_of(tmp_path, folder_shift(folder, 36, SYNSETS, per_class=3))
    assert text == (
        "shifts.zoo.per_class: 3 images of each class declared, but of 2 classes another number found: "
        f"{SYNSETS[0]} has 4 of 3, {SYNSETS[4]} has 2 of 3; complete the set"
    )


def test_only_the_first_missing_classes_are_named(tmp_path: Path) -> None:
    folder = make_folder(tmp_path / "val", {f"{name}/1.jpg": jpeg() for name in SYNSETS})
    text = error_of(tmp_path, folder_shift(folder, 24, SYNSETS, per_class=2))
    assert f"{SYNSETS[4]} has 1 of 2 and 7 more" in text and SYNSETS[5] not in text


def framed(seed: int, width: int = 30, height: int = 24) -> bytes:
    """A PNG of one colour with a red frame of one pixel."""
    image = Image.new("RGB", (width, height), RED)
    image.paste((*BLUE[:2], BLUE[2] + seed), (1, 1, width - 1, height - 1))
    return encode(image, "PNG")


def objects(tmp_path: Path, **changes: bytes) -> Path:
    """ObjectNet in small: two folders of the set, two others, the frame on every image."""
    names = ["alarm_clock", "wok", "air_freshener", "blanket"]
    files = {f"images/{name}/{number}.png": framed(number) for name in names for number in range(3)}
    return make_folder(
        tmp_path / "objectnet-1.0", {**files, "mappings/folder_to_objectnet_label.json": b"{}", **changes}
    )


def object_spec(path: Path, **more: Any) -> dict[str, Any]:
    others = ["air_freshener", "blanket", "blender"]
    classes = ["alarm_clock", "wok"]
    return folder_shift(path, 6, classes, **{"root": "images", "others": others, "crop": {"border": 1}, **more})


def test_other_folders_of_objectnet_are_counted(tmp_path: Path) -> None:
    loaded = prepared(tmp_path, object_spec(objects(tmp_path)))
    assert loaded.labels.tolist() == [0, 0, 0, 1, 1, 1]
    assert loaded.manifest["left_out"] == {"air_freshener": 3, "blanket": 3}
    assert loaded.manifest["crop"] == {"border": 1}


def test_a_folder_that_nobody_listed_is_an_error_or_counted(tmp_path: Path) -> None:
    path = objects(tmp_path)
    make_folder(path, {"images/alarm_clok/1.png": framed(0)})
    text = error_of(tmp_path, object_spec(path))
    assert "1 class folders are neither of the set nor listed in `others`: alarm_clok; correct their names" in text
    assert left_out(object_spec(path, others=None), WHERE) == {"air_freshener": 3, "alarm_clok": 1, "blanket": 3}


def test_an_empty_folder_of_no_list_is_noticed_too(tmp_path: Path) -> None:
    path = objects(tmp_path)
    (path / "images" / "shoe").mkdir()
    assert "`others`: shoe;" in error_of(tmp_path, object_spec(path))


def test_nothing_is_left_out_of_tars(tmp_path: Path) -> None:
    assert left_out(shards(tmp_path / "none.tar", 1, SYNSETS), WHERE) == {}


@pytest.mark.parametrize("side", [28, 14, 40])
def test_the_frame_is_gone_before_anything_else(tmp_path: Path, side: int) -> None:
    loaded = prepared(tmp_path, object_spec(objects(tmp_path)))
    assert all(has_red_frame(decode(data)) for data in loaded.encoded())  # as it was obtained
    pixels = decode_all(loaded.encoded(), side, threads=1, border=loaded.border).permute(0, 2, 3, 1).numpy()
    for number, image in enumerate(pixels):
        assert (image == (*BLUE[:2], BLUE[2] + number % 3)).all()
    # Without it, red reaches the upper and lower edges of the square.
    kept = decode_all(loaded.encoded(), side, threads=1).permute(0, 2, 3, 1).numpy()
    assert (kept[:, 0, :, 0] > BLUE[0]).all() and (kept[:, -1, :, 0] > BLUE[0]).all()


def test_sets_without_a_crop_lose_no_pixel(tmp_path: Path) -> None:
    loaded = prepared(tmp_path, object_spec(objects(tmp_path), crop=None))
    assert loaded.border == 0 and "crop" not in loaded.manifest
    (first, *_) = loaded.encoded()
    whole = decode_all([first], 24, threads=1)[0].permute(1, 2, 0).numpy()
    assert np.array_equal(whole, np.asarray(decode(first).crop((3, 0, 27, 24))))


def test_a_copy_that_has_lost_its_frame_is_not_cut(tmp_path: Path) -> None:
    files = {f"images/{name}/{number}.png": png(seed=number) for name in ("alarm_clock", "wok") for number in range(3)}
    text = error_of(tmp_path, object_spec(make_folder(tmp_path / "cut", files)))
    assert text.startswith("shifts.zoo.crop.border: is 1, but none of 6 images has a red frame to be cut off")


def test_an_image_that_is_all_border_refuses_the_set(tmp_path: Path) -> None:
    text = error_of(tmp_path, object_spec(objects(tmp_path, **{"images/wok/0.png": framed(0, 2, 9)})))
    assert "5 of 6 images can be used (1 nothing_within_border; first: wok/0.png)" in text


@pytest.mark.parametrize("quality", [50, 90])
def test_a_frame_that_jpeg_has_smeared_is_still_one(quality: int) -> None:
    framed_noise = Image.new("RGB", (130, 90), RED)
    framed_noise.paste(noise(128, 88, 1), (1, 1))
    assert has_red_frame(decode(encode(framed_noise, "JPEG", quality=quality)))


def test_other_edges_are_no_frame() -> None:
    assert not has_red_frame(noise(30, 30, 0))
    three = Image.new("RGB", (30, 30), RED)
    three.paste(BLUE, (0, 1, 29, 29))  # no red on the left
    assert not has_red_frame(three)
    assert not has_red_frame(Image.new("RGB", (30, 30), "white"))


def test_images_that_are_chosen_of_a_set_keep_its_crop(tmp_path: Path) -> None:
    loaded = prepared(tmp_path, object_spec(objects(tmp_path)))
    evaluation = tmp_path / "candidates.json"
    write_json(evaluation, {"weights": [{"epoch": 1, "sha256": "0" * 64}]})
    save_file({"001/zoo": np.eye(2, dtype=np.float32)[1 - loaded.labels]}, evaluation.with_suffix(".safetensors"))
    spec = {**object_spec(tmp_path), "kind": "adversarial", "model": {"epoch": 1}, "items": 4}
    del spec["crop"], spec["others"]
    hard = tmp_path / "hard" / "manifest.json"
    filter_shift.main("hard", spec, loaded.folder / "manifest.json", evaluation, hard)
    assert shifts.load(hard).border == 1 and len(shifts.load(hard).index) == 4


def test_the_manifest_keeps_card_and_mapping(tmp_path: Path) -> None:
    mapping = {"classes": "imagenet", "zero_shot": "own", "groups": {}, "texts": {}}
    prepared(tmp_path, object_spec(objects(tmp_path), card="objectnet@folders", mapping=mapping))
    manifest = read_json(tmp_path / "prepared" / "manifest.json")
    assert manifest["card"] == "objectnet@folders" and manifest["mapping"] == mapping
