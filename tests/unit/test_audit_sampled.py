"""Level sample: models, filters, shards and mixtures that are drawn are made again, and what was changed is named."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from safetensors.numpy import load_file, save_file

from datalines.audit.reordered import reordered
from datalines.audit.rescored import FLIPS, LOGITS, compared, rescored
from datalines.audit.results import read_results
from datalines.audit.sampled import checks, drawn
from datalines.audit.verdicts import Verdict
from tests.unit.replayed_study import ROOT, Replayed, copied, found, pool, snapshot, train

PREDICTIONS = "evals/photos/full/0/natural.safetensors"
ALLOWED = np.array([True, True, True])


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Replayed:
    """A pool, a mixture and a run."""
    made = Replayed(tmp_path_factory.mktemp("study"))
    pool(made)
    train(made)
    return made


@pytest.fixture
def root(study: Replayed, tmp_path: Path) -> Path:
    """A copy of the results elsewhere."""
    return copied(study, tmp_path / "elsewhere")


def test_untouched_results_come_out_again_and_are_only_read(root: Path) -> None:
    before = snapshot(root)
    given = {check.name: check for check in checks(read_results(root), ROOT, 0, models=2, images=7)}
    assert snapshot(root) == before
    assert {name for name, check in given.items() if check.not_run} == set()
    assert not [entry for entry in found(*given.values()).values() if entry[0] is not Verdict.EQUIVALENT]
    assert len(given["rescored"].examined) == 4
    assert given["refiltered"].examined[0].startswith("filters/photos/web/")
    assert "mixtures/photos/full/manifest.json" in given["remixed"].examined
    assert "shards/photos/web/index.parquet" in given["shard-order"].examined


def test_a_changed_filter_shard_and_mixture_are_drifted(root: Path) -> None:
    kept = root / "filters/photos/web/kept.npy"
    np.save(kept, np.load(kept)[1:])
    mixture = root / "mixtures/photos/full/manifest.json"
    said = json.loads(mixture.read_text())
    mixture.write_text(json.dumps({**said, "order_sha256": "0" * 64}))
    given = found(*checks(read_results(root), ROOT, 0, models=1, images=1))
    assert given["filters/photos/web/kept.npy"][0] is Verdict.DRIFTED
    assert given["mixtures/photos/full/manifest.json#order_sha256"][0] is Verdict.DRIFTED
    verdict, reason = given["shards/photos/web/manifest.json"]
    assert (verdict, "kept.npy is altered" in reason) == (Verdict.UNVERIFIABLE, True)


def test_a_shard_that_a_mixture_cut_must_be_what_its_pool_says(root: Path) -> None:
    said = json.loads((root / "mixtures/photos/full/manifest.json").read_text())
    (cut,) = (shard["origin"] for shard in said["shards"] if shard["how"] == "cut")
    tar = root / "shards/photos/web" / cut
    data = bytearray(tar.read_bytes())
    data[600] ^= 1
    tar.write_bytes(data)
    given = found(*checks(read_results(root), ROOT, 0, models=1, images=1))
    verdict, reason = given["mixtures/photos/full/manifest.json"]
    assert verdict is Verdict.UNVERIFIABLE
    assert f"{cut} has been altered" in reason


def test_the_order_of_shards_needs_no_images(root: Path) -> None:
    (root / "pools/photos/0.tar").unlink()
    check = reordered(read_results(root), ROOT, 0, 1)
    given = found(check)
    assert {verdict for verdict, _ in given.values()} == {Verdict.UNVERIFIABLE}
    assert all(path.endswith(".tar") and "0.tar is missing" in reason for path, (_, reason) in given.items())
    assert "shards/photos/web/manifest.json" in check.examined
    assert "shards/photos/web/manifest.json" not in given


def test_other_rows_and_other_digests_of_shards_are_named(root: Path) -> None:
    manifest, listing = root / "shards/photos/web/manifest.json", root / "shards/photos/web/index.parquet"
    said = json.loads(manifest.read_text())
    said["order_sha256"] = "0" * 64
    for shard in said["shards"]:
        shard["sha256"] = "0" * 64
    manifest.write_text(json.dumps(said))
    rows = pd.read_parquet(listing)
    rows.loc[0, "caption"] = "another"
    rows.to_parquet(listing, row_group_size=len(rows))
    given = found(reordered(read_results(root), ROOT, 0, 1))
    assert "order_sha256" in given["shards/photos/web/manifest.json"][1]
    assert given["shards/photos/web/index.parquet"][0] is Verdict.DRIFTED
    tars = [path for path in given if path.endswith(".tar")]
    assert len(tars) == 2
    assert all(given[path][0] is Verdict.DRIFTED for path in tars)


def test_logits_of_another_model_are_drifted(root: Path) -> None:
    arrays = load_file(root / PREDICTIONS)
    for name in [name for name in arrays if name.startswith("00")]:
        arrays[name] = arrays[name][::-1].copy()
    save_file(arrays, root / PREDICTIONS)
    given = found(rescored(read_results(root), 0, 3, 18))
    assert len(given) == 6
    assert {verdict for verdict, _ in given.values()} == {Verdict.DRIFTED}


def test_what_is_missing_or_altered_is_named(root: Path) -> None:
    (root / "runs/photos/full/0/epoch-001.safetensors").unlink()
    weights = root / "runs/photos/full/0/epoch-002.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1] + b"x")
    (root / "shifts/sketch/images.tar").write_bytes(b"")
    given = found(rescored(read_results(root), 0, 3, 5))
    reasons = {
        path.partition("#")[2]: reason for path, (verdict, reason) in given.items() if verdict is Verdict.UNVERIFIABLE
    }
    assert "epoch-001.safetensors is missing" in reasons["001/reference"]
    assert "epoch-002.safetensors is altered" in reasons["002/reference"]
    assert "images.tar is altered" in reasons["003/sketch"]
    assert given.get(f"{PREDICTIONS}#003/reference", (Verdict.IDENTICAL,))[0] is not Verdict.UNVERIFIABLE


def test_an_evaluation_set_that_was_made_anew_is_told(root: Path) -> None:
    manifest = root / "shifts/sketch/manifest.json"
    manifest.write_text(json.dumps({**json.loads(manifest.read_text()), "id_set_sha256": "0" * 64}))
    given = found(rescored(read_results(root), 0, 1, 5))
    ((verdict, reason),) = (entry for path, entry in given.items() if path.endswith("/sketch"))
    assert (verdict, "other images" in reason) == (Verdict.UNVERIFIABLE, True)


def test_the_seed_decides_what_is_drawn(root: Path) -> None:
    results = read_results(root)
    for seed in (0, 1):
        chosen = [rescored(results, seed, 1, 1).examined for _ in range(2)]
        assert chosen[0] == chosen[1]
    assert len({tuple(rescored(results, seed, 1, 1).examined) for seed in range(8)}) > 1
    assert len(drawn(results, "filter_pool", 0, 5)) == 1


def test_logits_within_the_tolerance_are_equivalent() -> None:
    draws = np.random.default_rng(0).normal(0, 10, (1000, 3)).astype(np.float32)
    assert compared(draws, draws, ALLOWED) == (Verdict.IDENTICAL, "")
    assert compared(draws, draws * np.float32(1 + LOGITS / 2), ALLOWED)[0] is Verdict.EQUIVALENT
    assert compared(draws, draws * np.float32(1 + LOGITS * 2), ALLOWED)[0] is Verdict.DRIFTED


def test_more_flips_than_declared_are_drifted_however_small_their_cause() -> None:
    near = np.zeros((1000, 3), dtype=np.float32)
    near[:, 0] = LOGITS / 4
    most = round(1000 * FLIPS)
    for flips, verdict in ((most, Verdict.EQUIVALENT), (most + 1, Verdict.DRIFTED)):
        other = near.copy()
        other[:flips, 1] = LOGITS / 2
        assert compared(near, other, ALLOWED)[0] is verdict
