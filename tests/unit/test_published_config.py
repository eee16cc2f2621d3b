"""Section `published`: what an entry states, which files it asks for, and the file of this repository."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import TypeAdapter, ValidationError

from datalines.config.published import Published, published_downloads
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
        ({"kind": "timm"}, "imagenet-testbed"),
        ({"sha256": "abc"}, "String should match pattern"),
        ({"bytes": 0}, "greater than or equal to 1"),
        ({"groups": ["laion", "laion"]}, "lists laion more than once"),
        ({"digest": "x"}, "Extra inputs are not permitted"),
    ],
)  # fmt: skip
def test_what_an_entry_must_not_say(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        SECTION.validate_python({"toy": {**ENTRY, **change}})


def test_file_of_this_repository(tmp_path: Path) -> None:
    section = SECTION.validate_python(yaml.safe_load(FILE.read_text())["published"])
    rows = {
        "imagenet-testbed": read_testbed(files.write(tmp_path / "t.csv", files.testbed_cells()), "t"),
        "vlhub": read_vlhub(files.write(tmp_path / "v.csv", files.vlhub_cells()), "v"),
    }
    assert {"standard", "laion"} <= set(section)
    for name, entry in section.items():
        kept = of_groups(rows[entry.kind], entry.groups, name)
        assert set(kept["group"]) == (set(entry.groups) or set(rows[entry.kind]["group"]))
    assert len(published_downloads(section, section)) == 2
