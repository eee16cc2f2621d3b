"""Data sets as Croissant 1.1: every pool's shards and every mixture, from their manifests, with the RAI fields that
receipts can fill."""

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow.compute as pc
import pyarrow.parquet as pq

from datalines.audit.results import Receipt, Results
from datalines.exchange.about import About
from datalines.exchange.croissant_terms import CONFORMS, CONTEXT, FIELDS, IMAGES
from datalines.exchange.errors import ExchangeError
from datalines.exchange.facts import jobs_of, moments
from datalines.exchange.sources import Source, collected
from datalines.files import sha256_file, write_json

Json = dict[str, Any]
MANIFESTS = {"write_shards": "shards", "mix_shards": "mixtures"}
INDEX = "index.parquet"


@dataclass(frozen=True)
class DataSet:
    """The shards of a pool, or a mixture: its manifest, and the job that made it."""

    name: str
    folder: str
    said: Mapping[str, Any]
    made: Receipt

    @property
    def pools(self) -> list[str]:
        """The pools that it is from."""
        return [self.said["pool"]] if "pool" in self.said else [entry["pool"] for entry in self.said["entries"]]


@dataclass(frozen=True)
class Index:
    """What the index of a data set says of its samples."""

    columns: list[str]
    extensions: list[str]


def write_croissant(results: Results, sources: Mapping[str, Source], out: Path, about: About, base: str) -> list[str]:
    """Write `<data set>.json` for every pool and mixture into `out`; returns the names.

    Files are named by `base` and their path in the results folder, or relative to `out` where `base` is empty. Raises
    ExchangeError where there is no data set, or a manifest's files are not there.
    """
    names = []
    for data in data_sets(results):
        write_json(out / f"{data.name}.json", croissant(results, data, sources, about, place(results, out, base)))
        names.append(data.name)
    if not names:
        raise ExchangeError(
            f"{results.root} has neither shards nor mixtures; a study from archived records has no data"
        )
    return names


def place(results: Results, out: Path, base: str) -> str:
    """What stands before a file's path in the results folder to find it, with a slash at the end."""
    return base.rstrip("/") + "/" if base else Path(os.path.relpath(results.root, out)).as_posix() + "/"


def data_sets(results: Results) -> Iterator[DataSet]:
    """Pools and mixtures, by name."""
    found = []
    for receipt in jobs_of(results, *MANIFESTS):
        path = next((path for path in receipt.outputs if path.endswith("/manifest.json")), None)
        if path is None or not results.file(path).is_file():
            raise ExchangeError(
                f"{receipt.path} names a manifest that is not there; copy {path or 'it'}, or make it again"
            )
        if sha256_file(results.file(path)) != receipt.outputs[path]["sha256"]:
            raise ExchangeError(f"{path} is not what {receipt.path} says; `datalines audit` says what else is")
        said = json.loads(results.file(path).read_text(encoding="utf-8"))
        name = "-".join(path.removesuffix("/manifest.json").split("/"))
        found.append(DataSet(name, path.removesuffix("manifest.json"), said, receipt))
    yield from sorted(found, key=lambda data: data.name)


def croissant(results: Results, data: DataSet, sources: Mapping[str, Source], about: About, where: str) -> Json:
    """The description of one data set."""
    origins = [sources.get(pool, Source(pool)) for pool in data.pools]
    titles = ", ".join(source.title for source in origins)
    mixed = "mixture" in data.said
    kind = f"Mixture {data.said['mixture']}, size {data.said['size']}, of {titles}" if mixed else titles
    licences = list(dict.fromkeys(source.licence for source in origins))
    creator = {"@type": "Person", "name": about.agent.name} if about.agent else None
    index = _index(results, data)
    return {
        "@context": CONTEXT,
        "@type": "sc:Dataset",
        "name": data.name,
        "description": f"{kind}: {data.said['samples']:,} pairs of image and text in webdataset shards.",
        "conformsTo": CONFORMS,
        "license": licences[0] if len(licences) == 1 else licences,
        "citeAs": "; ".join(dict.fromkeys(source.citation for source in origins)),
        "version": f"{max(_version(results, pool) for pool in data.pools)}.0.0",
        "datePublished": moments(data.made).ended,
        **({"creator": creator} if creator else {}),
        **({"url": about.repository} if about.repository else {}),
        **_rai(results, data, origins),
        "distribution": _distribution(results, data, index, where),
        "recordSet": [_records(index)],
    }


