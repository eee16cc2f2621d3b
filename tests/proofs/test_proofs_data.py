"""Mixture proof, order proof and exclusion proof: what training saw, held against what it should have seen."""

import shutil

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from datalines.audit.verdicts import Verdict
from datalines.files import digest_json, read_json
from datalines.idsets import write_ids
from datalines.shards import id_set_digest
from tests.proofs.proof_data import make_filter, make_mixture, make_shards, member
from tests.proofs.proof_folder import LIST, MIXED, RUN, SUMMARY, Folder, at
from tests.proofs.proof_runs import seen_by


def note(folder: Folder, seed: int = 0) -> None:
    """Have the run of `both` note what follows from the mixture as it is now."""
    manifest = folder.json(MIXED)
    data = digest_json([shard["sha256"] for shard in manifest["shards"]])
    facts = {key: manifest[key] for key in ("id_set_sha256", "order_sha256", "samples")}
    folder.change(SUMMARY, seen=seen_by(manifest, seed), data=data, **facts)


def test_a_sound_study_has_no_findings_and_its_shares_are_told(folder: Folder) -> None:
    checks = folder.checks()
    for name in ("mixture-proof", "order-proof", "exclusion-proof"):
        assert checks[name].examined and not checks[name].not_run
        assert {finding.verdict for finding in checks[name].findings} <= {Verdict.IDENTICAL}
    words = {finding.artifact: finding.reason for finding in checks["mixture-proof"].findings}
    assert words[SUMMARY] == "saw 72 samples in 3 epochs: blue 28 (38.89%), red 44 (61.11%)"


def test_samples_of_one_source_counted_for_another_are_found(folder: Folder) -> None:
    index = folder.index(MIXED)
    shard = index["shard"][index["pool"] == "red"].iloc[-1]
    moved = int((index["shard"] == shard).sum())
    index.loc[index["shard"] == shard, "pool"] = "blue"
    folder.write_index(MIXED, index)
    manifest = folder.json(MIXED)
    for entry in manifest["shards"]:
        entry["pool"] = "blue" if entry["path"] == shard else entry["pool"]
    for entry, count in zip(manifest["entries"], (18 - moved, 12 + moved), strict=True):
        entry |= {"asked": count, "samples": count, "share": count / 30}
    folder.change(MIXED, **manifest)
    params = folder.job("mix_shards", "both-full")["params"]
    for entry, count in zip(params["spec"]["entries"], (18 - moved, 12 + moved), strict=True):
        entry["count"] = count
    folder.change_job("mix_shards", "both-full", params=params)
    note(folder)
    found = folder.found("mixture-proof")
    assert found[MIXED] == (
        Verdict.DRIFTED,
        f"{moved} samples that are counted for blue are not in the shards of that pool",
    )


def test_a_share_that_the_index_does_not_bear_out_is_found(folder: Folder) -> None:
    entries = folder.json(MIXED)["entries"]
    for entry, count in zip(entries, (15, 15), strict=True):
        entry |= {"asked": count, "samples": count, "share": 0.5}
    folder.change(MIXED, entries=entries)
    params = folder.job("mix_shards", "both-full")["params"]
    for entry in params["spec"]["entries"]:
        entry["count"] = 15
    folder.change_job("mix_shards", "both-full", params=params)
    verdict, reason = folder.found("mixture-proof")[MIXED]
    assert verdict is Verdict.DRIFTED and "samples by source in the index" in reason


def test_a_count_that_nobody_asked_for_is_found(folder: Folder) -> None:
    params = folder.job("mix_shards", "both-full")["params"]
    params["spec"]["entries"][0]["count"] = 20
    folder.change_job("mix_shards", "both-full", params=params)
    verdict, reason = folder.found("mixture-proof")[MIXED]
    assert verdict is Verdict.DRIFTED and reason == "the number of samples of red is 18, but should be 20"


def test_a_sample_that_is_there_twice_is_found(folder: Folder) -> None:
    index = folder.index(MIXED)
    index.loc[1] = index.loc[0]
    folder.write_index(MIXED, index)
    note(folder)
    verdict, reason = folder.found("mixture-proof")[MIXED]
    assert verdict is Verdict.DRIFTED and "the number of different samples is 29, but should be 30" in reason


