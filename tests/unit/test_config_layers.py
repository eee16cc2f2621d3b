"""How the files of a study are read and laid over each other."""

from collections import OrderedDict
from pathlib import Path

import pytest
import yaml

from datalines.config.errors import COMMAND_LINE, ConfigError
from datalines.config.load import load_study
from tests.unit.config_study import StudyFiles


@pytest.fixture
def study(tmp_path: Path) -> StudyFiles:
    return StudyFiles(tmp_path)


def test_later_layers_win_key_by_key(study: StudyFiles) -> None:
    study.set("config", "recipes.clip.batch", 16).set("scales/demo", "recipes.clip.optimizer.weight_decay", 0.5)
    loaded = study.load(recipes={"clip": {"warmup_steps": 7}}).recipes["clip"]
    assert (loaded.batch, loaded.optimizer.lr, loaded.optimizer.weight_decay, loaded.warmup_steps) == (64, 1e-3, 0.5, 7)
    assert study.load(recipes={"clip": {"batch": 8}}).recipes["clip"].batch == 8


def test_lists_are_replaced(study: StudyFiles) -> None:
    study.set("scales/demo", "families.yfcc.seeds", [1])
    assert study.load().families["yfcc"].seeds == [1]


def test_another_kind_replaces_the_entry(study: StudyFiles) -> None:
    study.set("scales/demo", "pools.photo", {"kind": "testbed", "title": "P", "items": 500, "domain": {}})
    assert study.load().pools["photo"].kind == "testbed"
    study.set("scales/demo", "pools.photo", {"kind": "folder", "path": "other"})
    assert study.load().pools["photo"].title == "Photo"


def test_shares_of_a_domain_are_replaced_together(study: StudyFiles) -> None:
    study.set("pools", "pools.yfcc.domain", {"styles": {"photo": 1.0}, "blur": 0.1})
    study.set("scales/demo", "pools.yfcc.domain.styles", {"sketch": 1.0})
    domain = study.load().pools["yfcc"].model_dump()["domain"]
    assert domain["styles"] == {"sketch": 1.0} and domain["blur"] == 0.1


def test_snakemakes_copy_of_config_yaml_does_not_hide_the_scale(study: StudyFiles) -> None:
    study.set("config", "recipes.clip.batch", 16).set("scales/demo", "recipes.clip.batch", 32)
    study.remove("recipes", "recipes.clip.batch")
    clip = OrderedDict(batch=16)
    given = OrderedDict(scale="demo", recipes=OrderedDict(clip=clip))
    assert load_study(study.write(), given).recipes["clip"].batch == 32
    clip["batch"] = 8
    assert load_study(study.root, given).recipes["clip"].batch == 8


def test_overrides_are_left_as_they_were(study: StudyFiles) -> None:
    given = {"scale": "demo", "families": {"yfcc": {"seeds": [1]}}}
    load_study(study.write(), given)
    assert given == {"scale": "demo", "families": {"yfcc": {"seeds": [1]}}}


def test_the_file_named_is_the_one_that_set_the_key(study: StudyFiles) -> None:
    study.set("scales/demo", "pools.yfcc.items", 0).set("pools", "pools.laion.items", 0)
    study.set("config", "pools.web.items", "many").remove("pools", "pools.web.items")
    message = study.message(recipes={"clip": {"batch": 0}})
    assert "config/scales/demo.yaml: pools.yfcc.items: is 0" in message
    assert "config/pools.yaml: pools.laion.items: is 0" in message
    assert "config/config.yaml: pools.web.items: is 'many'" in message
    assert f"{COMMAND_LINE}: recipes.clip.batch: is 0" in message


def test_the_file_of_a_replaced_entry_is_forgotten(study: StudyFiles) -> None:
    study.set("scales/demo", "pools.photo", {"kind": "testbed", "title": "P", "domain": {}})
    assert "config/scales/demo.yaml: pools.photo.items: is missing" in study.message()


def test_scale_is_chosen_by_the_command_line_or_config_yaml(study: StudyFiles) -> None:
    study.set("scales/study", "study", {"title": "study", "targets": ["qnq"]})
    assert study.load().scale == "demo"
    assert study.load(scale="study").study.title == "study"
    assert study.load(scale="study").resolved()["scale"] == "study"


