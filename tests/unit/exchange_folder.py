"""A small results folder to export: two pools of real images in shards, a mixture of both, a run, papers, receipts."""

import hashlib
import io
import tarfile
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from PIL import Image

from tests.unit.results_folder import Folder, entry

POOLS = {"cats": "jpg", "dogs": "png"}
"""Pool -> kind of its images."""
STUDY = {
    "title": "small: two pools",
    "description": "For tests.",
    "substitutions": ["Noise stands in for photographs."],
    "scale": "tiny",
}
LICENCES = {"cats": "CC-BY-4.0", "dogs": "not stated"}
CAPTION = "**Figure 1. Two lines.** One line per\nsource. A marker is a model.\n\nScale: tiny.\n"
TABLE = "**Table 1. Sources**\n\n| a | b |\n| - | - |\n| 1 | 2 |\n\nThe sources. One row each.\n"
SCRIPT = "workflow/scripts/papers/qnq/fig_01.py"


def build(checkout: Path) -> Folder:
    """A finished study below `checkout`, with what a workflow consists of."""
    for path in ("Snakefile", "LICENSE", SCRIPT, "workflow/scripts/train_model.py", "config/config.yaml"):
        place = checkout / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text("scale: tiny\n" if path.endswith(".yaml") else f"# {path}\n", encoding="utf-8")
    folder = Folder(checkout)
    shards = {pool: _pool(folder, pool, kind) for pool, kind in POOLS.items()}
    _mixture(folder, shards)
    _collected(folder)
    _run(folder)
    _papers(folder)
    return folder


def tar_of(names: list[str], seed: int, kind: str) -> tuple[bytes, list[dict[str, Any]]]:
    """A shard of noise, and the rows of its index."""
    generator = np.random.default_rng(seed)
    buffer, rows = io.BytesIO(), []
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for name in names:
            pixels = io.BytesIO()
            noise = generator.integers(0, 255, (8, 10, 3), dtype=np.uint8)
            Image.fromarray(noise).save(pixels, "PNG" if kind == "png" else "JPEG")
            for suffix, data in ((kind, pixels.getvalue()), ("txt", f"a picture {name}".encode())):
                member = tarfile.TarInfo(f"{name}.{suffix}")
                member.size = len(data)
                tar.addfile(member, io.BytesIO(data))
            digest = hashlib.sha256(pixels.getvalue()).hexdigest()
            row = {"id": name, "extension": kind, "caption": f"a picture {name}", "sha256": digest}
            rows.append({**row, "label": "", "url": "", "width": 10, "height": 8})
    return buffer.getvalue(), rows


def _pool(folder: Folder, pool: str, kind: str) -> dict[str, tuple[bytes, list[dict[str, Any]]]]:
    part = {"receipt": folder.manifest(f"pools/{pool}/0.json", {"pool": pool, "stored": 6})}
    spec = {"spec": {"kind": "testbed", "version": 2, "seed": 11}}
    folder.job("download_pool", f"{pool}-0", {}, part, {"pool": pool, "part": "0"}, spec)
    said = {"pool": pool, "filter": "web", "input": 6, "kept": 4, "dropped": {"caption-length": 2}}
    report = {"report": folder.manifest(f"filters/{pool}/web/report.json", said)}
    folder.job("filter_pool", f"{pool}-web", {"parts": [part["receipt"]]}, report, {"pool": pool, "filter": "web"})
    place = f"shards/{pool}/web"
    tars = {f"0000{n}.tar": tar_of([f"{pool}{n}{m}" for m in range(2)], n + len(pool), kind) for n in range(2)}
    counts = {"pool": pool, "filter": "web", "requested": 7, "stored": 6, "failed": {"http_404": 1}, "samples": 4}
    _bulk(folder, "write_shards", f"{pool}-web", place, tars, counts, [report["report"]])
    return tars


def _bulk(
    folder: Folder, rule: str, name: str, place: str, tars: dict[str, Any], said: dict[str, Any], inputs: list[str]
) -> None:
    """A job with a manifest, an index and tars that only the manifest names."""
    rows = [{"shard": tar, **row} for tar, (_, listed) in tars.items() for row in listed]
    for tar, (data, _) in tars.items():
        folder.put(f"{place}/{tar}", data)
    shards = [entry(tar, data, samples=len(listed)) for tar, (data, listed) in tars.items()]
    outputs = {
        "index": folder.table(f"{place}/index.parquet", pd.DataFrame(rows)),
        "manifest": folder.manifest(f"{place}/manifest.json", {**said, "shards": shards}),
    }
    first, _, second = name.rpartition("-")
    wildcards = {"pool": first, "filter": second} if rule == "write_shards" else {"mixture": first, "size": second}
    folder.job(rule, name, {"files": inputs}, outputs, wildcards, {"spec": {"seed": 3}})