@pytest.mark.parametrize("moved", [1, 20])
def test_shares_that_training_did_not_see_are_found(folder: Folder, moved: int) -> None:
    seen = folder.json(SUMMARY)["seen"]
    seen[1]["sources"]["red"] -= moved
    seen[1]["sources"]["blue"] += moved
    folder.change(SUMMARY, seen=seen)
    verdict, reason = folder.found("mixture-proof")[SUMMARY]
    assert verdict is Verdict.DRIFTED and "epoch 2" in reason
    if moved == 20:
        assert "of which the mixture holds" in reason


def test_an_epoch_that_was_cut_short_is_found(folder: Folder) -> None:
    folder.change(SUMMARY, seen=folder.json(SUMMARY)["seen"][:2])
    for name in ("mixture-proof", "order-proof"):
        assert folder.found(name)[SUMMARY][0] is Verdict.DRIFTED


def test_another_order_of_the_same_samples_is_found(folder: Folder) -> None:
    index = folder.index(MIXED)
    index["id"] = index["id"].to_numpy()[::-1]
    folder.write_index(MIXED, index)
    folder.change(SUMMARY, order_sha256=folder.json(MIXED)["order_sha256"])
    assert list(folder.found("order-proof")) == [SUMMARY, SUMMARY.replace("/0/", "/1/")]


def test_a_run_that_is_passed_off_as_another_seed_is_found(folder: Folder) -> None:
    """Every other number of the copy fits: it stands for seed 2, which nobody trained."""
    shutil.copytree(folder.root / RUN, folder.root / "runs" / "both" / "full" / "2")
    folder.change("runs/both/full/2/summary.json", seed=2)
    receipt = folder.job("train_model", "both-full-0")
    text = {name: at("runs", "both", "full", "2", name) for name in ("summary.json", "history.csv")}
    outputs: dict[str, dict[str, str]] = {path: {} for path in text.values()}
    target = folder.root / "receipts" / "train_model" / "both-full-2.json"
    shutil.copyfile(target.with_name("both-full-0.json"), target)
    names = {**receipt["names"], "outputs": text}
    wildcards = {**receipt["wildcards"], "seed": "2"}
    folder.change_job("train_model", "both-full-2", outputs=outputs, wildcards=wildcards, names=names)
    verdict, reason = folder.found("order-proof")["runs/both/full/2/summary.json"]
    assert verdict is Verdict.DRIFTED and "epoch 1: the order that was noted is not that of" in reason


def test_a_mixture_that_was_made_again_otherwise_makes_the_run_stale(folder: Folder) -> None:
    make_mixture(folder, "both", {"red": 17, "blue": 13})
    verdict, reason = folder.found("order-proof")[SUMMARY]
    assert verdict is Verdict.STALE and "trained on other samples than" in reason


def test_a_run_of_before_is_unverifiable(folder: Folder) -> None:
    folder.without(SUMMARY, "seen", "order_sha256")
    for name in ("mixture-proof", "order-proof"):
        verdict, reason = folder.found(name)[SUMMARY]
        assert verdict is Verdict.UNVERIFIABLE and "train it again" in reason


def test_samples_that_did_not_decode_are_replaced_as_in_training(folder: Folder) -> None:
    """In its micro-batch, the next sample stands for one that does not decode; nothing else will do."""
    manifest, ids = folder.json(MIXED), folder.index(MIXED)["id"]
    folder.change(SUMMARY, undecodable=[{"id": ids[5], "reason": "no image"}], seen=seen_by(manifest, 0, broken=5))
    assert SUMMARY not in folder.found("order-proof")
    folder.change(SUMMARY, undecodable=[{"id": ids[6], "reason": "no image"}])
    assert folder.found("order-proof")[SUMMARY][0] is Verdict.DRIFTED


def admit(folder: Folder) -> None:
    """Make the study again as if there were no exclusion list, and sign that there was."""
    make_filter(folder, "red", excluding=False)
    make_shards(folder, "red")
    make_mixture(folder, "both", {"red": 36, "blue": 12})
    note(folder)


