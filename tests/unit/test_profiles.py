"""The profiles say only what this Snakemake understands, and nothing about science; one of them can be registered."""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from snakemake.cli import get_argument_parser

from profiles.register import TakenError, register
from tests.slurm import __main__ as slurm_tests

ROOT = Path(__file__).resolve().parents[2]
PROFILES = ROOT / "profiles"
NAMES = ("local", "gpu", "slurm")
# Options of the Slurm executor, known to Snakemake only where the plugin is installed (envs/slurm.lock).
SLURM_PREFIX = "slurm-"
GPU_RULES = {"score_part", "train_model", "evaluate_run"}


def read(name: str) -> dict[str, Any]:
    """A profile."""
    return dict(yaml.safe_load((PROFILES / name / "config.yaml").read_text()))


def rules() -> str:
    """The text of all rules."""
    return "".join(path.read_text() for path in sorted((ROOT / "workflow" / "rules").glob("*.smk")))


@pytest.mark.parametrize("name", NAMES)
def test_every_key_is_an_option_of_snakemake(name: str) -> None:
    known = {option.removeprefix("--") for action in get_argument_parser()._actions for option in action.option_strings}
    keys = set(read(name))
    assert {key for key in keys if key not in known and not key.startswith(SLURM_PREFIX)} == set()
    assert not keys & {"config", "configfile", "configfiles"}


@pytest.mark.parametrize("name", NAMES)
def test_every_rule_that_is_named_exists(name: str) -> None:
    profile = read(name)
    named = {*profile.get("set-resources", {}), *profile.get("set-threads", {})}
    named |= {group.split("=")[0] for group in profile.get("groups", [])}
    assert named - set(re.findall(r"^rule (\w+):", rules(), re.MULTILINE)) == set()


@pytest.mark.parametrize("key", ["rerun-triggers", "max-checksum-file-size", "rerun-incomplete", "scheduler"])
def test_all_profiles_decide_alike_what_is_run_again(key: str) -> None:
    values = [read(name)[key] for name in NAMES]
    assert values == [values[0]] * len(NAMES)
    assert "code" not in read("local")["rerun-triggers"]


def test_one_part_is_fetched_at_a_time_in_all_profiles() -> None:
    assert all("network=1" in read(name)["resources"] for name in NAMES)


def test_gpu_jobs_say_how_many_tasks_and_nodes_they_are() -> None:
    """Else some versions of the executor start one process for each GPU, and Slurm may give GPUs of several nodes."""
    resources = read("slurm")["set-resources"]
    assert {rule for rule, values in resources.items() if "gpu" in values} == GPU_RULES
    for rule in GPU_RULES:
        assert (resources[rule]["tasks_per_gpu"], resources[rule]["nodes"]) == (0, 1)
    assert {rule for rule, values in read("gpu")["set-resources"].items() if "gpu" in values} == GPU_RULES


def test_time_and_memory_grow_with_every_attempt() -> None:
    profile = read("slurm")
    for values in (profile["default-resources"], *profile["set-resources"].values()):
        for key in ("runtime", "mem_mb"):
            assert str(values.get(key, "attempt")).startswith("attempt")


def test_the_profile_alone_says_how_often_a_job_is_tried() -> None:
    assert read("slurm")["retries"] == 2
    assert "retries:" not in rules() + (ROOT / "Snakefile").read_text()


def test_a_group_runs_its_evaluations_in_turn() -> None:
    """Else the group asks for the GPUs, cores and memory of all of them."""
    profile = read("slurm")
    (group,), (components,) = profile["groups"], profile["group-components"]
    assert components.split("=")[0] == group.split("=")[1]
    assert profile["set-resources"][group.split("=")[0]]["turn"] == 1
    assert "turn=1" in profile["resources"] and "turn=local" in profile["set-resource-scopes"]


def test_a_profile_is_registered_once(tmp_path: Path) -> None:
    link = tmp_path / "snakemake" / "slurm"
    assert "works in this checkout" in register(link)
    assert link.resolve() == PROFILES / "slurm"
    before = os.lstat(link).st_mtime_ns
    assert "already" in register(link)
    assert os.lstat(link).st_mtime_ns == before


def test_a_link_to_a_checkout_that_is_gone_is_replaced(tmp_path: Path) -> None:
    link = tmp_path / "slurm"
    link.symlink_to(tmp_path / "gone")
    register(link)
    assert link.resolve() == PROFILES / "slurm"


@pytest.mark.parametrize("kind", ["folder", "file", "link"])
def test_what_somebody_else_put_there_is_left_as_it_is(tmp_path: Path, kind: str) -> None:
    link, other = tmp_path / "slurm", tmp_path / "other"
    other.mkdir()
    if kind == "folder":
        link.mkdir()
    elif kind == "file":
        link.write_text("jobs: 3\n")
    else:
        link.symlink_to(other)
    with pytest.raises(TakenError, match=r"left as it is. Move it away .*--workflow-profile profiles/slurm"):
        register(link)
    assert link.exists() and link.resolve() != PROFILES / "slurm"


def test_the_command_obeys_xdg_and_fails_with_words(tmp_path: Path) -> None:
    variables = {**os.environ, "XDG_CONFIG_HOME": str(tmp_path)}
    command = [sys.executable, "-m", "profiles.register"]
    assert subprocess.run(command, cwd=ROOT, env=variables, capture_output=True).returncode == 0
    link = tmp_path / "snakemake" / "slurm"
    link.unlink()
    link.mkdir()
    done = subprocess.run(command, cwd=ROOT, env=variables, capture_output=True, text=True)
    assert done.returncode == 1 and done.stderr.startswith(f"profile: error: {link} is a profile of your own")


@pytest.mark.parametrize(("choice", "status"), [("", 3), ("skip", 0)])
def test_a_host_without_slurm_is_told_loudly(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], choice: str, status: int
) -> None:
    monkeypatch.setattr(slurm_tests, "missing_programs", lambda: ["slurmd"])
    monkeypatch.setenv("DATALINES_SLURM", choice)
    assert slurm_tests.main([]) == status
    assert "SLURM TESTS DID NOT RUN: this host lacks slurmd" in capsys.readouterr().err
