"""The profiles say only what this Snakemake understands, and nothing about science."""

from pathlib import Path

import pytest
import yaml
from snakemake.cli import get_argument_parser

PROFILES = Path(__file__).resolve().parents[2] / "profiles"
# Options of the Slurm executor, known to Snakemake only where the plugin is installed (envs/slurm.lock).
SLURM_PREFIX = "slurm-"


@pytest.mark.parametrize("name", ["local", "slurm"])
def test_every_key_is_an_option_of_snakemake(name: str) -> None:
    known = {option.removeprefix("--") for action in get_argument_parser()._actions for option in action.option_strings}
    keys = set(yaml.safe_load((PROFILES / name / "config.yaml").read_text()))
    assert {key for key in keys if key not in known and not key.startswith(SLURM_PREFIX)} == set()
    assert not keys & {"config", "configfile", "configfiles"}


def test_both_profiles_decide_alike_what_is_run_again() -> None:
    local, slurm = (yaml.safe_load((PROFILES / name / "config.yaml").read_text()) for name in ("local", "slurm"))
    for key in ("rerun-triggers", "max-checksum-file-size", "rerun-incomplete"):
        assert local[key] == slurm[key]
    assert "code" not in local["rerun-triggers"]