def test_unknown_scale(study: StudyFiles) -> None:
    study.set("examples/pacs", "study", {"title": "PACS", "targets": ["qnq"]})
    message = study.message(scale="demmo")
    assert "scale: 'demmo' is not a scale; did you mean 'demo'? Known scales: demo, pacs" in message
    assert "scale: is missing; write `scale: <scale>`" in study.message(scale=None)
    study.set("examples/demo", "study", {})
    assert "scale: 'demo' is the name of both config/scales/demo.yaml and config/examples/demo.yaml" in study.message()


def test_standalone_example_starts_from_nothing(study: StudyFiles) -> None:
    study.set("examples/own", "standalone", True).set("examples/own", "study", {"title": "Own", "targets": ["mine"]})
    study.set("examples/own", "papers.mine", {"title": "Mine"}).set("config", "filters", {"site": []})
    study.files["pools"]["pools"]["yfcc"]["items"] = "not even read"
    loaded = study.load(scale="own")
    assert (loaded.pools, loaded.filters, list(loaded.papers)) == ({}, {}, ["mine"])
    study.set("examples/own", "standalone", False)
    assert "pools.yfcc.items" in study.message(scale="own")


def test_standalone_belongs_to_scale_files(study: StudyFiles) -> None:
    message = study.set("pools", "standalone", True).message()
    assert "config/pools.yaml: standalone: unknown key" in message


def test_any_file_may_state_any_section(study: StudyFiles) -> None:
    study.set("papers/qnq", "pools.extra", {"kind": "testbed", "title": "Extra", "items": 5, "domain": {}})
    assert "extra" in study.load().pools


def test_empty_section_is_an_empty_section(study: StudyFiles) -> None:
    study.set("scales/demo", "pools", None)
    assert "yfcc" in study.load().pools


def test_duplicate_keys_are_refused(study: StudyFiles) -> None:
    study.files["filters"] = "filters:\n  keep-all: []\n  web: []\n  keep-all: []\n"
    assert "config/filters.yaml, line 4: 'keep-all' is written twice, first on line 2; keep one" in study.message()


def test_duplicates_are_found_at_every_level_and_merge_keys_are_fine(study: StudyFiles) -> None:
    base = yaml.safe_dump(study.files["filters"])
    study.files["filters"] = (
        base + "pools:\n  a: &a {kind: testbed, title: A, items: 5, domain: {}}\n  b:\n    <<: *a\n    title: B\n"
    )
    assert study.load().pools["b"].title == "B"
    study.files["filters"] += "    title: C\n"
    assert "'title' is written twice, first on line" in study.message()
    study.files["filters"] = base + "suites: {x: [{a: 1, a: 2}]}\n"
    assert "'a' is written twice" in study.message()


def test_keys_that_yaml_does_not_read_as_text(study: StudyFiles) -> None:
    study.files["filters"] = "filters:\n  2015: []\n  no: []\n"
    message = study.message()
    assert "config/filters.yaml, line 2: the key 2015 is not text; write it in quotes" in message
    assert "config/filters.yaml, line 3: the key no is not text; write it in quotes" in message


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("filters:\n  web: [\n", "config/filters.yaml, line 3: is not YAML: "),
        ("filters:\n\tweb: []\n", "config/filters.yaml, line 2: is not YAML: "),
        ("filters: {a: !!python/name:os.system ''}\n", "config/filters.yaml, line 1: is not YAML: "),
        ("", "config/filters.yaml: is empty at top level; begin with a section, e.g. `pools:`"),
        ("# nothing yet\n", "config/filters.yaml: is empty at top level"),
        ("- web\n", "config/filters.yaml: is a list, not a mapping, at top level"),
        ("web\n", "config/filters.yaml: is a str, not a mapping, at top level"),
        ("filters: \x01\n", "config/filters.yaml: cannot be read: "),
    ],
)
def test_broken_files(study: StudyFiles, text: str, message: str) -> None:
    study.files["filters"] = text
    assert message in study.message()


def test_file_that_is_not_utf8(study: StudyFiles) -> None:
    root = study.write()
    (root / "config" / "pools.yaml").write_bytes(b"pools: {a: {title: \xff}}")
    with pytest.raises(ConfigError, match=r"config/pools.yaml: cannot be read: .*utf-8"):
        load_study(root, {})


