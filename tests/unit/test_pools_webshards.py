"""Pools of webdataset shards: one item per sample, bad ones with a status, broken tars as errors with key and file."""

import json
from pathlib import Path
from typing import Any

import pytest

from datalines.errors import PoolError
from datalines.pools.base import OK, Item
from datalines.pools.webshards import read, shard_paths
from tests.builders import jpeg, make_tar, png, shards_pool

WHERE = "pools.web"


def items(spec: dict[str, Any], part: int = 0, parts: int = 1) -> list[Item]:
    return list(read(spec, part, parts, WHERE))


def only(tmp_path: Path, files: dict[str, bytes], **options: Any) -> Item:
    (item,) = items(shards_pool(make_tar(tmp_path / "00000.tar", files), **options))
    return item


def outcome(item: Item) -> tuple[str, str]:
    assert item.status == OK or not item.image
    return item.status, item.message


def sample(key: str, caption: str = "a cat", seed: int = 0) -> dict[str, bytes]:
    return {f"{key}.jpg": jpeg(seed=seed), f"{key}.txt": caption.encode()}


def test_image_and_text_of_one_key_are_one_item(tmp_path: Path) -> None:
    found = items(
        shards_pool(make_tar(tmp_path / "00000.tar", sample("a", " a cat\n", 1) | sample("b", "ein Hündchen", 2)))
    )
    assert found == [
        Item(key="00000/a", extension="jpg", image=jpeg(seed=1), caption="a cat"),
        Item(key="00000/b", extension="jpg", image=jpeg(seed=2), caption="ein Hündchen"),
    ]


def test_the_order_of_a_samples_members_does_not_matter(tmp_path: Path) -> None:
    swapped = {"a.txt": b"x", "a.cls": b"3", "a.PNG": png()}
    found = only(tmp_path, swapped)
    assert (found.status, found.extension, found.image) == (OK, "png", png())


def test_captions_and_labels_from_json(tmp_path: Path) -> None:
    content = json.dumps({"text": " a cat ", "class": "cat", "number": 1}).encode()
    files = {"a.jpg": jpeg(), "a.json": content}
    found = only(tmp_path, files, captions="json:text", label="json:class")
    assert (found.caption, found.label) == ("a cat", "cat")
    assert only(tmp_path, files, captions="json:text", label="json:number", class_names=["dog", "ape"]).label == "ape"


def test_labels_from_cls_are_numbers_or_names(tmp_path: Path) -> None:
    names = ["dog", "cat"]
    assert only(tmp_path, sample("a") | {"a.cls": b"1\n"}, label="cls", class_names=names).label == "cat"
    assert only(tmp_path, sample("a") | {"a.cls": b" ape "}, label="cls", class_names=names).label == "ape"
    assert only(tmp_path, sample("a") | {"a.cls": b"1"}).label is None


def test_numbers_may_count_a_subset(tmp_path: Path) -> None:
    spec = {"label": "cls", "class_names": ["dog", "cat", "ape"], "subset": ["dog", "ape"]}
    assert only(tmp_path, sample("a") | {"a.cls": b"1"}, numbers="subset", **spec).label == "ape"
    assert only(tmp_path, sample("a") | {"a.cls": b"1"}, numbers="classes", **spec).label == "cat"


@pytest.mark.parametrize("number", [b"2", b"99999999999999999999"])
def test_a_label_index_out_of_range(tmp_path: Path, number: bytes) -> None:
    found = only(tmp_path, sample("a") | {"a.cls": number}, label="cls", class_names=["dog", "cat"])
    text = f"{number.decode()} is not the number of one of 2 classes, counted from 0"
    assert outcome(found) == ("missing_label", text)


def test_numbers_without_a_class_list_are_an_error_of_the_declaration(tmp_path: Path) -> None:
    with pytest.raises(PoolError, match=r"^pools\.web\.classes: labels are numbers; name the class list"):
        only(tmp_path, sample("a") | {"a.cls": b"1"}, label="cls")


@pytest.mark.parametrize(
    ("files", "label", "message"),
    [
        ({}, "cls", "no .cls member"),
        ({"a.cls": b"\xff\xfe"}, "cls", "UnicodeDecodeError"),
        ({"a.json": b"{}"}, "json:class", "no key class"),
        ({"a.json": b'{"class": null}'}, "json:class", "class is neither a text nor a whole number"),
        ({"a.json": b'{"class": true}'}, "json:class", "class is neither a text nor a whole number"),
        ({"a.json": b'{"class": [1]}'}, "json:class", "class is neither a text nor a whole number"),
        ({"a.json": b"[1]"}, "json:class", "not an object"),
        ({"a.json": b"{"}, "json:class", "JSONDecodeError"),
    ],
)
def test_labels_that_cannot_be_read(tmp_path: Path, files: dict[str, bytes], label: str, message: str) -> None:
    status, text = outcome(only(tmp_path, sample("a") | files, label=label, class_names=["dog"]))
    assert status == "missing_label"
    assert message in text


