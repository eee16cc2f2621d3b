"""What a crate says of a study, and which files it packs. rocrate is stood in for by a writer that keeps what it is
told; tests/exchange has the real one."""

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from datalines.audit.results import read_results
from datalines.exchange import crate as module
from datalines.exchange.about import About, Person
from datalines.exchange.crate import Packed, interpreter, write_crate
from datalines.exchange.errors import ExchangeError
from datalines.exchange.facts import home
from datalines.files import sha256_file
from tests.unit import exchange_folder
from tests.unit.results_folder import Folder

ADA = About(agent=Person(name="Ada Lovelace"), repository="https://example.org/datalines")
WRITER = "import json, sys; said = json.load(sys.stdin); json.dump(said, open(said['folder'] + '/said.json', 'w'))"


@pytest.fixture(autouse=True)
def writer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "writer.py").write_text(WRITER)
    monkeypatch.setattr(module, "WRITER", tmp_path / "writer.py")
    monkeypatch.setattr(module, "interpreter", lambda checkout: Path(module.sys.executable))


@pytest.fixture
def study(tmp_path: Path) -> Folder:
    return exchange_folder.build(tmp_path / "checkout")


def export(study: Folder, with_data: bool = False, about: About = ADA) -> tuple[Path, Packed, dict[str, Any]]:
    """The crate, what was packed, and {id: entity} with `./` for the crate itself."""
    out = study.checkout.parent / f"crate-{with_data}"
    packed = write_crate(read_results(study.root), study.checkout, out, about, with_data)
    said = json.loads((out / "said.json").read_text())
    return (
        out,
        packed,
        {"./": {"@type": "Dataset", **said["root"]}, **{entity["@id"]: entity for entity in said["entities"]}},
    )


def listed(value: Any) -> list[str]:
    return [entry["@id"] for entry in (value if isinstance(value, list) else [value])]


def test_every_job_is_an_action_with_what_it_read_and_made(study: Folder) -> None:
    _, _, entities = export(study)
    receipts = read_results(study.root).receipts
    actions = [entity for entity in entities.values() if entity["@type"] == "CreateAction"]
    assert {action["@id"] for action in actions} == {
        "#run",
        *(f"#job/{receipt.rule}/{Path(receipt.path).stem}" for receipt in receipts),
    }
    drawn = entities["#job/draw_figure/qnq-fig-01"]
    assert listed(drawn["object"])[:3] == [
        "results/tiny/records/lines.csv",
        "results/tiny/fits/lines.csv",
        exchange_folder.SCRIPT,
    ]
    assert listed(drawn["result"]) == [
        f"results/tiny/papers/qnq/fig-01.{s}" for s in ("csv", "md", "pdf", "png", "svg")
    ]
    assert drawn["actionStatus"] == "http://schema.org/CompletedActionStatus"
    assert drawn["startTime"] < drawn["endTime"]
    assert drawn["agent"] == {"@id": "#person/Ada%20Lovelace"}
    assert entities[drawn["subjectOf"]["@id"]]["sha256"] == sha256_file(study.receipt("draw_figure", "qnq-fig-01"))
    assert {entry["@id"] for entry in entities["./"]["mentions"]} == {action["@id"] for action in actions}


def test_every_reference_leads_to_an_entity(study: Folder) -> None:
    _, _, entities = export(study)
    known = {*entities, "./", "https://bioschemas.org/profiles/ComputationalWorkflow/1.0-RELEASE"}
    for entity in entities.values():
        for value in entity.values():
            for entry in value if isinstance(value, list) else [value]:
                assert not isinstance(entry, dict) or entry["@id"] in known, (entity["@id"], entry)


def test_every_file_has_its_digest_and_those_in_the_crate_have_no_other(study: Folder) -> None:
    out, _, entities = export(study)
    files = {name: entity for name, entity in entities.items() if "File" in entity["@type"]}
    for name, entity in files.items():
        assert len(entity["sha256"]) == 64, name
        assert name.startswith("#") or sha256_file(out / name) == entity["sha256"], name
    shard = study.root / "shards/cats/web/00000.tar"
    assert files["#results/tiny/shards/cats/web/00000.tar"]["sha256"] == sha256_file(shard)
    assert files["#results/tiny/shards/cats/web/00000.tar"]["contentSize"] == str(shard.stat().st_size)


def test_bulk_is_packed_on_request_only(study: Folder) -> None:
    out, packed, _ = export(study)
    suffixes = {path.suffix for path in (out / "results").rglob("*") if path.is_file()}
    assert suffixes.isdisjoint({".tar", ".parquet", ".safetensors"})
    bulk = 6 + 3 + 1  # shards, indexes, weights
    assert (packed.bulk, packed.missing) == (bulk, 0)
    out, everything, entities = export(study, with_data=True)
    assert everything == Packed(packed.files + bulk, 0, 0)
    assert (out / "results/tiny/shards/cats/web/00000.tar").is_file()
    assert "results/tiny/shards/cats/web/00000.tar" in entities


def test_the_folder_is_a_checkout_that_an_audit_can_read(study: Folder) -> None:
    out, _, entities = export(study)
    assert (out / "Snakefile").read_bytes() == (study.checkout / "Snakefile").read_bytes()
    assert entities["Snakefile"]["@type"] == ["File", "SoftwareSourceCode", "ComputationalWorkflow", "HowTo"]
    assert "workflow/scripts/train_model.py" in listed(entities["Snakefile"]["hasPart"])
    copied = read_results(out / "results/tiny")
    assert [receipt.path for receipt in copied.receipts] == [r.path for r in read_results(study.root).receipts]
    assert "`datalines audit results/tiny`" in (out / "README.md").read_text()


