"""Pools of kind `cifar`: CIFAR-10 in its binary version, read from the archive as it is published.

A batch is a file of records of 3,073 bytes: the label, then 1,024 bytes each of red, green and blue, row by row from
the top (Krizhevsky, 2009; the layout is stated at www.cs.toronto.edu/~kriz/cifar.html). Records are read one by one out
of the compressed archive: nothing is unpacked to the disk, and no pickle is read. Images become PNGs, without loss.
"""

import io
import re
import tarfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from gzip import BadGzipFile
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

import numpy as np
from PIL import Image

from datalines.config.paths import first_existing
from datalines.errors import PoolError
from datalines.pools.base import Item, part_range
from datalines.pools.folder import caption_of
from datalines.tarentries import Entry, RefusedError, entries

SIDE = 32
RECORD = 1 + 3 * SIDE * SIDE
LABELS = "batches.meta.txt"
LONGEST_LABELS = 1 << 16  # bytes of it that are read
TEST = "test_batch.bin"
TRAIN = re.compile(r"data_batch_(\d+)\.bin")
WANTED = "give the binary version (cifar-10-binary.tar.gz) as it is published"


class Batch(NamedTuple):
    """One file of records, and how many there are."""

    name: str
    entry: tarfile.TarInfo
    records: int


def read(spec: dict[str, Any], part: int, parts: int, where: str) -> Iterator[Item]:
    """Yield one item per record of the batches (`train`: data_batch_1.bin, data_batch_2.bin, ...; `test`:
    test_batch.bin), in their order, with the key `<batch>/<number of the record, from 0>`.

    Raises PoolError naming `where`, file and byte if the archive is broken or no binary version, if a batch ends within
    a record, or if a label has no name.
    """
    path = first_existing(spec["path"], f"{where}.path")
    place = f"{where}: {path}"
    with _opened(path, place) as archive:
        files = {PurePosixPath(entry.name).name: entry for entry in entries(archive) if entry.isfile()}
        names = _names(archive, files, spec, place)
        batches = _batches(files, spec["batches"], place)
        span = part_range(sum(batch.records for batch in batches), part, parts)
        before = 0
        for batch in batches:
            here = range(max(span.start - before, 0), min(span.stop - before, batch.records))
            if here:
                yield from _items(archive, batch, here, names, spec, place)
            before += batch.records


@contextmanager
def _opened(path: Path, place: str) -> Iterator[tarfile.TarFile]:
    """The archive, compressed or not; whatever is wrong with its bytes, in here too, is a PoolError."""
    if not path.is_file():
        raise PoolError(f"{place} {'is not a file' if path.exists() else 'does not exist'}; {WANTED}")
    try:
        with tarfile.open(path, mode="r:*", tarinfo=Entry) as archive:
            yield archive
    except RefusedError as error:
        raise PoolError(f"{place}: {error}; {WANTED}") from error
    except (tarfile.TarError, EOFError, BadGzipFile, zlib.error) as error:
        raise PoolError(f"{place} is broken or truncated ({error}); fetch it again") from error


def _content(archive: tarfile.TarFile, entry: tarfile.TarInfo) -> io.BufferedReader:
    stream = archive.extractfile(entry)
    assert isinstance(stream, io.BufferedReader), f"{entry.name} was checked to be a file"
    return stream


def _names(archive: tarfile.TarFile, files: dict[str, tarfile.TarInfo], spec: dict[str, Any], place: str) -> list[str]:
    """The name of every label, as the config calls the class."""
    if LABELS not in files:
        raise PoolError(f"{place} holds no {LABELS}; {WANTED}")
    with _content(archive, files[LABELS]) as stream:
        lines = stream.read(LONGEST_LABELS).decode("utf-8", "backslashreplace").split()
    called = spec.get("names") or {}
    names = [str(called.get(line, line)) for line in lines]
    listed = spec.get("class_names")
    unknown = sorted(set(names) - set(listed)) if listed else []
    if unknown:
        text = f"{LABELS} names {', '.join(unknown)}, which class list {spec['classes']} does not hold"
        raise PoolError(f"{place}: {text}; add them to the list, or rename them under `names`")
    return names


def _batches(files: dict[str, tarfile.TarInfo], wanted: str, place: str) -> list[Batch]:
    """The batches of a set, by number; none may lack, and each must hold whole records."""
    if wanted == "test":
        found = [name for name in files if name == TEST]
        lacking = [] if found else [TEST]
    else:
        numbers = sorted(int(match[1]) for name in files if (match := TRAIN.fullmatch(name)))
        found = [f"data_batch_{number}.bin" for number in numbers]
        lacking = sorted({f"data_batch_{number}.bin" for number in range(1, max(numbers, default=1) + 1)} - set(found))
    if lacking:
        raise PoolError(f"{place} holds no {', '.join(lacking)}; {WANTED}")
    for name in found:
        size = files[name].size
        if size % RECORD or not size:
            text = f"{name} has {size:,} bytes, and a record has {RECORD:,}"
            raise PoolError(f"{place}: {text}: what begins at byte {size - size % RECORD:,} is no whole one; {WANTED}")
    return [Batch(name.removesuffix(".bin"), files[name], files[name].size // RECORD) for name in found]


def _items(
    archive: tarfile.TarFile, batch: Batch, numbers: range, names: list[str], spec: dict[str, Any], place: str
) -> Iterator[Item]:
    with _content(archive, batch.entry) as stream:
        stream.seek(numbers.start * RECORD)
        for number in numbers:
            record = stream.read(RECORD)
            at = f"{place}: {batch.name}.bin, byte {number * RECORD:,}"
            if len(record) < RECORD:
                raise PoolError(f"{at}: the archive ends within this record; fetch it again")
            if record[0] >= len(names):
                text = f"the label is {record[0]}, and {LABELS} names {len(names)} classes, counted from 0"
                raise PoolError(f"{at}: {text}; fetch the archive again")
            label, key = names[record[0]], f"{batch.name}/{number:05d}"
            caption = caption_of(key, label, spec)
            yield Item(key=key, extension="png", image=_png(record), caption=caption, label=label)


def _png(record: bytes) -> bytes:
    """The image of a record, 32 x 32 px RGB, as a PNG."""
    planes = np.frombuffer(record, np.uint8, offset=1).reshape(3, SIDE, SIDE)
    stream = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(planes.transpose(1, 2, 0))).save(stream, "PNG")
    return stream.getvalue()
