"""Section `published`: what an entry states, which files it asks for, and the file of this repository."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import TypeAdapter, ValidationError

from datalines.config.errors import ConfigError, Findings
from datalines.config.published import (
    ManyFiles,
    OneFile,
    Published,
    Transcribed,
    check_transcribed,
    entry_of,
    published_downloads,
)
from datalines.published.filenames import TIMM, counted
from datalines.published.testbed_file import read_testbed
from datalines.published.tidy import of_groups
from datalines.published.vlhub import read_vlhub
from tests.unit import published_files as files

FILE = Path(__file__).parents[2] / "config" / "published.yaml"
COMMIT = "0170eec658d664289d9f61de8f90f967f49abca0"
ENTRY: dict[str, Any] = {
    "title": "Toy",
    "url": f"https://host.org/someone/repository/{COMMIT}/table.csv",
    "bytes": 10,
    "sha256": "0" * 64,
    "kind": "vlhub",
    "licence": "MIT",
    "citation": "Somebody, 2020",
}
BASE = f"https://host.org/someone/repository/{COMMIT}/tables/"
DIGEST = {"bytes": 10, "sha256": "0" * 64}
MANY: dict[str, Any] = {
    "title": "Toy",
    "kind": "timm",
    "base": BASE,
    "files": dict.fromkeys(TIMM, DIGEST),
    "licence": "MIT",
    "citation": "Somebody, 2020",
}
COUNTS = {"kind": "class-frequencies", "files": {"class_frequency_a_dtd.txt": DIGEST}}
TYPED: dict[str, Any] = {
    "title": "Toy",
    "kind": "transcribed",
    "path": "config/transcribed/toy.csv",
    "columns": ["item", "published"],
    "key": ["item"],
    "citation": "Somebody, 2020",
}
SECTION: TypeAdapter[Published] = TypeAdapter(Published)


def test_entries_of_one_file_ask_for_it_once() -> None:
    other = {**ENTRY, "url": ENTRY["url"].replace("table", "other")}
    section = SECTION.validate_python({"one": ENTRY, "two": {**ENTRY, "groups": ["laion"]}, "three": other})
    wanted = published_downloads(section, ["two", "one", "three"])
    assert [item["key"] for item in wanted] == ["published.two", "published.three"]
    assert wanted[0] == {"url": ENTRY["url"], "bytes": 10, "sha256": "0" * 64, "key": "published.two"}
    assert published_downloads(section, []) == []


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"url": "https://host.org/someone/repository/main/table.csv"}, "write the https address of the file at one"),
        ({"url": ENTRY["url"].replace("https", "http")}, "write the https address"),
        ({"kind": "testbed"}, "imagenet-testbed"),
        ({"kind": "vlhub-models", "groups": ["laion"]}, "groups are of kinds imagenet-testbed, vlhub, timm; remove"),
        ({"path": "config/transcribed/a.csv"}, "Extra inputs are not permitted"),
        ({"sha256": "abc"}, "String should match pattern"),
        ({"bytes": 0}, "greater than or equal to 1"),
        ({"groups": ["laion", "laion"]}, "lists laion more than once"),
        ({"digest": "x"}, "Extra inputs are not permitted"),
    ],
)  # fmt: skip
def test_what_an_entry_must_not_say(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        SECTION.validate_python({"toy": {**ENTRY, **change}})


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"base": BASE.replace(COMMIT, "main")}, "write the https address of the file at one"),
        ({"base": BASE.rstrip("/")}, "write the address of a folder, which ends with /"),
        ({"files": {}}, "at least 1 item"),
        ({"files": {"a/b.csv": DIGEST}}, "String should match pattern"),
        (
            {"files": {TIMM[0]: DIGEST, "more.csv": DIGEST}},
            "lacks results-imagenet-a-clean.csv, .* and has more.csv too",
        ),
        ({"files": dict.fromkeys(TIMM[1:], DIGEST)}, "files lacks results-imagenet.csv; kind timm reads"),
        ({**COUNTS, "groups": ["standard"]}, "remove them from one of kind class-frequencies"),
        ({**COUNTS, "files": {"counts.txt": DIGEST}}, "files has counts.txt; a table of class frequencies is named"),
        (
            {**COUNTS, "files": dict.fromkeys(["class_frequency_a_b_dtd.txt", "class_frequency_a-b_dtd.txt"], DIGEST)},
            "files has class_frequency_a_b_dtd.txt and class_frequency_a-b_dtd.txt, both dtd in a-b; keep one",
        ),
    ],
)
def test_what_an_entry_of_many_files_must_not_say(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        SECTION.validate_python({"toy": {**MANY, **change}})


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"path": "../toy.csv"}, "String should match pattern"),
        ({"path": "config/transcribed/../toy.csv"}, "String should match pattern"),
        ({"key": ["cell"]}, "key names cell; write some of the columns item, published"),
        ({"columns": ["item", "item"]}, "lists item more than once"),
        ({"key": []}, "at least 1 item"),
        ({"url": ENTRY["url"]}, "Extra inputs are not permitted"),
    ],
)
def test_what_an_entry_typed_in_must_not_say(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        SECTION.validate_python({"toy": {**TYPED, **change}})


def test_names_of_tables_of_lines_are_taken() -> None:
    with pytest.raises(ValidationError, match="has toy-lines; names that end with -lines are of tables of lines"):
        SECTION.validate_python({"toy-lines": ENTRY})


def test_every_file_of_an_entry_is_asked_for() -> None:
    section = SECTION.validate_python({"many": MANY, "some": {**MANY, "groups": ["standard"]}, "typed": TYPED})
    wanted = published_downloads(section, section)
    assert [item["url"] for item in wanted] == [BASE + name for name in TIMM]
    assert wanted[0]["key"] == "published.many.files.results-imagenet.csv"
    assert published_downloads(section, ["typed"]) == []
    one = SECTION.validate_python({"many": MANY, "one": {**ENTRY, "url": BASE + TIMM[0], "bytes": 11}})
    with pytest.raises(ConfigError, match=r"published.one: says .* has bytes 11, and published.many.files.* says 10"):
        published_downloads(one, one)


def test_entries_behind_tables() -> None:
    section = SECTION.validate_python({"one": ENTRY, "many": {**MANY, **COUNTS}})
    assert [entry_of(name, section) for name in ("one", "one-lines", "many", "many-lines", "none-lines")] == [
        *("one", "one"),
        *("many", "many-lines", "none-lines"),
    ]


def test_a_table_typed_in_otherwise_is_found(tmp_path: Path) -> None:
    section = SECTION.validate_python({"toy": TYPED, "one": ENTRY})
    path = tmp_path / TYPED["path"]
    path.parent.mkdir(parents=True)
    path.write_text("item,published\na,1\n")
    found = Findings({("published", "toy"): "config/published.yaml"})
    check_transcribed(section, tmp_path, found)
    assert found.problems == []
    path.write_text("item,published\na,1\na,2\n")
    check_transcribed(section, tmp_path, found)
    (problem,) = found.problems
    assert (problem.source, problem.key) == ("config/published.yaml", "published.toy.path")
    assert problem.text == "config/transcribed/toy.csv has several rows of item = a; keep one of them"


def test_file_of_this_repository(tmp_path: Path) -> None:
    section = SECTION.validate_python(yaml.safe_load(FILE.read_text())["published"])
    rows = {
        "imagenet-testbed": read_testbed(files.write(tmp_path / "t.csv", files.testbed_cells()), "t"),
        "vlhub": read_vlhub(files.write(tmp_path / "v.csv", files.vlhub_cells()), "v"),
    }
    assert {"standard", "laion", "timm", "frequencies", "vlhub-models"} <= set(section)
    for name, entry in section.items():
        if isinstance(entry, OneFile) and entry.kind in rows:
            kept = of_groups(rows[entry.kind], entry.groups, name)
            assert set(kept["group"]) == (set(entry.groups) or set(rows[entry.kind]["group"]))
    many = {name: entry for name, entry in section.items() if isinstance(entry, ManyFiles)}
    assert len(published_downloads(section, section)) == 2 + sum(len(entry.files) for entry in many.values())
    tables = {counted(file) for file in many["frequencies"].files}
    assert len({(table.concepts, table.source) for table in tables if table is not None}) == 76


def test_tables_typed_in_have_the_names_of_their_files() -> None:
    section = SECTION.validate_python(yaml.safe_load(FILE.read_text())["published"])
    typed = {name: entry.path for name, entry in section.items() if isinstance(entry, Transcribed)}
    assert typed == {name: f"config/transcribed/{name}.csv" for name in typed}
    there = {path.stem for path in (FILE.parent / "transcribed").glob("*.csv")}
    assert set(typed) == there
