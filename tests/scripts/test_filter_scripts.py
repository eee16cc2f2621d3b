"""Filtering by hashes, scores and exclusion lists, and the overlap of pools, by calling the scripts' `main`."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from datalines.errors import CountError, DatalinesError
from datalines.files import read_json
from tests.builders import Pipeline, encode, folder_pool, folder_shift, make_folder, noise
from tests.unit.test_hashes import smooth
from workflow.scripts import collect_overlap, filter_pool, hash_part, hash_shift, prepare_shift

ROOT = Path(__file__).resolve().parents[2]
ALIKE = {"kind": "near-duplicate", "name": "alike", "distance": 6, "within": True, "pools": [], "shifts": []}


def picture(seed: int, quality: int = 90, side: int = 200) -> bytes:
    """One picture in several qualities and sizes."""
    image = smooth(seed)
    return encode(image.resize((side, side * 3 // 4)), "JPEG", quality=quality)


def obtain(tmp_path: Path, pipeline: Pipeline, pool: str, images: dict[str, bytes], parts: int = 1) -> list[Path]:
    files = {f"cat/{name}.jpg": data for name, data in images.items()}
    return pipeline.download(pool, folder_pool(make_folder(tmp_path / pool, files), parts=parts))


def hashed(pipeline: Pipeline, pool: str, receipts: list[Path]) -> list[Path]:
    found = []
    for receipt in receipts:
        found.append(pipeline.root / "hashes" / pool / f"{receipt.stem}.parquet")
        hash_part.main(receipt, receipt.with_suffix(".parquet"), found[-1], threads=2)
    return found


def evaluation_set(tmp_path: Path, pipeline: Pipeline, name: str, images: dict[str, bytes]) -> Path:
    files = {f"cat/{key}.jpg": data for key, data in images.items()}
    manifest = pipeline.root / "shifts" / name / "manifest.json"
    spec = folder_shift(make_folder(tmp_path / f"set-{name}", files), len(images), ["cat"])
    prepare_shift.main(name, spec, manifest)
    path = pipeline.root / "hashes" / "shifts" / f"{name}.parquet"
    hash_shift.main(manifest, path, threads=2)
    return path


def decided(pipeline: Pipeline, pool: str, steps: list[dict[str, Any]], **inputs: Any) -> tuple[dict[str, str], Any]:
    """{key: reason} of a pool's stored rows, and the report."""
    folder = pipeline.root / "filters" / pool / "some"
    paths = [folder / "kept.npy", folder / "dropped.parquet", folder / "report.json"]
    filter_pool.main(pool, "some", steps, inputs.pop("receipts"), *paths, **inputs)
    assert sorted(path.name for path in folder.iterdir()) == ["dropped.parquet", "kept.npy", "report.json"]
    rows = pd.concat([pd.read_parquet(path) for path in (pipeline.root / "pools" / pool).glob("*.parquet")])
    keys = dict(zip(rows["id"], rows["key"].str.removeprefix("cat/").str.removesuffix(".jpg"), strict=True))
    dropped = pq.read_table(paths[1]).to_pydict()
    reasons = dict(zip(dropped["id"], dropped["reason"], strict=True))
    reasons |= dict.fromkeys(np.load(paths[0]).astype(str).tolist(), "")
    return {keys[identity]: reason for identity, reason in reasons.items()}, read_json(paths[2])


def test_look_alikes_of_the_pool_of_another_pool_and_of_evaluation_sets_are_dropped(
    tmp_path: Path, pipeline: Pipeline
) -> None:
    own = {"a": picture(1), "b": picture(2), "c": picture(3), "d": picture(4), "a-small": picture(1, 60, 90)}
    receipts = obtain(tmp_path, pipeline, "web", own, parts=2)
    other = obtain(tmp_path, pipeline, "other", {"b-small": picture(2, 60, 90), "x": picture(9)})
    sets = [
        evaluation_set(tmp_path, pipeline, "v2", {"c": picture(3, 50, 120), "y": picture(8)}),
        evaluation_set(tmp_path, pipeline, "sketch", {"z": picture(7)}),
    ]
    reasons, report = decided(
        pipeline,
        "web",
        [{**ALIKE, "pools": ["other"], "shifts": ["v2", "sketch"]}],
        receipts=receipts,
        hashes=hashed(pipeline, "web", receipts),
        other_receipts=other,
        other_hashes=hashed(pipeline, "other", other),
        shift_hashes=sets,
        threads=2,
    )
    pair = {reasons.pop("a"), reasons.pop("a-small")}
    assert pair == {"", "alike"}
    assert reasons == {"b": "alike", "c": "alike", "d": ""}
    assert report["overlap"] == {"v2": 1, "sketch": 0}
    assert (report["input"], report["kept"], report["dropped"], report["unmatched"]) == (5, 2, {"alike": 3}, 0)


def test_excluded_rows_fall_first_and_entries_without_a_row_are_counted(tmp_path: Path, pipeline: Pipeline) -> None:
    receipts = obtain(tmp_path, pipeline, "web", {"a": picture(1), "b": picture(2), "c": picture(3)}, parts=2)
    first, second = tmp_path / "first.csv", tmp_path / "second.txt"
    first.write_text("pool,key\nweb,cat/a.jpg\nother,cat/b.jpg\n,cat/gone.jpg\n")
    second.write_text("0" * 32 + "\n")
    small = {"kind": "image-size", "name": "small", "min_side": 999, "max_side": None}
    reasons, report = decided(pipeline, "web", [small], receipts=receipts, exclusions=[first, second])
    assert reasons == {"a": "excluded", "b": "small", "c": "small"}
    assert list(report["dropped"].items()) == [("excluded", 1), ("small", 2)]
    assert report["unmatched"] == 2
    assert report["steps"] == [small]


