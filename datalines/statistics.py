"""Statistics of the kept samples of pools: a random sample of an index, and exact means over all of it.

An index is read in batches, so memory is bounded by one batch and the sample, whatever the size of the pool.
"""

import heapq
import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from datalines.errors import DatalinesError
from datalines.shards import order_keys

BATCH = 1024  # rows in memory at once: about 64 MiB where every caption is as long as lists allow (65,536 characters)
MEASURES = ("characters", "words", "width", "height", "bytes")


def _batches(index: Path, columns: list[str]) -> Iterator[pa.RecordBatch]:
    """The columns of an index, at most BATCH rows at a time, in the order of the file."""
    with pq.ParquetFile(index) as file:
        missing = [name for name in columns if name not in file.schema_arrow.names]
        if missing:
            statement = index.with_name("manifest.json")
            raise DatalinesError(f"{index} has no column {', '.join(missing)}: delete {statement} and run again")
        for group in range(file.num_row_groups):  # one at a time: a reader of all keeps something of each
            yield from file.iter_batches(batch_size=BATCH, row_groups=[group], columns=columns)


def _ranks(index: Path, seed: int) -> Iterator[tuple[bytes, str, int]]:
    """(keyed hash, id, row number) of every row."""
    start = 0
    for batch in _batches(index, ["id"]):
        ids = batch.column("id").to_pylist()
        yield from zip(order_keys(ids, seed), ids, range(start, start + len(ids)), strict=True)
        start += len(ids)


def keyed_sample(index: Path, count: int, seed: int, columns: list[str]) -> pd.DataFrame:
    """`count` random rows of an index (all, where it has fewer), with its columns `id` and `columns`.

    They are the first rows in the keyed order of the ids, and stand in this order: the choice depends on the seed and
    the ids alone, a smaller sample is the beginning of a larger one. Memory: the sample and one batch.
    """
    if count < 1:
        raise DatalinesError(f"sample is {count}; write a number of rows, 1 or more")
    chosen = heapq.nsmallest(count, _ranks(index, seed))
    places = np.sort(np.array([row for _, _, row in chosen], dtype=np.int64))
    names = ["id", *(name for name in columns if name != "id")]
    taken, start = [], 0
    for batch in _batches(index, names):
        low, high = np.searchsorted(places, [start, start + batch.num_rows])
        if low < high:
            taken.append(batch.take(pa.array(places[low:high] - start)))
        start += batch.num_rows
    if not taken:
        raise DatalinesError(f"{index} lists no sample; loosen the filter of this pool")
    rows = pa.Table.from_batches(taken).to_pandas().set_index("id")
    return rows.loc[[identity for _, identity, _ in chosen]].reset_index()


def sample_statistics(index: Path, count: int, seed: int) -> pd.DataFrame:
    """id, characters, words (separated by white space), width and height in pixels, and bytes of a random sample."""
    rows = keyed_sample(index, count, seed, ["caption", "width", "height", "image_bytes"])
    captions = [str(caption) for caption in rows["caption"]]
    return pd.DataFrame(
        {
            "id": rows["id"],
            "characters": [len(caption) for caption in captions],
            "words": [len(caption.split()) for caption in captions],
            "width": rows["width"],
            "height": rows["height"],
            "bytes": rows["image_bytes"],
        }
    )


def caption_words(index: Path) -> tuple[int, float, float]:
    """(n, mean, standard deviation) of words a caption over all samples of an index; the sums are exact."""
    n = total = squares = 0
    for batch in _batches(index, ["caption"]):
        for caption in batch.column("caption").to_pylist():
            words = len(caption.split())
            n, total, squares = n + 1, total + words, squares + words * words
    if n == 0:
        raise DatalinesError(f"{index} lists no sample; loosen the filter of this pool")
    spread = math.sqrt((squares * n - total * total) / (n * (n - 1))) if n > 1 else math.nan
    return n, total / n, spread
