"""Training speed and loss curves, side by side with open_clip's own trainer; prints one line of JSON.

Both train the same network from the same tars with the same batch, precision, optimiser, schedule, augmentation, loader
workers and threads (`training/job.py`), each in a process of its own, in turns. Theirs is the published trainer in an
environment that shares torch and open_clip with ours. Images a second are those inside epochs, after the first.

`train_vs_open_clip_cpu`: each side at the faster of `SETTINGS`, at the demo's scale. `train_vs_open_clip_gpu`: RN50 at
224 px in bf16, each side with or without torch.compile, whichever is faster; None without a GPU.
`train_loss_gap_vs_open_clip`: `training/parity.py`; about 1 if the trainers learn the same.

Usage: python -m benchmarks.open_clip_training [--only cpu gpu parity parity_gpu] [--samples N] [--epochs N]
           [--repeats N] [--seeds N] [--gpu-samples N] [--batch N] [--workers N]
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from benchmarks.training import data, parity
from benchmarks.training.flops import utilisation
from benchmarks.training.job import Job
from benchmarks.training.watch import speed
from datalines.models import build_clip

ROOT = Path(__file__).resolve().parents[1]
VARIABLE = "DATALINES_OPEN_CLIP"
ENVIRONMENT = ROOT / ".venv-open-clip"
SIDES = ("ours", "open_clip")
SETTINGS = ((1, 0), (1, 1))  # compute threads and loader workers, on two cores
PARTS = ("cpu", "gpu", "parity", "parity_gpu")
BLOCKS = 8  # of a loss curve
# Their crops have whole pixels and ours do not, which images of 32 pixels would show (README.md).
PARITY_SIDES = (96, 128)
GPU_BATCHES = ((20, 64), (60, 128), (100, 256), (10_000, 512))  # memory in GB up to which a batch is taken
NO_GPU = "torch finds no GPU here"
Result = dict[str, Any]


def environment() -> Path:
    """The Python of open_clip's trainer, whose environment is made if it is not there."""
    if os.environ.get(VARIABLE):
        return Path(os.environ[VARIABLE])
    python = ENVIRONMENT / "bin" / "python"
    if not python.is_file():
        under = Path(sys.executable).parents[1]
        command = [sys.executable, str(ROOT / "envs" / "setup.py"), "open-clip", "--venv", str(ENVIRONMENT)]
        subprocess.run([*command, "--over", str(under)], check=True, stdout=sys.stderr)
    return python


