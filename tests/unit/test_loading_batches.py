"""Batches are the same to the byte whoever makes them: from any step, on any rank, with and without kept images."""

import weakref
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from datalines.errors import DatalinesError, TrainingError
from datalines.images import decode
from datalines.loading import batches as module
from datalines.loading.batches import Batches, Slice
from datalines.loading.crops import box, crop, draws, flipped
from datalines.loading.decoders import Decoder
from tests.unit.tiny_loading import CROPS, batches, contents_of, sample, targets, write_mixture

STEPS = 16  # of two epochs over 64 samples in batches of 8


@pytest.fixture(scope="module")
def manifest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_mixture(tmp_path_factory.mktemp("mixed"))


def stored(row: int) -> Any:
    return sample("yfcc", row) if row < 23 else sample("laion", row - 23)


def test_a_batch_holds_the_crops_and_targets_of_its_positions(manifest: Path) -> None:
    made = batches(manifest, views=2)
    for batch in made:
        step = batch.step % 8
        rows = made.order.rows(batch.epoch, 8 * step, 8 * step + 8)
        assert batch.rows.tolist() == rows.tolist()
        assert batch.images.shape == (2, 8, 3, 8, 8)
        assert batch.images.dtype == torch.uint8
        assert batch.images[0].is_contiguous(memory_format=torch.channels_last)
        for place, row in enumerate(rows.tolist()):
            assert batch.targets[place].equal(targets([stored(row).caption], [stored(row).label])[0])
            image = decode(stored(row).image)
            for view in range(2):
                drawn = draws(0, batch.epoch, 8 * step + place, 8 * step + place + 1, view)[0].tolist()
                part = box(drawn, image.width, image.height, CROPS["scale"], CROPS["ratio"])
                expected = crop(image, part, 8, flipped(drawn))
                assert (batch.images[view, place].permute(1, 2, 0).numpy() == expected).all()


