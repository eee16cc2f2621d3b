"""A small results folder with receipts from a source to a figure, and the site that is made of it.

Two families of two epochs on one shift; texts of the web are hostile. The pictures are a few bytes.
"""

import io
from pathlib import Path
from typing import Any

import pandas as pd
from PIL import Image

from datalines.files import sha256_file, write_json, write_text
from datalines.report import LOOK, FigureItem, Section, TableItem
from datalines.site.build import Site, Told

HOSTILE = '</script><script>document.title = "taken"</script> & "quoted"'
TITLES = {"alpha": "Alpha", "beta": "Beta", "reference": "Reference", "sketch": "Sketch", "r": "R"}
SCRIPT = "workflow/scripts/papers/qnq/tab_01_sources.py"
DIGEST = "0" * 64
EPOCHS = {1: (0.12, 0.05), 2: (0.31, 0.22)}


def job(root: Path, rule: str, wildcards: dict[str, str], inputs: list[str], outputs: list[str], **params: Any) -> None:
    """The receipt of a job; a file that is not there yet is written."""
    for path in outputs:
        if not (root / path).exists():
            write_text(root / path, f"{path}\n")
    name = "-".join(wildcards.values()) or rule
    stated = {
        str(path): {"bytes": (root / path).stat().st_size, "sha256": sha256_file(root / path)} for path in outputs
    }
    given = {path: sha256_file(root / path) if (root / path).is_file() else DIGEST for path in inputs}
    # Paths as a job sees them: scripts from the repository's root, the rest below the results folder.
    at = "results/small"
    write_json(
        root / "receipts" / rule / f"{name}.json",
        {
            "schema": 2,
            "root": at,
            "rule": rule,
            "wildcards": wildcards,
            "params": {"code": "c0de", **params},
            "code": "c0de",
            "seeds": {"spec.seed": 3},
            "determinism": None,
            "threads": 1,
            "inputs": {path if path.startswith("workflow/") else f"{at}/{path}": sha for path, sha in given.items()},
            "outputs": {f"{at}/{path}": entry for path, entry in stated.items()},
            "started": "2026-01-02T03:04:05+00:00",
            "seconds": 1.5,
            "host": "some-host",
            "environment": {"versions": {"python": "3.11.0"}, "locks": {}, "gpus": [], "driver": None},
        },
    )


def png(width: int = 40, height: int = 10) -> bytes:
    """A grey picture."""
    buffer = io.BytesIO()
    Image.new("L", (width, height), 128).save(buffer, "PNG")
    return buffer.getvalue()


def write_tables(root: Path) -> None:
    """Records, fits, and what is known of the one source."""
    rows = []
    for family, offset in {"alpha": 0.0, "beta": 0.03}.items():
        for epoch, (x, y) in EPOCHS.items():
            for shift, top1 in {"reference": x + offset, "sketch": y + 2 * offset, "r": y}.items():
                run = {"kind": "model", "family": family, "mixture": "one", "size": "full", "samples": 50, "seed": 0}
                accuracy = {"top1": top1, "top1_low": top1 - 0.02, "top1_high": top1 + 0.02, "n": 200}
                rows.append({**run, "epoch": epoch, "weight": None, "shift": shift, **accuracy})
    line = {"slope": 1.0, "intercept": -0.4, "n": 2, "r2": 1.0}
    lines = [
        {"kind": "model", "family": family, "shift": shift, "axis": axis, **line}
        for family in ("alpha", "beta")
        for shift in ("sketch", "r")
        for axis in ("probit", "logit", "linear")
    ]  # fmt: skip
    counts = {
        "pool": "web",
        "requested": 100,
        "stored": 90,
        "failed": '{"http 404": 10}',
        "filter": "keep",
        "kept": 80,
        "dropped": '{"caption-length": 10}',
        "list_rows": 120,
        "not_selected": "{}",
        "not_sampled": 20,
    }
    sizes = pd.DataFrame({"pool": "web", "characters": [3, 5], "words": [1, 2], "width": 4, "height": 4, "bytes": 9})
    shared = pd.DataFrame([{"a": "web", "b": "sketch", "kind": "near", "n": 3, "of": 80, "share": 3 / 80}])
    sample = {"kind": "pool", "name": "web", "total": 80, "of": "", "place": 0, "text": HOSTILE, "png": png()}
    (root / "records").mkdir(parents=True)
    (root / "fits").mkdir()
    pd.DataFrame(rows).to_csv(root / "records/lines.csv", index=False)
    pd.DataFrame(lines).to_csv(root / "fits/lines.csv", index=False)
    pd.DataFrame([counts]).to_csv(root / "records/pools.csv", index=False)
    sizes.to_csv(root / "records/statistics.csv", index=False)
    shared.to_csv(root / "records/overlap.csv", index=False)
    pd.DataFrame([sample]).to_parquet(root / "records/samples.parquet")


