"""What the campaign of faults does to files."""

import os
import random
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.campaigns.faults.damaging import (
    DELETED,
    EMPTIED,
    FLIPPED,
    SWAPPED,
    TRUNCATED,
    WAYS,
    Damage,
    by_kind,
    damage,
    damaged,
    inflict,
    names_of,
    partners,
)
from tests.unit.results_folder import build

TAR, LINKED = "shards/cats/web/00001.tar", "mixtures/felines/full/00001.tar"


@pytest.fixture
def results(tmp_path: Path) -> Path:
    """A small results folder."""
    return build(tmp_path / "checkout").root


def contents(results: Path) -> dict[str, bytes]:
    """Every file."""
    return {path.relative_to(results).as_posix(): path.read_bytes() for path in results.rglob("*") if path.is_file()}


def test_every_kind_of_file_can_be_damaged(results: Path) -> None:
    found = by_kind(results)
    assert {"receipt", "run .safetensors", "predictions .safetensors", "mixture .parquet"} <= found.keys()
    assert {"shards .tar", "records .csv", "figure .pdf", "table .tex", "run .json"} <= found.keys()
    assert all((results / path).is_file() for paths in found.values() for path in paths)
    assert TAR in found["shards .tar"] and LINKED in found["mixture .tar"]


def test_one_bit_is_flipped() -> None:
    for seed in range(50):
        content, _ = damaged(b"some bytes", FLIPPED, random.Random(seed))
        before, after = (int.from_bytes(data, "big") for data in (b"some bytes", content))
        assert len(content) == 10 and (before ^ after).bit_count() == 1


def test_what_is_truncated_says_less() -> None:
    """Not only the last line break is lost, after which a text says the same."""
    for seed in range(50):
        content, _ = damaged(b"text\n", TRUNCATED, random.Random(seed))
        assert len(content) < 4 and b"text\n".startswith(content)
    assert damaged(b"x", TRUNCATED, random.Random(0))[0] == b""
    assert damaged(b"text\n", EMPTIED, random.Random(0))[0] == b""


def in_place(results: Path, way: str, wanted: bool) -> tuple[Damage, os.stat_result]:
    """Damage the tar in a way that chance chooses as wanted; the damage, and the file's state before."""
    before = (results / TAR).stat()
    for seed in range(100):
        chance = random.Random(seed)
        _ = damaged(b"a" * before.st_size, way, chance)
        if (chance.random() < 0.5) is wanted:
            return damage(results, "shards .tar", TAR, way, random.Random(seed)), before
    raise AssertionError("chance never chose it")


def test_damage_in_place_is_damage_under_every_name(results: Path) -> None:
    assert names_of(results, (results / TAR).stat().st_ino) == [LINKED, TAR]
    done, before = in_place(results, FLIPPED, wanted=True)
    assert done.paths == (LINKED, TAR) and "in place" in done.words
    assert (results / TAR).stat().st_ino == before.st_ino
    assert (results / LINKED).read_bytes() == (results / TAR).read_bytes()


def test_a_new_file_leaves_the_other_names_alone(results: Path) -> None:
    whole = (results / LINKED).read_bytes()
    done, _ = in_place(results, TRUNCATED, wanted=False)
    assert done.paths == (TAR,) and "as a new file" in done.words
    assert (results / LINKED).read_bytes() == whole != (results / TAR).read_bytes()


def test_the_old_time_is_kept_or_not(results: Path) -> None:
    kept = set()
    for seed in range(20):
        before = (results / "fits/lines.csv").stat().st_mtime_ns
        done = damage(results, "fits .csv", "fits/lines.csv", FLIPPED, random.Random(seed))
        same = (results / "fits/lines.csv").stat().st_mtime_ns == before
        assert same is ("old time" in done.words)
        kept.add(same)
    assert kept == {True, False}


def test_a_file_is_deleted(results: Path) -> None:
    assert damage(results, "fits .csv", "fits/lines.csv", DELETED, random.Random(0)).paths == ("fits/lines.csv",)
    assert not (results / "fits/lines.csv").exists()


def test_files_of_equal_content_are_not_swapped(results: Path) -> None:
    weights = [f"runs/{family}/full/0/epoch-001.safetensors" for family in ("canines", "felines")]
    assert partners(results, weights) == [tuple(weights)]
    (results / weights[0]).write_bytes((results / weights[1]).read_bytes())
    assert partners(results, weights) == []


@pytest.mark.parametrize("way", WAYS)
def test_what_is_said_to_be_damaged_is_what_changed(way: str, tmp_path: Path) -> None:
    for seed in range(12):
        results = build(tmp_path / f"{way}-{seed}").root
        before = contents(results)
        done = inflict(results, way, random.Random(seed))
        after = contents(results)
        changed = {path for path in before.keys() | after.keys() if before.get(path) != after.get(path)}
        assert changed == set(done.paths) and done.words


def test_the_same_chance_does_the_same(tmp_path: Path) -> None:
    chosen: Callable[[str], Damage] = lambda name: inflict(build(tmp_path / name).root, SWAPPED, random.Random(3))  # noqa: E731
    assert chosen("first") == chosen("second")
