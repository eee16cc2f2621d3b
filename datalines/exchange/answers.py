"""Answers to the questions of reproducibility checklists, as far as receipts and manifests know them."""

import csv
from collections import Counter
from collections.abc import Mapping

from datalines.audit.results import Results
from datalines.exchange.compute import by_rule, total
from datalines.exchange.facts import determinism, environment, in_order, jobs_of, products, shift_specs, span, study_of
from datalines.exchange.graph import short
from datalines.exchange.sources import Source
from datalines.fetch.download import size_text


def claims(results: Results) -> str:
    """Verdicts on the claims of the papers, counted."""
    verdicts: Counter[str] = Counter()
    for _, path in products(results):
        if path.endswith("/claims.csv") and results.file(path).is_file():
            with results.file(path).open(encoding="utf-8", newline="") as stream:
                verdicts.update(row["verdict"] for row in csv.DictReader(stream))
    counted = ", ".join(f"{verdict} {count}" for verdict, count in sorted(verdicts.items()))
    return f"{sum(verdicts.values())} claims were judged from the records: {counted}." if verdicts else ""


def limitations(results: Results) -> str:
    """What stands in for something else."""
    return " ".join(study_of(results)["substitutions"])


def program(results: Results) -> str:
    """How the results are made again."""
    version = environment(in_order(results)[-1]).get("versions", {}).get("snakemake", "")
    scale = study_of(results)["scale"]
    return f"`snakemake --workflow-profile profiles/local --cores all --config scale={scale}` (Snakemake {version})."


def data(results: Results, sources: Mapping[str, Source]) -> str:
    """Sources and evaluation sets."""
    titles: dict[str, list[str]] = {}
    for source in sources.values():
        titles.setdefault(source.how, []).append(source.title)
    texts = [f"{', '.join(named)}: {how}" for how, named in titles.items()]
    shifts = [
        f"{name} ({spec.get('items', 'number not stated')} images)" for name, spec in shift_specs(results).items()
    ]
    return " ".join([*texts, *([f"Evaluation sets: {', '.join(shifts)}."] if shifts else [])])


def licences(results: Results, sources: Mapping[str, Source]) -> str:
    """Licences of sources and evaluation sets, as declared."""
    texts = [f"{source.title}: {source.licence}" for source in sources.values()]
    texts += [f"{name}: {spec.get('licence', 'not stated')}" for name, spec in shift_specs(results).items()]
    return f"{'; '.join(texts)}." if texts else ""


def training(results: Results) -> str:
    """Recipes, with the families that were trained by them."""
    recipes: dict[str, tuple[Mapping[str, object], set[str]]] = {}
    for receipt in jobs_of(results, "train_model"):
        recipe = receipt.params.get("spec", {}).get("recipe", {})
        recipes.setdefault(short(recipe), (recipe, set()))[1].add(receipt.wildcards.get("family", "?"))
    texts = []
    for recipe, families in recipes.values():
        keys = ("objective", "model", "epochs", "batch", "optimizer", "warmup_steps", "augmentation", "precision")
        stated = ", ".join(f"{key} {plain(recipe[key])}" for key in keys if recipe.get(key) is not None)
        texts.append(f"{', '.join(sorted(families))}: {stated}.")
    return " ".join(texts)


def plain(value: object) -> str:
    """A setting in words: `lr 0.001, betas 0.9 0.999`."""
    if isinstance(value, Mapping):
        return f"({', '.join(f'{key} {plain(inner)}' for key, inner in value.items())})"
    return " ".join(map(str, value)) if isinstance(value, list) else str(value)


def seeds(results: Results) -> str:
    """Seeds of training, and how many other seeds the receipts state."""
    trained = sorted({receipt.wildcards["seed"] for receipt in jobs_of(results, "train_model")} & _numbers(results))
    others = sum(len(receipt.said.get("seeds") or {}) for receipt in results.receipts)
    texts = [f"Runs were trained with the seeds {', '.join(trained)}."] if trained else []
    return " ".join([*texts, *([f"The receipts state {others} further seeds, by job."] if others else [])])


def _numbers(results: Results) -> set[str]:
    return {receipt.wildcards["seed"] for receipt in results.receipts if receipt.wildcards.get("seed", "").isdigit()}


def error_bars(results: Results) -> str:
    """How intervals of lines and accuracies are computed."""
    texts = set()
    for receipt in jobs_of(results, "fit_lines"):
        spec = receipt.params.get("spec", {})
        if {"level", "resamples", "resample"} <= spec.keys():
            texts.add(f"{spec['resamples']:,} bootstrap resamples of {spec['resample']}, level {spec['level']:.0%}")
    return f"Lines: {'; '.join(sorted(texts))}. Single accuracies: exact binomial intervals." if texts else ""


def compute(results: Results) -> str:
    """Hours, machines and bytes of all jobs."""
    whole = total(by_rule(results))
    gpus = f"GPUs: {', '.join(sorted(whole.gpus)) or 'kind not stated'}." if whole.gpu_hours else "No GPU was used."
    size = sum(artifact.bytes or 0 for artifact in results.artifacts.values())
    return (
        f"{whole.jobs:,} jobs, {whole.wall_hours:.2f} hours of single jobs, {whole.core_hours:.2f} core hours, "
        f"{whole.gpu_hours:.2f} GPU hours on {len(whole.hosts)} host(s) of kind {', '.join(sorted(whole.machines))}. "
        f"{gpus} {size_text(size)} of results."
    )


def duration(results: Results) -> str:
    """From the first job to the last."""
    times = span(in_order(results))
    return f"From {times.started} to {times.ended}; {total(by_rule(results)).wall_hours:.2f} hours of single jobs."


def disk(results: Results) -> str:
    """Bytes of all files that receipts know."""
    size = sum(artifact.bytes or 0 for artifact in results.artifacts.values())
    return f"{size_text(size)} of results; less on disk, where shards of mixtures are links to those of pools."


def surroundings(results: Results) -> str:
    """Packages and decoders, with the digest of all that was installed."""
    found = {short(environment(receipt)): environment(receipt) for receipt in in_order(results)}
    texts = []
    for known in found.values():
        packages = ", ".join(f"{name} {version}" for name, version in known.get("versions", {}).items())
        digest = f"; all packages: sha256 {known['installed']}" if known.get("installed") else ""
        locks = "".join(f"; lock {name} {value}" for name, value in known.get("locks", {}).items())
        texts.append(f"{packages}{digest}{locks}.")
    return " ".join(dict.fromkeys(texts))


def outputs(results: Results) -> str:
    """Tables and figures."""
    made = Counter(artifact.kind for artifact in results.artifacts.values() if artifact.path.startswith("papers/"))
    figures = len({path.rsplit(".", 1)[0] for _, path in products(results) if path.endswith(".pdf")})
    tables = len({path.rsplit(".", 1)[0] for _, path in products(results) if path.endswith(".tex")})
    return f"{figures} figures and {tables} tables, each with its data as csv." if made else ""


def levels_of(results: Results) -> str:
    """Levels of determinism that jobs declare, with the number of jobs."""
    levels = Counter(level for receipt in results.receipts if (level := determinism(receipt)))
    return ", ".join(f"{level} ({count})" for level, count in sorted(levels.items()))
