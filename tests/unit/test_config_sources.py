"""Source cards: what the repository's cards state, references to them, and mistakes in cards of one's own."""

import copy
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from pydantic import TypeAdapter, ValidationError

from datalines.config.errors import Findings
from datalines.config.filters import Filter
from datalines.config.sources import Reference, SourceCard, Sources, card_of, check_sources, parse_reference

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "sources.md"
# Quality Not Quantity, Table 1.
PAPER_PAIRS = {
    "yfcc15m@qnq-2022": 14_826_000,
    "laion400m@original": 15_504_742,
    "cc12m@2021": 9_594_338,
    "redcaps@1.0": 11_882_403,
    "wit@v1": 5_038_295,
    "shutterstock@2021": 15_540_452,
}
EXPECTED_ROWS = {
    "yfcc15m@openai": 14_829_396,
    "yfcc15m@dalle-mini": 14_808_859 + 16_374,
    "redcaps@1.0": 12_011_121,
}
POOLS = {
    "yfcc": "yfcc15m@qnq-2022",
    "laion": "laion400m@original",
    "cc12m": "cc12m@2021",
    "redcaps": "redcaps@1.0",
    "wit": "wit@v1",
    "shutterstock": "shutterstock@2021",
}
CARD: dict[str, Any] = {
    "title": "Own",
    "metadata": [{"url": "https://example.org/own.tsv"}],
    "list": {"format": "tsv", "header": False, "columns": {"url": 0, "caption": 1}},
    "licence": "ours",
    "terms": "none",
    "selection": "all rows",
    "obtainable": "yes",
    "status": "Public in 2026.",
}


def read(name: str) -> Any:
    """The content of a file in config/."""
    return yaml.safe_load((ROOT / "config" / name).read_text())


@pytest.fixture(scope="module")
def sources() -> dict[str, dict[str, SourceCard]]:
    """The repository's cards."""
    return TypeAdapter(Sources).validate_python(read("sources.yaml")["sources"])


def references(sources: dict[str, dict[str, SourceCard]]) -> dict[str, SourceCard]:
    """All cards by name@version."""
    return {f"{name}@{version}": card for name, versions in sources.items() for version, card in versions.items()}


def card(**changes: Any) -> SourceCard:
    """A sound card with some keys changed."""
    return SourceCard.model_validate({**copy.deepcopy(CARD), **changes})


def problem(make: Callable[[], object]) -> str:
    """The text of the mistake."""
    with pytest.raises(ValueError) as caught:
        make()
    return str(caught.value)


def test_the_six_sources_of_the_paper_with_its_counts(sources: dict[str, dict[str, SourceCard]]) -> None:
    stated = {name: found.paper_pairs for name, found in references(sources).items() if found.paper_pairs is not None}
    assert stated == PAPER_PAIRS
    assert {found.paper for found in references(sources).values()} == {"qnq", None}
    pools = read("pools.yaml")["pools"]
    assert {pool: pools[pool]["paper_pairs"] for pool in POOLS} == {pool: stated[name] for pool, name in POOLS.items()}


def test_rows_are_stated_only_where_they_are_known(sources: dict[str, dict[str, SourceCard]]) -> None:
    stated = {name: found.expected_rows for name, found in references(sources).items()}
    assert {name: rows for name, rows in stated.items() if rows is not None} == EXPECTED_ROWS


def test_every_nearest_and_substitute_leads_somewhere(sources: dict[str, dict[str, SourceCard]]) -> None:
    found = Findings({})
    check_sources(sources, found)
    assert found.problems == []
    assert {name for name, one in references(sources).items() if one.substitutes} == {
        "relaion2b-en-research-safe@2024-08", "yfcc15m@dalle-mini", "cc12m@pixparse-wds",
    }  # fmt: skip
    for one in references(sources).values():
        if one.nearest is not None:
            assert card_of(one.nearest, sources).substitutes is not None


def test_what_was_withdrawn_or_is_not_ours_names_no_file(sources: dict[str, dict[str, SourceCard]]) -> None:
    for name in ("laion400m@original", "shutterstock@2021"):
        found = card_of(name, sources)
        assert found.obtainable == "no" and found.metadata == []
    assert card_of("shutterstock@2021", sources).nearest is None, "nothing stands in for Shutterstock by itself"


def test_lists_are_read_as_the_papers_scripts_read_them(sources: dict[str, dict[str, SourceCard]]) -> None:
    forms = {name: found.list for name, found in references(sources).items() if found.list is not None}
    columns = {name: (form.format, form.header, form.columns.url, form.columns.caption) for name, form in forms.items()}
    headless = ("tsv", False, 0, 1)
    assert columns == {
        "yfcc15m@qnq-2022": headless,
        "laion400m@original": ("parquet", True, "URL", "TEXT"),
        "relaion2b-en-research-safe@2024-08": ("parquet", True, "url", "caption"),
        "cc12m@2021": headless,
        "redcaps@1.0": ("json", True, "url", "caption"),
        "wit@v1": ("tsv", True, "image_url", "caption_reference_description"),
        "shutterstock@2021": headless,
    }
    assert forms["redcaps@1.0"].records == "annotations"
    assert {form.quoting for form in forms.values()} == {"none"}


def test_only_redcaps_was_resized(sources: dict[str, dict[str, SourceCard]]) -> None:
    resized = {name: found.image for name, found in references(sources).items() if found.image is not None}
    assert list(resized) == ["redcaps@1.0"]
    image = resized["redcaps@1.0"]
    assert (image.store, image.side, image.by, image.upscale) == ("resized", 1000, "longer", True)


