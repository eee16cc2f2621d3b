"""Builds small results folders, receipts and manifests included, by the function that writes a job's receipt.

Two pools are sharded and mixed, two runs are trained and evaluated, and their records drawn and tabled. The bytes mean
nothing. Every job is a minute later than the one before it.
"""

import contextlib
import hashlib
import json
import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pandas as pd
from snakemake.iocontainers import Namedlist

from datalines.files import write_parquet
from datalines.receipts import write_receipt

SCALE = "results/tiny"
SCRIPT = "workflow/scripts/papers/qnq/fig_01.py"
START = 1_700_000_000.0
POOLS = ("cats", "dogs")
FAMILIES = ("felines", "canines")
"""Mixtures and families: each is of one pool."""


def sha256(data: bytes) -> str:
    """Hex digest of bytes."""
    return hashlib.sha256(data).hexdigest()


class Folder:
    """A checkout with a results folder that grows by jobs. Paths are relative to the checkout, as in receipts."""

    def __init__(self, checkout: Path, scale: str = SCALE) -> None:
        self.checkout = checkout
        self.scale = scale
        self.root = checkout / scale
        self.root.mkdir(parents=True, exist_ok=True)
        self.now = START

    def copy(self, checkout: Path) -> "Folder":
        """The same checkout elsewhere, with times and links kept."""
        subprocess.run(["cp", "-a", self.checkout, checkout], check=True)
        same = Folder(checkout, self.scale)
        same.now = self.now
        return same

    def put(self, path: str, data: bytes) -> str:
        """Write a file of the scale at the present moment; returns its path in the checkout."""
        place = self.root / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(data)
        os.utime(place, (self.now, self.now))
        return f"{self.scale}/{path}"

    def table(self, path: str, frame: pd.DataFrame) -> str:
        """Write a Parquet file of the scale."""
        write_parquet(self.root / path, frame)
        os.utime(self.root / path, (self.now, self.now))
        return f"{self.scale}/{path}"

    def manifest(self, path: str, said: Mapping[str, Any]) -> str:
        """Write a JSON file of the scale."""
        return self.put(path, json.dumps(said, indent=2).encode())

    def job(
        self,
        rule: str,
        name: str,
        inputs: Mapping[str, Any],
        outputs: Mapping[str, str],
        wildcards: Mapping[str, str] | None = None,
        params: Mapping[str, Any] | None = None,
    ) -> Path:
        """Finish a job whose outputs have just been written: its log and receipt. The next job starts later."""
        files = [path for value in inputs.values() for path in ([value] if isinstance(value, str) else value)]
        job = SimpleNamespace(
            rule=rule,
            input=_named(inputs, files),
            output=_named(outputs, list(outputs.values())),
            params=Namedlist(fromdict={"code": "0123456789ab", **(params or {})}),
            wildcards=Namedlist(fromdict=dict(wildcards or {})),
            threads=1,
        )
        log = self.root / "logs" / rule / f"{name}.log"
        log.parent.mkdir(parents=True, exist_ok=True)
        log.touch()
        with contextlib.chdir(self.checkout):
            write_receipt(job, Path(self.scale) / "logs" / rule / f"{name}.log", self.now - 2, self.now)
            for path in outputs.values():
                os.utime(path, (self.now + 0.5, self.now + 0.5))  # as Snakemake does it
        self.now += 60
        return self.receipt(rule, name)

    def receipt(self, rule: str, name: str) -> Path:
        """Where the receipt of a job lies."""
        return self.root / "receipts" / rule / f"{name}.json"


def _named(names: Mapping[str, Any], files: list[str]) -> Namedlist:
    """Files as Snakemake hands them over: in one list, and by the names of the rule."""
    listed = Namedlist(files)
    place = 0
    for name, value in names.items():
        end = place + 1 if isinstance(value, str) else place + len(value)
        listed._set_name(name, place, end=None if isinstance(value, str) else end)
        place = end
    return listed


def entry(path: str, data: bytes, **more: Any) -> dict[str, Any]:
    """How a manifest names a file beside it."""
    return {"path": path, **more, "bytes": len(data), "sha256": sha256(data)}


def build(checkout: Path) -> Folder:
    """A finished study below `checkout`."""
    folder = Folder(checkout)
    script = checkout / SCRIPT
    script.parent.mkdir(parents=True)
    script.write_text('"""A figure."""\n')
    for pool in POOLS:
        _pool(folder, pool)
        _shards(folder, pool)
    for family, pool in zip(FAMILIES, POOLS, strict=True):
        _mixture(folder, family, pool)
    _shift(folder)
    for family in FAMILIES:
        _run(folder, family)
        _predictions(folder, family)
    _papers(folder)
    return folder


def _pool(folder: Folder, pool: str) -> None:
    outputs = {
        "images": folder.put(f"pools/{pool}/0.tar", f"images of {pool}".encode() * 50),
        "rows": folder.table(f"pools/{pool}/0.parquet", pd.DataFrame({"id": [f"{pool}{n}" for n in range(6)]})),
        "receipt": folder.manifest(f"pools/{pool}/0.json", {"pool": pool, "stored": 6}),
    }
    folder.job("download_pool", f"{pool}-0", {}, outputs, {"pool": pool, "part": "0"}, {"spec": {"kind": "testbed"}})


def _shards(folder: Folder, pool: str) -> None:
    place = f"shards/{pool}/web"
    tars = {f"0000{n}.tar": f"shard {n} of {pool}".encode() * 40 for n in range(4)}
    _bulk(folder, "write_shards", f"{pool}-web", place, tars, "images", [f"{folder.scale}/pools/{pool}/0.json"])
    folder.put(f"{place}/.shards.jsonl", b"{}\n")


