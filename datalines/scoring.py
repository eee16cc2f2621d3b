"""Scores as annotations of a part: the cosine of image and caption of every stored pair, kept in a table of their own,
so that filters may use them again without running a model. LAION kept pairs of 0.3 and more.

A score depends on its pair, the scorer and the batch that the pair is in. Batches are cut by the order of the rows, and
each is worked on as a whole by one thread, so that neither the number of threads nor their timing changes a byte.
"""

import hashlib
import heapq
import json
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import torch

from datalines.errors import CountError, DatalinesError
from datalines.files import atomic, read_json
from datalines.images import ImageError, decode, square
from datalines.pools.rows import STORED, stored_batches
from datalines.scorer import Floats, Scorer, load_scorer

T = TypeVar("T")
HEADER = b"scorer"
COUNTS = b"counts"
COLUMNS = ["id", "caption", "offset", "bytes", "sha256"]
GROUP_ROWS = 65_536
NOT_DECODED = "undecodable_image"
NOT_FINITE = "not_finite"


class Prepared(NamedTuple):
    """A batch before the model: its ids, which of them have pixels, the pixels (n, 3, S, S), and the tokens."""

    ids: pa.ChunkedArray
    decoded: list[bool]
    images: torch.Tensor
    tokens: torch.Tensor


class Scored(NamedTuple):
    """A batch after the model: its ids, a float32 for each (nan where there is none), and why scores are missing."""

    ids: pa.ChunkedArray
    values: Floats
    failed: Counter[str]


def score_part(scorer: Scorer, receipt: Path, scores: Path, threads: int) -> dict[str, Any]:
    """Write the scores of a part's stored rows, in their order; return {stored, scored, failed: {reason: n}}.

    The table has the columns `id` and `score.<scorer>` (float32). Its schema's metadata hold the scorer's header under
    `scorer`, the file's the counts under `counts`. A row whose image cannot be decoded any more, or whose cosine is not
    finite, has null and is counted. On a CPU each of `threads` workers runs the model on batches of its own, and the
    bytes are equal in every run if `torch.set_num_threads(1)` was called before; on a GPU the workers decode. Memory,
    whatever the number of rows: the model, threads + 1 batches of pixels, the model's activations for one batch a
    worker, one decompressed image a worker, and 65,536 scores.
    """
    column = f"score.{scorer.name}"
    fields = [pa.field("id", pa.string()), pa.field(column, pa.float32())]
    schema = pa.schema(fields, metadata={HEADER: json.dumps(scorer.header, sort_keys=True).encode()})
    failed: Counter[str] = Counter()
    scored = 0
    with atomic(scores) as temporary, pq.ParquetWriter(temporary, schema, compression="zstd") as writer:
        for group in _groups(score_rows(scorer, _batches(receipt, scorer.batch), _tar(receipt), threads)):
            ids = pa.concat_arrays([chunk for batch in group for chunk in batch.ids.chunks]).cast(pa.string())
            values = np.concatenate([batch.values for batch in group])
            writer.write_table(pa.table([ids, pa.array(values, mask=np.isnan(values))], schema=schema))
            failed.update(reason for batch in group for reason in batch.failed.elements())
            scored += int((~np.isnan(values)).sum())
        counts = {"stored": read_json(receipt)["stored"], "scored": scored, "failed": dict(sorted(failed.items()))}
        if counts["stored"] != scored + sum(failed.values()):
            text = f"{counts['stored']} stored, but {scored} scored and {counts['failed']} not"
            raise CountError(f"{receipt}: {text}; delete it and run again to rebuild the part")
        writer.add_key_value_metadata({COUNTS: json.dumps(counts).encode()})
    return counts


def score_rows(scorer: Scorer, batches: Iterable[pa.Table], tar: Path, threads: int) -> Iterator[Scored]:
    """The scores of batches of stored rows, in order."""
    if scorer.device.type == "cpu":
        yield from _in_order(lambda rows: _finish(scorer, _prepare(scorer, rows, tar)), batches, threads)
        return
    for prepared in _in_order(lambda rows: _prepare(scorer, rows, tar), batches, threads):
        yield _finish(scorer, prepared)


def _prepare(scorer: Scorer, rows: pa.Table, tar: Path) -> Prepared:
    pixels, captions, decoded = [], [], []
    with tar.open("rb") as stream:
        for row in rows.select(COLUMNS).to_pylist():
            stream.seek(row["offset"])
            data = stream.read(row["bytes"])
            if hashlib.sha256(data).hexdigest() != row["sha256"]:
                receipt = tar.with_suffix(".json")
                text = f"does not hold the image of {row['id']} that its rows state"
                raise DatalinesError(f"{tar} {text}: delete {receipt} and run again to obtain the part anew")
            try:
                pixels.append(square(decode(data), scorer.side))
            except ImageError:
                decoded.append(False)
                continue
            captions.append(row["caption"])
            decoded.append(True)
    shape = (0, scorer.side, scorer.side, 3)
    images = torch.from_numpy(np.stack(pixels) if pixels else np.zeros(shape, np.uint8)).permute(0, 3, 1, 2)
    tokens = scorer.network.tokenizer(captions) if captions else torch.zeros((0, 1), dtype=torch.long)
    return Prepared(rows["id"], decoded, images, tokens)


def _finish(scorer: Scorer, batch: Prepared) -> Scored:
    values = np.full(len(batch.decoded), np.nan, np.float32)
    failed = Counter({NOT_DECODED: batch.decoded.count(False)})
    if any(batch.decoded):
        found = scorer.cosines(batch.images, batch.tokens)
        finite = np.isfinite(found)
        failed[NOT_FINITE] = int((~finite).sum())
        values[np.array(batch.decoded)] = np.where(finite, found, np.nan)
    return Scored(batch.ids, values, failed)


