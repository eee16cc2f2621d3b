"""The clock of both trainers: when each batch was asked for and when it came, and how much memory was taken.

A GPU works on while its process asks for the next batch. So the process waits for it where a measured stretch begins
and where it ends, three times an epoch; all that the clock adds elsewhere is to read the time.
"""

import itertools
import json
import resource
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import torch

RESIDENT = 4  # batches that a run without a loader goes through again and again
SETTLING = 0.25  # share of each epoch's first steps that is not steady: workers begin, buffers fill, kernels are chosen
Mark = tuple[int, float, float]


class Watch:
    """Marks of a run with `steps` batches an epoch: (epoch from 0, asked at, got at) for every batch, in seconds."""

    def __init__(self, steps: int) -> None:
        self.steps = steps
        self.marks: list[Mark] = []

    def follow(self, batches: Iterable[Any]) -> Iterator[Any]:
        """The same batches, with marks; those of the next epoch may come from the same iterable or another one."""
        iterator = iter(batches)
        while True:
            epoch, place = divmod(len(self.marks), self.steps)
            if place in (0, *stretch(self.steps)) and torch.cuda.is_initialized():
                torch.cuda.synchronize()
            asked = time.perf_counter()
            try:
                batch = next(iterator)
            except StopIteration:
                return
            self.marks.append((epoch, asked, time.perf_counter()))
            yield batch

    def write(self, path: Path, losses: list[float], versions: dict[str, str]) -> None:
        """Save the marks, the loss of every step, and the process's memory (bytes)."""
        gpu = torch.cuda.is_initialized()
        content = {
            "marks": self.marks,
            "losses": losses,
            "versions": versions,
            "peak_rss": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
            "peak_gpu": torch.cuda.max_memory_allocated() if gpu else None,
            "gpu": torch.cuda.get_device_name() if gpu else None,
        }
        path.write_text(json.dumps(content))


def stretch(steps: int) -> tuple[int, int]:
    """The steady part of an epoch: from the request for the batch of one place to that of another."""
    return int(steps * SETTLING), steps - 1


def repeated(batches: Iterable[Any], count: int) -> Iterator[Any]:
    """`count` batches of which only the first few are new."""
    return itertools.islice(itertools.cycle(list(itertools.islice(batches, RESIDENT))), count)


def speed(marks: list[Mark], batch: int) -> dict[str, float]:
    """Images a second and the share of the time that the trainer's process waited for data.

    `steady` is inside the epochs, without the first quarter of each and without the first epoch where there are
    several; `whole` is from the second epoch's first request to the last batch's, with all that is between epochs.
    """
    epochs = [list(group) for _, group in itertools.groupby(marks, key=lambda mark: mark[0])]
    counted = epochs[1:] or epochs
    seconds = waited = 0.0
    steps = 0
    for epoch in counted:
        first, last = stretch(len(epoch))
        seconds += epoch[last][1] - epoch[first][1]
        waited += sum(got - asked for _, asked, got in epoch[first:last])
        steps += last - first
    return {
        "steady": steps * batch / seconds,
        "waiting_share": waited / seconds,
        "whole": (sum(map(len, counted)) - 1) * batch / (counted[-1][-1][1] - counted[0][0][1]),
    }
