"""Perceptual hashes: 64 bits of an image, few of which change when it is resized, re-encoded or slightly altered.

The hash is imagehash's `phash`: grey values, 32 x 32 pixels (Lanczos), discrete cosine transform, the 8 x 8 lowest
frequencies, each compared with their median. Row by row, the lowest frequency first, they are the bits from the
highest to the lowest. `datalines.filters.near` finds hashes that are alike.
"""

import hashlib
import json
import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from importlib.metadata import version
from itertools import islice
from pathlib import Path
from typing import TypeVar

import imagehash
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image

from datalines.errors import DatalinesError
from datalines.files import atomic, read_json
from datalines.filters.parts import Part
from datalines.images import DECODER, ImageError, decode
from datalines.shifts import EvaluationSet

CHUNK = 64  # images that a thread takes at a time
MADE_BY = {"kind": "phash, 8 x 8 of 32 x 32", "imagehash": version("imagehash"), "decoder": DECODER}
PART_COLUMNS = pa.schema([("id", pa.string()), ("phash", pa.uint64())], {"hash": json.dumps(MADE_BY)})
SHIFT_COLUMNS = PART_COLUMNS.append(pa.field("sha256", pa.string()))

Hashes = npt.NDArray[np.uint64]
Task = TypeVar("Task")
Result = TypeVar("Result")


def phash(image: Image.Image) -> int:
    """The 64 bits of a decoded image."""
    bits = imagehash.phash(image).hash
    return int.from_bytes(np.packbits(bits).tobytes(), "big")


def phashes(encoded: Iterable[bytes]) -> Hashes:
    """The hashes of encoded images, shape (n,). Raises ImageError on one that does not decode."""
    return np.array([phash(decode(data)) for data in encoded], dtype=np.uint64)


def hash_part(part: Part, path: Path, threads: int) -> None:
    """Write id and hash of a part's stored images, in the order of the rows, to a Parquet file.

    The images are read from the part's tar by byte range. Raises DatalinesError, naming the receipt to delete, if the
    tar is missing, short, or holds other bytes than the rows say. Memory: a batch of rows, and an image per thread.
    """
    tar = part.receipt.with_name(read_json(part.receipt)["tar"]["path"])
    if not tar.is_file():
        raise DatalinesError(f"{tar} is missing: delete {part.receipt} and run again to obtain it anew")
    with _writer(path, PART_COLUMNS) as writer, ThreadPoolExecutor(threads) as pool, tar.open("rb") as stream:

        def work(rows: pa.RecordBatch) -> Hashes:
            try:
                return phashes(_image(stream.fileno(), row) for row in rows.to_pylist())
            except ImageError as error:
                text = f"does not hold the images of {part.rows} ({error})"
                raise DatalinesError(f"{tar} {text}: delete {part.receipt} and run again to obtain it anew") from error

        for batch in part.batches(["id", "offset", "bytes", "sha256"]):
            slices = (batch.slice(start, CHUNK) for start in range(0, len(batch), CHUNK))
            found = [np.empty(0, dtype=np.uint64), *in_order(pool, work, slices, 2 * threads)]
            ids = batch.column("id").cast(pa.string())
            writer.write_batch(pa.RecordBatch.from_arrays([ids, np.concatenate(found)], schema=PART_COLUMNS))


def hash_shift(shift: EvaluationSet, path: Path, threads: int) -> None:
    """Write id, hash and sha256 of an evaluation set's images, in its order, to a Parquet file."""

    def work(encoded: list[bytes]) -> tuple[Hashes, list[str]]:
        return phashes(encoded), [hashlib.sha256(data).hexdigest() for data in encoded]

    images = iter(shift.encoded())
    chunks = iter(lambda: list(islice(images, CHUNK)), [])
    with _writer(path, SHIFT_COLUMNS) as writer, ThreadPoolExecutor(threads) as pool:
        results = list(in_order(pool, work, chunks, 2 * threads))
        found = np.concatenate([np.empty(0, dtype=np.uint64), *(hashes for hashes, _ in results)])
        digests = [digest for _, some in results for digest in some]
        table = pa.table([list(shift.index["id"]), found, digests], schema=SHIFT_COLUMNS)
        writer.write_table(table)


@contextmanager
def _writer(path: Path, schema: pa.Schema) -> Iterator[pq.ParquetWriter]:
    """A Parquet file (zstd) that appears when it is complete."""
    with atomic(path) as temporary, pq.ParquetWriter(temporary, schema, compression="zstd") as writer:
        yield writer


def in_order(
    pool: ThreadPoolExecutor, work: Callable[[Task], Result], tasks: Iterable[Task], ahead: int
) -> Iterator[Result]:
    """The results in the order of the tasks, of which no more than `ahead` are taken before they are needed."""
    waiting: deque[Future[Result]] = deque()
    for task in tasks:
        waiting.append(pool.submit(work, task))
        if len(waiting) >= ahead:
            yield waiting.popleft().result()
    while waiting:
        yield waiting.popleft().result()


def _image(file: int, row: dict[str, int | str]) -> bytes:
    data = os.pread(file, int(row["bytes"]), int(row["offset"]))
    if hashlib.sha256(data).hexdigest() != row["sha256"]:
        raise ImageError(f"the bytes of {row['id']} are others")
    return data
