"""Processes that make batches in turn and hand them over in shared memory.

The memory is anonymous: it needs no room in /dev/shm, which is small in many containers. A process that dies is noticed
at once and only where a batch is waited for. Nothing outlives the process that trains.
"""

import mmap
import multiprocessing
import os
import signal
import threading
import traceback
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from math import prod
from multiprocessing.connection import Connection, wait
from typing import Any

import torch

from datalines.errors import DatalinesError, TrainingError
from datalines.loading.making import Batch

AHEAD = 2  # batches that a process makes before the first of them is taken
ENDING = (signal.SIGINT, signal.SIGTERM)
GONE = (EOFError, BrokenPipeError, ConnectionResetError)  # what using a pipe without another end raises
TAKEN = b"taken"

Make = Callable[[int, Iterator[torch.Tensor]], Iterator[Batch]]
"""The batches of a worker, by its number; each is written to the next buffer."""


class Workers:
    """An iterator over `steps` batches of a run: the i-th is made by worker i modulo `count`.

    `shape` is that of the buffers for images, `pin` asks for memory that a GPU copies from directly.
    """

    def __init__(self, make: Make, count: int, steps: int, shape: tuple[int, ...], pin: bool) -> None:
        context = multiprocessing.get_context("fork")
        self._steps, self._made, self._pin = steps, 0, pin
        pipes = [context.Pipe() for _ in range(count)]
        self._links = [mine for mine, _ in pipes]
        self._buffers = [[_shared(shape) for _ in range(AHEAD)] for _ in range(count)]
        self._processes = []
        for number, (_, theirs) in enumerate(pipes):
            # Ends of pipes that a worker does not use would keep it from noticing that the other side is gone.
            others = [end for pipe in pipes for end in pipe if end is not theirs]
            arguments = (make, number, theirs, self._buffers[number], others)
            process = context.Process(target=_work, args=arguments, name=f"loader {number}", daemon=True)
            process.start()
            self._processes.append(process)
        for _, theirs in pipes:
            theirs.close()

    def __iter__(self) -> Iterator[Batch]:
        return self

    def __next__(self) -> Batch:
        if self._made == self._steps:
            self.close()
            raise StopIteration
        try:
            batch = self._take(self._made % len(self._links))
        except BaseException:
            self.close()
            raise
        self._made += 1
        return batch

    def close(self) -> None:
        """End all processes; they hold nothing that would have to be saved."""
        self._made = self._steps
        for process in self._processes:
            process.kill()
        for process in self._processes:
            process.join()
        for link in self._links:
            link.close()

    def _take(self, number: int) -> Batch:
        """The next batch of a worker, copied out of its buffer, which is free again then."""
        link, process = self._links[number], self._processes[number]
        wait([link, process.sentinel])
        try:
            found = link.recv() if link.poll() else None
        except GONE:
            found = None
        if isinstance(found, Exception):
            raise found
        if found is None:
            process.join()
            raise TrainingError(
                f"a loader process ended before its time ({_ending(process.exitcode)}); if memory ran out, ask for "
                "more, or write fewer threads or a smaller shuffle_window"
            )
        buffer = self._buffers[number][self._made // len(self._links) % AHEAD]
        images = torch.empty_like(buffer, pin_memory=self._pin).copy_(buffer)
        with suppress(*GONE):  # one that has made its last batch is not there any more
            link.send_bytes(TAKEN)
        step, epoch, targets, rows, failed = found
        return Batch(
            step, epoch, images.permute(0, 1, 4, 2, 3), torch.from_numpy(targets), torch.from_numpy(rows), failed
        )


def _shared(shape: tuple[int, ...]) -> torch.Tensor:
    """Memory that forked processes share."""
    return torch.frombuffer(mmap.mmap(-1, prod(shape)), dtype=torch.uint8).view(shape)


def _ending(code: int | None) -> str:
    return f"signal {signal.Signals(-code).name}" if code is not None and code < 0 else f"exit status {code}"


def _work(make: Make, number: int, link: Connection, buffers: list[torch.Tensor], others: list[Connection]) -> None:
    """A worker's life."""
    for other in others:
        other.close()
    _heed_the_parent()
    torch.set_num_threads(1)
    try:
        _send_all(make(number, _free(link, buffers)), link)
    except GONE:
        return  # nobody is left to work for


def _send_all(batches: Iterator[Batch], link: Connection) -> None:
    """Send messages while the next one is made: a pipe holds less than the targets of a large batch."""
    with ThreadPoolExecutor(1) as sending:
        sent: Future[None] | None = None
        for message in _messages(batches):
            if sent is not None:
                sent.result()
            sent = sending.submit(link.send, message)


def _messages(batches: Iterator[Batch]) -> Iterator[tuple[Any, ...] | Exception]:
    """All of each batch but the images, which lie in the buffers, as plain data: torch would share each tensor through
    a file of its own. At the end the error that there was, if any."""
    try:
        for batch in batches:
            yield batch.step, batch.epoch, batch.targets.numpy(), batch.rows.numpy(), batch.failed
    except GONE:
        raise
    except Exception as error:
        yield error if isinstance(error, DatalinesError) else RuntimeError(_told(error))


def _told(error: Exception) -> str:
    return "in a loader process:\n" + "".join(traceback.format_exception(error))


def _free(link: Connection, buffers: list[torch.Tensor]) -> Iterator[torch.Tensor]:
    """The buffers in turn, each as soon as its last content has been taken."""
    yield from buffers
    while True:
        for buffer in buffers:
            link.recv_bytes()
            yield buffer


def _heed_the_parent() -> None:
    """Signals that end a job reach all its processes: a worker goes on until the one that it works for ends it."""
    signal.pthread_sigmask(signal.SIG_BLOCK, ENDING)
    threading.Thread(target=_end_with, args=(os.getppid(),), name="signals", daemon=True).start()


def _end_with(parent: int) -> None:
    while signal.sigwaitinfo(ENDING).si_pid != parent:
        pass
    os._exit(0)
