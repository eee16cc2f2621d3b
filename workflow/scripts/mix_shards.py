"""Compose a mixture of a stated size from pools' shards: links, one cut per source, an index and a manifest."""

import logging
from pathlib import Path
from typing import Any

from datalines.errors import DatalinesError
from datalines.files import read_json, sha256_file, write_json
from datalines.job import run
from datalines.mixing import mix, note_ids
from datalines.taking import Source

log = logging.getLogger(__name__)


def sources(entries: list[dict[str, Any]], shards: list[Path], subsets: list[Path]) -> list[tuple[Source, int | str]]:
    """Every entry's source and count; `subsets` are the ids of the entries that name a subset, in their order."""
    further = iter(subsets)
    found = []
    for entry, path in zip(entries, shards, strict=True):
        name = entry.get("subset")
        subset = None if name is None else next(further, None)
        if name is not None and (subset is None or subset.parent.name != name):
            raise DatalinesError(f"subsets: the entry of pool {entry['pool']} needs the kept ids of filter {name}")
        source = Source(entry["pool"], entry["filter"], path.parent, read_json(path), subset, name)
        found.append((source, entry["count"]))
    return found


def main(
    mixture: str,
    size: str,
    spec: dict[str, Any],
    shards: list[Path],
    manifest: Path,
    listing: Path,
    subsets: list[Path] | None = None,
    states: Path | None = None,
) -> None:
    where = f"mixtures.{mixture}"
    mixed = mix(sources(spec["entries"], shards, subsets or []), listing, spec["seed"], where)
    note_ids(mixed, listing, states, where)
    write_json(
        manifest,
        {
            "mixture": mixture,
            "size": size,
            "seed": spec["seed"],
            "samples": mixed.digests.count,
            "entries": mixed.entries,
            "shards": mixed.shards,
            "index": {"path": listing.name, "sha256": sha256_file(listing)},
            "id_set_sha256": mixed.digests.id_set,
            "order_sha256": mixed.digests.order,
        },
    )
    log.info(
        "%d samples: %s",
        mixed.digests.count,
        ", ".join(f"{entry['pool']} {entry['samples']} ({entry['share']:.1%})" for entry in mixed.entries),
    )


if __name__ == "__main__":
    run(main)