def _mixture(folder: Folder, mixture: str, pool: str) -> None:
    """Whole shards are linked, as mixing does it."""
    place = f"mixtures/{mixture}/full"
    shards = [f"{folder.scale}/shards/{pool}/web/manifest.json", f"{folder.scale}/shards/{pool}/web/index.parquet"]
    tars = {}
    (folder.root / place).mkdir(parents=True)
    for number in range(3):
        source = folder.root / f"shards/{pool}/web/0000{number}.tar"
        tars[f"0000{number}.tar"] = source.read_bytes()
        (folder.root / place / f"0000{number}.tar").hardlink_to(source)
    _bulk(folder, "mix_shards", f"{mixture}-full", place, tars, "shards", shards, {"mixture": mixture, "size": "full"})


def _bulk(
    folder: Folder,
    rule: str,
    name: str,
    place: str,
    tars: Mapping[str, bytes],
    role: str,
    inputs: list[str],
    wildcards: Mapping[str, str] | None = None,
) -> None:
    """A job with a manifest, an index and tars that only the manifest names."""
    for tar, data in tars.items():
        if not (folder.root / place / tar).exists():
            folder.put(f"{place}/{tar}", data)
    ids = [f"{name}-{number}" for number in range(2 * len(tars))]
    said = {"samples": len(ids), "shards": [entry(tar, data, samples=2) for tar, data in tars.items()]}
    outputs = {
        "index": folder.table(f"{place}/index.parquet", pd.DataFrame({"id": ids})),
        "manifest": folder.manifest(f"{place}/manifest.json", said),
    }
    pool, _, kept = name.partition("-")
    folder.job(rule, name, {role: inputs}, outputs, wildcards or {"pool": pool, "filter": kept}, {"spec": {"seed": 0}})


def _shift(folder: Folder) -> None:
    images = b"images of the evaluation set" * 30
    outputs = {
        "images": folder.put("shifts/v2/images.tar", images),
        "index": folder.table("shifts/v2/index.parquet", pd.DataFrame({"label": [0, 1, 0]})),
        "manifest": folder.manifest("shifts/v2/manifest.json", {"items": 3, "images": entry("images.tar", images)}),
    }
    folder.job("prepare_shift", "v2", {}, outputs, {"shift": "v2"}, {"spec": {"kind": "testbed"}})


def _run(folder: Folder, family: str) -> None:
    place = f"runs/{family}/full/0"
    weights = {f"epoch-00{n}.safetensors": f"weights {n} of {family}".encode() * 60 for n in (1, 2)}
    for name, data in weights.items():
        folder.put(f"{place}/{name}", data)
    said = {"family": family, "seed": 0, "weights": [entry(name, data) for name, data in weights.items()]}
    outputs = {
        "history": folder.put(f"{place}/history.csv", f"step,loss of {family}\n0,1.0\n".encode()),
        "summary": folder.manifest(f"{place}/summary.json", said),
    }
    mixture = f"{folder.scale}/mixtures/{family}/full"
    inputs = {"manifest": f"{mixture}/manifest.json", "index": f"{mixture}/index.parquet"}
    wildcards = {"family": family, "size": "full", "seed": "0"}
    recipe = {"seed": 0, "recipe": {"determinism": "deterministic"}}
    folder.job("train_model", f"{family}-full-0", inputs, outputs, wildcards, {"spec": recipe})


def _predictions(folder: Folder, family: str) -> None:
    place = f"evals/{family}/full/0"
    inputs = {
        "summary": f"{folder.scale}/runs/{family}/full/0/summary.json",
        "shifts": [f"{folder.scale}/shifts/v2/manifest.json", f"{folder.scale}/shifts/v2/index.parquet"],
    }
    outputs = {
        "predictions": folder.put(f"{place}/natural.safetensors", f"logits of {family}".encode() * 20),
        "record": folder.manifest(f"{place}/natural.json", {"family": family}),
    }
    wildcards = {"family": family, "size": "full", "seed": "0", "suite": "natural"}
    folder.job("evaluate_run", f"{family}-full-0-natural", inputs, outputs, wildcards)


def _papers(folder: Folder) -> None:
    evals = [f"{folder.scale}/evals/{family}/full/0/natural.json" for family in FAMILIES]
    rows = "".join(f"{family},full,0,0.{n}5\n" for n, family in enumerate(FAMILIES, start=1))
    records = folder.put("records/lines.csv", f"family,size,seed,accuracy\n{rows}".encode())
    folder.job("collect_records", "lines", {"evals": evals}, {"records": records}, {"experiment": "lines"})
    fits = folder.put("fits/lines.csv", b"family,slope\nfelines,1.0\n")
    folder.job("fit_lines", "lines", {"records": records}, {"fits": fits}, {"experiment": "lines"})
    figure = {
        suffix: folder.put(f"papers/qnq/fig-01.{suffix}", f"fig-01 as {suffix}\n".encode())
        for suffix in ("pdf", "png", "svg", "csv", "md")
    }
    drawn = {"tables": [records, fits], "script": SCRIPT}
    folder.job("draw_figure", "qnq-fig-01", drawn, figure, {"paper": "qnq", "figure": "fig-01"})
    table = {s: folder.put(f"papers/qnq/tab-01.{s}", f"tab-01 as {s}\n".encode()) for s in ("csv", "md", "tex")}
    folder.job("make_table", "qnq-tab-01", {"rows": [records]}, table, {"paper": "qnq", "table": "tab-01"})
