"""DuckDB as the engine for what needs all rows at once: sorts, groups and joins that spill to disk when memory ends."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
import pyarrow as pa

from datalines.errors import DatalinesError

# What a database may hold in memory, whatever the number of rows; the rest lies in the scratch folder.
MIB_PER_THREAD = 512
LEAST_MIB = 1024
BATCH = 1 << 17

Database = duckdb.DuckDBPyConnection


@contextmanager
def database(scratch: Path, threads: int) -> Iterator[Database]:
    """An empty database, gone at the end. Memory: MIB_PER_THREAD for each thread, and LEAST_MIB in any case.

    Raises DatalinesError if `scratch`, where it spills, has no room left.
    """
    spill = scratch / "spill"
    spill.mkdir(parents=True)
    settings: dict[str, str | bool | int | float | list[str]] = {
        "memory_limit": f"{max(LEAST_MIB, MIB_PER_THREAD * threads)}MiB",
        "threads": threads,
        "temp_directory": str(spill),
        "preserve_insertion_order": False,
        "autoinstall_known_extensions": False,
    }
    connection = duckdb.connect(config=settings)
    try:
        connection.execute("SET enable_progress_bar = false")  # it would draw one on standard output
        yield connection
    except (duckdb.OutOfMemoryException, duckdb.IOException) as error:
        text = f"{spill}: no room to sort or join ({str(error).splitlines()[0]})"
        raise DatalinesError(f"{text}; free disk space there and run again") from error
    finally:
        connection.close()
        shutil.rmtree(spill, ignore_errors=True)


@contextmanager
def scratch_folder(beside: Path) -> Iterator[Path]:
    """An empty hidden folder beside a file that is to be written; gone at the end, and what a killed run left, too."""
    folder = beside.with_name(f".{beside.name}.scratch")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def load(database: Database, table: str, select: str, batches: Iterator[pa.RecordBatch], schema: pa.Schema) -> None:
    """Create `table` as `SELECT {select}` from the batches, which are read once."""
    with _arriving(database, batches, schema):
        database.execute(f"CREATE OR REPLACE TABLE {table} AS SELECT {select} FROM arriving")
        database.unregister("arriving")


def in_order(
    database: Database, by: str, batches: Iterator[pa.RecordBatch], schema: pa.Schema
) -> Iterator[pa.RecordBatch]:
    """The rows of the batches, which are read once, sorted by a column; BATCH rows at a time."""
    with _arriving(database, batches, schema):
        yield from stream(database, f"SELECT * FROM arriving ORDER BY {by}")


def stream(database: Database, query: str) -> Iterator[pa.RecordBatch]:
    """The result of a query, BATCH rows at a time."""
    yield from database.sql(query).to_arrow_reader(BATCH)


@contextmanager
def _arriving(database: Database, batches: Iterator[pa.RecordBatch], schema: pa.Schema) -> Iterator[None]:
    """Let queries read the batches, once, as the table `arriving`; an error of theirs comes out as it went in."""
    errors: list[DatalinesError] = []

    def cast() -> Iterator[pa.RecordBatch]:
        try:
            for batch in batches:
                yield batch.cast(schema)
        except DatalinesError as error:
            errors.append(error)
            raise

    database.register("arriving", pa.RecordBatchReader.from_batches(schema, cast()))
    try:
        yield
    except duckdb.Error as error:
        if errors:
            raise errors[0] from error
        raise
