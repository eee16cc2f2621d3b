"""What was altered between two jobs is refused by the second, or made anew, and never carried on."""

import os
import random
import sys
from pathlib import Path

import pandas as pd
import pytest

from datalines.environment import environment
from datalines.errors import DatalinesError
from datalines.files import sha256_file, write_json
from datalines.finished import DIGESTS, recall, remember
from datalines.sharding.ledger import NAME, Ledger
from datalines.shards import Sample, image_bytes, write_shard
from tests.campaigns.faults.damaging import FLIPPED, damaged
from tests.unit.mixture_files import mixed, source
from workflow.scripts.evaluate_run import weights

ENTRY = {"path": "00000.tar", "samples": 2, "bytes": 5, "sha256": "0a" * 32}


def alter(path: Path, place: int) -> None:
    """Flip a bit in the file itself; its length and its time stay."""
    before, content = path.stat(), bytearray(path.read_bytes())
    content[place] ^= 1
    with path.open("r+b") as stream:
        stream.write(content)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def test_an_altered_image_of_an_evaluation_set(tmp_path: Path) -> None:
    """Its index says what every image was; one without that column, of an older version, is read as before."""
    _, rows = write_shard(tmp_path / "images.tar", [Sample(f"s{n}", "jpg", b"pixels" * 9, "", "cat") for n in range(3)])
    index = pd.DataFrame(rows)
    assert list(image_bytes(index, tmp_path)) == [b"pixels" * 9] * 3
    alter(tmp_path / "images.tar", rows[1]["image_offset"] + 4)
    with pytest.raises(
        DatalinesError, match=r"images\.tar has been altered at byte \d+: delete .*manifest\.json and run"
    ):
        list(image_bytes(index, tmp_path))
    assert len(list(image_bytes(index.drop(columns="sha256"), tmp_path))) == 3


def test_an_altered_shard_is_not_cut(tmp_path: Path) -> None:
    pool = source(tmp_path, "aa", 7)
    _, shards, _ = mixed([(pool, 5)], tmp_path / "out", 0)
    (cut,) = (shard for shard in shards if shard["how"] == "cut")
    alter(tmp_path / "aa" / cut["origin"], 700)
    with pytest.raises(DatalinesError, match=rf"{cut['origin']} has been altered: delete .*aa/manifest\.json and run"):
        mixed([(pool, 5)], tmp_path / "again", 0)


def test_altered_weights_are_not_evaluated(tmp_path: Path) -> None:
    summary, path = tmp_path / "summary.json", tmp_path / "epoch-001.safetensors"
    path.write_bytes(b"weights")
    record = {"weights": [{"path": path.name, "sha256": sha256_file(path)}]}
    assert weights(summary, record) == [path]
    alter(path, 3)
    with pytest.raises(DatalinesError, match=r"epoch-001\.safetensors is listed in .* but altered: delete .*summary"):
        weights(summary, record)


@pytest.fixture
def run(tmp_path: Path) -> tuple[Path, list[Path]]:
    """State and outputs of a finished run that is remembered."""
    outputs = [tmp_path / "run" / name for name in ("summary.json", "history.csv")]
    write_json(outputs[0], {"weights": []})
    outputs[1].write_text("step,loss\n1,0.5\n")
    remember(tmp_path / "state" / "abc", outputs)
    return tmp_path / "state" / "abc", outputs


@pytest.mark.parametrize("altered", ["summary.json", "history.csv", DIGESTS])
def test_a_finished_run_that_was_altered_is_not_recalled(run: tuple[Path, list[Path]], altered: str) -> None:
    """The outputs share a file with what was kept of them, so that damage to one is damage to the other."""
    state, outputs = run
    assert recall(state, outputs)
    kept = state.with_suffix(".done") / altered
    alter(kept if altered == DIGESTS else outputs[0].with_name(altered), 8)
    for path in outputs:
        path.unlink()
    assert not recall(state, outputs) and not any(path.exists() for path in outputs)


def test_a_run_of_an_older_version_is_recalled(run: tuple[Path, list[Path]]) -> None:
    state, outputs = run
    (state.with_suffix(".done") / DIGESTS).unlink()
    assert recall(state, outputs)


def test_a_ledger_whose_line_was_altered_knows_the_tar_no_more(tmp_path: Path) -> None:
    (tmp_path / "00000.tar").write_bytes(b"bytes")
    Ledger(tmp_path).note(ENTRY, "content")
    whole = (tmp_path / NAME).read_bytes()
    assert Ledger(tmp_path).unchanged("00000.tar", "content") == ENTRY
    for seed in range(60):
        changed, how = damaged(whole.rstrip(b"\n"), FLIPPED, random.Random(seed))
        (tmp_path / NAME).write_bytes(changed)
        assert Ledger(tmp_path).unchanged("00000.tar", "content") in (None, ENTRY), how
    older = whole[: whole.rindex(b', "seal"')] + b"}\n"
    (tmp_path / NAME).write_bytes(older)
    assert Ledger(tmp_path).unchanged("00000.tar", "content") == ENTRY


def test_the_environment_is_the_same_in_a_forked_job(monkeypatch: pytest.MonkeyPatch) -> None:
    """A fork has the script's folders in its path once more; the report shows the digest of what is installed."""
    environment.cache_clear()
    before = environment()["installed"]
    monkeypatch.setattr(sys, "path", [*sys.path, *sys.path[-2:]])
    environment.cache_clear()
    assert environment()["installed"] == before
    environment.cache_clear()