def _batches(receipt: Path, size: int) -> Iterator[pa.Table]:
    """A part's stored rows, `size` at a time; the last may be shorter."""
    waiting = STORED.empty_table()
    for _, rows in stored_batches([receipt]):
        waiting = pa.concat_tables([waiting, pa.Table.from_batches([rows])])
        while waiting.num_rows >= size:
            yield waiting.slice(0, size)
            waiting = waiting.slice(size)
    if waiting.num_rows:
        yield waiting


def _in_order(work: Callable[[pa.Table], T], batches: Iterable[pa.Table], threads: int) -> Iterator[T]:
    """Results in the batches' order, with at most threads + 1 batches under way."""
    under_way: deque[Future[T]] = deque()
    with ThreadPoolExecutor(threads) as pool:
        for batch in batches:
            under_way.append(pool.submit(work, batch))
            if len(under_way) > threads:
                yield under_way.popleft().result()
        while under_way:
            yield under_way.popleft().result()


def _groups(batches: Iterable[Scored]) -> Iterator[list[Scored]]:
    """Batches gathered to groups that are worth a row group each."""
    group: list[Scored] = []
    for batch in batches:
        group.append(batch)
        if sum(len(entry.values) for entry in group) >= GROUP_ROWS:
            yield group
            group = []
    if group:
        yield group


def _tar(receipt: Path) -> Path:
    tar = receipt.with_name(read_json(receipt)["tar"]["path"])
    if not tar.is_file():
        raise DatalinesError(f"{tar} is missing: delete {receipt} and run again to obtain it anew")
    return tar


def recheck(
    scores: Path, rows: Path, spec: dict[str, Any], sample: int = 1000, tolerance: float = 1e-4, threads: int = 1
) -> dict[str, Any]:
    """Compute a sample of stored scores again and compare: the report of an audit.

    `rows` is a part's table, with receipt and tar beside it; the sample is the same in every run. The verdict is
    `identical` (every bit, by an equal scorer), `equivalent` (no difference above `tolerance`, a difference of
    cosines), or `drifted` (a larger one, a score where there was none or none where there was one, or other rows).
    `differs` names the keys of the header in which the scorer is not the one of the file. Memory: as `score_part`, and
    the sample's captions.
    """
    receipt = rows.with_suffix(".json")
    metadata = pq.read_schema(scores).metadata or {}
    if HEADER not in metadata:
        raise DatalinesError(f"{scores} does not say what made its scores; delete it and run again")
    stated = json.loads(metadata[HEADER])
    scorer = load_scorer(spec)
    chosen, listed, order = _sample(scores, f"score.{scorer.name}", sample)
    again, stored, stored_order = _chosen_rows(receipt, set(chosen))
    same_rows = order == stored_order
    differences = []
    for batch in score_rows(scorer, _slices(again, scorer.batch), _tar(receipt), threads):
        for identity, value in zip(batch.ids.to_pylist(), batch.values.tolist(), strict=True):
            differences.append(_difference(value, chosen[identity]))
    beyond = sum(difference > tolerance for difference in differences)
    differs = sorted(key for key in {*stated, *scorer.header} if stated.get(key) != scorer.header.get(key))
    largest = max(differences, default=0.0)
    verdict = "equivalent" if largest > 0 or differs else "identical"
    return {
        "scorer": scorer.name,
        "rows": {"scores": listed, "stored": stored, "same": same_rows},
        "checked": len(differences),
        "tolerance": tolerance,
        "largest_difference": largest if np.isfinite(largest) else None,
        "beyond": beyond,
        "differs": differs,
        "verdict": "drifted" if beyond or not same_rows else verdict,
    }


def _difference(value: float, before: float | None) -> float:
    if before is None or np.isnan(value):
        return 0.0 if before is None and np.isnan(value) else float("inf")
    return abs(value - before)


def _sample(scores: Path, column: str, size: int) -> tuple[dict[str, float | None], int, str]:
    """{id: score} of the `size` rows whose ids' hashes are smallest, the number of rows, and the digest of all ids."""
    order, count = hashlib.sha256(), 0
    best: list[tuple[bytes, str, float | None]] = []
    with pq.ParquetFile(scores) as table:
        if column not in table.schema_arrow.names:
            raise DatalinesError(f"{scores} has no column {column}; it holds {', '.join(table.schema_arrow.names)}")
        for batch in table.iter_batches(columns=["id", column]):
            ids = batch["id"].to_pylist()
            order.update("".join(ids).encode())
            count += len(ids)
            found = zip(map(_hash, ids), ids, batch[column].to_pylist(), strict=True)
            best = heapq.nsmallest(size, [*best, *found], key=lambda entry: entry[:2])
    return {identity: value for _, identity, value in best}, count, order.hexdigest()


def _hash(identity: str) -> bytes:
    return hashlib.blake2b(identity.encode(), digest_size=16, person=b"recheck").digest()


def _chosen_rows(receipt: Path, chosen: set[str]) -> tuple[pa.Table, int, str]:
    """The stored rows of the chosen ids, the number of all stored rows, and the digest of all their ids."""
    order, count = hashlib.sha256(), 0
    wanted = pa.array(sorted(chosen), STORED.field("id").type)
    kept = []
    for _, batch in stored_batches([receipt]):
        order.update("".join(batch["id"].to_pylist()).encode())
        count += batch.num_rows
        kept.append(batch.filter(pc.is_in(batch["id"], value_set=wanted)))
    return pa.Table.from_batches(kept, STORED), count, order.hexdigest()


def _slices(rows: pa.Table, size: int) -> Iterator[pa.Table]:
    return (rows.slice(start, size) for start in range(0, rows.num_rows, size))