def test_broken_files_are_reported_together(study: StudyFiles) -> None:
    study.files["filters"], study.files["pools"] = "", "- a\n"
    message = study.message()
    assert "config/filters.yaml: is empty" in message and "config/pools.yaml: is a list" in message


@pytest.mark.parametrize("key", ["secrets", "pools.yfcc.secrets", "papers.qnq.figures.fig-02.options.secrets"])
def test_secrets_are_refused(study: StudyFiles, key: str) -> None:
    message = study.set("scales/demo", key, {"token": "x"}).message()
    assert (
        f"config/scales/demo.yaml: {key}: secrets are never written into a configuration; set an environment" in message
    )
    study.remove("scales/demo", key)
    given: dict[str, object] = {"secrets": {"a": 1}}
    assert f"{COMMAND_LINE}: secrets: secrets are never" in StudyFiles(study.root).message(**given)


def test_files_that_nobody_reads(study: StudyFiles) -> None:
    study.files["pool"] = {"pools": {}}
    (study.write() / "config" / "papers" / "other.yml").touch()
    message = study.message()
    assert (
        "config/pool.yaml: is not read; did you mean 'config/pools.yaml'? Known files: config/concepts.yaml, "
        in message
    )
    assert "config/papers/other.yml: is not read; call it other.yaml" in message


def test_a_scale_is_laid_over_those_that_it_extends(study: StudyFiles) -> None:
    study.set("parts/shared", "families.yfcc", {"title": "Shared", "seeds": [3]})
    study.set("scales/large", "extends", ["shared", "demo"]).set("scales/large", "families.yfcc.seeds", [1, 2])
    loaded = study.load(scale="large")
    family = loaded.families["yfcc"]
    assert (loaded.scale, loaded.study.title, family.title, family.seeds) == ("large", "demo", "Shared", [1, 2])
    assert family.sizes == ["half", "full"]


def test_what_is_extended_says_where_a_scale_starts(study: StudyFiles) -> None:
    study.set("examples/own", "standalone", True).set("examples/own", "study", {"title": "Own", "targets": ["mine"]})
    study.set("examples/own", "papers.mine", {"title": "Mine"})
    study.set("scales/more", "extends", "own").set("scales/more", "filters", {"site": []})
    loaded = study.load(scale="more")
    assert (loaded.pools, list(loaded.filters), list(loaded.papers)) == ({}, ["site"], ["mine"])
    message = study.set("scales/more", "standalone", True).message(scale="more")
    assert "config/scales/more.yaml: standalone: stands beside `extends`" in message


def test_an_extended_scale_must_be_there_and_not_lead_back(study: StudyFiles) -> None:
    study.set("scales/more", "extends", "dmo").set("parts/shared", "filters", {})
    message = study.message(scale="more")
    known = "Known scales: demo, more, papers/qnq, shared"
    assert f"config/scales/more.yaml: extends: 'dmo' is not a scale; did you mean 'demo'? {known}" in message
    # A part is none of the scales that can be chosen.
    assert "scale: 'shared' is not a scale" in study.message(scale="shared")
    study.set("scales/more", "extends", "shared").set("parts/shared", "extends", "more")
    way = "config/scales/more.yaml -> config/parts/shared.yaml -> config/scales/more.yaml"
    assert f"config/parts/shared.yaml: extends: leads back to itself: {way}" in study.message(scale="more")


def test_a_later_layer_takes_an_entry_back_with_null(study: StudyFiles) -> None:
    study.set("scales/demo", "families.web", None)
    assert "web" not in study.load().families
    study.set("scales/demo", "families.laion", None)
    assert "ensembles.pair.members[1]: 'laion' is not a family" in study.message()


def test_costs_are_read_by_standalone_scales_as_well(study: StudyFiles) -> None:
    study.set("costs", "costs.again", 0.5).set("examples/own", "standalone", True)
    study.set("examples/own", "study", {"title": "Own", "targets": ["mine"]})
    study.set("examples/own", "papers.mine", {"title": "Mine"})
    assert study.load(scale="own").costs.again == study.load().costs.again == 0.5
