"""The side-by-side measurement of shards runs, and compares what is comparable."""

from pathlib import Path

from benchmarks.sharding import loose, measure, mix_ours, pool, stored


def test_the_measurement_gives_a_ratio_for_every_pair() -> None:
    found = measure(samples=24, repeats=1)
    pairs = ("mix", "subset", "write")
    assert all(found[f"{pair}_vs_shardwriter"] > 0 for pair in pairs)
    assert all(set(found["raw"][pair]) == {"ours_seconds", "shardwriter_seconds"} for pair in pairs)
    assert found["raw"]["samples"] == 24


def test_its_pool_is_read_by_both_sides(tmp_path: Path) -> None:
    samples = loose(9)
    assert all(25_000 < len(sample.image) < 33_000 for sample in samples)
    manifest = pool(samples, tmp_path / "pool")
    mix_ours(manifest, 7, tmp_path / "out")
    read = [entry["jpg"] for entry in stored(tmp_path / "out" / "manifest.json")]
    assert read == [sample.image for sample in samples[:7]]
