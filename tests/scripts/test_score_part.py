"""The script that scores a part: run as a job would run it, its files, what it says when the weights are missing."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from datalines.config.errors import ConfigError
from datalines.files import sha256_file
from tests.unit.tiny_scorer import declared, write_part, write_weights
from workflow.scripts import score_part

ROOT = Path(__file__).parents[2]


def call(spec: dict[str, object], part: Path, out: Path, threads: int = 2) -> None:
    """The script's main."""
    score_part.main(spec, "web", part, part.with_suffix(".parquet"), out, threads)


def test_weights_are_found_through_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    part = write_part(tmp_path / "web")
    write_weights(tmp_path / "tiny.safetensors")
    monkeypatch.setenv("MODELS", str(tmp_path))
    spec = declared("$MODELS/tiny.safetensors")
    call(spec, part, tmp_path / "a" / "0.parquet", threads=1)
    call(spec, part, tmp_path / "b" / "0.parquet", threads=3)
    assert sha256_file(tmp_path / "a" / "0.parquet") == sha256_file(tmp_path / "b" / "0.parquet")
    assert pq.read_table(tmp_path / "a" / "0.parquet").num_rows == 12
    monkeypatch.delenv("MODELS")
    with pytest.raises(ConfigError, match=r"scorers\.tiny\.weights: \$MODELS is not set"):
        call(spec, part, tmp_path / "a" / "0.parquet")


def test_from_the_command_line(tmp_path: Path) -> None:
    part = write_part(tmp_path / "web")
    weights = tmp_path / "tiny.safetensors"
    spec = declared(str(weights))
    flags = {
        "spec": json.dumps(spec),
        "pool": "web",
        "receipt": part,
        "rows": part.with_suffix(".parquet"),
        "scores": tmp_path / "scores.parquet",
        "threads": 2,
    }
    command = [sys.executable, "-m", "workflow.scripts.score_part"]
    command += [text for name, value in flags.items() for text in (f"--{name}", str(value))]
    missing = subprocess.run(command, cwd=ROOT, env=dict(os.environ), capture_output=True, text=True)
    assert missing.returncode == 1 and "Traceback" not in missing.stderr
    assert f"scorers.tiny.weights: {weights} is missing. Weights are never downloaded" in missing.stderr
    assert not (tmp_path / "scores.parquet").exists()
    write_weights(weights)
    done = subprocess.run(command, cwd=ROOT, env=dict(os.environ), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "0.parquet of pool web: 12 stored, 12 scored, not scored: {}" in done.stderr
    call(spec, part, tmp_path / "again.parquet")
    assert sha256_file(tmp_path / "again.parquet") == sha256_file(tmp_path / "scores.parquet")
