"""Model-spec proof: what was evaluated is what was trained, network, text tower and preprocessing included."""

import json
import re
from typing import Any

from datalines.audit.proofs.study import EVALUATIONS, SUMMARIES, LackingError, Part, Problems, Study, differing, proof
from datalines.audit.verdicts import Check
from datalines.carried import CARRIED
from datalines.files import digest_json

NO_PARAMETERS = ("running_mean", "running_var", "num_batches_tracked")
"""Ends of the names of arrays that are statistics, and no parameters."""
IDENTITY = ("family", "size", "seed", "recipe", "data")
OF_RUN = ("family", "size", "seed", "mixture", "samples", "spec")


def check(study: Study) -> Check:
    """Every run with its weights, and every evaluation."""
    return proof(
        study,
        "model-spec-proof",
        "Networks, text towers and preprocessing of evaluations are those that the runs' weights carry.",
        "the folder holds no trained runs and no evaluations",
        Part(study.paths(*SUMMARIES), _run),
        Part(study.paths(*EVALUATIONS), _evaluation),
    )


def carried(study: Study, path: str) -> dict[str, Any]:
    """The recipe that a weights file carries in its header."""
    text = (study.header(path).get("__metadata__") or {}).get(CARRIED)
    if text is None:
        raise ValueError(f"{path} does not say what model it holds")
    content: dict[str, Any] = json.loads(text)
    return content


def _run(study: Study, path: str) -> Problems:
    summary = study.json(path)
    identity = {key: summary[key] for key in IDENTITY}
    yield from differing(summary["spec"], digest_json(identity), "spec")
    receipt = study.results.maker(path)
    if receipt is not None:
        yield from differing(summary["recipe"], receipt.params["spec"]["recipe"], "the recipe")
    lacking = []
    for entry in summary["weights"]:
        file = f"{path.rpartition('/')[0]}/{entry['path']}"
        if study.results.file(file).is_file():
            yield from _weights(study, file, summary, identity, entry["epoch"])
        else:
            lacking.append(entry["path"])
    if lacking:
        raise LackingError(f"{', '.join(lacking)} is not there, so nobody can tell what network it holds")


def _weights(study: Study, file: str, summary: dict[str, Any], identity: dict[str, Any], epoch: int) -> Problems:
    said = carried(study, file)
    yield from differing(said["run"], identity, f"the run that {file} carries")
    yield from differing(said["epoch"], epoch, f"the epoch that {file} carries")
    for key, value in summary["recipe"].items():
        yield from differing(said.get(key), value, f"{key} that {file} carries")
    arrays = {name: entry["shape"] for name, entry in study.header(file).items() if name != "__metadata__"}
    parameters = sum(_size(shape) for name, shape in arrays.items() if not name.endswith(NO_PARAMETERS))
    yield from differing(parameters, summary["parameters"], f"the number of parameters in {file}")
    if summary["recipe"]["objective"] == "clip":
        yield from _text_tower(arrays, summary["recipe"]["model_spec"], file)


def _size(shape: list[int]) -> int:
    size = 1
    for side in shape:
        size *= side
    return size


def _text_tower(arrays: dict[str, list[int]], spec: dict[str, Any], file: str) -> Problems:
    """Vocabulary, context, width and layers, from the shapes of open_clip's text tower; text towers of another library
    are told by the number of parameters alone."""
    text = spec.get("text_cfg")
    if text is None or "hf_model_name" in text:
        return
    due = {
        "token_embedding.weight": [text.get("vocab_size"), text.get("width")],
        "positional_embedding": [text.get("context_length"), text.get("width")],
    }
    for name, shape in due.items():
        found = next((shape for key, shape in arrays.items() if key in (name, f"text.{name}")), None)
        if None not in shape:
            yield from differing(found, shape, f"the shape of {name} in {file}")
    if "layers" in text:
        blocks = {
            match[1]
            for match in (re.match(r"(?:text\.)?transformer\.resblocks\.(\d+)\.", key) for key in arrays)
            if match
        }
        yield from differing(len(blocks), text["layers"], f"the number of layers of the text tower in {file}")


def _evaluation(study: Study, path: str) -> Problems:
    said = study.json(path)
    names = path.split("/")
    here = [str(said[key]) for key in ("family", "size", "seed", "suite")]
    yield from differing(here, [*names[1:4], names[4].removesuffix(".json")], "the evaluation")
    folder = f"runs/{said['family']}/{said['size']}/{said['seed']}"
    summary = study.json(f"{folder}/summary.json")
    for key in OF_RUN:
        yield from differing(said[key], summary[key], key)
    yield from differing(said["objective"], summary["recipe"]["objective"], "the objective")
    yield from differing(said["weights"], summary["weights"], "the list of weights")
    yield from _arrays(study, path, said)
    if "models" not in said:
        raise LackingError("the evaluation does not say what network and preprocessing it used; evaluate the run again")
    yield from differing([entry["epoch"] for entry in said["models"]], summary["recipe"]["keep"], "the epochs")
    size = _image_size(summary["recipe"]["model_spec"])
    for model, entry in zip(said["models"], summary["weights"], strict=False):
        yield from differing(model["image_size"], size, f"the image size at epoch {model['epoch']}")
        spec = digest_json(carried(study, f"{folder}/{entry['path']}"))
        yield from differing(model["spec"], spec, f"the recipe that was evaluated at epoch {model['epoch']}")


def _image_size(spec: dict[str, Any]) -> int:
    size = spec["vision_cfg"]["image_size"]
    return int(size if isinstance(size, int) else size[0])


def _arrays(study: Study, path: str, said: dict[str, Any]) -> Problems:
    """Stored logits are of all images of all sets, of the classes that may be predicted, and measured."""
    arrays = study.header(path.replace(".json", ".safetensors"))
    measured = {(row["epoch"], row["shift"]): row for row in said["measures"]}
    due = {(entry["epoch"], name) for entry in said["weights"] for name in said["sets"]}
    yield from differing(sorted(measured), sorted(due), "the list of what was measured")
    for epoch, name in sorted(due & set(measured)):
        shape = arrays.get(f"{epoch:03d}/{name}", {}).get("shape")
        row = measured[epoch, name]
        yield from differing(row["n"], said["sets"][name]["items"], f"the number of images of {name}")
        if (
            shape is None
            or shape[0] != row["n"]
            or shape[1] not in (row["classes"], *arrays[f"allowed/{name}"]["shape"])
        ):
            yield f"logits of {name} at epoch {epoch} have the shape {shape}, not {[row['n'], row['classes']]}"
