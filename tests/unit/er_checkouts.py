"""Checkouts for `datalines er`: one with a small testbed that lies on y = x / 2, one with the real files."""

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml
from pydantic import TypeAdapter

from datalines import cli
from datalines.config.fetching import Fetch
from datalines.config.published import Published
from datalines.fetch.mirror import VARIABLE, place
from datalines.files import sha256_file
from datalines.published.names import BASELINES
from tests.unit import published_files as files

ROOT = Path(__file__).parents[2]
SECTION_FILE = ROOT / "config" / "published.yaml"
URL = "https://raw.githubusercontent.com/modestyachts/imagenet-testbed/0170eec658d664289d9f61de8f90f967f49abca0/r.csv"
ENTRY = {"title": "Testbed", "kind": "imagenet-testbed", "url": URL, "licence": "MIT", "citation": "Taori et al., 2020"}
SECTION: TypeAdapter[Published] = TypeAdapter(Published)
Call = Callable[..., int]


def small(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Call:
    """Runs the command in a checkout, `folder`, whose only baseline is a small testbed that lies in its mirror."""
    path = folder / "mirror" / place(URL)
    path.parent.mkdir(parents=True)
    files.write(path, files.testbed_cells())
    entry = {**ENTRY, "bytes": path.stat().st_size, "sha256": sha256_file(path)}
    study = SimpleNamespace(published=SECTION.validate_python({"imagenet-testbed": entry}), fetch=Fetch())
    monkeypatch.setattr(cli, "load_study", lambda root, given: study)
    monkeypatch.setenv(VARIABLE, str(folder / "mirror"))
    monkeypatch.chdir(folder)
    return lambda *words: cli.main(["er", *words], folder)


def real(monkeypatch: pytest.MonkeyPatch) -> Call:
    """Runs the command on the real files, as this repository declares them; skips the test where they are not."""
    if not (files.MIRROR / "raw.githubusercontent.com").is_dir():
        pytest.skip(f"the files of published results are not in {files.MIRROR}")
    section = yaml.safe_load(SECTION_FILE.read_text(encoding="utf-8"))["published"]
    entries = {name: section[name] for name in BASELINES.values()}
    study = SimpleNamespace(published=SECTION.validate_python(entries), fetch=Fetch())
    monkeypatch.setattr(cli, "load_study", lambda root, given: study)
    monkeypatch.setenv(VARIABLE, str(files.MIRROR))
    return lambda *words: cli.main(["er", *words], ROOT)
