"""Captions of pools, as a stream: of the samples in its shards, or of all rows that its list requests."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import pyarrow.parquet as pq

from datalines.concepts.lexicon import ConceptError
from datalines.files import read_json

BATCH = 1024  # rows in memory at once: about 64 MiB where every caption is as long as lists allow


def captions_in(files: Sequence[Path]) -> Iterator[str | None]:
    """The captions of Parquet files, in the order of files and rows; None where a row has none.

    Raises ConceptError for a file without the column `caption`.
    """
    for path in files:
        with pq.ParquetFile(path) as file:
            if "caption" not in file.schema_arrow.names:
                raise ConceptError(f"{path} has no column caption; remove the manifest beside it and run again")
            for group in range(file.num_row_groups):
                for batch in file.iter_batches(batch_size=BATCH, row_groups=[group], columns=["caption"]):
                    yield from batch.column("caption").to_pylist()


def list_parts(manifest: Path) -> list[Path]:
    """The files of a list's parts, beside its manifest."""
    return [manifest.with_name(f"{number}.parquet") for number in range(len(read_json(manifest)["parts"]))]
