"""Subset matching: cleaning step by step, term forms, golden captions for every strategy, and the definition itself."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datalines.concepts.lexicon import Lexicon, read_lexicon
from datalines.concepts.subsets import MOST, Strategy, SubsetMatcher, clean_caption, term_forms
from datalines.concepts.termtables import TermTable

TABLE = TermTable(
    ("hen", "bell", "bell pepper", "great white shark", "sunglasses", "shades", "lynx", "street sign", "crane"),
    (
        ("hen",), ("bell", "chime"), ("bell pepper", "capsicum"), ("great white shark", "white shark"),
        ("sunglasses",), ("sunglasses", "shades"), ("Lynx ",), ("street sign",), ("construction crane of old",),
    ),
)  # fmt: skip
DELETED = "rock  brollb live home x y ab c d e  f  g  h  i  j"
STRATEGIES: tuple[Strategy, ...] = ("single", "strict", "multi", "strict-released")


@pytest.fixture(scope="module")
def lexicon() -> Lexicon:
    return read_lexicon()


@pytest.mark.parametrize(
    ("caption", "cleaned"),
    [
        ("", ""),
        ("A HEN", "a hen"),
        ("rock & <b>roll</b> (live) #1 @home \"x\" 'y' a/b [c] ~d` \\e | f + g = h ^ i * j \u00a9", DELETED),
        ("one:two;three-four_five.six,seven!eight?nine\nten", "one two three four five six seven eight nine ten"),
        ("hen, crow", "hen  crow"),
        ("see www x com now", "see x now"),
        ("www x com", "www x com"),
        ("on flickr today", "on today"),
        ("main st north", "main street north"),
        ("st north main st", "st north main st"),
        ("vista de lima", "vistalima"),
        ("de lima vista de", "de lima vista de"),
        ("a com de com b", "ab"),
        ("x www com y", "x y"),
        ("https page href=x hrefs", "s page  x  s"),
        (f"a {'b' * 29} {'c' * 30} d", f"a {'b' * 29} d"),
        ("room 101 4th \u00bd", "room 4th"),
        ("  hen  ", "hen"),
        ("hen.", "hen"),
        ("tab\there", "tab\there"),
    ],
)
def test_cleaning(caption: str, cleaned: str) -> None:
    assert clean_caption(caption) == cleaned


def test_forms_of_a_term() -> None:
    assert term_forms(" Great White shark ") == {
        "great white shark", "great white sharks", "greatwhiteshark", "sharkwhitegreat",
    }  # fmt: skip
    assert term_forms("hen") == {"hen", "hens"}


GOLDEN = [
    # caption, single, strict, multi, strict-released
    ("", [], [], [], []),
    (None, [], [], [], []),
    ("hen", [], [], [], []),
    ("hens", [], [], [], []),
    ("hen!!", [], [], [], []),
    ("no class in here", [], [], [], []),
    ("a hen in a yard", ["hen"], ["hen"], ["hen"], ["hen"]),
    ("two Hens in a yard", ["hen"], ["hen"], ["hen"], ["hen"]),
    ("a photo of a hen", ["hen"], ["hen"], ["hen"], []),
    ("a photo of a hen.", ["hen"], ["hen"], ["hen"], []),
    ("photo of one hen today", ["hen"], ["hen"], ["hen"], ["hen"]),
    ("a hen and a hen in a yard", ["hen"], ["hen"], ["hen"], []),
    ("a hen by the chime in a yard", ["hen"], [], ["hen", "bell"], []),
    ("chime by the hen in a yard", ["bell"], [], ["bell", "hen"], []),
    ("a bell pepper on my plate", ["bell"], [], ["bell", "bell pepper"], []),
    ("a bellpepper on my plate", ["bell pepper"], ["bell pepper"], ["bell pepper"], ["bell pepper"]),
    ("a pepperbell on my plate", ["bell pepper"], ["bell pepper"], ["bell pepper"], ["bell pepper"]),
    ("a pepper bell on my plate", ["bell"], ["bell"], ["bell"], ["bell"]),
    ("a great white shark is here", ["great white shark"], ["great white shark"], ["great white shark"], []),
    ("a white shark is here", *[["great white shark"]] * 4),
    ("here is a white shark", *[["great white shark"]] * 3, []),
    ("here is a shark, white", [], [], [], []),
    ("sunglass for all of us", [], [], [], []),
    # "sunglasses" and "shades" are lemmatised in the caption and not among the terms
    ("sunglasses for all of us", [], [], [], []),
    ("sunglassess for all of us", ["sunglasses"], [], ["sunglasses", "shades"], []),
    ("shades for all of us", [], [], [], []),
    ("shadess for all of us", *[["shades"]] * 4),
    ("the lynx is at rest", *[["lynx"]] * 4),
    ("a st sign is here", *[["street sign"]] * 4),
    ("street,sign is here", *[["street sign"]] * 4),
    # two blanks leave an empty word between
    ("street, sign is here", [], [], [], []),
    ("the hen de oro shines", [], [], [], []),
    ("the street de sign shines", *[["street sign"]] * 4),
    ("a construction crane of old", [], [], [], []),
    ("oldofcraneconstruction now", *[["crane"]] * 4),
    ("a hen 4 you and me", *[["hen"]] * 4),
]


@pytest.mark.parametrize(("caption", "single", "strict", "multi", "released"), GOLDEN)
def test_golden_captions(
    lexicon: Lexicon,
    caption: str | None,
    single: list[str],
    strict: list[str],
    multi: list[str],
    released: list[str],
) -> None:
    for strategy, classes in zip(STRATEGIES, (single, strict, multi, released), strict=True):
        matcher = SubsetMatcher(TABLE, lexicon, strategy)
        assert [matcher.names[place] for place in matcher.match(caption)] == classes, strategy


def test_at_most_25_classes(lexicon: Lexicon) -> None:
    names = tuple(f"{a}{b}q" for a in "abcdef" for b in "abcde")
    matcher = SubsetMatcher(TermTable(names), lexicon, "multi")
    assert matcher.match(" ".join(reversed(names))) == tuple(range(len(names) - 1, len(names) - 1 - MOST, -1))


def test_synonyms_are_optional(lexicon: Lexicon) -> None:
    assert SubsetMatcher(TermTable(("hen", "great white shark")), lexicon).match("a great white shark is here") == (1,)


def definition(caption: str, table: TermTable, lexicon: Lexicon, strategy: Strategy) -> tuple[int, ...]:
    """Every class asked of every n-gram in turn, the slices beyond the end included."""
    words = [lexicon.lemma(token) for token in clean_caption(caption).split(" ")]
    forms = [set().union(*map(term_forms, terms)) for terms in table.synonyms or ()]
    grams = [" ".join(words[start : start + size]) for start in range(len(words)) for size in (1, 2, 3)]
    hits = [place for gram in grams for place, own in enumerate(forms) if gram in own]
    if len(clean_caption(caption)) < 5 or not hits:
        return ()
    if strategy == "single":
        return (hits[0],)
    if strategy == "strict":
        return (hits[0],) if len(set(hits)) == 1 else ()
    if strategy == "strict-released":
        return (hits[0],) if len(hits) == 1 else ()
    return tuple(dict.fromkeys(hits))[:MOST]


WORDS = [
    "hen",
    "Hens",
    "bell",
    "pepper",
    "great",
    "white",
    "sharks",
    "st",
    "sign",
    "de",
    "sunglasses",
    "",
    "of",
    "7",
    "x,",
]


@settings(max_examples=200)
@given(st.lists(st.sampled_from(WORDS), max_size=8).map(" ".join), st.sampled_from(STRATEGIES))
def test_the_matcher_is_the_plain_definition(lexicon: Lexicon, caption: str, strategy: Strategy) -> None:
    assert SubsetMatcher(TABLE, lexicon, strategy).match(caption) == definition(caption, TABLE, lexicon, strategy)