def train(side: str, job: Job, folder: Path) -> Result:
    """Run a job on one side; what its process wrote, or a RuntimeError with its last words."""
    task, result, words = folder / "job.json", folder / "result.json", folder / "words.txt"
    job.write(task)
    module, python = ("ours", sys.executable) if side == "ours" else ("theirs", str(environment()))
    threads = {name: str(job.threads) for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS")}
    command = [python, "-m", f"benchmarks.training.{module}", str(task), str(result)]
    with words.open("wb") as stream:
        done = subprocess.run(command, cwd=ROOT, env=os.environ | threads, stdout=stream, stderr=stream, check=False)
    if done.returncode:
        raise RuntimeError(f"{side} failed on {job}:\n{words.read_text(errors='replace')[-3000:]}")
    content: Result = json.loads(result.read_text())
    return content


def figures(job: Job, result: Result) -> Result:
    """Images a second, data-wait share and memory of one run."""
    found: Result = {name: round(value, 4) for name, value in speed(result["marks"], job.batch).items()}
    found["peak_rss_mb"] = round(result["peak_rss"] / 1e6)
    if result["peak_gpu"] is not None:
        found["peak_gpu_mb"] = round(result["peak_gpu"] / 1e6)
        found["mfu"] = utilisation(found["steady"], job.model_spec, result["gpu"])
    return found


def in_turns(jobs: dict[str, Job], repeats: int, folder: Path) -> dict[str, Result]:
    """Both sides' median figures, and the speeds of all runs."""
    runs: dict[str, list[Result]] = {side: [] for side in jobs}
    for _ in range(repeats):
        for side, job in jobs.items():
            runs[side].append(figures(job, train(side, job, folder)))
    return {side: _median(found) for side, found in runs.items()}


def _median(runs: list[Result]) -> Result:
    middle = {name: _middle([run[name] for run in runs]) for name in runs[0]}
    return middle | {"all_steady": [run["steady"] for run in runs]}


def _middle(values: list[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return round(statistics.median(known), 4) if known else None


def ratio(found: dict[str, Result], name: str = "steady") -> float:
    """How many times faster ours is."""
    return round(float(found["ours"][name]) / float(found["open_clip"][name]), 3)


def best(found: list[Result]) -> float:
    """The ratio of what each side reaches where it is fastest."""
    ours, theirs = (max(float(entry[side]["steady"]) for entry in found) for side in SIDES)
    return round(ours / theirs, 3)


def spec(name: str) -> dict[str, Any]:
    """A network of config/models."""
    content: dict[str, Any] = json.loads((ROOT / "config" / "models" / f"{name}.json").read_text())
    return content


def on_cpu(folder: Path, samples: int, epochs: int, repeats: int) -> Result:
    """Speeds at the demo's scale: clip-tiny, batch 64, drawn images of 32 to 40 pixels, for each of `SETTINGS`."""
    manifest = data.mixture(data.drawn(samples), folder, samples // 8)
    job = Job(spec("clip-tiny"), str(manifest), samples, 64, epochs)
    settings: list[Result] = []
    for threads, workers in SETTINGS:
        jobs = dict.fromkeys(SIDES, replace(job, threads=threads, workers=workers))
        found = in_turns(jobs, repeats, folder)
        ratios = {"ratio": ratio(found), "ratio_whole": ratio(found, "whole")}
        settings.append({"threads": threads, "workers": workers, **ratios, **found})
    raw = {"samples": samples, "batch": job.batch, "epochs": epochs, "repeats": repeats, "cores": os.cpu_count()}
    return {"train_vs_open_clip_cpu": best(settings), "raw": {**raw, "settings": settings}}


def on_gpu(folder: Path, samples: int, batch: int | None, workers: int, repeats: int) -> Result:
    """Speeds of RN50 at 224 px in bf16, with and without torch.compile; a run without a loader gives the share of the
    time that is lost to data."""
    if not torch.cuda.is_available():
        return {"train_vs_open_clip_gpu": None, "raw": {"reason": NO_GPU}}
    memory = torch.cuda.get_device_properties(0).total_memory / 1e9
    batch = batch or next(size for most, size in GPU_BATCHES if memory <= most)
    samples = max(1, samples // (batch * workers)) * batch * workers
    manifest = data.mixture(data.photographed(samples), folder, samples // workers)
    job = Job(spec("clip-rn50"), str(manifest), samples, batch, 2, 100, "bf16", "cuda", 1, workers)
    variants: list[Result] = []
    for compiled in (False, True):
        variant = replace(job, compile=compiled)
        found = in_turns(dict.fromkeys(SIDES, variant), repeats, folder)
        alone = in_turns(dict.fromkeys(SIDES, replace(variant, epochs=1, resident=True)), 1, folder)
        for side in SIDES:
            found[side]["without_loader"] = alone[side]["steady"]
            found[side]["data_wait_share"] = round(1 - found[side]["steady"] / alone[side]["steady"], 4)
        variants.append({"compile": compiled, "ratio": ratio(found), **found})
    raw = {"samples": samples, "batch": batch, "workers": workers, "repeats": repeats, "cores": os.cpu_count()}
    device = torch.cuda.get_device_name()
    return {"train_vs_open_clip_gpu": best(variants), "raw": {"device": device, **raw, "variants": variants}}


def same_curves(folder: Path, samples: int, epochs: int, runs: int, device: str = "cpu") -> Result:
    """Loss curves of clip-tiny from the same initial weights, `runs` seeds of either trainer; on a GPU in bf16."""
    name = "train_loss_gap_vs_open_clip" if device == "cpu" else "train_loss_gap_vs_open_clip_gpu"
    if device == "cuda" and not torch.cuda.is_available():
        return {name: None, "raw": {"reason": NO_GPU}}
    manifest = data.mixture(data.drawn(samples, PARITY_SIDES), folder, samples // 8)
    initial = folder / "initial.pt"
    torch.manual_seed(0)
    torch.save(build_clip(spec("clip-tiny")).state_dict(), initial)
    precision = "fp32" if device == "cpu" else "bf16"
    job = Job(spec("clip-tiny"), str(manifest), samples, 64, epochs, 50, precision, device, 1, 0, initial=str(initial))
    losses: dict[str, list[list[float]]] = {side: [] for side in SIDES}
    for seed in range(runs):
        for side in SIDES:
            losses[side].append(train(side, replace(job, seed=seed), folder)["losses"])
    steps = job.steps * epochs
    compared = parity.compare(losses["ours"], losses["open_clip"], steps // BLOCKS)
    raw = {"samples": samples, "batch": job.batch, "epochs": epochs, "steps": steps, "seeds": runs, **compared}
    return {name: compared["gap"], "raw": {"device": device, "precision": precision, **raw}}


def measure(
    samples: int = 4096,
    epochs: int = 4,
    repeats: int = 3,
    seeds: int = 5,
    gpu_samples: int = 40_960,
    batch: int | None = None,
    workers: int | None = None,
    only: Sequence[str] = PARTS,
) -> Result:
    """Everything that this machine allows: at `samples` drawn images on the CPU, at `gpu_samples` photographs on a GPU
    (`batch` after its memory, a worker for all cores but two)."""
    workers = workers or max(1, min(16, (os.cpu_count() or 1) - 2))
    parts: dict[str, Callable[[Path], Result]] = {
        "cpu": lambda folder: on_cpu(folder, samples, epochs, repeats),
        "gpu": lambda folder: on_gpu(folder, gpu_samples, batch, workers, repeats),
        "parity": lambda folder: same_curves(folder, samples, epochs, seeds),
        "parity_gpu": lambda folder: same_curves(folder, samples, epochs, seeds, "cuda"),
    }
    found: Result = {}
    raw: Result = {}
    for name in only:
        with tempfile.TemporaryDirectory() as folder:
            measured = parts[name](Path(folder))
        raw[name] = measured.pop("raw")
        found |= measured
    return {**found, "raw": raw}


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.open_clip_training")
    parser.add_argument("--only", nargs="+", choices=PARTS, default=PARTS)
    for name in ("samples", "epochs", "repeats", "seeds", "gpu-samples", "batch", "workers"):
        parser.add_argument(f"--{name}", type=int, default=argparse.SUPPRESS)
    sys.stdout.write(json.dumps(measure(**vars(parser.parse_args()))) + "\n")


if __name__ == "__main__":
    main()
