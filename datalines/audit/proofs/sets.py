"""Evaluation-set proof: counts, classes, ids, labels and prompts of the sets are those that predictions were made with
and, for published sets, those of their cards."""

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from safetensors import safe_open

from datalines.audit.proofs.study import (
    EVALUATIONS,
    SETS,
    LackingError,
    Part,
    Problem,
    Problems,
    Study,
    differing,
    named,
    proof,
)
from datalines.audit.verdicts import Check, Verdict
from datalines.files import digest_json
from datalines.shards import id_set_digest, order_digest

DECLARED = ("version", "items", "class_names", "class_texts", "subset", "prompts", "card", "crop", "mapping")
LABELLING = ("class_names", "class_texts", "subset", "mapping", "crop")
"""What a manifest says of classes and borders; evaluations keep its digest."""
USED = ("items", "version", "id_set_sha256", "prompts")
CARDS = Path("config", "evalsets.yaml")


def check(study: Study) -> Check:
    """Every evaluation set, and every evaluation."""
    return proof(
        study,
        "evaluation-set-proof",
        "Evaluation sets are as declared, image by image, and predictions were made with them as they are.",
        "the folder holds no evaluation sets and no evaluations",
        Part(sorted({*study.paths(*SETS), *study.paths("filter_shift", SETS[1])}), _set),
        Part(study.paths(*EVALUATIONS), _evaluation),
    )


def _set(study: Study, path: str) -> Problems:
    manifest = study.json(path)
    yield from differing(manifest["shift"], path.split("/")[1], "the set's name")
    receipt = study.results.maker(path)
    if receipt is not None:
        spec = {"class_texts": receipt.params["spec"].get("class_names"), **receipt.params["spec"]}
        # The border of candidates goes on to what is chosen of them.
        keys = [key for key in DECLARED if not (key == "crop" and "adversarial" in manifest)]
        for key in keys:
            yield from differing(manifest.get(key), spec.get(key), key)
        yield from _each(manifest, spec.get("per_class"), "that are declared")
    if manifest.get("card"):
        yield from _card(study, manifest)
    yield from _recounted(study, path, manifest)


def _recounted(study: Study, path: str, manifest: dict[str, Any]) -> Problems:
    """The index has the images, classes and ids that the manifest counts."""
    index = study.table(path.replace("manifest.json", "index.parquet"), ("id", "label"))
    ids, labels = index["id"].to_pylist(), index["label"].to_pylist()
    yield from differing(manifest["items"], len(ids), "items")
    yield from differing(manifest["images"]["samples"], len(ids), "the number of images in the tar")
    yield from differing(len(set(ids)), len(ids), "the number of different images")
    yield from differing(manifest["per_class"], dict(sorted(Counter(labels).items())), "per_class")
    yield from differing(manifest["id_set_sha256"], id_set_digest(ids), "id_set_sha256")
    yield from differing(manifest["order_sha256"], order_digest(ids), "order_sha256")
    for inner, outer, what in (
        (labels, manifest["subset"], "of the set"),
        (manifest["subset"], manifest["class_names"], "of the label space"),
    ):
        strangers = sorted({str(name) for name in inner} - set(outer))
        if strangers:
            yield f"{named(strangers)} is no class {what}"


def _cards(study: Study, manifest: dict[str, Any]) -> dict[str, Any] | None:
    """The card of a published set with what it says of the copy, from the checkout; None if there is no such card."""
    if study.checkout is None or not (study.checkout / CARDS).is_file():
        raise LackingError(f"{CARDS} is not at hand, so {manifest['card']} cannot be compared with its card")
    cards = yaml.safe_load((study.checkout / CARDS).read_text(encoding="utf-8"))["evalsets"]
    name, _, copy = manifest["card"].partition("@")
    return {**cards[name], **cards[name]["copies"][copy]} if copy in cards.get(name, {}).get("copies", {}) else None


def _card(study: Study, manifest: dict[str, Any]) -> Problems:
    """Counts and border of a published set against its card."""
    card = _cards(study, manifest)
    if card is None:
        yield f"there is no card {manifest['card']} in {CARDS}"
        return
    yield from differing(manifest["items"], card["items"], f"items beside the card {manifest['card']}")
    yield from _each(manifest, card.get("per_class"), f"of the card {manifest['card']}")
    yield from differing(manifest.get("crop"), card.get("crop"), f"crop beside the card {manifest['card']}")


def _each(manifest: dict[str, Any], each: int | None, whose: str) -> Problems:
    wrong = [label for label in manifest["subset"] if each and manifest["per_class"].get(label) != each]
    if wrong:
        yield f"{named(wrong)} has another number of images than the {each} {whose}"


def _evaluation(study: Study, path: str) -> Problems:
    said = study.json(path)
    logits = study.file(path.replace(".json", ".safetensors"))
    lacking = []
    with safe_open(logits, framework="numpy") as stored:
        for name, used in said["sets"].items():
            manifest_path = f"shifts/{name}/manifest.json"
            if not study.results.file(manifest_path).is_file():
                lacking.append(manifest_path)
                continue
            manifest = study.json(manifest_path)
            other = [key for key in USED if used[key] != manifest[key]]
            if other:
                text = f"it was made with another {name} than lies there now ({', '.join(other)})"
                yield Problem(text, Verdict.STALE)
                continue
            yield from _labels(study, manifest_path, manifest, name, stored)
            yield from _labelling(used, manifest, name)
            yield from _preprocessing(study, said, manifest)
    if lacking:
        raise LackingError(f"{named(lacking)} is not there; copy it into the folder, or make it again")
    if not all("labelling" in used for used in said["sets"].values()):
        raise LackingError("the evaluation does not say what mapping and border it used; evaluate the run again")


def _labels(study: Study, path: str, manifest: dict[str, Any], name: str, stored: Any) -> Problems:
    """True classes beside the logits, image by image, and the classes that may be predicted."""
    column = {label: place for place, label in enumerate(manifest["class_names"])}
    labels = study.table(path.replace("manifest.json", "index.parquet"), ("label",))["label"].to_pylist()
    due = np.array([column.get(label, -1) for label in labels], dtype=np.int64)
    if not np.array_equal(stored.get_tensor(f"labels/{name}"), due):
        yield f"the true classes beside the logits are not those of {name}"
    allowed = np.array([label in set(manifest["subset"]) for label in manifest["class_names"]])
    if not np.array_equal(stored.get_tensor(f"allowed/{name}").astype(bool), allowed):
        yield f"the classes that could be predicted are not those of {name}"


def _labelling(used: dict[str, Any], manifest: dict[str, Any], name: str) -> Problems:
    if "labelling" not in used:
        return
    due = digest_json({key: manifest.get(key) for key in LABELLING})
    yield from differing(used["labelling"], due, f"the digest of classes, mapping and border of {name}")
    yield from differing(used["order_sha256"], manifest["order_sha256"], f"order_sha256 of {name}")


def _preprocessing(study: Study, said: dict[str, Any], manifest: dict[str, Any]) -> Problems:
    """What was done with the images of a published set is what its card asks for."""
    if not manifest.get("card") or "preprocessing" not in said:
        return
    due = (_cards(study, manifest) or {}).get("preprocessing") or {}
    done = {key: said["preprocessing"].get(key) for key in due}
    yield from differing(done, due, f"the preprocessing beside the card {manifest['card']}")
