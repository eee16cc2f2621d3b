"""Changes that are only supposed: how they are written, and what is refused."""

from pathlib import Path

import pytest

from datalines import codehash
from datalines.codehash import source_hash
from datalines.config.load import load_study
from datalines.config.study import Study
from datalines.reruns.whatif import Supposed, WhatIfError, other_code, understood

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def study() -> Study:
    return load_study(ROOT, {"scale": "demo"})


def test_each_way_of_writing_is_understood(study: Study) -> None:
    pool, mixture = next(iter(study.pools)), next(iter(study.mixtures))
    changes = [f"pool={pool}:v2", f"mixture={mixture}", "recipes.clip.epochs=4", "file:datalines/tars.py"]
    assert understood([*changes, "file:./workflow/report/style.css"], study, ROOT) == Supposed(
        settings={"pools": {pool: {"version": 2}}, "recipes": {"clip": {"epochs": 4}}},
        forced=(("mixture", mixture), ("input", "workflow/report/style.css")),
        code=frozenset(["datalines/tars.py"]),
    )


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ("redcaps", "is no change; write pool=NAME:v2, mixture=NAME, file:PATH or KEY=VALUE"),
        ("=3", "is no change"),
        ("pool=", "is no change"),
        ("pool=nobody:v2", "there is no pool 'nobody'"),
        ("pool=redcaps:2", "'2' is no version; write pool=redcaps:v2"),
        ("pool=redcaps:v0", "'v0' is no version"),
        ("pool=redcaps:v1", "is declared with version 1 already"),
        ("file:nowhere.csv", "there is no file nowhere.csv in"),
        ("file:config/pools.yaml", "name the key: KEY=VALUE"),
        ("recipes.clip.epochs=[", "the value of recipes.clip.epochs is no YAML"),
    ],
)
def test_what_names_nothing_is_refused(study: Study, change: str, text: str) -> None:
    with pytest.raises(WhatIfError, match=text.replace("[", r"\[")):
        understood([change], study, ROOT)


def test_what_has_no_version_says_what_to_write(study: Study) -> None:
    mixture, recipe = next(iter(study.mixtures)), next(iter(study.recipes))
    with pytest.raises(WhatIfError, match=f"a mixture has no version; write mixture={mixture}"):
        understood([f"mixture={mixture}:v2"], study, ROOT)
    with pytest.raises(WhatIfError, match=f"says nothing new; write recipe={recipe}:v<number>"):
        understood([f"recipe={recipe}"], study, ROOT)


def test_two_changes_of_one_place_are_refused(study: Study) -> None:
    with pytest.raises(WhatIfError, match=r"recipes.clip.epochs lies below a key that another change sets"):
        understood(["recipes.clip=3", "recipes.clip.epochs=4"], study, ROOT)


def test_supposed_code_changes_the_digests_that_reach_it_and_leaves_no_trace(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = tmp_path / "kept.json"
    monkeypatch.setattr(codehash, "KEPT", str(kept))
    codehash.forget()
    reaching, other = "workflow/scripts/write_shards.py", "workflow/scripts/fit_lines.py"
    before, written = (source_hash(reaching), source_hash(other)), kept.read_bytes()
    with other_code(frozenset(["datalines/tars.py"])):
        assert source_hash(reaching) != before[0] and source_hash(other) == before[1]
    assert kept.read_bytes() == written
    assert (source_hash(reaching), source_hash(other)) == before
    monkeypatch.undo()
    codehash.forget()
