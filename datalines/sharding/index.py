"""The index beside shards: where each sample lies, its caption and label, and where it is from."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from datalines.files import atomic
from datalines.pools.rows import TEXT
from datalines.shards import label_json
from datalines.tars import BLOCK, padded

INDEX = pa.schema(
    [
        ("shard", TEXT),
        ("id", TEXT),
        ("start", pa.int64()),
        ("end", pa.int64()),
        ("image_offset", pa.int64()),
        ("image_bytes", pa.int64()),
        ("extension", TEXT),
        ("caption", TEXT),
        ("label", TEXT),
        ("sha256", TEXT),
        ("url", TEXT),
        ("width", pa.int32()),
        ("height", pa.int32()),
    ]
)
REPEATED = ["shard", "extension", "label", "pool"]  # columns of few values


def index_rows(shard: str, rows: pa.Table) -> pa.Table:
    """A shard's rows of the index: where a sample lies follows from the lengths of those before it."""
    images = rows["bytes"].to_numpy()
    captions = pc.binary_length(rows["caption"].cast(pa.large_binary())).to_numpy()
    sizes = 2 * BLOCK + _padded(images) + _padded(captions) + _label_sizes(rows["label"])
    ends = np.cumsum(sizes)
    placed = {
        "shard": pa.repeat(pa.scalar(shard, TEXT), len(rows)),
        "start": ends - sizes,
        "end": ends,
        "image_offset": ends - sizes + BLOCK,
        "image_bytes": images,
    }
    return pa.table([placed[name] if name in placed else rows[name] for name in INDEX.names], schema=INDEX)


def _padded(sizes: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    return sizes + -sizes % BLOCK


def _label_sizes(labels: pa.ChunkedArray) -> npt.NDArray[np.int64]:
    """Bytes of each sample's `.json` member with its header, 0 where there is no label."""
    sizes = {name: BLOCK + padded(len(label_json(name))) for name in labels.unique().to_pylist() if name is not None}
    return np.array([sizes.get(name, 0) for name in labels.to_pylist()], dtype=np.int64)


@contextmanager
def index_writer(path: Path, schema: pa.Schema) -> Iterator[pq.ParquetWriter]:
    """A Parquet file (zstd) that is in its place when it is complete."""
    # Statistics of random ids and offsets tell nothing, and cost as much as the rest.
    options = {"compression": "zstd", "use_dictionary": REPEATED, "write_statistics": False}
    with atomic(path) as temporary, pq.ParquetWriter(temporary, schema, **options) as writer:
        yield writer
