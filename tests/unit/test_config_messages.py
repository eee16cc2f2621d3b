"""Wrong keys, values and slugs: the message names the file, the key, and what to write instead."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from datalines.config.errors import ConfigError, Problem
from datalines.config.load import load_study
from datalines.errors import DatalinesError
from tests.unit.config_study import FILES, StudyFiles


@pytest.fixture
def study(tmp_path: Path) -> StudyFiles:
    return StudyFiles(tmp_path)


def test_sound_study_loads(study: StudyFiles) -> None:
    assert study.load().scale == "demo"


UNKNOWN_KEYS = [
    ("pools", "pool", {}, "pool", "pools"),
    ("pools", "pools.yfcc.itmes", 5, "pools.yfcc.itmes", "items"),
    ("pools", "pools.yfcc.domain.colour_jiter", 0.1, "pools.yfcc.domain.colour_jiter", "colour_jitter"),
    ("pools", "pools.photo.template", [], "pools.photo.template", "templates"),
    ("pools", "pools.photo.split", {"part": "train", "shares": 1}, "pools.photo.split.shares", "test_share"),
    ("pools", "pools.web.caption", "txt", "pools.web.caption", "captions"),
    ("filters", "filters.web.0.minn", 3, "filters.web[0].minn", "min"),
    ("mixtures", "mixtures.yfcc.size", {}, "mixtures.yfcc.size", "sizes"),
    ("mixtures", "mixtures.both.entries.1.shar", 1, "mixtures.both.entries[1].shar", "share"),
    ("recipes", "recipes.clip.epoch", 3, "recipes.clip.epoch", "epochs"),
    ("recipes", "recipes.clip.optimizer.learn_rate", 3, "recipes.clip.optimizer.learn_rate", ""),
    ("recipes", "recipes.clip.augmentation", {"ratios": [1, 1]}, "recipes.clip.augmentation.ratios", "ratio"),
    ("shifts", "classes.animals.files", "x", "classes.animals.files", "file"),
    ("shifts", "shifts.hard.model.epochs", 3, "shifts.hard.model.epochs", "epoch"),
    ("shifts", "shifts.sketch.promts", [], "shifts.sketch.promts", "prompts"),
    ("experiments", "families.yfcc.seed", 0, "families.yfcc.seed", "seeds"),
    ("experiments", "ensembles.pair.weight", 0, "ensembles.pair.weight", "weights"),
    ("experiments", "experiments.sources.familys", [], "experiments.sources.familys", "families"),
    ("papers/qnq", "papers.qnq.figure", {}, "papers.qnq.figure", "figures"),
    ("papers/qnq", "papers.qnq.figures.fig-02.shift", [], "papers.qnq.figures.fig-02.shift", "shifts"),
    ("papers/qnq", "papers.qnq.tables.tab-01.pool", [], "papers.qnq.tables.tab-01.pool", "pools"),
    ("scales/demo", "study.target", [], "study.target", "targets"),
]


@pytest.mark.parametrize(("file", "key", "value", "shown", "near"), UNKNOWN_KEYS, ids=[row[3] for row in UNKNOWN_KEYS])
def test_unknown_key(study: StudyFiles, file: str, key: str, value: Any, shown: str, near: str) -> None:
    message = study.set(file, key, value).message()
    line = next(line for line in message.splitlines() if "unknown key" in line)
    hint = f"; did you mean '{near}'? Allowed keys: " if near else ". Allowed keys: "
    assert line.startswith(f"config/{file}.yaml: {shown}: unknown key{hint}")
    assert near in line.split("Allowed keys: ")[1].split(", ") or not near


def test_allowed_keys_are_those_of_the_kind(study: StudyFiles) -> None:
    message = study.set("filters", "filters.web.0.minn", 3).message()
    assert message.endswith(
        "filters.web[0].minn: unknown key; did you mean 'min'? Allowed keys: kind, max, min, name, unit"
    )


WRONG_VALUES = [
    ("filters", "filters.web.0.unit", "word",
     "'word' is not allowed; did you mean 'words'? Allowed values: words, characters"),
    ("filters", "filters.web.0.min", -1, "is -1; it must be at least 0"),
    ("filters", "filters.web.0.min", "two", "is 'two'; write a whole number"),
    ("pools", "pools.yfcc.items", 0, "is 0; it must be at least 1"),
    ("pools", "pools.yfcc.items", 2.5, "is 2.5; write a whole number"),
    ("pools", "pools.yfcc.items", True, "is True; write a whole number"),
    ("pools", "pools.yfcc.title", 2015, "is 2015; write text (in quotes"),
    ("pools", "pools.yfcc.title", "", "must not be empty"),
    ("pools", "pools.yfcc.domain", 1, "is 1; write a mapping"),
    ("pools", "pools.photo.templates", "a {}", "is 'a {}'; write a list: [..]"),
    ("pools", "pools.photo.templates", [], "must not be empty"),
    ("pools", "pools.web.captions", "caption", "is 'caption'; write txt or json:<key>"),
    ("pools", "pools.web.label", "json:", "is 'json:'; write cls, none or json:<key>"),
    ("pools", "pools.web.path", [], "is []; write a path, a glob such as $DATA/*.tar, or a list of these"),
    ("mixtures", "mixtures.yfcc.sizes.half", -5, "is -5; it must be at least 1"),
    ("recipes", "recipes.clip.batch", 1, "is 1; it must be at least 2"),
    ("recipes", "recipes.clip.keep", [], "must not be empty"),
    ("recipes", "recipes.clip.keep", [4, 2], "is [4, 2]; write the epochs in rising order, each once: [2, 4]"),
    ("recipes", "recipes.clip.keep", [2, 5], "keeps epoch 5, but training ends after epoch 4"),
    ("recipes", "recipes.clip.optimizer.lr", 0, "is 0; it must be greater than 0"),
    ("recipes", "recipes.clip.optimizer.lr", float("inf"), "is inf; write a finite number"),
    ("recipes", "recipes.clip.augmentation.flip", "no", "is 'no'; write true or false"),
    ("recipes", "recipes.clip.augmentation.scale", [1.0, 0.5], "write the smaller number first: [0.5, 1]"),
    ("recipes", "recipes.clip.augmentation.scale", [0.5], "has too few items: at least 2"),
    ("recipes", "recipes.clip.augmentation.ratio", [0.5, 1, 2], "has too many items: at most 2"),
    ("recipes", "recipes.clip.augmentation.scale", [0.5, 2.0], "is [0.5, 2.0]; a crop is at most the whole image, 1.0"),
    ("recipes", "recipes.clip.augmentation.ratio", [0.0, 2.0], "is [0.0, 2.0]; both numbers must be greater than 0"),
    ("recipes", "recipes.clip.objective", "clap",
     "'clap' is not allowed; did you mean 'clip'? Allowed values: clip, supervised"),
    ("shifts", "shifts.hard.kind", "chosen",
     "'chosen' is not allowed. Allowed values: testbed, folder, shards, cifar, adversarial"),
    ("shifts", "shifts.sketch.subset", ["cat", "cat"], "lists cat more than once"),
    ("shifts", "suites.natural", [], "must not be empty"),
    ("experiments", "families.yfcc.seeds", [0, 0], "lists 0 more than once"),
    ("experiments", "families.yfcc.seeds", [], "must not be empty"),
    ("experiments", "ensembles.pair.weights", [0.5, 0.2], "is [0.5, 0.2]; write equal, or rising weights"),
    ("experiments", "ensembles.pair.weights", "even", "is 'even'; write equal, or rising weights"),
    ("experiments", "ensembles.pair.members", ["yfcc"], "has too few items: at least 2"),
    ("experiments", "experiments.sources.axis", "logits",
     "'logits' is not allowed; did you mean 'logit'? Allowed values: probit"),
    ("experiments", "experiments.sources.level", 95, "is 95; it must be less than 1"),
    ("papers/qnq", "papers.qnq.figures.fig-02.script", "../x",
     "is '../x'; write <paper>/<script> below workflow/scripts/papers"),
    ("scales/demo", "study.follow_code", "maybe", "is 'maybe'; write true or false"),
    ("pools", "pools", ["yfcc"], "is ['yfcc']; write a mapping"),
]  # fmt: skip


@pytest.mark.parametrize(("file", "key", "value", "text"), WRONG_VALUES, ids=[f"{r[1]}={r[2]}" for r in WRONG_VALUES])
def test_wrong_value(study: StudyFiles, file: str, key: str, value: Any, text: str) -> None:
    lines = study.set(file, key, value).message().splitlines()
    parts = key.split(".")
    shown = "".join(f"[{part}]" if part.isdigit() else f".{part}" for part in parts)[1:]
    assert [line for line in lines if line.startswith(f"config/{file}.yaml: {shown}") and f": {text}" in line]


def test_template_needs_exactly_one_gap(study: StudyFiles) -> None:
    for wrong in ("a photo", "{} and {}", "a {name}", "{0}", "a { {}"):
        message = study.set("pools", "pools.photo.templates", ["a {}", wrong]).message()
        assert f"config/pools.yaml: pools.photo.templates[1]: is {wrong!r}; write exactly one {{}}" in message
        message = study.set("shifts", "shifts.sketch.prompts", [wrong]).message()
        assert f"config/shifts.yaml: shifts.sketch.prompts[0]: is {wrong!r}; write exactly one {{}}" in message


def test_kind_unknown_or_missing(study: StudyFiles) -> None:
    message = study.set("pools", "pools.web.kind", "shard").message()
    assert (
        "config/pools.yaml: pools.web.kind: 'shard' is not allowed; did you mean 'shards'? "
        "Allowed values: testbed, folder, shards" in message
    )
    message = study.remove("pools", "pools.web.kind").message()
    assert "config/pools.yaml: pools.web.kind: is missing. Allowed values: testbed, folder, shards" in message


def test_missing_key_says_what_it_is(study: StudyFiles) -> None:
    message = study.remove("shifts", "shifts.pacs.path").message()
    assert (
        "config/shifts.yaml: shifts.pacs.path: is missing; it must be given: folder or tar of class folders" in message
    )


@pytest.mark.parametrize("section", ["pools", "filters", "mixtures", "recipes"])
def test_wrong_slug_states_the_rule(study: StudyFiles, section: str) -> None:
    entries = study.files[section][section]
    entries["My_Web"] = next(iter(entries.values()))
    message = study.message()
    assert (
        f"config/{section}.yaml: {section}.My_Web: 'My_Web' is not a slug; use small letters, digits and hyphens"
        in message
    )
    assert "at most 40 characters, e.g. 'my-web'" in message


def test_too_long_slug(study: StudyFiles) -> None:
    assert "is not a slug" in study.set("mixtures", "mixtures.yfcc.sizes." + "a" * 41, 5).message()


def test_cross_field_rules_of_one_entry(study: StudyFiles) -> None:
    study.set("recipes", "recipes.clip.classes", "animals").remove("recipes", "recipes.supervised.classes")
    study.set("shifts", "classes.other", {}).set("filters", "filters.web.1.classes", ["cat"])
    study.set("filters", "filters.size", [{"kind": "image-size"}, {"kind": "image-size", "min_side": 3}])
    study.set("papers/qnq", "papers.qnq.tables.tab-01.experiment", "sources")
    message = study.message()
    assert "config/recipes.yaml: recipes.clip: a clip recipe learns from captions; remove `classes`" in message
    assert "config/recipes.yaml: recipes.supervised: a supervised recipe needs classes: <class list>" in message
    assert "config/shifts.yaml: classes.other: give either file: <path> or names: [class names]" in message
    assert "config/filters.yaml: filters.web[1]: give either classes: [names] or list: <class list>" in message
    assert "config/filters.yaml: filters.size[0]: give min_side, max_side, or both" in message
    assert (
        "papers.qnq.tables.tab-01: give one of pools: [pools], experiment: <experiment> or tables: [tables]" in message
    )


def test_steps_need_distinct_names(study: StudyFiles) -> None:
    steps = [{"kind": "exact-duplicate"}, {"kind": "exact-duplicate", "of": "caption"}]
    message = study.set("filters", "filters.twice", steps).message()
    assert "filters.twice: two steps are called exact-duplicate; give each its own `name`" in message
    steps[1]["name"] = "same-caption"
    study.load()


def test_weights_need_two_members(study: StudyFiles) -> None:
    message = study.set("experiments", "ensembles.pair.members", ["yfcc", "laion", "web"]).message()
    assert "ensembles.pair.weights: is a list, which needs two members, but there are 3; write equal" in message


def test_all_errors_are_shown_together_and_at_most_twenty(study: StudyFiles) -> None:
    study.set("pools", "pools.yfcc.items", 0).set("mixtures", "mixtures.both.entries.1.pool", "lion")
    study.set("recipes", "recipes.clip.batch", 100000)
    message = study.message()
    assert message.startswith("3 problems in the configuration:\n")
    assert (
        "pools.yfcc.items" in message and "mixtures.both.entries[1].pool" in message and "recipes.clip.batch" in message
    )
    many = ConfigError([Problem("file", f"key{index}", "is wrong") for index in range(25)])
    assert str(many).startswith("25 problems in the configuration:")
    assert "key19: " in str(many) and "key20: " not in str(many)
    assert str(many).endswith("... and 5 more; correct these first")


def test_error_is_shown_without_a_traceback() -> None:
    assert issubclass(ConfigError, ValueError) and issubclass(ConfigError, DatalinesError)


def test_broken_entry_does_not_cause_follow_up_errors(study: StudyFiles) -> None:
    message = study.set("pools", "pools.yfcc.items", "many").message()
    assert message.splitlines()[0] == "1 problem in the configuration:"


def test_numbers_as_yaml_1_2_writes_them(study: StudyFiles) -> None:
    study.files["recipes"] = yaml.safe_dump(study.files["recipes"]).replace("lr: 0.001", "lr: 1e-3")
    assert study.load().recipes["clip"].optimizer.lr == 1e-3


def test_class_list_files(study: StudyFiles) -> None:
    root = study.write()
    names = root / "config" / "classes" / "animals.txt"
    for text, expected in [
        (
            "cat\n\ndog\nhorse\n",
            "classes.animals.file: config/classes/animals.txt, line 2 is empty; write one class a line",
        ),
        ("cat\ndog\ncat\n", "classes.animals.file: config/classes/animals.txt, line 3 repeats 'cat' of line 1"),
        ("", "classes.animals.file: config/classes/animals.txt is empty"),
    ]:
        names.write_text(text)
        with pytest.raises(ConfigError) as caught:
            load_study(root, {})
        assert f"config/shifts.yaml: {expected}" in str(caught.value)
    names.unlink()
    with pytest.raises(ConfigError, match=r"cannot read config/classes/animals.txt: No such file"):
        load_study(root, {})


def test_models(study: StudyFiles) -> None:
    message = study.set("recipes", "recipes.clip.model", "tinny").message()
    assert (
        "config/recipes.yaml: recipes.clip.model: config/models/tinny.json does not exist; "
        "did you mean 'tiny'? Known models: tiny" in message
    )
    (study.root / "config" / "models" / "tinny.json").write_text("{")
    with pytest.raises(ConfigError, match=r"recipes.clip.model: config/models/tinny.json is not JSON"):
        load_study(study.root, {})


def places(node: Any, way: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every place in nested mappings and lists."""
    if way:
        yield way
    for key, value in node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ():
        yield from places(value, (*way, key))