@pytest.mark.parametrize(
    ("files", "captions", "status", "message"),
    [
        ({"a.txt": b"caf\xe9"}, "txt", "undecodable_caption", "UnicodeDecodeError"),
        ({"a.txt": b"\xff\xd8\xff"}, "txt", "undecodable_caption", "UnicodeDecodeError"),
        ({"a.json": b'{"text": "a'}, "json:text", "undecodable_caption", "JSONDecodeError"),
        ({"a.json": b'{"text": 3}'}, "json:text", "undecodable_caption", "text is not a text"),
        ({"a.json": b'{"text": null}'}, "json:text", "undecodable_caption", "text is not a text"),
        ({"a.json": b'["text"]'}, "json:text", "undecodable_caption", "not an object"),
        ({"a.json": b'"text"'}, "json:text", "undecodable_caption", "not an object"),
        ({"a.json": b'{"text": "\\ud83d"}'}, "json:text", "undecodable_caption", "UnicodeEncodeError"),
        ({"a.json": b"{}"}, "json:text", "missing_caption", "no key text in the .json member"),
        ({}, "json:text", "missing_caption", "no .json member"),
        ({}, "txt", "missing_caption", "no .txt member"),
    ],
)
def test_captions_that_cannot_be_read(
    tmp_path: Path, files: dict[str, bytes], captions: str, status: str, message: str
) -> None:
    found = only(tmp_path, {"a.jpg": jpeg()} | files, captions=captions)
    assert found.status == status
    assert message in found.message
    assert found.caption == ""


def test_an_evaluation_set_needs_no_captions(tmp_path: Path) -> None:
    spec = {
        "kind": "shards",
        "path": str(make_tar(tmp_path / "0.tar", {"a.jpg": jpeg(), "a.cls": b"0"})),
        "label": "cls",
    }
    (found,) = items({**spec, "class_names": ["cat"]})
    assert (found.status, found.label) == (OK, "cat")


def test_a_sample_without_an_image_says_what_it_has(tmp_path: Path) -> None:
    files = {"a.txt": b"a cat", "a.json": b"{}", "b.gif": b"GIF89a", "README": b"x", ".DS_Store": b"x"}
    found = items(shards_pool(make_tar(tmp_path / "00000.tar", files)))
    assert [(item.key, item.status) for item in found] == [
        ("00000/a", "missing_image"),
        ("00000/b", "missing_image"),
        ("00000/README", "missing_image"),
        ("00000/.DS_Store", "missing_image"),
    ]
    assert found[0].message == "found only json, txt"


def test_the_same_key_twice_in_a_shard_is_taken_once(tmp_path: Path) -> None:
    first, second, other = (list(sample(key, seed=seed).items()) for key, seed in (("a", 1), ("a", 2), ("b", 3)))
    together = items(shards_pool(make_tar(tmp_path / "x" / "0.tar", [*first, *second, *other])))
    apart = items(shards_pool(make_tar(tmp_path / "y" / "0.tar", [*first, *other, *second])))
    assert [(item.key, item.status) for item in together] == [("0/a", OK), ("0/a", "duplicate_key"), ("0/b", OK)]
    assert [(item.key, item.status) for item in apart] == [("0/a", OK), ("0/b", OK), ("0/a", "duplicate_key")]
    assert together[0].image == apart[0].image == jpeg(seed=1)
    assert together[1].message == "a occurred before in 0.tar"


def test_the_same_key_in_two_shards_is_two_samples(tmp_path: Path) -> None:
    for name in ("0.tar", "1.tar"):
        make_tar(tmp_path / name, sample("a"))
    assert [item.key for item in items(shards_pool(tmp_path / "*.tar"))] == ["0/a", "1/a"]


def test_folders_inside_a_shard_are_part_of_the_key(tmp_path: Path) -> None:
    found = items(shards_pool(make_tar(tmp_path / "0.tar", sample("x.y/a") | sample("z/a"))))
    assert [(item.key, item.status) for item in found] == [("0/x.y/a", OK), ("0/z/a", OK)]


def test_parts_take_whole_tars_and_together_all_of_them(tmp_path: Path) -> None:
    for number in range(5):
        make_tar(tmp_path / f"{number}.tar", sample("a") | sample("b"))
    spec = shards_pool(tmp_path / "?.tar")
    pieces = [[item.key for item in items(spec, part, 3)] for part in range(3)]
    assert pieces[0] == ["0/a", "0/b", "3/a", "3/b"]
    assert sorted(key for piece in pieces for key in piece) == [item.key for item in items(spec)]


def test_paths_are_sorted_unique_and_take_variables(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WEB", str(tmp_path))
    for name in ("10.tar", "2.tar", "a/3.tar", "._2.tar"):
        make_tar(tmp_path / name, {})
    found = shard_paths(["$WEB/a/3.tar", "$WEB/*.tar", str(tmp_path / "2.tar")], WHERE)
    assert found == [tmp_path / "10.tar", tmp_path / "2.tar", tmp_path / "a" / "3.tar"]


@pytest.mark.parametrize("declared", ["none-*.tar", "none.tar", ["0.tar", "none.tar"], ["none/*.tar", "*.tar"]])
def test_a_name_that_matches_no_tar_is_an_error_even_beside_others(tmp_path: Path, declared: str | list[str]) -> None:
    make_tar(tmp_path / "0.tar", sample("a"))
    listed = [declared] if isinstance(declared, str) else declared
    with pytest.raises(PoolError, match=r"^pools\.web\.path: no file matches .*/none.*; give a glob or a list"):
        items(shards_pool([str(tmp_path / name) for name in listed]))


def test_two_shards_of_one_name_are_an_error(tmp_path: Path) -> None:
    for name in ("a/00000.tar", "b/00000.tar"):
        make_tar(tmp_path / name, sample("a"))
    with pytest.raises(PoolError, match=r"^pools\.web\.path: two shards share the name 00000\.tar; rename one"):
        items(shards_pool(tmp_path / "*" / "*.tar"))


def test_a_truncated_shard_is_an_error_and_not_a_shorter_pool(tmp_path: Path) -> None:
    path = make_tar(tmp_path / "00007.tar", sample("a") | sample("b"))
    data = path.read_bytes()
    path.write_bytes(data[: data.index(b"b.jpg") + 600])
    with pytest.raises(PoolError, match=r"^pools\.web\.path: .*00007\.tar is .*truncated after b\.jpg"):
        items(shards_pool(path))
