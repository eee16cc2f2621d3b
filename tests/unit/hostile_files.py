"""Files that somebody hostile made: pickles that run a program, tars that point elsewhere, archives that explode.

What makes arrays is imported where it is used: most of these files need none of it.
"""

import gzip
import io
import os
import pickle
import tarfile
from pathlib import Path
from typing import Any

BLOCK = tarfile.BLOCKSIZE
NAMES = {
    "absolute path": "/tmp/evil/1.jpg",
    "path upwards": "cat/../../evil/1.jpg",
    "first part upwards": "../evil.jpg",
}
KINDS = {
    "character device": tarfile.CHRTYPE,
    "block device": tarfile.BLKTYPE,
    "pipe": tarfile.FIFOTYPE,
}
LINKS = {
    "link to a file of the machine": (tarfile.SYMTYPE, "/etc/passwd"),
    "link upwards": (tarfile.SYMTYPE, "../../../../etc/passwd"),
    "hard link to a file of the machine": (tarfile.LNKTYPE, "/etc/passwd"),
    "link to itself": (tarfile.SYMTYPE, "hostile.jpg"),
}


class Running:
    """An object whose pickle makes the folder `marker` when it is read."""

    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self) -> tuple[Any, tuple[str]]:
        return os.mkdir, (str(self.marker),)


def is_hostile(path: Path, marker: Path) -> None:
    """Check that a pickle of this kind does what it is said to do, so that a test of it can fail."""
    pickle.loads(path.read_bytes())
    marker.rmdir()


def pickled(path: Path, marker: Path) -> Path:
    """A plain pickle."""
    path.write_bytes(pickle.dumps({"weight": Running(marker)}))
    return path


def torch_pickled(path: Path, marker: Path) -> Path:
    """What torch.save leaves, with the object among the tensors."""
    import torch

    torch.save({"state_dict": {"weight": torch.zeros(2), "evil": Running(marker)}}, path)
    return path


def numpy_pickled(path: Path, marker: Path) -> Path:
    """An array of objects."""
    import numpy as np

    array = np.empty(1, dtype=object)
    array[0] = Running(marker)
    with path.open("wb") as stream:
        np.save(stream, array, allow_pickle=True)
    return path


def parquet_pickled(path: Path, marker: Path) -> Path:
    """A table whose column has the extension type that old versions of pyarrow read by unpickling its name."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    kind = {b"ARROW:extension:name": b"arrow.py_extension_type"}
    kind[b"ARROW:extension:metadata"] = pickle.dumps(Running(marker))
    column = pa.field("id", pa.string(), metadata=kind)
    pq.write_table(pa.table([pa.array(["a"])], schema=pa.schema([column])), path)
    return path


def entry(name: str, kind: bytes = tarfile.REGTYPE, link: str = "", size: int = 0) -> tarfile.TarInfo:
    """An entry of a tar, as hostile as it is asked for."""
    info = tarfile.TarInfo(name)
    info.type, info.linkname, info.size = kind, link, size
    return info


def tar_of(path: Path, *entries: tuple[tarfile.TarInfo, bytes], packed: bool = False) -> Path:
    """A tar of some entries, with its end marker."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.GNU_FORMAT) as archive:
        for info, data in entries:
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    path.write_bytes(gzip.compress(buffer.getvalue()) if packed else buffer.getvalue())
    return path


def tar_with_header(path: Path, kind: bytes, size: int) -> Path:
    """A tar that begins with an extended header that calls itself `size` bytes long."""
    header = entry("long", kind, size=size).tobuf(tarfile.GNU_FORMAT)
    path.write_bytes(header + b"x" * 4 * BLOCK + bytes(2 * BLOCK))
    return path


def tar_with_pax(path: Path, key: str, value: str) -> Path:
    """A tar with one file whose extended header says something of it, such as its size."""
    record = f" {key}={value}\n"
    text = f"{len(record) + 2}{record}".encode()
    assert len(text) == len(record) + 2, "a record of 10 to 99 bytes"
    head = entry("pax", tarfile.XHDTYPE, size=len(text)).tobuf(tarfile.USTAR_FORMAT)
    data = b"x" * BLOCK
    file = entry("cat/1.jpg", size=len(data)).tobuf(tarfile.USTAR_FORMAT)
    path.write_bytes(head + text.ljust(BLOCK, b"\0") + file + data + bytes(2 * BLOCK))
    return path
