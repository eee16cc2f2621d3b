"""Train one member of a family: weights of the kept epochs, the history of every step, and a summary that names
them."""

import logging
import shutil
from pathlib import Path
from typing import Any

import pandas as pd

from datalines.config.paths import expand
from datalines.devices import check
from datalines.errors import TrainingError
from datalines.files import atomic, digest_json, read_json, sha256_file, write_json
from datalines.finished import recall, remember
from datalines.job import run
from datalines.locks import alone
from datalines.receipts import note
from datalines.training.launch import train
from datalines.training.run import HISTORY, SEGMENTS, Run, finished
from datalines.training.state import Folder
from datalines.training.weights import weights_name

log = logging.getLogger(__name__)
SECONDS = 300.0  # between two states, where the configuration is not at hand


def main(
    family: str,
    size: str,
    seed: int,
    spec: dict[str, Any],
    mixture: Path,
    summary: Path,
    history: Path,
    states: Path,
    threads: int = 1,
    code: str = "",
    resources: dict[str, Any] | None = None,
    config: dict[str, Any] | None = None,
) -> None:
    recipe, manifest, given = spec["recipe"], read_json(mixture), resources or {}
    gpus, nodes = int(given.get("gpu", 0)), int(given.get("nodes", 1))
    ranks = int(given.get("ranks", max(1, gpus)))
    log.info("%s", check(gpus, nodes=nodes))
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
            tell_segments(folder)
            shutil.rmtree(folder, ignore_errors=True)
            return
        state = Folder(folder, identity)
        for text in state.unfinished_others():
            log.warning("%s; remove it unless you want to go back to that", text)
        if finished(folder) is None:
            weights = {part: str(expand(path, f"initial.{part}")) for part, path in spec.get("weights", {}).items()}
            seconds = (config or {}).get("checkpointing", {}).get("checkpoint_seconds", SECONDS)
            # `threads` counts the cores on one node.
            workers = max(0, threads * nodes // ranks - 1)
            train(Run(identity, str(mixture), str(folder), weights, workers, seconds), ranks, nodes)
        publish(folder, recipe["keep"], summary, history)
        outcome = finished(folder) or {}
        outcome["undecodable"] = named(outcome["undecodable"], mixture)
        write_json(summary, record(identity, spec["mixture"], manifest, outcome, summary))
        remember(folder, [summary, history, *folder.glob(SEGMENTS)])
        tell_segments(folder)
        state.remove()


def tell_segments(folder: Path) -> None:
    """Have the receipt tell who trained which steps; times and hosts have no place in outputs that can be the same."""
    for path in folder.with_suffix(".done").glob(SEGMENTS):
        note("segments", read_json(path))


def publish(folder: Path, epochs: list[int], summary: Path, history: Path) -> None:
    """Copy what a run left in its state's folder to where it is declared; called again after a kill, it finishes the
    work."""
    target, names = summary.parent, {weights_name(epoch) for epoch in epochs}
    target.mkdir(parents=True, exist_ok=True)
    for stale in target.glob("*.safetensors"):
        if stale.name not in names:
            stale.unlink()
    for half in target.glob(".*.tmp"):  # of a job that was killed
        half.unlink()
    for origin, path in [*((folder / name, target / name) for name in sorted(names)), (folder / HISTORY, history)]:
        if not origin.is_file():
            raise TrainingError(f"{origin} is missing although the run ended; remove {folder} and run again")
        with atomic(path) as temporary:
            shutil.copyfile(origin, temporary)


def record(
    identity: dict[str, Any], mixture: str, manifest: dict[str, Any], outcome: dict[str, Any], summary: Path
) -> dict[str, Any]:
    """The summary: what the run is, what it was trained on and how, and its weights with their digests."""
    epochs = identity["recipe"]["keep"]
    return {
        **identity,
        "spec": digest_json(identity),
        "mixture": mixture,
        "id_set_sha256": manifest["id_set_sha256"],
        "order_sha256": manifest["order_sha256"],
        **outcome,
        "weights": [kept_entry(summary.parent / weights_name(epoch), epoch) for epoch in epochs],
    }


def named(undecodable: list[dict[str, Any]], mixture: Path) -> list[dict[str, Any]]:
    """Samples that did not decode, by their ids instead of their rows."""
    if not undecodable:
        return []
    ids = pd.read_parquet(mixture.with_name("index.parquet"), columns=["id"])["id"]
    return [{"id": str(ids[entry["row"]]), "reason": entry["reason"]} for entry in undecodable]


def kept_entry(path: Path, epoch: int) -> dict[str, Any]:
    """A weights file's entry in the summary."""
    return {"epoch": epoch, "path": path.name, "bytes": path.stat().st_size, "sha256": sha256_file(path)}


if __name__ == "__main__":
    run(main)
