"""A results folder that the scripts of the rules made: one pool to figures, two dozen pictures, one tiny run or more.

Other than in `results_folder` every job can be done again, and gives the same bytes.
"""

import contextlib
import importlib
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from datalines.audit.verdicts import Check, Verdict
from datalines.codehash import source_hash
from datalines.job import bind
from tests.builders import folder_pool, make_folder
from tests.scripts.tiny_files import write_shift
from tests.unit.results_folder import Folder
from tests.unit.tiny_runs import CLASSES, png, recipe

ROOT = Path(__file__).parents[2]
FIGURE = "workflow/scripts/papers/qnq/fig_02_sources.py"
SETS = ["reference", "sketch"]
EPOCHS = [1, 2, 3]
SPEC: dict[str, Any] = {
    "title": "Toy", "families": ["photos"], "ensembles": [], "baseline": None, "suite": "natural",
    "reference": "reference", "shifts": ["sketch"], "axis": "linear", "floor": 0.0, "level": 0.95, "resamples": 20,
    "resample": "points", "lines": {}, "in_distribution": None,
}  # fmt: skip
TEXTS = {"title": "Toy study", "description": "For tests.", "scale": "toy", "substitutions": ["Everything is noise."]}


class Replayed(Folder):
    """A folder whose jobs run the repository's scripts."""

    def __init__(self, checkout: Path) -> None:
        super().__init__(checkout)
        (checkout / "workflow").symlink_to(ROOT / "workflow")

    def run(
        self,
        rule: str,
        name: str,
        inputs: Mapping[str, Any],
        outputs: Mapping[str, str],
        wildcards: Mapping[str, str] | None = None,
        params: Mapping[str, Any] | None = None,
    ) -> None:
        """Do a job as Snakemake would; outputs are paths of the scale."""
        made = {key: f"{self.scale}/{path}" for key, path in outputs.items()}
        scripts = [f"workflow/scripts/{rule}.py", *([inputs["script"]] if "script" in inputs else [])]
        stated = {**(params or {}), "code": source_hash(*scripts)}
        values = {"threads": 1, "config": {}, "resources": {}, **stated, **(wildcards or {}), **inputs, **made}
        main = importlib.import_module(f"workflow.scripts.{rule}").main
        with contextlib.chdir(self.checkout):
            for path in made.values():
                Path(path).parent.mkdir(parents=True, exist_ok=True)
            main(**bind(main, values))
        self.job(rule, name, inputs, made, wildcards, stated)

    def at(self, *paths: str) -> list[str]:
        """Paths of the scale as a rule names them."""
        return [f"{self.scale}/{path}" for path in paths]


def pool(study: Replayed) -> None:
    """Pictures of three classes, the smallest dropped, in shards of three, and a mixture of eleven of them."""
    pictures = {
        f"{label}/{number}.png": png(number + 50 * place) for place, label in enumerate(CLASSES) for number in range(6)
    }
    make_folder(study.checkout / "pictures", pictures)
    part = {"images": "pools/photos/0.tar", "rows": "pools/photos/0.parquet", "receipt": "pools/photos/0.json"}
    spec = folder_pool("pictures")
    study.run("download_pool", "photos-0", {"files": []}, part, {"pool": "photos", "part": "0"}, {"spec": spec})
    of = {"pool": "photos", "filter": "web"}
    rows = {"receipts": study.at(part["receipt"]), "rows": study.at(part["rows"])}
    kept = {"kept": "filters/photos/web/kept.npy", "counts": "filters/photos/web/report.json"}
    steps = [{"name": "caption-length", "kind": "caption-length", "unit": "words", "min": 1, "max": 60}]
    decided = {**kept, "dropped": "filters/photos/web/dropped.parquet"}
    study.run("filter_pool", "photos-web", rows, decided, of, {"steps": steps})
    shards = {"manifest": "shards/photos/web/manifest.json", "listing": "shards/photos/web/index.parquet"}
    given = {**rows, "lists": [], **{key: study.at(path)[0] for key, path in kept.items()}}
    stated = {"spec": {"seed": 7, "shard_size": 3, "items": None}}
    study.run("write_shards", "photos-web", given, shards, of, stated)
    mixture = {"manifest": "mixtures/photos/full/manifest.json", "listing": "mixtures/photos/full/index.parquet"}
    entries = [{"pool": "photos", "filter": "web", "count": 11}]
    taken = {"shards": study.at(shards["manifest"]), "listings": study.at(shards["listing"]), "subsets": []}
    mixing = {"spec": {"seed": 0, "size": "full", "entries": entries}, "states": f"{study.scale}/state"}
    study.run("mix_shards", "photos-full", taken, mixture, {"mixture": "photos", "size": "full"}, mixing)


