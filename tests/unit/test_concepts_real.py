"""Real captions and terms: 10,000 captions of LAION, 1,000 classes of ImageNet, and what must hold of any counts."""

from collections import Counter
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from scipy.stats import chi2

from benchmarks.captions import PlainLemmaSets
from datalines.concepts.counting import count
from datalines.concepts.lemmasets import LemmaSetMatcher
from datalines.concepts.lexicon import read_lexicon
from datalines.concepts.rules import NEGATIVES, concepts
from datalines.concepts.subsets import Strategy, SubsetMatcher
from datalines.concepts.termtables import TermTable, read_terms
from datalines.fetch.mirror import place
from datalines.files import sha256_file
from tests.unit.published_files import MIRROR

CAPTIONS = MIRROR.parent / "data" / "laion-urls-10000.parquet"
RAW = "https://raw.githubusercontent.com"
WEN = f"{RAW}/CVMI-Lab/clip-beyond-tail/6d180a24c818f1439aeeade33ebdc8b0b53a3b62/metadata"
SYNSETS = f"{WEN}/descriptors/descriptors_imagenet_synset.json"
VLHUB = f"{RAW}/penfever/vlhub/fe468a444dcf215d0b647924aa518f777f792759/metadata"
EVERY = 40
"""The plain definition is asked about one caption in so many."""


def here(path: Path) -> Path:
    if not path.is_file():
        pytest.skip(f"{path} is not here")
    return path


@pytest.fixture(scope="module")
def captions() -> list[str | None]:
    texts: list[str | None] = pq.read_table(here(CAPTIONS)).column("TEXT").to_pylist()
    return texts


@pytest.fixture(scope="module")
def synsets() -> TermTable:
    return read_terms(here(MIRROR / place(SYNSETS)))


def test_terms_of_imagenet(synsets: TermTable) -> None:
    path = MIRROR / place(SYNSETS)
    digest = "61caf0785b357ce0292c86d714cfef655c3c1f59fe5d0d64c5c4a4fe3381895a"
    assert (path.stat().st_size, sha256_file(path)) == (70_088, digest)
    terms = [len(row) for row in synsets.synonyms or ()]
    assert (len(terms), max(terms), round(sum(terms) / len(terms), 3)) == (1000, 10, 1.971)
    found = concepts(synsets, "imagenet")
    negated = {place: concept.negatives for place, concept in enumerate(found) if concept.negatives}
    places = dict(
        zip((339, 602, 352, 456, 322, 348, 517, 833, 68), NEGATIVES["imagenet"].values(), strict=True)
    )  # sorrel, horizontal bar, impala, bow, ringlet, ram, the machine crane, submarine, sidewinder
    assert negated == places


def test_no_term_of_imagenet_has_a_digit_so_digits_matter_in_captions_alone(synsets: TermTable) -> None:
    assert not [term for row in synsets.synonyms or () for term in row if any(sign.isdigit() for sign in term)]


def test_lemma_sets_of_real_captions(captions: list[str | None], synsets: TermTable) -> None:
    lexicon = read_lexicon()
    sought = concepts(synsets, "imagenet")
    matcher, without = LemmaSetMatcher(sought, lexicon), LemmaSetMatcher(concepts(synsets), lexicon)
    found, more = count(matcher, captions, 2), count(without, captions)
    assert found.captions == len(captions) == 10_000
    assert found.matched <= found.classes.sum()
    negated = [place for place, concept in enumerate(sought) if concept.negatives]
    assert (found.classes <= more.classes).all()
    assert set((found.classes < more.classes).nonzero()[0]) <= set(negated)
    plain = PlainLemmaSets(sought, lexicon)
    assert [matcher.match(text) for text in captions[::EVERY]] == [plain.match(text) for text in captions[::EVERY]]


@pytest.mark.parametrize("table", ["openclip", "default", "ours"])
def test_subsets_of_real_captions(captions: list[str | None], table: str) -> None:
    lexicon = read_lexicon()
    read = read_terms(here(MIRROR / place(f"{VLHUB}/imagenet1k_{table}.txt")))
    assert len(read.names) == 1000
    strategies: tuple[Strategy, ...] = ("single", "multi", "strict", "strict-released")
    matchers = [SubsetMatcher(read, lexicon, strategy) for strategy in strategies]
    single, multi, strict, released = ([matcher.match(text) for text in captions[::4]] for matcher in matchers)
    assert [row[:1] for row in multi] == single
    assert strict == [row if len(row) == 1 else () for row in multi]
    refused = [place for place, (ours, theirs) in enumerate(zip(strict, released, strict=True)) if ours != theirs]
    assert all(not released[place] for place in refused)
    assert 0 < sum(map(bool, released)) < sum(map(bool, strict)) < sum(map(bool, single)) < len(captions) / 4


def test_duplicate_names_make_classes_that_strict_matching_never_gives(captions: list[str | None]) -> None:
    read = read_terms(here(MIRROR / place(f"{VLHUB}/imagenet1k_openclip.txt")))
    repeated = {name for name, times in Counter(read.names).items() if times > 1}
    twice = {place for place, name in enumerate(read.names) if name in repeated}
    matcher = SubsetMatcher(read, read_lexicon(), "strict")
    assert twice
    assert not {row[0] for row in map(matcher.match, captions) if row} & twice
    assert matcher.match(f"the {min(repeated)} is in the sky") == ()


def test_real_captions_are_a_sample_of_what_the_imbalance_paper_counted(
    captions: list[str | None], synsets: TermTable
) -> None:
    """Counts of these captions of LAION against the released counts of LAION-400M: of 116 classes that should come five
    times or more, they differ by no more than chance (chi-squared 95, 115 degrees of freedom)."""
    path = here(MIRROR / place(f"{WEN}/freqs/class_frequency_laion400m_imagenet_ori.txt"))
    published = np.array([int(line.rsplit("\t", 1)[1]) for line in path.read_text(encoding="utf-8").splitlines()])
    found = count(LemmaSetMatcher(concepts(synsets, "imagenet"), read_lexicon()), captions).classes
    expected = published / published.sum() * found.sum()
    often = expected >= 5
    chi_squared = float((((found - expected) ** 2 / expected)[often]).sum())
    assert often.sum() == 116
    assert chi2.sf(chi_squared, 115) > 0.01
    shuffled = np.roll(found, 1)
    assert chi2.sf(float((((shuffled - expected) ** 2 / expected)[often]).sum()), 115) < 1e-9
