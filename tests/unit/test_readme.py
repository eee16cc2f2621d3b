"""README's examples are true: its YAML loads as one study with the shipped configuration, its figure script draws, its
paths exist."""

import re
import types
from pathlib import Path
from typing import Any

import yaml

from datalines.config.load import load_study
from datalines.dag import Dag

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text()


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


def examples() -> dict[str, Any]:
    """All YAML examples together."""
    content: dict[str, Any] = {}
    for block in blocks("yaml"):
        for section, entries in yaml.safe_load(block).items():
            content.setdefault(section, {}).update(entries)
    return content


def test_the_yaml_examples_form_a_study() -> None:
    example = examples()
    script = example["papers"]["holidays"]["figures"]["fig-01"]["script"]
    example["papers"]["holidays"]["figures"]["fig-01"]["script"] = "qnq/fig_02_sources"
    assert script == "holidays/fig_01_lines"
    study = load_study(ROOT, {"scale": "demo", **example})
    dag = Dag(study, {})
    assert study.runs("holidays")[0].family == "holidays"
    assert dag.mixed("holidays-and-laion", "full")[0].endswith("shards/holiday-photos/web/manifest.json")
    assert dag.tables()["draw_figure"]["holidays"]["fig-01"]["shifts"] == ["holiday-sketches"]
    assert set(example) >= {
        "pools",
        "filters",
        "mixtures",
        "recipes",
        "shifts",
        "suites",
        "families",
        "experiments",
        "papers",
    }


def test_the_figure_example_is_a_figure_script() -> None:
    (source,) = blocks("python")
    module = types.ModuleType("fig_01_lines")
    exec(compile(source, "README.md", "exec"), module.__dict__)
    assert callable(module.__dict__["draw"])
    text = (module.__doc__ or "").format(reference="R", points=3, scale="demo", seeds=1)
    assert "accuracy on R" in text


def test_every_command_named_is_a_target_of_the_makefile() -> None:
    targets = set(re.findall(r"^([a-z]+):.*##", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = set(re.findall(r"`make ([a-z]+)", README))
    assert named and named <= targets


def test_the_tree_names_what_exists() -> None:
    tree = README.split("## What lies where")[1].split("```")[1]
    entries = [line.split()[0] for line in tree.strip().splitlines()]
    missing = [entry for entry in entries if entry != "results/" and not (ROOT / entry).exists()]
    assert entries and not missing
