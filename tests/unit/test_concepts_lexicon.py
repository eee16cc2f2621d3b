"""Base forms of nouns: WordNet's rules by hand, both sources of a lexicon, and what is said where there is none."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datalines.concepts import lexicon as module
from datalines.concepts.lexicon import DETACHED, ConceptError, Lemmas, Lexicon, read_lexicon

INDEX = """  1 This line is part of the licence.
bus n 1 0 1 1 02924116
glass n 1 0 1 1 03438257
goose n 1 0 1 1 01855672
ice_cream n 1 0 1 1 07614500
woman n 1 0 1 1 10787470
"""


@pytest.fixture(scope="module")
def english() -> Lexicon:
    return read_lexicon()


@pytest.mark.parametrize(
    ("word", "lemma"),
    [
        ("dogs", "dog"),  # s
        ("glasses", "glass"),  # ses; "glasse" is no noun, and "glasses" is longer
        ("wolves", "wolf"),  # irregular
        ("boxes", "box"),  # xes
        ("waltzes", "waltz"),  # zes
        ("churches", "church"),  # ches
        ("bushes", "bush"),  # shes
        ("policemen", "policeman"),  # men
        ("berries", "berry"),  # ies
        ("geese", "goose"),  # irregular
        ("mice", "mouse"),
        ("children", "child"),
        ("sheep", "sheep"),
        ("us", "u"),  # both are nouns, the shorter is taken
        ("has", "ha"),
        ("was", "wa"),
        ("less", "less"),  # "les" is no noun
        ("running", "running"),  # a noun as it is; endings of verbs stay
        ("better", "better"),
        ("hardrock", "hardrock"),  # unknown
        ("zzzs", "zzzs"),  # nothing known comes of it
        ("", ""),
        ("4", "4"),
    ],
)
def test_lemmas_of_english(english: Lexicon, word: str, lemma: str) -> None:
    assert english.lemma(word) == lemma


def test_endings_are_detached_once_or_until_a_noun_is_found(english: Lexicon) -> None:
    repeated = read_lexicon(repeated=True)
    words = ("catss", "womens", "less", "dogs", "zzzs", "geese")
    assert [english.lemma(word) for word in words] == ["catss", "womens", "less", "dog", "zzzs", "goose"]
    assert [repeated.lemma(word) for word in words] == ["cat", "woman", "le", "dog", "zzzs", "goose"]


def test_irregular_forms_take_the_place_of_the_rules() -> None:
    lexicon = Lexicon(frozenset({"axis", "axe", "ax", "news", "new"}), {"axes": ("axis",), "news": ("gnu",)})
    assert lexicon.lemma("axes") == "axis"
    assert lexicon.lemma("news") == "news"


def test_of_equally_short_candidates_the_word_itself_comes_first() -> None:
    assert Lexicon(frozenset({"ab", "cd"}), {"ab": ("cd",)}).lemma("ab") == "ab"


def test_a_folder_of_wordnet(tmp_path: Path) -> None:
    (tmp_path / "index.noun").write_text(INDEX)
    (tmp_path / "noun.exc").write_text("geese goose\nbus bus\n")
    lexicon = read_lexicon(tmp_path)
    assert lexicon.nouns == {"bus", "glass", "goose", "ice_cream", "woman"}
    assert [lexicon.lemma(word) for word in ("geese", "buses", "women", "cats")] == ["goose", "bus", "woman", "cats"]


def test_an_incomplete_folder(tmp_path: Path) -> None:
    (tmp_path / "index.noun").write_text(INDEX)
    with pytest.raises(ConceptError, match=r"noun\.exc cannot be read \(No such file.*has index\.noun and noun\.exc"):
        read_lexicon(tmp_path)
    (tmp_path / "noun.exc").write_text("")
    with pytest.raises(ConceptError, match="list no nouns"):
        read_lexicon(tmp_path)


def test_without_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PACKAGE", "a_package_that_is_not_there")
    with pytest.raises(ConceptError, match="install the package spacy-lookups-data"):
        read_lexicon()


def test_a_damaged_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "half_a_package" / "data"
    folder.mkdir(parents=True)
    (folder.parent / "__init__.py").touch()
    (folder / "en_lemma_index.json.gz").write_bytes(b"no gzip")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(module, "PACKAGE", "half_a_package")
    with pytest.raises(ConceptError, match=r"en_lemma_index\.json\.gz cannot be read"):
        read_lexicon()


def test_remembered_lemmas_are_those_of_the_lexicon(english: Lexicon, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "KNOWN", 2)
    lemmas = Lemmas(english)
    words = ["dogs", "cats", "geese", "dogs", "us"]
    assert [lemmas[word] for word in words] == ["dog", "cat", "goose", "dog", "u"]
    assert len(lemmas) <= 2


@given(st.text(alphabet="aesvxzchmniy", max_size=9))
def test_a_lemma_is_the_word_or_a_noun_that_it_may_come_from(english: Lexicon, word: str) -> None:
    lemma = english.lemma(word)
    candidates = {word.removesuffix(end) + new for end, new in DETACHED if word.endswith(end)}
    assert lemma == word or lemma in english.irregular.get(word, ()) or lemma in candidates & english.nouns
    assert word not in english.nouns or len(lemma) <= len(word)