def test_samples_on_a_list_are_found_in_shards_mixtures_and_training(folder: Folder) -> None:
    admit(folder)
    found = folder.found("exclusion-proof")
    asked = sorted(member("red", number).id for number in (3, 5))
    for path in ("shards/red/some/manifest.json", MIXED, SUMMARY):
        verdict, reason = found[path]
        assert verdict is Verdict.DRIFTED and "2 samples" in reason and "on an exclusion list" in reason
        assert all(name in reason for name in asked)
    assert "shards/blue/some/manifest.json" not in found


def test_what_a_list_names_since_is_stale(folder: Folder) -> None:
    kept = str(folder.index("shards/red/some/manifest.json")["id"][0])
    folder.sign()
    with (folder.checkout / LIST).open("a") as stream:
        stream.write(f"red,{kept},,asked since\n")
    found = {finding.artifact: finding for finding in folder.checks_as_signed()["exclusion-proof"].findings}
    finding = found["shards/red/some/manifest.json"]
    assert finding.verdict is Verdict.STALE and kept in finding.reason


def test_a_list_that_is_not_at_hand_is_said(folder: Folder) -> None:
    folder.sign()
    (folder.checkout / LIST).unlink()
    findings = folder.checks_as_signed()["exclusion-proof"].findings
    assert {finding.verdict for finding in findings} == {Verdict.UNVERIFIABLE}
    assert "the exclusion list ../../config/excluded.csv is not at hand" in findings[0].reason


def test_samples_that_the_filter_dropped_are_found_in_a_mixture(folder: Folder) -> None:
    dropped = pd.read_parquet(folder.root / "filters" / "red" / "some" / "dropped.parquet")
    index = folder.index(MIXED)
    index.loc[2, "id"] = dropped.loc[dropped["reason"] == "short", "id"].iloc[0]
    folder.write_index(MIXED, index)
    note(folder)
    found = folder.found("exclusion-proof")
    assert found[MIXED][0] is Verdict.DRIFTED and "1 samples of red that filter some dropped" in found[MIXED][1]


def test_samples_that_a_pool_could_not_use_are_found(folder: Folder) -> None:
    rows = folder.root / "pools" / "blue" / "0.parquet"
    frame = pd.read_parquet(rows)
    frame.loc[frame["id"] == member("blue", 4).id, "status"] = "opted_out"
    pq.write_table(pa.Table.from_pandas(frame, pq.read_schema(rows), preserve_index=False), rows)
    verdict, reason = folder.found("exclusion-proof")["shards/blue/some/manifest.json"]
    assert verdict is Verdict.DRIFTED and "1 samples are none that the pool could use" in reason


def test_a_run_is_held_against_the_ids_that_were_kept_for_it(folder: Folder) -> None:
    """The mixture was made again without the sample; the run still saw it."""
    ids = [*folder.index(MIXED)["id"][1:], member("red", 3).id]
    digest = id_set_digest(ids)
    write_ids(folder.root / "state" / "mixtures" / f"{digest}.npy", [ids], 30, "test")
    folder.change(SUMMARY, id_set_sha256=digest)
    found = folder.found("exclusion-proof")
    assert found[SUMMARY][0] is Verdict.DRIFTED and member("red", 3).id in found[SUMMARY][1]
    assert MIXED not in found
    write_ids(folder.root / "state" / "mixtures" / f"{digest}.npy", [ids[:-1]], 29, "test")
    assert "the digest of the ids in" in folder.found("exclusion-proof")[SUMMARY][1]
    (folder.root / "state" / "mixtures" / f"{digest}.npy").unlink()
    assert folder.found("exclusion-proof")[SUMMARY][0] is Verdict.UNVERIFIABLE


def test_malformed_files_are_corrupt_and_nothing_falls_over(folder: Folder) -> None:
    folder.change(MIXED, entries=[{"pool": "red"}])
    folder.change(SUMMARY, recipe={})
    checks = folder.checks()
    assert read_json(folder.root / MIXED)["entries"] == [{"pool": "red"}]
    for name in ("mixture-proof", "order-proof"):
        found = {finding.artifact: finding.verdict for finding in checks[name].findings}
        assert found[SUMMARY] in (Verdict.CORRUPT, Verdict.DRIFTED)
