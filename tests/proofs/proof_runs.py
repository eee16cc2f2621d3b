"""Runs and evaluations of the small study as training and evaluation leave them, without a network."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from safetensors.numpy import save_file

from datalines import shifts
from datalines.accuracy import measure
from datalines.audit import proofs
from datalines.carried import CARRIED
from datalines.files import digest_json, write_csv, write_json
from datalines.loading.order import Order, listed
from datalines.loading.seen import Seen
from datalines.training.schedule import learning_rate
from tests.proofs.proof_folder import EPOCHS, PREPROCESSING, RECIPE, SETS, Folder, Names, at


def seen_by(manifest: dict[str, Any], seed: int, ranks: int = 2, broken: int = -1) -> list[dict[str, Any]]:
    """What some ranks note together of a run; the sample of row `broken` does not decode."""
    order = Order(listed(manifest), manifest["order_sha256"], seed, RECIPE["shuffle_window"])
    parts, width, own = [Seen(order, 4) for _ in range(ranks)], 4, RECIPE["batch"] // ranks
    for step in range(order.samples // RECIPE["batch"] * RECIPE["epochs"]):
        epoch, place = divmod(step, order.samples // RECIPE["batch"])
        for rank, part in enumerate(parts):
            start = place * RECIPE["batch"] + rank * own
            rows = order.rows(epoch + 1, start, start + own)
            for at_row in np.flatnonzero(rows == broken):
                first = at_row // width * width
                rows[at_row] = rows[first + (at_row - first + 1) % width]
            part.add(epoch + 1, step, rank * own // width, rows)
    whole = Seen(order, width)
    for part in parts:
        part.settle(lambda value: [value])
        whole.restore(part.listed())
    return whole.listed()


def make_run(folder: Folder, family: str, seed: int) -> None:
    """A run as training leaves it, with random weights; its second half was trained after a kill."""
    manifest = folder.json(f"mixtures/{family}/full/manifest.json")
    in_epoch = manifest["samples"] // RECIPE["batch"]
    steps, out = in_epoch * RECIPE["epochs"], folder.root / "runs" / family / "full" / str(seed)
    data = digest_json([shard["sha256"] for shard in manifest["shards"]])
    identity = {"family": family, "size": "full", "seed": seed, "recipe": RECIPE, "data": data}
    entries = []
    for epoch in EPOCHS:
        file = out / f"epoch-{epoch:03d}.safetensors"
        write_weights(file, identity, epoch, epoch * in_epoch * RECIPE["batch"])
        entries.append({"epoch": epoch, "path": file.name})
    rates = [learning_rate(step, steps, RECIPE["warmup_steps"], RECIPE["optimizer"]["lr"]) for step in range(steps)]
    numbers = np.arange(1, steps + 1)
    columns = {"step": numbers, "epoch": (numbers - 1) // in_epoch + 1, "samples_seen": numbers * RECIPE["batch"]}
    write_csv(out / "history.csv", pd.DataFrame({**columns, "lr": rates, "loss": 1.0}))
    facts = {key: manifest[key] for key in ("id_set_sha256", "order_sha256", "samples")}
    counts = {"steps": steps, "samples_seen": steps * RECIPE["batch"], "parameters": 600 * 16 + 8 * 16 + 4}
    seen = {"seen": seen_by(manifest, seed), "undecodable": []}
    write_json(out / "summary.json", {**identity, "mixture": family, **facts, **counts, **seen, "weights": entries})
    where = {"ranks": 1, "device": "cpu", "slurm": None}
    segments = [{"first": 1, "last": 4, "host": "a", **where}, {"first": 5, "last": steps, "host": "b", **where}]
    folder.receipt(
        "train_model",
        f"{family}-full-{seed}",
        {"family": family, "size": "full", "seed": str(seed)},
        {"spec": {"mixture": family, "recipe": RECIPE}},
        {"mixture": at("mixtures", family, "full", "manifest.json")},
        {name: at("runs", family, "full", str(seed), name) for name in ("summary.json", "history.csv")},
        {"segments": segments},
    )


def write_weights(file: Path, run: dict[str, Any], epoch: int, seen: int, vocabulary: int = 600) -> None:
    """Weights whose header says what they are."""
    arrays = {
        "token_embedding.weight": np.zeros((vocabulary, 16), dtype=np.float32),
        "positional_embedding": np.full((8, 16), run["seed"] + epoch, dtype=np.float32),
        "transformer.resblocks.0.ln_1.bias": np.zeros(4, dtype=np.float32),
        "visual.trunk.body.1.running_mean": np.zeros(7, dtype=np.float32),
    }
    said = {**run["recipe"], "run": run, "epoch": epoch, "samples_seen": seen}
    file.parent.mkdir(parents=True, exist_ok=True)
    save_file(arrays, file, metadata={CARRIED: json.dumps(said, sort_keys=True)})


def make_evaluation(folder: Folder, family: str, seed: int) -> None:
    run, out = f"runs/{family}/full/{seed}", folder.root / "evals" / family / "full" / str(seed)
    summary = folder.json(f"{run}/summary.json")
    arrays: dict[str, np.ndarray] = {}
    measures, sets = [], {}
    generator = np.random.default_rng(seed)
    for shift in (shifts.load(folder.root / "shifts" / name / "manifest.json") for name in SETS):
        arrays |= {f"labels/{shift.name}": shift.labels, f"allowed/{shift.name}": shift.allowed.astype(np.uint8)}
        said = shift.manifest
        sets[shift.name] = {
            **{key: said[key] for key in ("items", "version", "id_set_sha256", "prompts", "order_sha256")},
            "labelling": digest_json(
                {key: said.get(key) for key in ("class_names", "class_texts", "subset", "mapping", "crop")}
            ),
        }
        for epoch in EPOCHS:
            values = generator.normal(size=(12, 3)).astype(np.float32)
            arrays[f"{epoch:03d}/{shift.name}"] = values
            row = {"epoch": epoch, "samples_seen": epoch * 24, "shift": shift.name}
            measures.append({**row, **measure(values, shift.labels, shift.allowed)})
    out.mkdir(parents=True)
    save_file(arrays, out / "natural.safetensors")
    models = [
        {"epoch": epoch, "spec": digest_json(carried(folder.root / run, epoch)), "image_size": 16} for epoch in EPOCHS
    ]
    content = {
        **{key: summary[key] for key in ("family", "size", "seed", "mixture", "samples")},
        "objective": "clip",
        "recipe": "tiny",
        "suite": "natural",
        "sets": sets,
        "models": models,
        "spec": "",
        "preprocessing": {**PREPROCESSING, "decoder": "pillow 1"},
        "measures": measures,
    }
    write_json(out / "natural.json", content)
    wildcards = {"family": family, "size": "full", "seed": str(seed), "suite": "natural"}
    inputs: Names = {"summary": at(run, "summary.json"), "sets": [at("shifts", name, "manifest.json") for name in SETS]}
    names = {"evaluation": "natural.json", "predictions": "natural.safetensors"}
    outputs: Names = {name: at("evals", family, "full", str(seed), file) for name, file in names.items()}
    folder.receipt("evaluate_run", f"{family}-full-{seed}-natural", wildcards, {"recipe": "tiny"}, inputs, outputs)


def carried(run: Path, epoch: int) -> dict[str, Any]:
    """What the weights of an epoch carry."""
    header = proofs.study.read_header(run / f"epoch-{epoch:03d}.safetensors")
    content: dict[str, Any] = json.loads(header["__metadata__"][CARRIED])
    return content
