"""What a row of a list is called, which part it goes to, and whether a sample holds it: functions of the row alone."""

from hashlib import blake2b

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from datalines.lists.columns import PLACE
from datalines.pools.base import item_id

PART = "part"
Draws = npt.NDArray[np.uint64]


def with_names(rows: pa.Table, pool: str, parts: int) -> pa.Table:
    """Rows of `normalise` with the columns key, id and part (int32, 0..parts-1) for `named` and place.

    A key is the URL and the first 8 hex digits of the caption's blake2b; a malformed row's key is its place. A part is
    decided by the URL, so that all rows of one URL share it.
    """
    urls, captions, places = (rows.column(name).to_pylist() for name in ("url", "named", PLACE))
    keys = [
        place or f"{url} {blake2b(caption).hexdigest()[:8]}"
        for url, caption, place in zip(urls, captions, places, strict=True)
    ]
    homes = [place or url for url, place in zip(urls, places, strict=True)]
    named = {
        "key": pa.array(keys, pa.string()),
        "id": pa.array([item_id(pool, key) for key in keys], pa.string()),
        PART: pa.array(part_numbers(homes, parts)),
    }
    others = {name: rows.column(name) for name in rows.column_names if name not in ("named", PLACE)}
    return pa.table({**others, **named})


def part_numbers(texts: list[str], parts: int) -> npt.NDArray[np.int32]:
    """The part of each text: a hash of 64 bits, times the number of parts (below 2**31), over 2**64, rounded down."""
    draws = _draws([blake2b(text.encode(), digest_size=8).digest() for text in texts])
    low = (draws & np.uint64(0xFFFFFFFF)) * np.uint64(parts) >> np.uint64(32)
    return (((draws >> np.uint64(32)) * np.uint64(parts) + low) >> np.uint64(32)).astype(np.int32)


def in_sample(ids: pa.ChunkedArray, share: float, seed: int) -> npt.NDArray[np.bool_]:
    """Whether each id is in the sample: about `share` of all; with one seed, a larger share contains a smaller one."""
    if share >= 1:
        return np.ones(len(ids), dtype=bool)
    key = seed.to_bytes(8, "little", signed=True)
    digests = [
        blake2b(entry.encode(), digest_size=8, key=key, person=b"list-sample").digest() for entry in ids.to_pylist()
    ]
    return np.asarray(_draws(digests) < np.uint64(int(share * 2**64)), dtype=bool)


def _draws(digests: list[bytes]) -> Draws:
    return np.frombuffer(b"".join(digests), dtype=">u8").astype(np.uint64)
