"""Train one member of a family: weights of the kept epochs, the history of every step, and a summary that names
them."""

import logging
import shutil
from pathlib import Path
from typing import Any

import pandas as pd
import torch

from datalines.errors import TrainingError
from datalines.files import digest_json, read_json, sha256_file, write_csv, write_json
from datalines.finished import recall, remember
from datalines.job import run
from datalines.loader import decode_all
from datalines.locks import alone
from datalines.objectives import Objective
from datalines.shards import image_bytes
from datalines.training import (
    Data,
    Plan,
    State,
    discard,
    history_frame,
    plan,
    prepare,
    publish,
    save_weights,
    train,
    weights_name,
)

log = logging.getLogger(__name__)


def load_data(objective: Objective, manifest: Path, digest: str, threads: int) -> Data:
    """Decode a mixture's images and turn its captions or labels into targets; `digest` is that of its ids in order."""
    index = pd.read_parquet(manifest.with_name("index.parquet"))
    images = decode_all(image_bytes(index, manifest.parent), objective.image_size, threads)
    labels = [None if pd.isna(label) else str(label) for label in index["label"]]
    return Data(images, objective.targets(list(index["caption"]), labels), digest)


def spend(objective: Objective, data: Data, run_plan: Plan, state: State, identity: dict[str, Any]) -> None:
    """Train to the end; after each kept epoch the weights, and then the state, are on disk."""
    if state.restore():
        log.info("continuing after step %d of %d", state.step, run_plan.steps)
    for epoch in train(objective, data, run_plan, state):
        if epoch in run_plan.recipe["keep"]:
            seen = epoch * run_plan.steps_per_epoch * run_plan.recipe["batch"]
            content = {**run_plan.recipe, "run": identity, "epoch": epoch, "samples_seen": seen}
            save_weights(state.folder / weights_name(epoch), objective.model, content)
        state.save()


def main(
    family: str,
    size: str,
    seed: int,
    spec: dict[str, Any],
    mixture: Path,
    summary: Path,
    history: Path,
    states: Path,
    threads: int,
    code: str = "",
) -> None:
    torch.set_num_threads(threads)
    torch.use_deterministic_algorithms(True)
    recipe, manifest = spec["recipe"], read_json(mixture)
    identity = {
        "family": family,
        "size": size,
        "seed": seed,
        "recipe": recipe,
        # Ids alone would not tell: a pool drawn or fetched anew gives its items the same ids.
        "data": digest_json([shard["sha256"] for shard in manifest["shards"]]),
    }
    # A state left by other code is not gone on from.
    folder = states / digest_json([identity, code])
    with alone(folder, "training this run"):
        if recall(folder, [summary, history]):
            log.info("same data, recipe, seed and code as the finished run: nothing to train")
            shutil.rmtree(folder, ignore_errors=True)
            return
        run_plan = plan(recipe, seed, manifest["samples"])
        objective = prepare(recipe, seed)
        state = State(folder, objective, recipe)
        data = load_data(objective, mixture, manifest["order_sha256"], threads)
        log.info("%d samples, %d steps of %d", manifest["samples"], run_plan.steps, recipe["batch"])
        spend(objective, data, run_plan, state, identity)
        publish(state, recipe["keep"], summary.parent)
        write_csv(history, history_frame(state, recipe["batch"]))
        write_json(
            summary,
            {
                **identity,
                "spec": digest_json(identity),
                "mixture": spec["mixture"],
                "id_set_sha256": manifest["id_set_sha256"],
                "samples": manifest["samples"],
                "samples_seen": run_plan.steps * recipe["batch"],
                "steps": run_plan.steps,
                "threads": threads,
                "parameters": sum(parameter.numel() for parameter in objective.model.parameters()),
                "weights": [kept_entry(summary.parent / weights_name(epoch), epoch) for epoch in recipe["keep"]],
            },
        )
        remember(folder, [summary, history])
        discard(state)


def kept_entry(path: Path, epoch: int) -> dict[str, Any]:
    """A weights file's entry in the summary."""
    if not path.is_file():
        raise TrainingError(f"{path} was not kept; remove the run's folder and run again")
    return {"epoch": epoch, "path": path.name, "bytes": path.stat().st_size, "sha256": sha256_file(path)}


if __name__ == "__main__":
    run(main)
