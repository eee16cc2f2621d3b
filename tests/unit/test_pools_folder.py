"""Pools of class folders: one item for every file, captions from templates, splits that never move, errors with key."""

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from datalines.config.errors import ConfigError
from datalines.errors import PoolError
from datalines.pools.base import OK, Item
from datalines.pools.folder import caption_of, in_split, read
from tests.builders import animals, folder_pool, jpeg, make_folder, make_tar, png

WHERE = "pools.zoo"


def items(spec: dict[str, Any], part: int = 0, parts: int = 1) -> list[Item]:
    return list(read(spec, part, parts, WHERE))


def error_of(spec: dict[str, Any]) -> str:
    with pytest.raises(PoolError) as caught:
        items(spec)
    text = str(caught.value)
    assert text.startswith(WHERE)
    assert str(spec["path"]) in text
    return text


def test_every_image_becomes_an_item_with_its_own_bytes_class_and_caption(tmp_path: Path) -> None:
    files = animals(2)
    found = items(folder_pool(make_folder(tmp_path / "zoo", files)))
    assert [item.key for item in found] == sorted(files)
    assert [item.image for item in found] == [files[name] for name in sorted(files)]
    assert [item.label for item in found] == ["cat", "cat", "sea_lion", "sea_lion"]
    assert [item.caption for item in found[1:3]] == ["a photo of a cat", "a photo of a sea lion"]
    assert {item.status for item in found} == {OK}


def test_a_directory_and_a_tar_of_it_give_the_same_items(tmp_path: Path) -> None:
    files = {**animals(3), "cat.x/1.png": png(), "cat-y/1.jpeg": jpeg(), "README": b"hi", "cat/deep/er.jpg": jpeg()}
    folder = items(folder_pool(make_folder(tmp_path / "zoo", files)))
    tar = items(folder_pool(make_tar(tmp_path / "zoo.tar", dict(reversed(files.items())))))
    assert folder == tar
    assert len(folder) == len(files)


def test_stray_files_are_items_with_a_status(tmp_path: Path) -> None:
    stray = {".DS_Store": b"x", "README.txt": b"x", "cat/deeper/1.jpg": jpeg(), "top.jpg": jpeg()}
    found = items(folder_pool(make_folder(tmp_path / "zoo", animals(1) | stray)))
    refused = {item.key: (item.status, item.message, item.label) for item in found if item.status != OK}
    assert refused == dict.fromkeys(stray, ("unsupported_format", "not in a class folder", None))
    assert len(found) == 6


def test_unsupported_extensions_are_items_with_a_status(tmp_path: Path) -> None:
    odd = {"cat/a.gif": b"GIF89a", "cat/b": b"x", "cat/Thumbs.db": b"x", "cat/.DS_Store": b"x"}
    found = {item.key: item for item in items(folder_pool(make_folder(tmp_path / "zoo", animals(1) | odd)))}
    assert {key: found[key].status for key in odd} == dict.fromkeys(odd, "unsupported_format")
    assert found["cat/a.gif"].message == "extension gif"
    assert found["cat/b"].message == "extension none"
    assert found["cat/b"].label == "cat"


def test_extensions_are_read_without_regard_to_case(tmp_path: Path) -> None:
    found = items(
        folder_pool(make_folder(tmp_path / "zoo", {"cat/A.JPG": jpeg(), "cat/B.Jpeg": jpeg(), "cat/C.PNG": png()}))
    )
    assert [(item.extension, item.status) for item in found] == [("jpg", OK), ("jpeg", OK), ("png", OK)]


def test_the_same_member_twice_in_a_tar_is_stored_once(tmp_path: Path) -> None:
    tar = make_tar(
        tmp_path / "zoo.tar", [("cat/1.jpg", jpeg(seed=1)), ("cat/2.jpg", jpeg()), ("./cat/1.jpg", jpeg(seed=2))]
    )
    found = items(folder_pool(tar))
    assert [(item.key, item.status) for item in found] == [
        ("cat/1.jpg", OK),
        ("cat/1.jpg", "duplicate_key"),
        ("cat/2.jpg", OK),
    ]
    assert found[0].image == jpeg(seed=1)
    assert "occurred before" in found[1].message


def test_a_duplicate_is_noticed_when_its_twin_is_in_another_part(tmp_path: Path) -> None:
    tar = make_tar(tmp_path / "zoo.tar", [("cat/1.jpg", jpeg()), ("cat/1.jpg", jpeg())])
    statuses = [[item.status for item in items(folder_pool(tar), part, 2)] for part in (0, 1)]
    assert statuses == [[OK], ["duplicate_key"]]


@pytest.mark.parametrize("parts", [1, 2, 3, 7, 20])
def test_parts_are_disjoint_and_complete(tmp_path: Path, parts: int) -> None:
    spec = folder_pool(make_folder(tmp_path / "zoo", animals(5)))
    pieces = [items(spec, part, parts) for part in range(parts)]
    assert [item for piece in pieces for item in piece] == items(spec)
    sizes = [len(piece) for piece in pieces]
    assert max(sizes) - min(sizes) <= 1


def test_a_root_selects_what_lies_below_it(tmp_path: Path) -> None:
    tar = make_tar(
        tmp_path / "zoo.tar", animals(1, "train/") | animals(2, "test/") | {"README": b"x", "train/LICENSE": b"x"}
    )
    found = items(folder_pool(tar, root="train"))
    assert [item.key for item in found] == ["LICENSE", "cat/0.jpg", "sea_lion/0.jpg"]
    assert items(folder_pool(tar, root="train/")) == found