def test_without_lists_the_report_has_no_such_reason(tmp_path: Path, pipeline: Pipeline) -> None:
    receipts = obtain(tmp_path, pipeline, "web", {"a": picture(1)})
    inputs: dict[str, list[Path]] = {name: [] for name in ("hashes", "scores", "exclusions", "shift_hashes")}
    _, report = decided(pipeline, "web", [], receipts=receipts, **inputs)
    counted = {"input": 1, "kept": 1, "dropped": {}, "overlap": {}, "unmatched": 0}
    assert report == {"pool": "web", "filter": "some", "steps": [], **counted}


def test_hashes_of_an_older_part_are_refused(tmp_path: Path, pipeline: Pipeline) -> None:
    receipts = obtain(tmp_path, pipeline, "web", {"a": picture(1), "b": picture(2)})
    hashes = hashed(pipeline, "web", receipts)
    newer = obtain(tmp_path, pipeline, "web", {"c": picture(3)})
    with pytest.raises(CountError, match=r"hashes/web/0\.parquet is not about the stored rows of .*web/0\.parquet"):
        decided(pipeline, "web", [ALIKE], receipts=newer, hashes=hashes)


def overlap_of(pipeline: Pipeline, kept: list[Path], receipts: list[Path], hashes: list[Path], sets: list[Path]) -> Any:
    table = pipeline.root / "records" / "overlap.csv"
    collect_overlap.main(kept, receipts, hashes, sets, 6, table, threads=2)
    assert [path.name for path in table.parent.iterdir()] == ["overlap.csv"]
    found = pd.read_csv(table)
    assert list(found) == ["a", "b", "kind", "n", "of", "share"]
    return found, {(row["a"], row["b"], row["kind"]): (row["n"], row["of"]) for row in found.to_dict("records")}


def test_the_overlap_of_every_ordered_pair_counts_rows_of_the_first(tmp_path: Path, pipeline: Pipeline) -> None:
    same = picture(1)
    web = obtain(tmp_path, pipeline, "web", {"a": same, "b": same, "c": picture(2), "d": picture(3)}, parts=2)
    art = obtain(tmp_path, pipeline, "art", {"a": same, "c-small": picture(2, 60, 90)})
    hashes = [*hashed(pipeline, "web", web), *hashed(pipeline, "art", art)]
    sets = [evaluation_set(tmp_path, pipeline, "v2", {"d": picture(3), "z": picture(7)})]
    kept = [pipeline.filter(pool, receipts, []) / "kept.npy" for pool, receipts in (("web", web), ("art", art))]
    found, counts = overlap_of(pipeline, kept, [*web, *art], hashes, sets)
    assert counts == {
        ("web", "art", "exact"): (2, 4),
        ("web", "art", "near"): (3, 4),
        ("web", "v2", "exact"): (1, 4),
        ("web", "v2", "near"): (1, 4),
        ("art", "web", "exact"): (1, 2),
        ("art", "web", "near"): (2, 2),
        ("art", "v2", "exact"): (0, 2),
        ("art", "v2", "near"): (0, 2),
    }
    assert found["share"].tolist() == (found["n"] / found["of"]).tolist()


def test_only_kept_rows_overlap_and_two_filters_of_a_pool_are_told_apart(tmp_path: Path, pipeline: Pipeline) -> None:
    web = obtain(tmp_path, pipeline, "web", {"a": picture(1), "b": picture(2), "c": encode(noise(9, 9, 0), "PNG")})
    hashes = hashed(pipeline, "web", web)
    large = {"kind": "image-size", "name": "small", "min_side": 20, "max_side": None}
    kept = [pipeline.filter("web", web, steps, name) / "kept.npy" for name, steps in (("all", []), ("large", [large]))]
    _, counts = overlap_of(pipeline, kept, web, hashes, [])
    assert counts == {
        ("web/all", "web/large", "exact"): (2, 3),
        ("web/all", "web/large", "near"): (2, 3),
        ("web/large", "web/all", "exact"): (2, 2),
        ("web/large", "web/all", "near"): (2, 2),
    }


def test_kept_ids_without_stored_rows_and_pools_without_parts_are_errors(tmp_path: Path, pipeline: Pipeline) -> None:
    web = obtain(tmp_path, pipeline, "web", {"a": picture(1), "b": picture(2)}, parts=2)
    hashes = hashed(pipeline, "web", web)
    kept = pipeline.filter("web", web, []) / "kept.npy"
    with pytest.raises(CountError, match=r"kept\.npy holds 2 ids, of which 1 are stored; delete it and run again"):
        overlap_of(pipeline, [kept], web[:1], hashes, [])
    with pytest.raises(DatalinesError, match=r"kept\.npy: no receipt of a part of pool web is among the inputs"):
        overlap_of(pipeline, [kept], [], [], [])
    with pytest.raises(DatalinesError, match=r"^the overlap of pools needs phash, which neither"):
        overlap_of(pipeline, [kept], web, [], [])


def test_the_script_runs_by_hand_and_tells_an_error_in_a_sentence(tmp_path: Path, pipeline: Pipeline) -> None:
    (receipt,) = obtain(tmp_path, pipeline, "web", {"a": picture(1)})
    receipt.with_suffix(".tar").unlink()
    command = [sys.executable, "-m", "workflow.scripts.hash_part", "--receipt", str(receipt)]
    command += ["--rows", str(receipt.with_suffix(".parquet")), "--hashes", str(tmp_path / "out.parquet")]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert result.returncode == 1
    assert "0.tar is missing: delete" in result.stderr
    assert "Traceback" not in result.stderr