def _index(results: Results, data: DataSet) -> Index:
    """Read the index, after a comparison with its receipt."""
    path = f"{data.folder}{INDEX}"
    if not results.file(path).is_file():
        raise ExchangeError(f"{path} is not there; a description of the data needs it, so copy it too")
    if sha256_file(results.file(path)) != data.made.outputs[path]["sha256"]:
        raise ExchangeError(f"{path} is not what {data.made.path} says; `datalines audit` says what else is")
    kinds = pq.read_table(results.file(path), columns=["extension"])["extension"]
    return Index(pq.read_schema(results.file(path)).names, sorted(pc.unique(kinds).to_pylist()))


def _distribution(results: Results, data: DataSet, index: Index, where: str) -> list[Json]:
    """Every tar and the index with digest and size, and the images in the tars."""
    tars = [
        _file(shard["path"], where + data.folder, "application/x-tar", shard["bytes"], shard["sha256"])
        for shard in data.said["shards"]
    ]
    entry = data.made.outputs[f"{data.folder}{INDEX}"]
    listing = _file(INDEX, where + data.folder, "application/x-parquet", entry["bytes"], entry["sha256"])
    images = {
        "@type": "cr:FileSet",
        "@id": "images",
        "name": "images",
        "containedIn": [{"@id": tar["@id"]} for tar in tars],
        "encodingFormat": sorted({IMAGES.get(kind, "image/jpeg") for kind in index.extensions}),
        "includes": [f"*.{kind}" for kind in index.extensions],
    }
    return [listing, *tars, images]


def _file(name: str, folder: str, kind: str, size: int, digest: str) -> Json:
    url = {"contentUrl": f"{folder}{name}", "contentSize": f"{size} B"}
    return {"@type": "cr:FileObject", "@id": name, "name": name, **url, "encodingFormat": kind, "sha256": digest}


def _records(index: Index) -> Json:
    """One record a pair: the image by its name in the tar, everything else from the index."""
    named = {
        "@type": "cr:Field",
        "@id": "pairs/id",
        "name": "id",
        "description": FIELDS["id"][1],
        "dataType": FIELDS["id"][0],
        "source": {
            "fileSet": {"@id": "images"},
            "extract": {"fileProperty": "filename"},
            "transform": {"regex": r"^([^.]+)"},
        },
        "references": {"fileObject": {"@id": INDEX}, "extract": {"column": "id"}},
    }
    picture = {
        "@type": "cr:Field",
        "@id": "pairs/image",
        "name": "image",
        "description": "The image.",
        "dataType": "sc:ImageObject",
        "source": {"fileSet": {"@id": "images"}, "extract": {"fileProperty": "content"}},
    }
    others = [_field(name) for name in FIELDS if name in index.columns and name != "id"]
    key = {"key": {"@id": "pairs/id"}}
    return {"@type": "cr:RecordSet", "@id": "pairs", "name": "pairs", **key, "field": [named, picture, *others]}


def _field(name: str) -> Json:
    kind, text = FIELDS[name]
    source = {"fileObject": {"@id": INDEX}, "extract": {"column": name}}
    identity = {"@type": "cr:Field", "@id": f"pairs/{name}", "name": name}
    return {**identity, "description": text, "dataType": kind, "source": source}


def _version(results: Results, pool: str) -> int:
    """The declared version of a pool, which is raised when its data change."""
    specs = [receipt.params.get("spec", {}) for receipt in collected(results, pool)]
    return max((int(spec.get("version", 1)) for spec in specs), default=1)


def _rai(results: Results, data: DataSet, origins: list[Source]) -> Json:
    """What receipts and manifests know of the responsible-AI fields."""
    jobs = [receipt for pool in data.pools for receipt in collected(results, pool)]
    times = [moments(receipt) for receipt in jobs]
    said: Json = {"rai:dataCollection": " ".join(source.collection for source in origins)}
    if times:
        frame = [min(time.started for time in times), max(time.ended for time in times)]
        said["rai:dataCollectionTimeFrame"] = frame
    counts = [source.attrition for source in origins if source.attrition]
    if counts:
        said["rai:dataCollectionMissingData"] = " ".join(counts)
    steps = [text for source in origins for text in source.filtering]
    if "entries" in data.said:
        steps += [
            f"{entry['samples']:,} of {entry['available']:,} pairs of {entry['pool']}, share {entry['share']:.4g}."
            for entry in data.said["entries"]
        ]
    if steps:
        said["rai:dataPreprocessingProtocol"] = steps
    limits = [text for source in origins for text in source.limits]
    return {**said, **({"rai:dataLimitations": list(dict.fromkeys(limits))} if limits else {})}
