"""Order proof: the order of the samples that a run noted is the one that follows from mixture and seed."""

from typing import Any

from datalines.audit.proofs.replay import counted, logged, mixture_of, replayed
from datalines.audit.proofs.study import SUMMARIES, LackingError, Part, Problem, Problems, Study, differing, proof
from datalines.audit.verdicts import Check, Verdict
from datalines.files import digest_json


def check(study: Study) -> Check:
    """Every run."""
    return proof(
        study,
        "order-proof",
        "Every run saw its samples in the order that follows from its mixture, its seed and the epoch.",
        "the folder holds no trained runs",
        Part(study.paths(*SUMMARIES), _problems),
    )


def _problems(study: Study, path: str) -> Problems:
    summary = study.json(path)
    yield from differing([str(summary[key]) for key in ("family", "size", "seed")], path.split("/")[1:4], "the run")
    yield from _asked(study, path, summary)
    manifest = mixture_of(summary)
    stale = list(same_data(study, summary))
    if stale:
        yield from stale
        return
    yield from _recounted(study, manifest)
    said = logged(summary)
    due = replayed(study, path)
    yield from differing(len(said), len(due), "the number of epochs")
    for own, other in zip(said, due, strict=False):
        if own["order_sha256"] != other["order_sha256"]:
            text = f"the order that was noted is not that of {manifest} with seed {summary['seed']}"
            yield f"epoch {other['epoch']}: {text}"


def _asked(study: Study, path: str, summary: dict[str, Any]) -> Problems:
    """The run is the one that its job was asked for."""
    receipt = study.results.maker(path)
    if receipt is None:
        return
    yield from differing(str(summary["seed"]), str(receipt.wildcards["seed"]), "the seed")
    yield from differing(summary["recipe"], receipt.params["spec"]["recipe"], "the recipe")
    yield from differing(summary["mixture"], receipt.params["spec"]["mixture"], "the mixture")


def same_data(study: Study, summary: dict[str, Any]) -> Problems:
    """The mixture that lies there is the one that the run was trained on."""
    path = mixture_of(summary)
    try:
        manifest = study.json(path)
    except LackingError as error:
        raise LackingError(f"{error}; the order follows from it") from error
    data = digest_json([shard["sha256"] for shard in manifest["shards"]])
    pairs = {"data": data, "id_set_sha256": manifest["id_set_sha256"], "samples": manifest["samples"]}
    if "order_sha256" in summary:
        pairs["order_sha256"] = manifest["order_sha256"]
    other = [key for key, value in pairs.items() if summary[key] != value]
    if other:
        yield Problem(f"it was trained on other samples than {path} holds now ({', '.join(other)})", Verdict.STALE)


def _recounted(study: Study, path: str) -> Problems:
    manifest, ids = study.json(path), counted(study, path)
    yield from differing(manifest["order_sha256"], ids.order, f"order_sha256 of {path}")
    yield from differing(manifest["id_set_sha256"], ids.id_set, f"id_set_sha256 of {path}")
