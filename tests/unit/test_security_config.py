"""Configurations that somebody hostile wrote: they cannot run anything, fill the memory, or name a file elsewhere."""

from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from datalines.config.base import SLUG
from datalines.config.bounds import DEEPEST
from datalines.config.downloads import add_wanted
from datalines.config.errors import ConfigError
from datalines.config.layers import merge_layers
from datalines.config.load import load_study
from tests.unit.config_study import StudyFiles

LETTERS = "abcdefghijkl"
BOMB = "a: &a [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{this}: &{this} [{', '.join([f'*{before}'] * 10)}]\n" for before, this in pairwise(LETTERS)
)
MERGES = "a: &a {x: 1}\n" + "".join(
    f"{this}: &{this} {{<<: [{', '.join([f'*{before}'] * 10)}], y: 1}}\n" for before, this in pairwise(LETTERS)
)
TEXTS = {
    "aliases": (BOMB, "has more than"),
    "merges": (MERGES, "has more than"),
    "itself": ("a: &a [*a]\n", "holds itself"),
    "a key in itself": ("a: &a {b: *a}\n", "holds itself"),
    "brackets": (f"a: {'[' * 100_000}{']' * 100_000}\n", f"more than {DEEPEST} levels"),
    "dashes": (f"a:\n{'- ' * 100_000}x\n", f"more than {DEEPEST} levels"),
    "braces": (f"a: {'{b: ' * 20_000}1{'}' * 20_000}\n", f"more than {DEEPEST} levels"),
    "objects": ("a: !!python/object/apply:os.system ['true']\n", "is not YAML"),
    "names": ("a: !!python/name:os.system\n", "is not YAML"),
    "keys twice": ("a: 1\na: 2\n", "is written twice"),
}
HOSTILE = [
    "a; rm -rf ~",
    "a b",
    "../a",
    "a/b",
    "$(id)",
    "`id`",
    "a\n",
    "-rf",
    "A",
    "a" * 41,
    "a'b",
    'a"b',
    "é",
    "",
    ".",
]


@pytest.fixture
def study(tmp_path: Path) -> StudyFiles:
    """A sound study."""
    return StudyFiles(tmp_path)


@pytest.mark.parametrize("name", TEXTS)
def test_files_that_are_no_plain_data(name: str, tmp_path: Path) -> None:
    text, said = TEXTS[name]
    (tmp_path / "config" / "scales").mkdir(parents=True)
    (tmp_path / "config" / "config.yaml").write_text("scale: demo\n")
    (tmp_path / "config" / "scales" / "demo.yaml").write_text("study: {}\n")
    (tmp_path / "config" / "pools.yaml").write_text(text)
    with pytest.raises(ConfigError) as caught:
        merge_layers(tmp_path, {})
    assert "config/pools.yaml" in str(caught.value)
    assert said in str(caught.value)


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("section", ["pools", "filters", "mixtures", "recipes"])
def test_names_are_slugs(study: StudyFiles, section: str, name: str) -> None:
    entries: dict[str, Any] = study.files[section][section]
    entries[name] = entries[next(iter(entries))]
    message = study.message()
    assert section in message


@pytest.mark.parametrize("scale", ["../../etc/passwd", "demo; id", "/etc/passwd", "scales/demo"])
def test_a_scale_is_one_of_those_there_are(study: StudyFiles, scale: str) -> None:
    root = study.write()
    with pytest.raises(ConfigError, match="is not a scale"):
        load_study(root, {"scale": scale})


@pytest.mark.parametrize("script", ["../../../tmp/evil", "/tmp/evil", "qnq/../../evil", "qnq/fig; id"])
def test_figures_are_scripts_of_the_repository(script: str) -> None:
    root = Path(__file__).resolve().parents[2]
    given = {"scale": "demo", "papers": {"qnq": {"figures": {"fig-02": {"script": script}}}}}
    with pytest.raises(ConfigError, match="script"):
        load_study(root, given)


def test_the_pattern_of_names_ends_where_the_name_does() -> None:
    assert SLUG.endswith("$")
    assert SLUG.startswith("^[a-z0-9]")


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("https://user:word@example.org/a.tar", "a user name"),
        ("https://example.org/a.tar?token=abc", "the parameter token"),
        ("https://example.org/a.tar?x=1&X-Amz-Signature=abc&y=2", "the parameter X-Amz-Signature"),
        ("https://example.org/a.tar?sv=2020&sig=abc", "the parameter sig"),
    ],
)
def test_declared_addresses_hold_nothing_that_grants_access(url: str, said: str) -> None:
    wanted = {"url": url, "bytes": None, "sha256": None, "key": "pools.web.path"}
    with pytest.raises(ConfigError) as caught:
        add_wanted({}, wanted)
    message = str(caught.value)
    assert f"pools.web.path: holds {said}" in message
    assert "word" not in message
    assert "abc" not in message
