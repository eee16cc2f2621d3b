"""The lemma-set matcher: golden captions for every rule, worked out by hand, and the definition itself as a check."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.captions import PlainLemmaSets
from datalines.concepts.lemmasets import CONTRACTED, LemmaSetMatcher, Words
from datalines.concepts.lexicon import ConceptError, Lexicon, read_lexicon
from datalines.concepts.rules import NEGATIVES, REPLACEMENTS, Concept, concepts
from datalines.concepts.termtables import TermTable

SYNONYMS = {
    "sorrel horse": ("sorrel", "sorrel horse"),
    "horizontal bar": ("horizontal bar", "high bar"),
    "impala": ("impala", "impala antelope"),
    "bow": ("bow", "hunting bow"),
    "ringlet": ("ringlet", "ringlet butterfly"),
    "ram": ("ram",),
    "construction crane": ("crane", "construction crane"),
    "crane bird": ("crane bird",),
    "submarine": ("submarine", "pigboat", "sub", "u-boat"),
    "sidewinder": ("sidewinder", "horned rattlesnake"),
    "hen": ("Hen (female chicken)",),
    "gown": ("academic gown", "judge's robe"),
    "sunglasses": ("sunglasses",),
    "shades": ("sunglasses", "shades"),
    "windows": ("windows 98",),
    "can": ("can",),
}
TABLE = TermTable(tuple(SYNONYMS), tuple(SYNONYMS.values()))

GOLDEN = [
    # plain matches: case, plurals, order, distance, synonyms, several classes
    ("", []),
    (None, []),
    ("...!?", []),
    ("A HEN", ["hen"]),
    ("two hens, and more hens", ["hen"]),
    ("a high, shiny bar", ["horizontal bar"]),
    ("the bar is too high", ["horizontal bar"]),
    ("a high jump", []),
    ("u-boat", ["submarine"]),
    ("a boat for u", ["submarine"]),
    ("pigboats", ["submarine"]),
    ("sunglasses", ["sunglasses", "shades"]),
    ("shade", ["shades"]),
    ("hen with a bow", ["bow", "hen"]),
    # apostrophes are blanks: judge's -> judge, s; the term has an s as well
    ("the robe of judge s", ["gown"]),
    ("judge's robes", ["gown"]),
    ("the robe of the judge", []),
    # other letters are blanks
    ("h\u00e9n", []),
    ("caf\u00e9hen", ["hen"]),
    ("hen\nbow\thens", ["bow", "hen"]),
    # contractions of the tokeniser
    ("I cannot", ["can"]),
    ("I can not", ["can"]),
    # digits
    ("Windows 98", ["windows"]),
    ("a window", []),
    ("hen2", []),
    # negative words, one class each
    ("a sorrel", ["sorrel horse"]),
    *((f"a sorrel and a {word}", []) for word in NEGATIVES["imagenet"]["sorrel"]),
    ("a sorrel and two leaves", []),
    *((f"horizontal bars of a {word}", []) for word in NEGATIVES["imagenet"]["horizontal bar"]),
    ("an impala", ["impala"]),
    *((f"an impala {word}", []) for word in NEGATIVES["imagenet"]["impala"]),
    ("an impala antelope by a car", []),
    ("bow", ["bow"]),
    ("bow tie", []),
    ("bow ties", []),
    ("ringlet", ["ringlet"]),
    ("ringlets in her hair", []),
    ("a ram", ["ram"]),
    *((f"a ram {word}", []) for word in NEGATIVES["imagenet"]["ram"]),
    ("a random ram", []),
    ("access to the ram", []),
    ("a crane", ["construction crane"]),
    *((f"a crane {word}", []) for word in NEGATIVES["imagenet"]["crane"] if word != "bird"),
    ("a crane bird", ["crane bird"]),
    ("birds on a crane", ["crane bird"]),
    ("sub", ["submarine"]),
    *((f"sub {word}", []) for word in NEGATIVES["imagenet"]["sub"]),
    ("a submarine with a menu", []),
    ("sidewinder", ["sidewinder"]),
    *((f"sidewinder {word}", []) for word in NEGATIVES["imagenet"]["sidewinder"]),
    ("a horned rattlesnake in a park", []),
    # a negative word of one class does not keep another one out
    ("a hen and a bow tie", ["hen"]),
]


@pytest.fixture(scope="module")
def lexicon() -> Lexicon:
    return read_lexicon()


@pytest.fixture(scope="module")
def matcher(lexicon: Lexicon) -> LemmaSetMatcher:
    return LemmaSetMatcher(concepts(TABLE, "imagenet"), lexicon)


def names(matcher: LemmaSetMatcher, caption: str | None) -> list[str]:
    return [matcher.names[place] for place in matcher.match(caption)]


@pytest.mark.parametrize(("caption", "classes"), GOLDEN)
def test_golden_captions(matcher: LemmaSetMatcher, caption: str | None, classes: list[str]) -> None:
    assert names(matcher, caption) == classes


@pytest.mark.parametrize(
    ("caption", "kept", "dropped"),
    [("hen2", [], ["hen"]), ("windows 98", ["windows"], ["windows"]), ("a window", [], ["windows"])],
)
def test_digits_as_in_the_paper_and_as_in_the_code(
    lexicon: Lexicon, caption: str, kept: list[str], dropped: list[str]
) -> None:
    found = [names(LemmaSetMatcher(concepts(TABLE, "imagenet"), lexicon, flag), caption) for flag in (True, False)]
    assert found == [kept, dropped]


@pytest.mark.parametrize("rules", ["none", "cub", "places365"])
def test_negative_words_are_those_of_imagenet_alone(lexicon: Lexicon, rules: str) -> None:
    matcher = LemmaSetMatcher(concepts(TABLE, rules), lexicon)  # type: ignore[arg-type]
    assert names(matcher, "bow tie") == ["bow"]


def test_the_first_trigger_in_the_order_of_the_rules_decides() -> None:
    (both,) = concepts(TermTable(("x",), (("sidewinder", "ram", "bow"),)), "imagenet")
    assert both.negatives == ("tie",)


def test_a_blank_that_parentheses_leave_keeps_a_trigger_from_matching() -> None:
    listed, named = TermTable(("a",), (("crane (machine)",),)), TermTable(("crane (machine)",))
    assert [concepts(table, "imagenet")[0].negatives for table in (listed, named)] == [
        (),
        NEGATIVES["imagenet"]["crane"],
    ]


@pytest.mark.parametrize(
    ("rules", "name", "caption", "with_rules", "without"),
    [
        ("cub", "Cardinal", "a cardinal in Rome", False, True),
        ("cub", "Cardinal", "a red cardinal", True, True),
        ("cub", "Cardinal", "a cardinal, a northern bird", True, True),
        ("places365", "arcade", "games in the arcade", False, True),
        ("places365", "arcade", "walkway of an arcade", True, True),
        ("places365", "arcade", "arcade corridors", True, True),
        ("places365", "lock_chamber", "a lock in the chamber", False, True),
        ("places365", "lock_chamber", "lock chamber of a canal", True, True),
        ("places365", "lock chamber", "a lock in the chamber", True, True),
    ],
)
def test_replaced_terms(lexicon: Lexicon, rules: str, name: str, caption: str, with_rules: bool, without: bool) -> None:
    found = [
        bool(LemmaSetMatcher(concepts(TermTable((name,)), chosen), lexicon).match(caption))  # type: ignore[arg-type]
        for chosen in (rules, "none")
    ]
    assert found == [with_rules, without]


def test_every_replacement_has_its_own_words() -> None:
    assert {name: len(terms) for table in REPLACEMENTS.values() for name, terms in table.items()} == {
        "arcade": 4,
        "lock_chamber": 3,
        "cardinal": 3,
    }


def test_names_are_cut_at_or_and_slash(lexicon: Lexicon) -> None:
    table = TermTable(("Hen or rooster", "bell / wind chime", "motor car (old)", "oregon"))
    assert [concept.terms for concept in concepts(table)] == [
        ("hen", "rooster"),
        ("bell", "wind chime"),
        ("motor car",),
        ("oregon",),
    ]
    matcher = LemmaSetMatcher(concepts(table), lexicon)
    assert names(matcher, "a rooster and a chime in the wind of Oregon") == [
        "Hen or rooster",
        "bell / wind chime",
        "oregon",
    ]


@pytest.mark.parametrize("term", ["", "(all of it)", "!?"])
def test_a_term_without_words(lexicon: Lexicon, term: str) -> None:
    with pytest.raises(ConceptError, match=r"class 'x': the term '.*' has no word"):
        LemmaSetMatcher(concepts(TermTable(("x",), (("hen", term),))), lexicon)


@pytest.mark.parametrize("whole", sorted(CONTRACTED))
def test_contractions(lexicon: Lexicon, whole: str) -> None:
    assert Words(lexicon).of(f"we {whole} go") == Words(lexicon).of(f"we {' '.join(CONTRACTED[whole])} go")
    assert Words(lexicon).of(f"{whole}x") == {f"{whole}x"}


WORDS = [
    "hen",
    "hens",
    "bow",
    "tie",
    "crane",
    "Bird",
    "high",
    "bar",
    "u",
    "boat",
    "ram",
    "random",
    "cannot",
    "s",
    "can",
]


@settings(max_examples=150)
@given(
    st.lists(st.lists(st.sampled_from(WORDS), min_size=1, max_size=3).map(" ".join), min_size=1, max_size=6),
    st.lists(st.sampled_from(WORDS), max_size=6).map(" ".join),
    st.lists(st.sampled_from(WORDS), max_size=2),
)
def test_the_matcher_is_the_plain_definition(
    lexicon: Lexicon, terms: list[str], caption: str, negatives: list[str]
) -> None:
    found = [Concept(str(place), (term, terms[0]), tuple(negatives[:place])) for place, term in enumerate(terms)]
    plain = PlainLemmaSets(found, lexicon).match(caption)
    assert LemmaSetMatcher(found, lexicon).match(caption) == plain
