"""Row-wise unit that looks at the host of a row's address."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from datalines.fetch.addresses import canonical_host
from datalines.filters.registry import Mask, Step, row_unit

_HOST = r"^https?://(?P<host>\[[^\]]*\]|[^/?#:]*)"


@row_unit("host", "url")
def host(rows: pa.RecordBatch, step: Step) -> Mask:
    """Keep rows whose host is one of the domains of `keep` or below one, or of none of `drop`.

    `url` holds canonical addresses. A row without one has no host: `keep` drops it, `drop` keeps it.
    """
    hosts = pc.struct_field(pc.extract_regex(rows.column("url").cast(pa.string()), _HOST), "host")
    coded = hosts.fill_null("").dictionary_encode()
    mask = np.ones(len(coded.dictionary), dtype=bool)
    for key, wanted in (("keep", True), ("drop", False)):
        if step[key] is not None:
            domains = {canonical_host(domain) for domain in step[key]}
            found = [_within(entry, domains) == wanted for entry in coded.dictionary.to_pylist()]
            mask &= np.array(found, dtype=bool)
    return mask[coded.indices.to_numpy()]


def _within(name: str, domains: set[str]) -> bool:
    """Whether a host is one of the domains or lies below one."""
    labels = name.split(".")
    return any(".".join(labels[start:]) in domains for start in range(len(labels)))