def test_a_file_that_is_not_what_its_receipt_says_stops_the_export(study: Folder) -> None:
    (study.root / "records/lines.csv").write_text("family,size,seed,accuracy\npets,full,0,0.9\n")
    with pytest.raises(
        ExchangeError, match=r"records/lines\.csv is not what receipts/collect_records/lines\.json says"
    ):
        export(study)


def test_a_manifest_cannot_put_files_outside_of_the_results(study: Folder) -> None:
    other = study.checkout / "other.txt"
    other.write_text("another workflow")
    manifest = study.root / "runs/pets/full/0/summary.json"
    said = json.loads(manifest.read_text())
    for path in ("../../../../../../other.txt", "../../../../../../../other.txt"):
        (study.root / "runs/pets/full/0" / path).resolve().write_text("another workflow")
        said["weights"].append({"path": path, "sha256": sha256_file(other), "bytes": 16})
    manifest.write_text(json.dumps(said))
    receipt = study.receipt("train_model", "pets-full-0")
    stated = json.loads(receipt.read_text())
    stated["outputs"]["results/tiny/runs/pets/full/0/summary.json"]["sha256"] = sha256_file(manifest)
    receipt.write_text(json.dumps(stated))
    out, packed, _ = export(study, with_data=True)
    assert not list(out.rglob("other.txt"))
    assert (packed.bulk, packed.missing) == (0, 0)


@pytest.mark.parametrize("root", ["../elsewhere", "/etc", ".", "results/a/b"])
def test_a_root_that_is_no_folder_of_results_is_not_followed(study: Folder, root: str) -> None:
    results = read_results(study.root)
    for receipt in results.receipts:
        receipt.said["root"] = root
    assert home(results) == "results/tiny"


def test_a_script_that_changed_since_is_not_taken_for_the_one_that_ran(study: Folder) -> None:
    ran = sha256_file(study.checkout / exchange_folder.SCRIPT)
    (study.checkout / exchange_folder.SCRIPT).write_text("# another one\n")
    _, _, entities = export(study)
    told = f"#{exchange_folder.SCRIPT}@{ran[:12]}"
    assert told in listed(entities["#job/draw_figure/qnq-fig-01"]["object"])
    assert entities[told]["sha256"] == ran


def test_an_input_of_another_generation_is_another_file(study: Folder) -> None:
    receipt = study.receipt("fit_lines", "lines")
    said = json.loads(receipt.read_text())
    said["inputs"]["results/tiny/records/lines.csv"] = "0" * 64
    receipt.write_text(json.dumps(said))
    _, _, entities = export(study)
    assert "#results/tiny/records/lines.csv@000000000000" in listed(entities["#job/fit_lines/lines"]["object"])
    assert entities["#results/tiny/records/lines.csv@000000000000"]["sha256"] == "0" * 64


def test_receipts_of_form_1_have_ends_and_versions(study: Folder) -> None:
    receipt = study.receipt("train_model", "pets-full-0")
    said = json.loads(receipt.read_text())
    versions = said.pop("environment")["versions"]
    for key in ("schema", "root", "names", "ended", "seeds", "determinism"):
        del said[key]
    receipt.write_text(json.dumps({**said, "versions": versions}))
    _, _, entities = export(study)
    action = entities["#job/train_model/pets-full-0"]
    began, ended = (datetime.fromisoformat(action[key]) for key in ("startTime", "endTime"))
    assert (ended - began).total_seconds() == 2
    stated = {entities[name]["name"]: entities[name]["value"] for name in listed(action["environment"])}
    assert stated["version of python"] == versions["python"]
    assert stated["determinism"] == "deterministic"


def test_without_an_agent_none_is_named(study: Folder) -> None:
    _, _, entities = export(study, about=About())
    assert not [name for name, entity in entities.items() if "agent" in entity or entity.get("@type") == "Person"]


def test_a_crate_is_the_same_twice(study: Folder, tmp_path: Path) -> None:
    results = read_results(study.root)
    for name in ("one", "two"):
        write_crate(results, study.checkout, tmp_path / name, ADA, with_data=False)
    one, two = ((tmp_path / name / "said.json").read_text() for name in ("one", "two"))
    assert one.replace(str(tmp_path / "one"), "") == two.replace(str(tmp_path / "two"), "")


def test_a_checkout_without_a_workflow_is_an_error(study: Folder) -> None:
    (study.checkout / "Snakefile").unlink()
    with pytest.raises(ExchangeError, match="has no Snakefile; call datalines in the checkout"):
        export(study)


def test_a_receipt_that_cannot_be_read_is_not_left_out(study: Folder) -> None:
    study.receipt("fit_lines", "lines").write_text("{")
    with pytest.raises(ExchangeError, match=r"1 receipts cannot be read, the first is receipts/fit_lines/lines\.json"):
        export(study)


def test_without_rocrate_the_error_says_how_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DATALINES_EXCHANGE", raising=False)
    monkeypatch.setattr(module.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ExchangeError, match=r"python3 envs/setup\.py exchange --venv \.venv-exchange"):
        interpreter(tmp_path)


def test_what_rocrate_says_is_passed_on(study: Folder, tmp_path: Path) -> None:
    (tmp_path / "writer.py").write_text("raise SystemExit('no such entity')")
    with pytest.raises(ExchangeError, match=r"(?s)rocrate, called with .*no such entity"):
        export(study)