def test_the_first_path_that_exists_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZOO", str(tmp_path))
    make_folder(tmp_path / "b", animals(1))
    make_folder(tmp_path / "c", animals(3))
    assert len(items(folder_pool(["$ZOO/a", "${ZOO}/b", "$ZOO/c"]))) == 2


def test_a_missing_path_an_unset_variable_and_a_file_that_is_no_tar(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ZOO", raising=False)
    assert "does not exist" in error_of(folder_pool(tmp_path / "none"))
    (tmp_path / "zoo.tar").write_bytes(b"no")
    assert "pools.zoo.path: " in error_of(folder_pool(tmp_path / "zoo.tar"))
    with pytest.raises(ConfigError, match=r"pools\.zoo\.path: \$ZOO is not set"):
        items(folder_pool("$ZOO/a"))


def test_a_class_folder_without_images_is_an_error(tmp_path: Path) -> None:
    folder = make_folder(tmp_path / "zoo", animals(1) | {"dog/notes.txt": b"x"})
    assert "class folders without images: dog; " in error_of(folder_pool(folder))
    (folder / "dog" / "notes.txt").unlink()
    (folder / "ape").mkdir()
    assert "class folders without images: ape, dog; " in error_of(folder_pool(folder))


def test_a_listed_class_that_is_missing_is_an_error_and_an_unlisted_one_is_left_out(tmp_path: Path) -> None:
    folder = make_folder(tmp_path / "zoo", animals(1))
    assert "class folders without images: dog, horse; " in error_of(
        folder_pool(folder, class_names=["horse", "cat", "dog"])
    )
    assert [item.label for item in items(folder_pool(folder, class_names=["cat"]))] == ["cat"]


def test_no_class_folders_at_all(tmp_path: Path) -> None:
    flat = make_folder(tmp_path / "zoo", {"1.jpg": jpeg()})
    assert "holds no class folders with images; expected <class>/<file>.jpg" in error_of(folder_pool(flat))
    assert "under 'train'" in error_of(folder_pool(make_folder(tmp_path / "all", animals(1)), root="train"))
    (tmp_path / "empty").mkdir()
    assert "holds no class folders" in error_of(folder_pool(tmp_path / "empty"))


def test_names_change_labels_and_captions_and_neither_keys_nor_splits(tmp_path: Path) -> None:
    folder = make_folder(tmp_path / "zoo", animals(30))
    split = {"part": "test", "test_share": 0.3, "salt": ""}
    plain = items(folder_pool(folder, split=split))
    named = items(folder_pool(folder, split=split, names={"sea_lion": "seal"}))
    assert [item.key for item in named] == [item.key for item in plain]
    assert {item.caption for item in named} == {"a photo of a cat", "a photo of a seal"}
    assert {item.label for item in named} == {"cat", "seal"}


def test_two_folders_of_one_class_may_hold_equal_file_names(tmp_path: Path) -> None:
    folder = make_folder(tmp_path / "zoo", animals(2))
    found = items(folder_pool(folder, names={"cat": "animal", "sea_lion": "animal"}, class_names=["animal"]))
    assert Counter(item.label for item in found) == {"animal": 4}
    assert len({item.key for item in found}) == 4
    assert {item.status for item in found} == {OK}


def test_a_split_is_disjoint_exhaustive_and_near_its_share() -> None:
    names = [f"class-{number % 7}/{number}.jpg" for number in range(4000)]
    sides = {part: {"part": part, "test_share": 0.3, "salt": "pacs"} for part in ("train", "test")}
    test = {name for name in names if in_split(name, sides["test"])}
    train = {name for name in names if in_split(name, sides["train"])}
    assert not test & train
    assert test | train == set(names)
    assert len(test) / len(names) == pytest.approx(0.3, abs=0.03)  # four standard deviations
    salted = {name for name in names if in_split(name, sides["test"] | {"salt": "other"})}
    assert len(test & salted) / len(names) == pytest.approx(0.09, abs=0.02)
    assert all(in_split(name, None) for name in names)


def test_a_split_is_stable_when_files_are_added(tmp_path: Path) -> None:
    split = {"part": "test", "test_share": 0.3, "salt": "pacs"}
    before = [item.key for item in items(folder_pool(make_folder(tmp_path / "zoo", animals(20)), split=split))]
    make_folder(tmp_path / "zoo", {**animals(25), "ant/1.jpg": jpeg(), "ant/2.jpg": jpeg()})
    after = [item.key for item in items(folder_pool(tmp_path / "zoo", split=split))]
    old = {f"{label}/{number}.jpg" for label in ("cat", "sea_lion") for number in range(20)}
    assert [key for key in after if key in old] == before
    assert 0 < len(before) < 40


def test_a_template_is_chosen_by_the_files_name_alone() -> None:
    spec = {"templates": ["a {}", "the {}", "one {}", "{}!"]}
    chosen = [caption_of(f"sea_lion/{number}.jpg", "sea_lion", spec) for number in range(400)]
    assert chosen == [caption_of(f"sea_lion/{number}.jpg", "sea_lion", spec) for number in range(400)]
    counts = Counter(chosen)
    assert set(counts) == {"a sea lion", "the sea lion", "one sea lion", "sea lion!"}
    assert min(counts.values()) > 60
    assert caption_of("sea_lion/1.jpg", "sea_lion", {}) == "sea lion"


def test_class_names_with_braces_are_text() -> None:
    assert caption_of("x/1.jpg", "{0}", {"templates": ["a {}"]}) == "a {0}"
