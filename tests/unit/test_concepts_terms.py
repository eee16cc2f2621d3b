"""Term tables in every form that they are published in, and what is said of others."""

import json
from pathlib import Path

import pytest

from datalines.concepts.lexicon import ConceptError
from datalines.concepts.termtables import TermTable, read_terms


def written(tmp_path: Path, name: str, text: str) -> Path:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("name", "text", "table"),
    [
        ("a.txt", "hen\n\n great white shark \n", TermTable(("hen", "great white shark"))),
        ("a.txt", "['hen',\n 'bow']\n", TermTable(("hen", "bow"))),
        ("a.json", '["hen", "bow"]', TermTable(("hen", "bow"))),
        ("a.txt", "{0: 'cock', 1: 'hen, Gallus'}", TermTable(("0", "1"), (("cock",), ("hen", "Gallus")))),
        (
            "a.json",
            '{"n1": ["tench", "tinca"], "n2": ["hen"]}',
            TermTable(("n1", "n2"), (("tench", "tinca"), ("hen",))),
        ),
    ],
)
def test_forms(tmp_path: Path, name: str, text: str, table: TermTable) -> None:
    assert read_terms(written(tmp_path, name, text)) == table


def test_keys_as_names(tmp_path: Path) -> None:
    path = written(tmp_path, "a.json", '{"hen or cock": ["has a beak"], "bow": []}')
    assert read_terms(path, "keys") == TermTable(("hen or cock", "bow"))


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("a.txt", "", "holds neither"),
        ("a.json", "{}", "holds neither"),
        ("a.json", "[1, 2]", "holds neither"),
        ("a.json", '["hen", " "]', "holds neither"),
        ("a.json", '{"a": ', "cannot be read as a term table"),
        ("a.txt", "{0: 'hen'", "cannot be read as a term table"),
        ("a.txt", "{1: 'hen', 2: 'bow'}", "not 0, 1, 2"),
        ("a.txt", "{'pizza': 963}", "class 'pizza' has the terms 963; .* set `part: keys`"),
        ("a.json", '{"hen": ["hen", ""]}', "class 'hen' has the terms"),
        ("a.json", '{"hen": []}', "class 'hen' has no term"),
    ],
)
def test_what_is_no_term_table(tmp_path: Path, name: str, text: str, message: str) -> None:
    with pytest.raises(ConceptError, match=message):
        read_terms(written(tmp_path, name, text))


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(ConceptError, match="cannot be read as a term table"):
        read_terms(tmp_path / "none.json")


def test_names_of_a_class_list(tmp_path: Path) -> None:
    content = {"n2": ["hen"], "n1": ["tench"]}
    table = read_terms(written(tmp_path, "a.json", json.dumps(content)))
    assert table.named(["n1", "n2"]) == TermTable(("n1", "n2"), (("tench",), ("hen",)))
    assert table.named(["bird", "fish"]) == TermTable(("bird", "fish"), (("hen",), ("tench",)))
    assert TermTable(("hen", "bow")).named(["n1", "n2"]) == TermTable(("hen", "bow"))
    assert TermTable(("hen", "bow")).named(["bow", "hen"]) == TermTable(("bow", "hen"))
    with pytest.raises(ConceptError, match="the term table has 2 classes and the class list 3"):
        table.named(["a", "b", "c"])
