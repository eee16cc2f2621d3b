"""Mixture proof: shares of sources, in the mixtures as they lie there and in what training saw of them."""

from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from datalines.audit.proofs.order import same_data
from datalines.audit.proofs.replay import counted, index_of, logged, mixture_of, replayed
from datalines.audit.proofs.study import MIXTURES, SUMMARIES, Part, Problems, Study, differing, proof
from datalines.audit.verdicts import Check
from datalines.loading.order import batches_in


def check(study: Study) -> Check:
    """Every mixture, and every run."""
    return proof(
        study,
        "mixture-proof",
        "Mixtures hold, and training saw, exactly the declared number of samples of every source.",
        "the folder holds no mixtures and no trained runs",
        Part(study.paths(*MIXTURES), _mixture),
        Part(study.paths(*SUMMARIES), _run, lambda study, path: _realised(logged(study.json(path)))),
    )


def _mixture(study: Study, path: str) -> Problems:
    manifest = study.json(path)
    yield from differing([manifest["mixture"], manifest["size"]], path.split("/")[1:3], "the mixture")
    yield from _declared(study, path, manifest)
    total = manifest["samples"]
    yield from differing(sum(entry["samples"] for entry in manifest["entries"]), total, "the sum of its entries")
    for entry in manifest["entries"]:
        share = entry["samples"] / total if total else 0.0
        yield from differing(entry["share"], share, f"the share of {entry['pool']}")
        yield from differing(entry["repeats"], 1, f"repeats of {entry['pool']}")
    yield from _listed(study, path, manifest)
    yield from _sources(study, path, manifest)


def _declared(study: Study, path: str, manifest: dict[str, Any]) -> Problems:
    """The entries are those that the mixture's job was asked for."""
    receipt = study.results.maker(path)
    if receipt is None:
        return
    spec = receipt.params["spec"]
    asked = [(entry["pool"], entry["filter"], entry.get("subset")) for entry in spec["entries"]]
    laid = [(entry["pool"], entry["filter"], entry.get("subset")) for entry in manifest["entries"]]
    yield from differing(laid, asked, "the list of sources")
    for entry, wanted in zip(manifest["entries"], spec["entries"], strict=False):
        count = entry["available"] if wanted["count"] == "all" else wanted["count"]
        yield from differing(entry["samples"], count, f"the number of samples of {entry['pool']}")


def _listed(study: Study, path: str, manifest: dict[str, Any]) -> Problems:
    """The index has the shards' samples, one after the other, each sample once, and as many of each pool as stated."""
    index = study.table(index_of(path), ("shard", "pool", "id"))
    shards = [shard for shard in manifest["shards"] if shard["samples"]]
    yield from differing(len(index), manifest["samples"], f"the number of rows of {index_of(path)}")
    found = _runs(index)
    stated = [(shard["path"], shard["pool"], shard["samples"]) for shard in shards]
    for own, row in zip(stated, found, strict=False):
        if own != row:
            yield f"{index_of(path)} has {row[2]} samples of {row[1]} in {row[0]} where {own} is stated"
            break
    yield from differing(len(found), len(stated), "the number of shards in the index")
    yield from differing(pc.count_distinct(index["id"]).as_py(), len(index), "the number of different samples")
    pools = _totals((entry["pool"], entry["samples"]) for entry in manifest["entries"])
    yield from differing(_totals((row[1], row[2]) for row in found), pools, "samples by source in the index")
    ids = counted(study, path)
    yield from differing(manifest["order_sha256"], ids.order, "order_sha256")
    yield from differing(manifest["id_set_sha256"], ids.id_set, "id_set_sha256")


