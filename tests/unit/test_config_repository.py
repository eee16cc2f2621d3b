"""The configuration of this repository: its files, its schema, its page, its commands, its speed."""

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from pydantic import BaseModel

from datalines.config import __main__ as command
from datalines.config import schema
from datalines.config.load import load_study
from datalines.config.study import Study
from datalines.testbed.domain import CLASSES, Domain
from tests.unit.config_study import FILES, StudyFiles

ROOT = Path(__file__).parents[2]
CONFIG = ROOT / "config"
FILES_HERE = sorted(path for path in CONFIG.glob("**/*.yaml"))
SCALES = sorted(path.stem for folder in ("scales", "examples") for path in (CONFIG / folder).glob("*.yaml"))


@pytest.mark.parametrize("scale", SCALES)
def test_every_scale_is_sound(scale: str) -> None:
    json.dumps(load_study(ROOT, {"scale": scale}).resolved())


def test_the_study_that_the_slurm_tests_run_is_sound(tmp_path: Path) -> None:
    shutil.copytree(CONFIG, tmp_path / "config")
    shutil.copytree(ROOT / "workflow", tmp_path / "workflow", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copyfile(ROOT / "tests" / "slurm" / "small.yaml", tmp_path / "config" / "examples" / "small.yaml")
    json.dumps(load_study(tmp_path, {"scale": "small"}).resolved())


@pytest.mark.parametrize("path", FILES_HERE, ids=lambda path: path.relative_to(CONFIG).as_posix())
def test_every_file_names_the_schema_and_follows_it(path: Path) -> None:
    text = path.read_text()
    marked = re.match(r"# yaml-language-server: \$schema=(\S+)\n", text)
    assert marked, f"{path.name}: the first line must be `# yaml-language-server: $schema=<path to schema.json>`"
    assert (path.parent / marked[1]).resolve() == CONFIG / "schema.json"
    jsonschema.validate(yaml.safe_load(text), schema.make_schema())


def test_schema_is_in_step_with_the_models() -> None:
    assert (ROOT / schema.SCHEMA).read_text() == schema.schema_text(), f"out of step; repair with: {schema.REPAIR}"


def test_schema_refuses_what_loading_refuses() -> None:
    validator = jsonschema.Draft202012Validator(schema.make_schema())
    validator.check_schema(schema.make_schema())
    for content in FILES.values():
        validator.validate(content)
    mistakes: list[dict[str, Any]] = [
        {"pool": {}},
        {"pools": {"Photo": {}}},
        {"pools": {"photo": {"kind": "folder", "paht": "x"}}},
        {"recipes": {"clip": {"objective": "clap"}}},
        {"mixtures": {"both": {"entries": [{"pool": "yfcc", "count": "most"}]}}},
    ]
    for wrong in mistakes:
        assert not validator.is_valid(wrong), wrong
    assert validator.is_valid({"standalone": True, "recipes": {"clip": {"batch": 8}}})


def test_class_list_of_the_testbed() -> None:
    assert (CONFIG / "classes" / "testbed.txt").read_text().splitlines() == list(CLASSES)


def keys_of(model: type[BaseModel]) -> Iterator[str]:
    """Every key that a configuration may hold, but for the domain, whose page is its own module."""
    definitions: dict[str, Any] = model.model_json_schema()
    for name, definition in [("", definitions), *definitions["$defs"].items()]:
        if name != Domain.__name__:
            yield from definition.get("properties", {})


def test_page_explains_every_key() -> None:
    page = (CONFIG / "README.md").read_text()
    missing = sorted(key for key in {*keys_of(Study), "standalone"} if f"`{key}`" not in page)
    assert not missing, f"config/README.md does not explain {missing}"
    for wildcard in ("pool", "part", "filter", "mixture", "size", "family", "seed", "shift", "suite", "experiment"):
        assert f"`{{{wildcard}}}`" in page, wildcard


def test_commands(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PACS", raising=False)
    root = ["--root", str(StudyFiles(tmp_path).write())]
    assert command.main([*root, "check", "--scale", "demo"]) == 0
    assert "scale demo is sound: qnq from 3 pools, 8 runs, 4 shifts, 1 experiments" in capsys.readouterr().out
    assert command.main([*root, "check", "--scale", "dmo"]) == 1
    assert "did you mean 'demo'?" in capsys.readouterr().err
    assert command.main([*root, "check", "--paths"]) == 1
    assert "$PACS is not set" in capsys.readouterr().err
    assert command.main([*root, "schema"]) == 0
    assert (tmp_path / "config" / "schema.json").read_text() == schema.schema_text()


def test_import_is_light() -> None:
    """Snakemake reads the configuration in every job, so nothing heavier than pydantic and yaml may come along."""
    heavy = ("numpy", "pandas", "torch", "scipy", "PIL", "pyarrow", "matplotlib")
    code = f"import sys, datalines.config; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