def test_suggested_steps_are_filters_on_facts_that_the_list_keeps(sources: dict[str, dict[str, SourceCard]]) -> None:
    suggested = {}
    for name, found in references(sources).items():
        steps = TypeAdapter(Filter).validate_python(found.select)
        for raw in found.select:
            assert found.list is not None and raw["fact"] in found.list.facts, name
        if steps:
            suggested[name] = [(raw["fact"], raw["keep"]) for raw in found.select]
    assert suggested == {"laion400m@original": [("nsfw", ["UNLIKELY"])], "wit@v1": [("language", ["en"])]}


def test_wikimedia_is_asked_as_its_policy_wants(sources: dict[str, dict[str, SourceCard]]) -> None:
    assert card_of("wit@v1", sources).hosts["upload.wikimedia.org"].concurrency == 2
    addresses = [file.url for file in card_of("wit@v1", sources).metadata]
    assert addresses == [
        f"https://storage.googleapis.com/gresearch/wit/wit_v1.train.all-{number:05d}-of-00010.tsv.gz"
        for number in range(10)
    ]


def test_page_shows_every_card_and_its_counts(sources: dict[str, dict[str, SourceCard]]) -> None:
    page = PAGE.read_text(encoding="utf-8")
    rows = {match[1]: match[0] for match in re.finditer(r"^\| `([^`]+)` \|.*$", page, re.MULTILINE)}
    assert sorted(rows) == sorted(references(sources))
    for name, found in references(sources).items():
        for number in (found.paper_pairs, found.expected_rows):
            assert number is None or f"{number:,}" in rows[name], f"{name}: {number}"
        assert f"| {found.obtainable} |" in rows[name], name
        assert found.nearest is None or f"`{found.nearest}`" in rows[name], name
        for file in found.metadata[:1]:
            assert (file.url or file.page or "") in page, name


def test_reference_names_and_version() -> None:
    assert parse_reference("redcaps@1.0") == ("redcaps", "1.0")
    assert parse_reference("relaion2b-en-research-safe@2024-08") == ("relaion2b-en-research-safe", "2024-08")


def test_an_unversioned_name_is_an_error_that_lists_the_versions(sources: dict[str, dict[str, SourceCard]]) -> None:
    text = problem(lambda: parse_reference("cc12m", sources))
    assert text == "is 'cc12m', an unversioned name; write cc12m@<version>, known versions: 2021, pixparse-wds"
    assert problem(lambda: card_of("cc12m", sources)) == text
    assert problem(lambda: parse_reference("own")) == "is 'own', an unversioned name; write own@<version>"


@pytest.mark.parametrize("text", ["redcaps@", "@1.0", "RedCaps@1.0", "redcaps@1.0@2", "redcaps@1.0\n", "redcaps @1.0"])
def test_a_malformed_reference_is_an_error(text: str, sources: dict[str, dict[str, SourceCard]]) -> None:
    assert "write <name>@<version>, e.g. redcaps@1.0" in problem(lambda: parse_reference(text, sources))


def test_unknown_names_and_versions_say_what_is_near(sources: dict[str, dict[str, SourceCard]]) -> None:
    name = problem(lambda: card_of("redcap@1.0", sources))
    assert name.startswith("'redcap' is not a source; did you mean 'redcaps'? Known sources: cc12m, laion400m")
    version = problem(lambda: card_of("redcaps@1.1", sources))
    assert version == "'1.1' is not a version of redcaps; did you mean '1.0'? Known versions: 1.0"


def test_schema_of_a_reference_refuses_bare_names() -> None:
    schema = TypeAdapter(Reference).json_schema()
    jsonschema.validate("redcaps@1.0", schema)
    for wrong in ("redcaps", "redcaps@", "a@b@c"):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(wrong, schema)


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"status": "withdrawn"}, "say when this was so"),
        ({"paper_pairs": 5}, "paper_pairs and paper belong together"),
        ({"obtainable": "no"}, "needs nearest_note"),
        ({"obtainable": "perhaps"}, "Input should be 'yes', 'partly' or 'no'"),
        ({"metadata": [{"note": "somewhere"}]}, "give url: the address of the file, or page"),
        ({"metadata": [{"url": "ftp://example.org/x"}]}, "String should match pattern"),
        ({"list": {"format": "tsv", "columns": {"url": 0, "caption": 1}}}, "names of columns; 0, 1 is not"),
        ({"size": 3}, "Extra inputs are not permitted"),
    ],
)
def test_mistakes_in_a_card(changes: dict[str, Any], text: str) -> None:
    with pytest.raises(ValidationError, match=re.escape(text)):
        card(**changes)


def test_yes_and_no_without_quotes_are_words() -> None:
    assert card(**yaml.safe_load("obtainable: yes")).obtainable == "yes"
    assert card(**yaml.safe_load("obtainable: no"), nearest_note="nothing").obtainable == "no"


def test_references_between_cards_are_checked() -> None:
    cards = {
        "own": {
            "1": card(nearest="own@1"),
            "2": card(nearest="own@4"),
            "3": card(nearest="gone@1"),
        },
        "gone": {"1": card(obtainable="no", nearest_note="nothing", substitutes="owm", nearest="own")},
    }
    found = Findings({})
    check_sources(cards, found)
    assert [(entry.key, entry.text) for entry in found.problems] == [
        ("sources.own.1.nearest", "is own@1, this very card; name another or write null"),
        ("sources.own.2.nearest", "'4' is not a version of own. Known versions: 1, 2, 3"),
        ("sources.own.3.nearest", "is gone@1, which cannot be obtained either; name another or write null"),
        ("sources.gone.1.nearest", "is 'own', an unversioned name; write own@<version>, known versions: 1, 2, 3"),
        ("sources.gone.1.substitutes", "'owm' is not a source; did you mean 'own'? Known sources: gone, own"),
    ]