def write_results(root: Path) -> Path:
    """The folder with all files and receipts; returns it."""
    write_tables(root)
    folder = root / "papers" / "small"
    folder.mkdir(parents=True)
    (folder / "fig-01.png").write_bytes(png(400, 100))
    write_text(folder / "tab-01.csv", "family,size,seed,top1\nalpha,full,0,0.31\nBeta,full,0,0.34\nnobody,full,0,0.1\n")
    write_text(folder / "fig-01.csv", "x,y\n1,2\n")
    job(root, "download_pool", {"pool": "web", "part": "0"}, [], ["pools/web/0.json"])
    job(
        root, "write_shards", {"pool": "web", "filter": "keep"}, ["pools/web/0.json"], ["shards/web/keep/index.parquet"]
    )
    mixed = "mixtures/one/full/manifest.json"
    write_json(root / mixed, {"shards": [{"path": "00000.tar", "sha256": "7" * 64, "bytes": 10, "samples": 5}]})
    job(root, "mix_shards", {"mixture": "one", "size": "full"}, ["shards/web/keep/index.parquet"], [mixed])
    evaluated = []
    for family in ("alpha", "beta"):
        run, wildcards = f"runs/{family}/full/0", {"family": family, "size": "full", "seed": "0"}
        weights = [
            {"path": f"epoch-{epoch:03d}.safetensors", "sha256": f"{epoch}" * 64, "bytes": 5} for epoch in EPOCHS
        ]
        write_json(root / run / "summary.json", {"weights": weights})
        job(root, "train_model", wildcards, [mixed], [f"{run}/summary.json"], spec={"mixture": "one"})
        evaluated.append(f"evals/{family}/full/0/natural.json")
        job(root, "evaluate_run", {**wildcards, "suite": "natural"}, [f"{run}/summary.json"], evaluated[-1:])
    job(root, "collect_records", {"experiment": "lines"}, evaluated, ["records/lines.csv"], ensembles={})
    job(root, "fit_lines", {"experiment": "lines"}, ["records/lines.csv"], ["fits/lines.csv"])
    drawn, spec = (
        [f"papers/small/fig-01.{ending}" for ending in ("pdf", "png", "svg", "csv", "md")],
        {"experiment": "lines"},
    )
    job(
        root,
        "draw_figure",
        {"paper": "small", "figure": "fig-01"},
        ["records/lines.csv", "fits/lines.csv"],
        drawn,
        spec=spec,
    )
    made = [f"papers/small/tab-01.{ending}" for ending in ("csv", "tex", "md")]
    job(
        root,
        "make_table",
        {"paper": "small", "table": "tab-01"},
        ["records/lines.csv", SCRIPT],
        made,
        spec={"pools": None},
    )
    for rule, name in {
        "collect_pools": "pools",
        "collect_statistics": "statistics",
        "collect_overlap": "overlap",
    }.items():
        job(root, rule, {}, ["shards/web/keep/index.parquet"], [f"records/{name}.csv"])
    return root


def told() -> Told:
    """What the small study says of itself."""
    sets = {"reference": "reference", "shifts": ["sketch", "r"], "floor": 0.14}
    experiment = {
        **sets,
        "families": ["alpha", "beta"],
        "ensembles": [],
        "lines": {},
        "baseline": None,
        "axis": "probit",
    }
    card = {
        "title": "Web",
        "kind": "urls",
        "version": 2,
        "filter": "keep",
        "licence": "CC BY 4.0",
        "source": "web@2024",
    }
    said = {"title": "The web", "licence": "none stated", "terms": "ask first", "substitutes": None}
    return Told(
        title="A small study",
        scale="small",
        substitutions=["Everything is synthetic."],
        experiments={"lines": {**experiment, "title": HOSTILE}},
        titles=TITLES,
        sources={"web": {**card, "card": said}},
        distance=4,
    )  # fmt: skip


def sections_of(root: Path) -> list[Section]:
    """The figure, the table and the fits as the report shows them."""
    folder = root / "papers" / "small"
    figure = FigureItem("A figure", folder / "fig-01.png", {"csv": folder / "fig-01.csv"}, "A caption.")
    table = TableItem("A table", folder / "tab-01.csv", "Notes.", {"csv": folder / "tab-01.csv"})
    fits = TableItem("Fits", root / "fits/lines.csv", "Notes.", {"csv": root / "fits/lines.csv"})
    return [Section("A paper", [figure, table]), Section("Lines", [fits])]


def write_site(root: Path) -> list[dict[str, Any]]:
    """Write the site of the folder; returns its files."""
    names = ("lines.csv", "pools.csv", "statistics.csv", "overlap.csv", "samples.parquet")
    paths = [*(root / "records" / name for name in names), root / "fits/lines.csv"]
    tables = {f"{path.parent.name}/{path.stem}": path for path in paths}
    style = (LOOK / "style.css").read_text(encoding="utf-8")
    return Site(root, told(), tables, sections_of(root), style).write()
