"""What a Croissant file says of a pool or mixture. tests/exchange has mlcroissant read it."""

import json
from pathlib import Path
from typing import Any

import pytest

from datalines.audit.results import read_results
from datalines.exchange.about import About
from datalines.exchange.croissant import write_croissant
from datalines.exchange.errors import ExchangeError
from datalines.exchange.sources import read_sources
from datalines.files import sha256_file
from tests.unit import exchange_folder
from tests.unit.results_folder import Folder

ROOT = Path(__file__).parents[2]


@pytest.fixture
def study(tmp_path: Path) -> Folder:
    return exchange_folder.build(tmp_path / "checkout")


def describe(study: Folder, name: str, base: str = "") -> dict[str, Any]:
    """The description of one data set, written beside the checkout."""
    results, out = read_results(study.root), study.checkout.parent / "out"
    write_croissant(results, read_sources(results, study.checkout), out, About(), base)
    said: dict[str, Any] = json.loads((out / f"{name}.json").read_text())
    return said


def test_every_file_is_found_from_the_description_with_its_digest_and_size(study: Folder) -> None:
    said = describe(study, "shards-cats-web")
    files = [entry for entry in said["distribution"] if entry["@type"] == "cr:FileObject"]
    assert [entry["name"] for entry in files] == ["index.parquet", "00000.tar", "00001.tar"]
    for entry in files:
        path = study.checkout.parent / "out" / entry["contentUrl"]
        assert entry["sha256"] == sha256_file(path)
        assert entry["contentSize"] == f"{path.stat().st_size} B"


def test_published_files_are_named_by_their_address(study: Folder) -> None:
    said = describe(study, "shards-cats-web", base="https://example.org/tiny/")
    assert said["distribution"][1]["contentUrl"] == "https://example.org/tiny/shards/cats/web/00000.tar"


def test_a_record_has_image_caption_and_source(study: Folder) -> None:
    fields = {field["name"]: field for field in describe(study, "shards-cats-web")["recordSet"][0]["field"]}
    assert list(fields) == ["id", "image", "caption", "label", "url", "sha256", "width", "height", "shard"]
    assert fields["image"]["dataType"] == "sc:ImageObject"
    assert fields["caption"]["source"] == {"fileObject": {"@id": "index.parquet"}, "extract": {"column": "caption"}}


def test_licence_version_and_attrition_are_the_pools(study: Folder) -> None:
    said = describe(study, "shards-cats-web")
    assert (said["license"], said["version"]) == ("CC-BY-4.0", "2.0.0")
    assert said["rai:dataCollectionMissingData"] == (
        "cats: of 7 items that were asked for, 6 were stored and 1 failed (http_404 1)."
    )
    assert said["rai:dataPreprocessingProtocol"] == ["cats: filter web kept 4 of 6; dropped: caption-length 2."]
    assert said["rai:dataLimitations"] == ["Noise stands in for photographs."]
    assert len(said["rai:dataCollectionTimeFrame"]) == 2


def test_a_mixture_names_all_licences_kinds_and_shares(study: Folder) -> None:
    said = describe(study, "mixtures-both-full")
    assert said["license"] == ["CC-BY-4.0", "not stated"]
    images = said["distribution"][-1]
    assert (images["includes"], images["encodingFormat"]) == (["*.jpg", "*.png"], ["image/jpeg", "image/png"])
    assert "2 of 4 pairs of dogs, share 0.5." in said["rai:dataPreprocessingProtocol"]


def test_cards_of_the_configuration_give_terms_and_citation(study: Folder) -> None:
    """The checkout's own scale `paper` declares pools of lists, each with a card."""
    labels = json.loads(study.receipt("collect_pools", "pools").read_text())
    labels["params"]["pools"]["cc12m"] = {"title": "CC-12M", "kind": "urls", "licence": "own"}
    study.receipt("collect_pools", "pools").write_text(json.dumps(labels))
    for rule, job in (("draw_figure", "qnq-fig-01"), ("write_report", "report")):
        said = json.loads(study.receipt(rule, job).read_text())
        said["params"]["study"]["scale"] = "paper"
        study.receipt(rule, job).write_text(json.dumps(said))
    source = read_sources(read_results(study.root), ROOT)["cc12m"]
    assert "Quality Not Quantity" in source.citation
    assert any(text.startswith("Terms: ") for text in source.limits)


@pytest.mark.parametrize("name", ["manifest.json", "index.parquet"])
def test_a_changed_manifest_or_index_is_an_error(study: Folder, name: str) -> None:
    with (study.root / "shards/dogs/web" / name).open("ab") as stream:
        stream.write(b" ")
    with pytest.raises(
        ExchangeError, match=rf"shards/dogs/web/{name} is not what receipts/write_shards/dogs-web\.json"
    ):
        describe(study, "shards-dogs-web")


@pytest.mark.parametrize(("name", "hint"), [("manifest.json", "copy"), ("index.parquet", "so copy it too")])
def test_a_missing_manifest_or_index_is_an_error(study: Folder, name: str, hint: str) -> None:
    (study.root / "shards/dogs/web" / name).unlink()
    with pytest.raises(ExchangeError, match=hint):
        describe(study, "shards-dogs-web")


def test_a_study_from_records_has_no_data(study: Folder) -> None:
    for rule in ("write_shards", "mix_shards"):
        for path in (study.root / "receipts" / rule).iterdir():
            path.unlink()
    with pytest.raises(ExchangeError, match="neither shards nor mixtures"):
        describe(study, "shards-dogs-web")
