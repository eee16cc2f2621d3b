"""What the formats' own tools say of exports, right ones and wrong ones."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from datalines.audit.results import read_results
from datalines.exchange.about import read_about
from datalines.exchange.crate import interpreter, write_crate
from datalines.exchange.croissant import write_croissant
from datalines.exchange.croissant_terms import CONTEXT
from datalines.exchange.sources import read_sources
from tests.exchange.conftest import ROOT, Validate
from tests.unit import exchange_folder
from tests.unit.results_folder import Folder

METADATA = "ro-crate-metadata.json"
ABOUT = "agent: {name: Josiah Carberry, ORCID: 0000-0002-1825-0097}\nrepository: https://example.org/datalines\n"


@pytest.fixture
def study(tmp_path: Path) -> Folder:
    return exchange_folder.build(tmp_path / "checkout")


@pytest.fixture
def crate(study: Folder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A crate of the study."""
    monkeypatch.setenv("DATALINES_EXCHANGE", str(interpreter(ROOT)))
    (tmp_path / "about.yaml").write_text(ABOUT)
    about = read_about(tmp_path / "about.yaml")
    write_crate(read_results(study.root), study.checkout, tmp_path / "crate", about, with_data=False)
    return tmp_path / "crate"


@pytest.fixture
def data(study: Folder, tmp_path: Path) -> Path:
    """The study's data sets as Croissant."""
    results = read_results(study.root)
    write_croissant(results, read_sources(results, study.checkout), tmp_path / "croissant", read_about(None), "")
    return tmp_path / "croissant"


def change(crate: Path, edit: Callable[[dict[str, Any]], None]) -> None:
    """Change the entities {id: entity} of a crate."""
    said = json.loads((crate / METADATA).read_text())
    entities = {entity["@id"]: entity for entity in said["@graph"]}
    edit(entities)
    (crate / METADATA).write_text(json.dumps({**said, "@graph": list(entities.values())}))


def test_a_crate_is_valid(crate: Path, validate: Validate) -> None:
    assert validate("crate", crate) == ""


def test_a_crate_without_its_workflow_file_is_not(crate: Path, validate: Validate) -> None:
    (crate / "Snakefile").unlink()
    assert "Main Workflow Snakefile not found in crate" in validate("crate", crate)


def test_a_path_relative_to_another_folder_is_not(crate: Path, validate: Validate) -> None:
    def misplace(entities: dict[str, Any]) -> None:
        entity = entities.pop("results/tiny/papers/qnq/fig-01.pdf")
        entities["papers/qnq/fig-01.pdf"] = {**entity, "@id": "papers/qnq/fig-01.pdf"}
        entities["./"]["hasPart"].append({"@id": "papers/qnq/fig-01.pdf"})

    change(crate, misplace)
    assert "does not include the Data Entity 'papers/qnq/fig-01.pdf'" in validate("crate", crate)


def test_a_profile_that_is_claimed_and_not_met_is_not(crate: Path, validate: Validate) -> None:
    change(crate, lambda entities: entities["#orchestration"].pop("object"))
    assert "OrganizeAction must reference the ControlAction" in validate("crate", crate)


def test_every_data_set_loads_with_its_images(data: Path, validate: Validate) -> None:
    assert [path.stem for path in sorted(data.glob("*.json"))] == [
        "mixtures-both-full",
        "shards-cats-web",
        "shards-dogs-web",
    ]
    assert validate("croissant", data) == ""


def test_a_shard_that_was_changed_is_not_what_its_description_says(
    data: Path, study: Folder, validate: Validate
) -> None:
    with (study.root / "shards/cats/web/00001.tar").open("ab") as tar:
        tar.write(b"\0" * 512)
    said = validate("croissant", data)
    assert said.startswith("shards-cats-web.json: ")
    assert "is not identical with the reference" in said
    assert said.count("\n") == 1


def test_the_context_is_that_of_the_library(validate: Validate) -> None:
    code = (
        "import json; from mlcroissant._src.core.context import Context, CroissantVersion; "
        "from mlcroissant._src.core.rdf import make_context; "
        "print(json.dumps(make_context(Context(conforms_to=CroissantVersion.V_1_1))))"
    )
    done = subprocess.run([interpreter(ROOT), "-c", code], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout.splitlines()[-1]) == CONTEXT