def _mixture(folder: Folder, shards: dict[str, Any]) -> None:
    tars = {f"0000{n}.tar": shards[pool]["00000.tar"] for n, pool in enumerate(POOLS)}
    entries = [{"pool": pool, "filter": "web", "available": 4, "samples": 2, "share": 0.5} for pool in POOLS]
    said = {"mixture": "both", "size": "full", "samples": 4, "entries": entries}
    manifests = [f"{folder.scale}/shards/{pool}/web/manifest.json" for pool in POOLS]
    _bulk(folder, "mix_shards", "both-full", "mixtures/both/full", tars, said, manifests)


def _collected(folder: Folder) -> None:
    labels = {
        pool: {"title": pool.title(), "kind": "testbed", "licence": licence, "paper_pairs": None}
        for pool, licence in LICENCES.items()
    }
    table = {"table": folder.put("records/pools.csv", b"pool,kept\ncats,4\ndogs,4\n")}
    manifests = [f"{folder.scale}/shards/{pool}/web/manifest.json" for pool in POOLS]
    folder.job("collect_pools", "pools", {"manifests": manifests}, table, {}, {"pools": labels})


def _run(folder: Folder) -> None:
    place = "runs/pets/full/0"
    weights = b"weights" * 50
    folder.put(f"{place}/epoch-001.safetensors", weights)
    said = {"family": "pets", "seed": 0, "device": "cuda:0", "ranks": 2}
    outputs = {
        "history": folder.put(f"{place}/history.csv", b"step,loss\n0,1.0\n"),
        "summary": folder.manifest(
            f"{place}/summary.json", {**said, "weights": [entry("epoch-001.safetensors", weights)]}
        ),
    }
    inputs = {"manifest": f"{folder.scale}/mixtures/both/full/manifest.json"}
    recipe = {
        "objective": "clip",
        "model": "tiny",
        "epochs": 1,
        "batch": 4,
        "optimizer": {"lr": 0.1, "betas": [0.9, 1]},
    }
    spec = {"spec": {"mixture": "both", "recipe": {**recipe, "determinism": "deterministic"}}}
    folder.job("train_model", "pets-full-0", inputs, outputs, {"family": "pets", "size": "full", "seed": "0"}, spec)


def _papers(folder: Folder) -> None:
    summary = f"{folder.scale}/runs/pets/full/0/summary.json"
    records = folder.put("records/lines.csv", b"family,size,seed,accuracy\npets,full,0,0.5\n")
    folder.job("collect_records", "lines", {"runs": [summary]}, {"records": records}, {"experiment": "lines"})
    fits = folder.put("fits/lines.csv", b"family,slope\npets,1.0\n")
    spec = {"spec": {"level": 0.95, "resamples": 1000, "resample": "points"}}
    folder.job("fit_lines", "lines", {"records": records}, {"fits": fits}, {"experiment": "lines"}, spec)
    figure = {s: folder.put(f"papers/qnq/fig-01.{s}", f"figure as {s}".encode()) for s in ("csv", "pdf", "png", "svg")}
    figure["md"] = folder.put("papers/qnq/fig-01.md", CAPTION.encode())
    drawn = {"tables": [records, fits], "script": SCRIPT}
    folder.job("draw_figure", "qnq-fig-01", drawn, figure, {"paper": "qnq", "figure": "fig-01"}, {"study": STUDY})
    table = {s: folder.put(f"papers/qnq/tab-01.{s}", f"table as {s}".encode()) for s in ("csv", "tex")}
    table["md"] = folder.put("papers/qnq/tab-01.md", TABLE.encode())
    folder.job("make_table", "qnq-tab-01", {"rows": [records]}, table, {"paper": "qnq", "table": "tab-01"})
    claims = {"csv": folder.put("papers/qnq/claims.csv", b"claim,verdict\na,holds\nb,holds\nc,fails\n")}
    folder.job("judge_claims", "qnq", {"inputs": [records]}, claims, {"paper": "qnq"})
    page = {"html": folder.put("report/index.html", b"<html></html>")}
    told = {"study": STUDY, "papers": {"qnq": {"title": "Quality Not Quantity"}}}
    folder.job("write_report", "report", {"figures": [figure["md"]]}, page, {}, told)