def _runs(index: pa.Table) -> list[tuple[str, str, int]]:
    """(shard, pool, rows) of neighbouring rows with the same shard and pool."""
    if not len(index):
        return []
    joined = pc.binary_join_element_wise(index["shard"].cast(pa.string()), index["pool"].cast(pa.string()), "\0")
    ends = pc.run_end_encode(joined.combine_chunks())
    before, found = 0, []
    for end, text in zip(ends.run_ends.to_pylist(), ends.values.to_pylist(), strict=True):
        shard, _, pool = text.partition("\0")
        found.append((shard, pool, end - before))
        before = end
    return found


def _totals(pairs: Any) -> dict[str, int]:
    found: dict[str, int] = {}
    for name, count in pairs:
        found[name] = found.get(name, 0) + count
    return dict(sorted(found.items()))


def _sources(study: Study, path: str, manifest: dict[str, Any]) -> Problems:
    """Every sample is one of the shards of the source that it is counted for: same id, same image."""
    rows = study.table(index_of(path), ("pool", "id", "sha256"))
    for pool in dict.fromkeys(entry["pool"] for entry in manifest["entries"]):
        own = _keys(rows.filter(pc.equal(rows["pool"], pool)))
        filters = dict.fromkeys(entry["filter"] for entry in manifest["entries"] if entry["pool"] == pool)
        known = [_keys(study.table(f"shards/{pool}/{name}/index.parquet", ("id", "sha256"))) for name in filters]
        strangers = len(own) - pc.sum(pc.is_in(own, value_set=pa.chunked_array(known).combine_chunks())).as_py()
        if strangers:
            yield f"{strangers} samples that are counted for {pool} are not in the shards of that pool"


def _keys(rows: pa.Table) -> pa.Array:
    texts = (rows["id"].cast(pa.large_string()), rows["sha256"].cast(pa.large_string()))
    joined = pc.binary_join_element_wise(*texts, pa.scalar(" ", pa.large_string()), null_handling="replace")
    return joined.combine_chunks() if isinstance(joined, pa.ChunkedArray) else joined


def _run(study: Study, path: str) -> Problems:
    summary = study.json(path)
    said, recipe = logged(summary), summary["recipe"]
    stale = list(same_data(study, summary))
    if stale:
        yield from stale
        return
    manifest = study.json(mixture_of(summary))
    held = _totals((shard["pool"], shard["samples"]) for shard in manifest["shards"])
    in_epoch = batches_in(manifest["samples"], recipe["batch"]) * recipe["batch"]
    yield from differing([entry["epoch"] for entry in said], list(range(1, recipe["epochs"] + 1)), "the epochs seen")
    yield from differing(summary["samples_seen"], in_epoch * recipe["epochs"], "samples_seen")
    for entry in said:
        yield from _epoch(entry, held, in_epoch, manifest["samples"], len(summary["undecodable"]))
    for own, due in zip(said, replayed(study, path), strict=False):
        yield from differing(own["sources"], due["sources"], f"samples by source in epoch {due['epoch']}")


def _epoch(entry: dict[str, Any], held: dict[str, int], in_epoch: int, samples: int, failed: int) -> Problems:
    """An epoch has full batches only, so it may lack as many samples of a source as the last, short one has; a sample
    that does not decode is replaced by another one of its micro-batch."""
    name = f"epoch {entry['epoch']}"
    yield from differing(entry["samples"], in_epoch, f"the number of samples of {name}")
    yield from differing(sum(entry["sources"].values()), in_epoch, f"the sum of the sources of {name}")
    for pool in sorted({*held, *entry["sources"]}):
        seen, there = entry["sources"].get(pool, 0), held.get(pool, 0)
        if not there - (samples - in_epoch) - failed <= seen <= there + failed:
            yield f"{name} saw {seen} samples of {pool}, of which the mixture holds {there}"


def _realised(said: list[dict[str, Any]]) -> str:
    counts = _totals(pair for entry in said for pair in entry["sources"].items())
    total = sum(counts.values())
    shares = ", ".join(f"{pool} {count:,} ({count / total:.2%})" for pool, count in counts.items())
    return f"saw {total:,} samples in {len(said)} epochs: {shares}"
