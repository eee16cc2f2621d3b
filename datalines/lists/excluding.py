"""Rows of a list that an exclusion list names: they are never asked for, and go from a part that holds their image."""

import pyarrow as pa
import pyarrow.compute as pc

from datalines.filters.exclusions import NAME, Entries
from datalines.pools.base import OK

MESSAGE = "an exclusion list names it"
KNOWN_BEFORE_FETCHING = ("id", "url", "key")


def mark_excluded(rows: pa.Table, entries: Entries) -> pa.Table:
    """The rows with status `excluded` where an entry names their id, address or key. A digest of the image is not known
    yet; filters drop what is named by it."""
    named = pa.array([False] * len(rows), pa.bool_())
    for field in KNOWN_BEFORE_FETCHING:
        if entries.values[field]:
            texts = pa.array(entries.values[field], pa.large_string())
            found = pc.is_in(rows.column(field).cast(pa.large_string()), value_set=texts).combine_chunks()
            named = pc.or_(named, found)
    named = pc.and_(named, pc.equal(rows.column("status"), OK).combine_chunks())
    for column, text in (("status", NAME), ("message", MESSAGE)):
        marked = pc.if_else(named, text, rows.column(column))
        rows = rows.set_column(rows.column_names.index(column), column, marked)
    return rows