def test_a_run_has_full_batches_of_every_epoch(manifest: Path) -> None:
    made = list(batches(manifest, Slice(10, 5, 0, 1, 3)))
    assert [(batch.step, batch.epoch) for batch in made] == [(step, step // 6 + 1) for step in range(18)]
    for epoch in (1, 2, 3):
        rows = np.concatenate([batch.rows.numpy() for batch in made if batch.epoch == epoch])
        assert len(set(rows.tolist())) == 60


def test_epochs_and_seeds_differ(manifest: Path) -> None:
    made, other = list(batches(manifest)), list(batches(manifest, seed=1))
    assert made[0].rows.tolist() != made[8].rows.tolist()
    assert made[0].rows.tolist() != other[0].rows.tolist()


def test_a_run_goes_on_from_any_step_as_if_it_had_not_stopped(manifest: Path) -> None:
    whole = contents_of(batches(manifest, views=2))
    assert len(whole) == STEPS
    for first in range(STEPS + 1):
        assert contents_of(batches(manifest, views=2, first=first)) == whole[first:]


@pytest.mark.parametrize("cache_bytes", [0, 10_000, 10**9])
def test_kept_images_change_nothing(manifest: Path, cache_bytes: int) -> None:
    assert contents_of(batches(manifest, cache_bytes=cache_bytes)) == contents_of(batches(manifest))


def test_kept_images_are_decoded_once_and_others_each_time(manifest: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    decoded: list[bytes] = []

    def count(data: bytes, least: int) -> Image.Image:
        decoded.append(data)
        return decode(data)

    monkeypatch.setattr(module, "named_decoder", lambda name: Decoder("counting", count))
    texts: list[str] = []

    def counted(captions: Sequence[str], labels: Sequence[str | None]) -> torch.Tensor:
        texts.extend(captions)
        return targets(captions, labels)

    list(batches(manifest, targets=counted))
    assert len(decoded) == len(texts) == len(set(texts)) == 64
    decoded.clear()
    list(batches(manifest, cache_bytes=0))
    assert len(decoded) == 128
    decoded.clear()
    # A dozen images of about 14 x 11 pixels fit.
    list(batches(manifest, cache_bytes=12 * 14 * 11 * 4))
    assert 64 + 40 < len(decoded) < 128


def test_images_that_are_not_kept_are_let_go_one_by_one(manifest: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A batch of photographs would fill a gigabyte otherwise."""
    seen: list[weakref.ref[Image.Image]] = []

    def note(data: bytes, least: int) -> Image.Image:
        # The one before is the caller's until it has the next.
        assert sum(image() is not None for image in seen) <= 1
        seen.append(weakref.ref(image := decode(data)))
        return image

    monkeypatch.setattr(module, "named_decoder", lambda name: Decoder("noting", note))
    assert len(list(batches(manifest, cache_bytes=0))) == STEPS
    assert len(seen) == 128


@pytest.mark.parametrize("world", [2, 4])
def test_ranks_slices_are_the_batch_of_one_rank(manifest: Path, world: int) -> None:
    ranks = [list(batches(manifest, Slice(8, 2, rank, world, 2), views=2)) for rank in range(world)]
    assert {len(made) for made in ranks} == {STEPS}
    for whole, *parts in zip(batches(manifest, views=2), *ranks, strict=True):
        assert torch.cat([part.images for part in parts], dim=1).equal(whole.images)
        assert torch.cat([part.targets for part in parts]).equal(whole.targets)
        assert torch.cat([part.rows for part in parts]).equal(whole.rows)


def test_an_iteration_that_is_left_ends_its_reading(manifest: Path) -> None:
    made = iter(batches(manifest))
    next(made)
    made.close()  # type: ignore[attr-defined]
    with pytest.raises(StopIteration):
        next(made)


BAD = [3, 20, 21, 40, 62]


def test_a_sample_that_does_not_decode_gives_way_to_the_next_of_its_micro_batch(tmp_path: Path) -> None:
    manifest = write_mixture(tmp_path, bad=BAD)
    failed: list[int] = []
    for batch in batches(manifest, Slice(8, 4, 0, 1, 2), views=2):
        start = batch.step % 8 * 8
        rows = batches(manifest).order.rows(batch.epoch, start, start + 8).tolist()
        failed += [row for row, _ in batch.failed]
        assert [row for row, _ in batch.failed] == [row for row in rows if row in BAD]
        assert all("no image format" in reason for _, reason in batch.failed)
        for place, row in enumerate(batch.rows.tolist()):
            first = place // 4 * 4
            turn = [*rows[place : first + 4], *rows[first:place]]
            assert row == next(other for other in turn if other not in BAD)
            assert batch.targets[place].equal(targets([stored(row).caption], [stored(row).label])[0])
            other = batch.rows.tolist().index(row, first)
            if rows[place] != row and rows[other] == row:
                assert batch.images[:, place].equal(batch.images[:, other])
    assert sorted(failed) == sorted(BAD * 2)


def test_substitutes_are_the_same_on_every_rank_and_with_kept_images(tmp_path: Path) -> None:
    manifest = write_mixture(tmp_path, bad=BAD)
    cut = Slice(8, 4, 0, 1, 2)
    assert contents_of(batches(manifest, cut, cache_bytes=0)) == contents_of(batches(manifest, cut))
    halves = [list(batches(manifest, Slice(8, 4, rank, 2, 2))) for rank in range(2)]
    for one, *both in zip(batches(manifest, cut), *halves, strict=True):
        assert torch.cat([half.images for half in both], dim=1).equal(one.images)
        assert [entry for half in both for entry in half.failed] == one.failed


def test_a_micro_batch_of_which_nothing_decodes_is_an_error(tmp_path: Path) -> None:
    manifest = write_mixture(tmp_path, bad=range(64))
    with pytest.raises(TrainingError, match=rf"none of the 2 samples of a micro-batch decodes \(.*\).*{manifest}"):
        next(iter(batches(manifest)))


@pytest.mark.parametrize("first", [-1, STEPS + 1])
def test_steps_outside_the_run_are_an_error(manifest: Path, first: int) -> None:
    with pytest.raises(DatalinesError, match=f"step {first} is none of a run of {STEPS} steps"):
        batches(manifest, first=first)


def test_a_batch_larger_than_the_data_is_an_error(manifest: Path) -> None:
    with pytest.raises(DatalinesError, match="holds 64 samples, fewer than one batch of 65"):
        batches(manifest, Slice(65, 65, 0, 1, 1))


def test_an_unknown_decoder_is_an_error_before_anything_is_read(manifest: Path) -> None:
    with pytest.raises(DatalinesError, match="decoder: 'turbo'"):
        batches(manifest, decoder="turbo")


def test_reduced_decoding_never_enlarges_a_crop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The smallest crop that can be drawn, of the smallest image that the decoder may return, has 8 pixels a side."""
    asked: list[int] = []

    def note(data: bytes, least: int) -> Image.Image:
        asked.append(least)
        return decode(data)

    monkeypatch.setattr(module, "named_decoder", lambda name: Decoder("noting", note))
    made: Batches = batches(write_mixture(tmp_path))
    next(iter(made))
    least = asked[0]
    assert min(least * np.sqrt(CROPS["scale"][0] * ratio) for ratio in (0.75, 1 / 0.75, 3 / 4)) >= 8
    assert (least - 1) * np.sqrt(CROPS["scale"][0] * 0.75) < 8
