"""Worker processes change speed and nothing else, and an end that is not theirs is told as a sentence."""

import multiprocessing
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import psutil
import pytest
import torch

from datalines.errors import DatalinesError, TrainingError
from datalines.loading.batches import Slice
from tests.unit.tiny_loading import batches, contents_of, targets, write_mixture

ROOT = Path(__file__).parents[2]
Made = Callable[[Sequence[str], Sequence[str | None]], torch.Tensor]


@pytest.fixture(scope="module")
def manifest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_mixture(tmp_path_factory.mktemp("mixed"), bad=[5, 40])


@pytest.mark.parametrize(("workers", "first"), [(1, 0), (2, 0), (2, 5), (3, 0), (3, 11), (2, 16)])
def test_workers_change_no_byte_from_any_step_on(manifest: Path, workers: int, first: int) -> None:
    alone = contents_of(batches(manifest, views=2, first=first))
    assert contents_of(batches(manifest, views=2, first=first, workers=workers)) == alone


def test_a_rank_with_workers_has_its_slice_of_every_batch(manifest: Path) -> None:
    cut = Slice(8, 2, 1, 2, 2)
    assert contents_of(batches(manifest, cut, workers=2)) == contents_of(batches(manifest, cut))


def test_more_workers_than_steps_are_no_harm(manifest: Path) -> None:
    cut = Slice(64, 2, 0, 1, 2)
    assert contents_of(batches(manifest, cut, workers=3)) == contents_of(batches(manifest, cut))


def at(caption: str, act: Callable[[], object]) -> Made:
    """Targets whose making does something more at one caption, in whichever process that falls."""

    def made(captions: Sequence[str], labels: Sequence[str | None]) -> torch.Tensor:
        if caption in captions:
            act()
        return targets(captions, labels)

    return made


def test_a_killed_worker_is_an_error_that_says_so(manifest: Path) -> None:
    parent = os.getpid()

    def kill() -> None:
        assert os.getpid() != parent
        os.kill(os.getpid(), signal.SIGKILL)

    with pytest.raises(
        TrainingError, match=r"a loader process ended before its time \(signal SIGKILL\); .*write fewer"
    ):
        list(batches(manifest, workers=2, targets=at("laion № 30", kill)))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signals_that_end_a_job_are_left_to_the_process_that_trains(manifest: Path, number: signal.Signals) -> None:
    alone = contents_of(batches(manifest))
    act = at("laion № 30", lambda: os.kill(os.getpid(), number))
    assert contents_of(batches(manifest, workers=2, targets=act)) == alone


def test_an_error_for_the_user_comes_out_of_a_worker_as_it_was(tmp_path: Path) -> None:
    manifest = write_mixture(tmp_path)
    made = batches(manifest, workers=2)
    manifest.with_name("00007.tar").unlink()
    with pytest.raises(DatalinesError, match=rf"^{manifest.with_name('00007.tar')} is missing: delete {manifest}"):
        list(made)


def test_a_worker_ends_when_the_process_that_it_works_for_is_killed(manifest: Path) -> None:
    """Even while it waits for a buffer, and with siblings that hold copies of the same pipes' ends."""
    code = (
        "import multiprocessing, os, time; from pathlib import Path; from tests.unit.tiny_loading import batches; "
        f"made = iter(batches(Path({str(manifest)!r}), workers=2)); next(made); "
        "print(*(child.pid for child in multiprocessing.active_children()), flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE, text=True) as trains:
        assert trains.stdout is not None
        children = [psutil.Process(int(pid)) for pid in trains.stdout.readline().split()]
        assert len(children) == 2
        trains.kill()
        trains.wait()
        assert psutil.wait_procs(children, timeout=20)[1] == []


@pytest.mark.parametrize("leave", ["close", "forget"])
def test_an_iteration_that_is_left_ends_its_workers(manifest: Path, leave: str) -> None:
    before = set(multiprocessing.active_children())
    made: Any = iter(batches(manifest, workers=2))
    next(made)
    children = set(multiprocessing.active_children()) - before
    assert len(children) == 2
    if leave == "close":
        made.close()
    del made
    for child in children:
        child.join(timeout=20)
        assert child.exitcode is not None


def test_an_iteration_that_is_still_held_does_not_keep_a_process_from_ending(manifest: Path) -> None:
    code = (
        "from pathlib import Path; from tests.unit.tiny_loading import batches; "
        f"made = iter(batches(Path({str(manifest)!r}), workers=2)); next(made)"
    )
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, timeout=60)


def test_other_errors_keep_their_traceback(manifest: Path) -> None:
    def fail() -> None:
        raise KeyError("a fault of the program")

    with pytest.raises(RuntimeError, match=r"(?s)in fail.*a fault of the program"):
        list(batches(manifest, workers=2, targets=at("laion № 30", fail)))
