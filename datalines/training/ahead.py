"""Batches on a GPU before they are asked for."""

import queue
import threading
from collections.abc import Iterator
from dataclasses import replace

import torch

from datalines.loading.batches import Batch

AHEAD = 2  # batches on their way; one more is in use


def on_device(batches: Iterator[Batch], device: torch.device) -> Iterator[Batch]:
    """The batches, with images and targets on `device`. For a GPU a thread pins and copies them while it computes."""
    if device.type == "cpu":
        return batches
    return _copied(batches, device)


def _copied(batches: Iterator[Batch], device: torch.device) -> Iterator[Batch]:
    ready: queue.Queue[tuple[Batch, torch.cuda.Event] | BaseException | None] = queue.Queue(AHEAD)
    ended = threading.Event()

    def copy() -> None:
        stream = torch.cuda.Stream(device)
        try:
            for batch in batches:
                with torch.cuda.stream(stream):
                    images = batch.images.pin_memory().to(device, non_blocking=True)
                    moved = replace(
                        batch, images=images, targets=batch.targets.pin_memory().to(device, non_blocking=True)
                    )
                    _put(ready, (moved, stream.record_event()), ended)
                if ended.is_set():
                    return
            _put(ready, None, ended)
        except BaseException as error:  # shown by the thread that trains
            _put(ready, error, ended)

    thread = threading.Thread(target=copy, name="copy to GPU", daemon=True)
    thread.start()
    try:
        while (found := ready.get()) is not None:
            if isinstance(found, BaseException):
                raise found
            batch, event = found
            current = torch.cuda.current_stream(device)
            current.wait_event(event)
            # The memory may not be used for the next batch before this stream is done with it.
            batch.images.record_stream(current)
            batch.targets.record_stream(current)
            yield batch
    finally:
        ended.set()


def _put(
    ready: "queue.Queue[tuple[Batch, torch.cuda.Event] | BaseException | None]", value: object, ended: threading.Event
) -> None:
    while not ended.is_set():
        try:
            ready.put(value, timeout=1.0)  # type: ignore[arg-type]
        except queue.Full:
            continue
        return
