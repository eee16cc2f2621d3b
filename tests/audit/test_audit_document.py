"""audit.json: its form, its counts, and the matrix of tables and figures against checks."""

import json
from pathlib import Path
from typing import Any

import jsonschema

from datalines.audit import document as module
from datalines.audit.document import SCHEMA, document
from datalines.audit.engine import Options, run
from datalines.audit.levels import LEVELS
from datalines.audit.verdicts import ORDER
from tests.unit.results_folder import Folder

WHEN = "2026-11-22T00:00:00+00:00"
FORM = json.loads(Path(module.__file__).with_name("audit.schema.json").read_text(encoding="utf-8"))


def said(folder: Folder, level: str = "integrity") -> dict[str, Any]:
    content = document(run(folder.root, level, Options()), WHEN)
    jsonschema.Draft202012Validator(FORM, format_checker=jsonschema.FormatChecker()).validate(content)
    return content


def item(content: dict[str, Any], name: str) -> dict[str, Any]:
    return next(row["cells"] for row in content["papers"] if row["item"] == name)


def test_the_form_is_a_json_schema_with_the_programs_levels_and_verdicts() -> None:
    jsonschema.Draft202012Validator.check_schema(FORM)
    assert FORM["properties"]["schema"]["const"] == SCHEMA
    assert FORM["properties"]["level"]["enum"] == list(LEVELS)
    assert FORM["$defs"]["verdict"]["enum"] == [verdict.value for verdict in ORDER]


def test_a_sound_folder(study: Folder) -> None:
    content = said(study)
    assert (content["verdict"], content["status"], content["folder"]) == ("identical", 0, "tiny")
    assert content["counts"] == {"identical": len(content["artifacts"])}
    assert [row["item"] for row in content["papers"]] == ["papers/qnq/fig-01", "papers/qnq/tab-01"]
    assert {cell["verdict"] for row in content["papers"] for cell in row["cells"].values()} == {"identical"}
    assert sum(entry["jobs"] for entry in content["made_on"]) == content["receipts"] == 15


def test_equal_audits_are_equal_texts_whatever_the_order_of_files(study: Folder, tmp_path: Path) -> None:
    assert json.dumps(said(study)) == json.dumps(said(study.copy(tmp_path / "again")))


def test_a_damaged_run_shows_in_what_was_made_from_it(folder: Folder) -> None:
    path = "runs/felines/full/0/epoch-002.safetensors"
    (folder.root / path).write_bytes(b"short")
    content = said(folder)
    assert (content["verdict"], content["status"], content["counts"]["corrupt"]) == ("corrupt", 3, 1)
    cell = item(content, "papers/qnq/fig-01")["inventory"]
    assert (cell["verdict"], cell["artifact"]) == ("corrupt", path)
    assert {entry["path"]: entry["verdict"] for entry in content["artifacts"]}[path] == "corrupt"


def test_what_a_table_was_not_made_from_does_not_show_in_it(folder: Folder) -> None:
    (folder.root / "fits/lines.csv").write_bytes(b"short")
    content = said(folder)
    assert item(content, "papers/qnq/fig-01")["integrity"]["verdict"] == "corrupt"
    assert item(content, "papers/qnq/tab-01")["integrity"]["verdict"] == "identical"


def test_cells_of_a_table_count_for_its_file(folder: Folder) -> None:
    audit = run(folder.root, "inventory", Options())
    audit.checks[0].add("records/lines.csv#felines,full,0/accuracy", ORDER[-3], "0.5 instead of 0.25")
    content = document(audit, WHEN)
    assert item(content, "papers/qnq/tab-01")["inventory"]["verdict"] == ORDER[-3]
    assert {entry["path"]: entry["verdict"] for entry in content["artifacts"]}["records/lines.csv"] == ORDER[-3]


def test_findings_are_sorted_from_the_worst(folder: Folder) -> None:
    (folder.root / "papers/qnq/tab-01.csv").unlink()
    (folder.root / "papers/qnq/fig-01.csv").write_bytes(b"")
    (folder.root / "papers/qnq/fig-01.md").unlink()
    check = next(check for check in said(folder)["checks"] if check["name"] == "inventory")
    assert [(found["verdict"], found["artifact"]) for found in check["findings"]] == [
        ("missing", "papers/qnq/fig-01.md"),
        ("missing", "papers/qnq/tab-01.csv"),
        ("corrupt", "papers/qnq/fig-01.csv"),
    ]


def test_names_of_files_that_are_no_text_can_be_written(folder: Folder) -> None:
    (folder.root / "papers" / b"x\xff.csv".decode("utf-8", "surrogateescape")).write_bytes(b"")
    content = said(folder)
    assert json.dumps(content, ensure_ascii=False).encode("utf-8")
    assert any(entry["path"] == "papers/x\\udcff.csv" for entry in content["artifacts"])


def test_acceptances_are_written_down_whether_they_cover_something_or_not(folder: Folder) -> None:
    entry = {"artifact": "a", "verdict": "stale", "reason": "r", "who": "w", "when": "2026", "from": "1", "to": "2"}
    (folder.root / "accepted.json").write_text(json.dumps([entry]))
    assert said(folder)["acceptances"] == [{**entry, "findings": 0}]
