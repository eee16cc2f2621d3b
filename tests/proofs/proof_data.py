"""Pools, filters, shards, mixtures and evaluation sets of the small study, made by the scripts that make them."""

from datalines import shifts
from datalines.files import write_json
from datalines.shards import Sample
from tests.builders import jpeg
from tests.proofs.proof_folder import CLASSES, LIST, PREPROCESSING, Folder, Names, at
from tests.unit.shard_files import Row
from workflow.scripts import filter_pool, mix_shards, write_shards


def member(pool: str, number: int) -> Row:
    """One sample of a pool; every tenth has no caption and is dropped by the filter."""
    caption = "" if number % 10 == 9 else f"{pool} number {number}"
    return Row(f"{pool}-{number}", f"{pool} {number}".encode() * 3, caption, CLASSES[number % 3])


FILTERED = {"kept": "kept.npy", "dropped": "dropped.parquet", "counts": "report.json"}


def make_filter(folder: Folder, pool: str, excluding: bool = True) -> None:
    """Run the filter; without `excluding` as if there were no list, which the receipt names all the same."""
    steps = [{"name": "short", "kind": "caption-length", "unit": "words", "min": 1, "max": 9}]
    out = folder.root / "filters" / pool / "some"
    files = {name: out / file for name, file in FILTERED.items()}
    lists = [folder.checkout / LIST] if excluding else None
    part = folder.root / "pools" / pool / "0.json"
    filter_pool.main(pool, "some", steps, [part], **files, exclusions=lists)
    inputs: Names = {"receipts": [at("pools", pool, "0.json")], "exclusions": [LIST]}
    outputs: Names = {name: at("filters", pool, "some", file) for name, file in FILTERED.items()}
    folder.receipt("filter_pool", f"{pool}-some", {"pool": pool, "filter": "some"}, {"steps": steps}, inputs, outputs)


def make_shards(folder: Folder, pool: str) -> None:
    out, filtered = folder.root / "shards" / pool / "some", folder.root / "filters" / pool / "some"
    spec = {"seed": 1, "shard_size": 8, "items": None}
    part = folder.root / "pools" / pool / "0.json"
    files = {"manifest": out / "manifest.json", "listing": out / "index.parquet"}
    write_shards.main(pool, "some", spec, [part], filtered / "kept.npy", filtered / "report.json", **files)
    inputs: Names = {"kept": at("filters", pool, "some", "kept.npy")}
    outputs: Names = {name: at("shards", pool, "some", path.name) for name, path in files.items()}
    folder.receipt("write_shards", f"{pool}-some", {"pool": pool, "filter": "some"}, {"spec": spec}, inputs, outputs)


def make_mixture(folder: Folder, mixture: str, counts: dict[str, int]) -> None:
    spec = {"seed": 0, "entries": [{"pool": pool, "filter": "some", "count": n} for pool, n in counts.items()]}
    out = folder.root / "mixtures" / mixture / "full"
    files = {"manifest": out / "manifest.json", "listing": out / "index.parquet"}
    shards = [folder.root / "shards" / pool / "some" / "manifest.json" for pool in counts]
    mix_shards.main(mixture, "full", spec, shards, **files, states=folder.root / "state")
    inputs: Names = {"shards": [at("shards", pool, "some", "manifest.json") for pool in counts]}
    outputs: Names = {name: at("mixtures", mixture, "full", path.name) for name, path in files.items()}
    wildcards = {"mixture": mixture, "size": "full"}
    folder.receipt("mix_shards", f"{mixture}-full", wildcards, {"spec": spec}, inputs, outputs)


def make_set(folder: Folder, name: str) -> None:
    samples = [
        Sample(member(name, number).id, "jpg", jpeg(8, 8, number), "a thing", CLASSES[number % 3])
        for number in range(12)
    ]
    spec = {
        "kind": "folder",
        "version": 1,
        "items": 12,
        "per_class": 4,
        "class_names": CLASSES,
        "subset": CLASSES,
        "class_texts": CLASSES,
        "prompts": ["a {}"],
        "card": "zoo@tars",
    }
    shifts.write(folder.root / "shifts" / name, name, samples, spec, name)
    outputs: Names = {"manifest": at("shifts", name, "manifest.json"), "listing": at("shifts", name, "index.parquet")}
    folder.receipt("prepare_shift", name, {"shift": name}, {"spec": spec}, {}, outputs)
    cards = {"zoo": {"items": 12, "per_class": 4, "preprocessing": PREPROCESSING, "copies": {"tars": {}}}}
    write_json(folder.checkout / "config" / "evalsets.yaml", {"evalsets": cards})