JUNK: list[Any] = [
    None,
    5,
    -1,
    1.5,
    True,
    "x",
    "",
    "all",
    [],
    {},
    [1],
    [[]],
    [{}],
    {"a": 1},
    {"kind": "testbed"},
    10**30,
]


@settings(max_examples=150, deadline=None)
@given(place=st.sampled_from(list(places(FILES))), junk=st.sampled_from(JUNK))
def test_any_nonsense_is_a_config_error(
    tmp_path_factory: pytest.TempPathFactory, place: tuple[Any, ...], junk: Any
) -> None:
    """Whatever stands in whatever place, loading works or ends with a ConfigError, never with another exception."""
    study = StudyFiles(tmp_path_factory.mktemp("study"))
    node: Any = study.files
    for key in place[:-1]:
        node = node[key]
    node[place[-1]] = junk
    if len(place) == 1:
        study.files[place[0]] = yaml.safe_dump(junk)
    try:
        study.load().resolved()
    except ConfigError as error:
        assert error.problems


def test_items_missing_from_a_list_of_fixed_length(study: StudyFiles) -> None:
    message = study.set("pools", "pools.yfcc.domain", {"rotation": [5]}).message()
    assert "pools.yfcc.domain.rotation[1]: is missing; pools.yfcc.domain.rotation needs more items" in message