def train(study: Replayed, seed: int = 0) -> None:
    """One run on the mixture, evaluated on two sets."""
    for name in SETS:
        if not (study.root / "shifts" / name).is_dir():
            write_shift(study.root / "shifts" / name, name)
    cell, run = {"family": "photos", "size": "full", "seed": str(seed)}, f"photos/full/{seed}"
    mixture = dict(
        zip(
            ("mixture", "listing"),
            study.at("mixtures/photos/full/manifest.json", "mixtures/photos/full/index.parquet"),
            strict=True,
        )
    )
    made = {"summary": f"runs/{run}/summary.json", "history": f"runs/{run}/history.csv"}
    spec = {"mixture": "photos", "recipe": recipe(keep=EPOCHS, batch=5)}
    name = f"photos-full-{seed}"
    study.run("train_model", name, mixture, made, cell, {"spec": spec, "states": f"{study.scale}/state"})
    sets = {"sets": study.at(*(f"shifts/{name}/manifest.json" for name in SETS))}
    listings = {"listings": study.at(*(f"shifts/{name}/index.parquet" for name in SETS))}
    evaluated = {"evaluation": f"evals/{run}/natural.json", "predictions": f"evals/{run}/natural.safetensors"}
    given = {"summary": study.at(made["summary"])[0], **sets, **listings}
    study.run("evaluate_run", f"{name}-natural", given, evaluated, {**cell, "suite": "natural"}, {"recipe": "tiny"})


def records(study: Replayed, seeds: int = 1) -> None:
    """Records, fits and one figure of the runs."""
    evaluations = study.at(*(f"evals/photos/full/{seed}/natural.json" for seed in range(seeds)))
    families = {"photos": {"mixture": "photos", "sizes": ["full"], "seeds": list(range(seeds)), "epochs": EPOCHS}}
    wanted = {key: SPEC[key] for key in ("families", "baseline")} | {"published": None, "sets": SETS}
    collected = {"evaluations": evaluations, "predictions": [], "published": []}
    of = {"experiment": "toy"}
    given = {"spec": wanted, "families": families, "ensembles": {}}
    study.run("collect_records", "toy", collected, {"table": "records/toy.csv"}, of, given)
    (table,) = study.at("records/toy.csv")
    study.run("fit_lines", "toy", {"records": table}, {"fits": "fits/toy.csv"}, of, {"spec": SPEC})
    drawn = {ending: f"papers/toy/fig-02.{ending}" for ending in ("pdf", "png", "svg", "csv", "md")}
    figure = {"title": "Lines", "script": "qnq/fig_02_sources", "shifts": ["sketch"], "options": {}, "tables": None}
    stated = {"spec": figure, "experiment": SPEC, "titles": {"photos": "Photos"}, "study": TEXTS}
    tables = {"tables": study.at("records/toy.csv", "fits/toy.csv"), "script": FIGURE}
    study.run("draw_figure", "toy-fig-02", tables, drawn, {"paper": "toy", "figure": "fig-02"}, stated)


def snapshot(root: Path) -> dict[str, tuple[int, int, int, int]]:
    """Size, time of the last change, time of the last change of status and number of names of every file."""
    found = {}
    for path in sorted(root.rglob("*")):
        status = path.lstat()
        found[str(path.relative_to(root))] = (status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_nlink)
    return found


def copied(study: Replayed, checkout: Path) -> Path:
    """The results alone elsewhere, as on another machine."""
    shutil.copytree(study.root, checkout / study.scale)
    return checkout / study.scale


def found(*given: Check) -> dict[str, tuple[Verdict, str]]:
    """{artifact: verdict, reason} of all findings of some checks."""
    return {entry.artifact: (entry.verdict, entry.reason) for check in given for entry in check.findings}
