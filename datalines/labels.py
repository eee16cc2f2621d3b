"""Label spaces: a model may predict other classes than an evaluation set has, if a mapping between them is declared.

A set of 113 household things is read by a head of 1,000 classes: of each thing the largest logit among its classes of
the head (`collapse: max`). That equals the decision of the robustness testbed (Taori et al. 2020): the largest of all
mapped logits, right if it belongs to the image's thing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from datalines.errors import TrainingError
from datalines.objectives import Objective, Supervised
from datalines.objectives.base import Logits

NAMED = 3


@dataclass(frozen=True)
class LabelMapping:
    """From logits over `names`, classes of another label space, to logits over a set's classes.

    `index` holds for every class of the set the columns that belong to it, shape (classes, most columns of a class);
    shorter rows repeat their first column. `texts` is what prompts say of each name.
    """

    names: tuple[str, ...]
    texts: tuple[str, ...]
    index: npt.NDArray[np.int64]

    def collapse(self, values: torch.Tensor) -> torch.Tensor:
        """The largest logit of each class: (n, names) to (n, classes)."""
        return values[:, torch.from_numpy(self.index).to(values.device)].amax(dim=2)


def label_mapping(groups: Mapping[str, Sequence[str]], texts: Mapping[str, str]) -> LabelMapping:
    """The mapping of `groups`, {class of the set: its classes of the other label space}, in the order of both.

    `texts` gives what prompts say of the other label space's classes. A class that belongs to two groups, or a group
    without classes, is a ValueError.
    """
    names = [name for group in groups.values() for name in group]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise ValueError(f"{', '.join(twice)} belongs to two classes, between which its logit could not decide")
    if empty := [name for name, group in groups.items() if not group]:
        raise ValueError(f"{', '.join(empty)} has no class of the other label space")
    column = {name: position for position, name in enumerate(names)}
    widest = max(len(group) for group in groups.values())
    rows = [[column[name] for name in group] for group in groups.values()]
    index = np.array([row + row[:1] * (widest - len(row)) for row in rows], dtype=np.int64)
    return LabelMapping(tuple(names), tuple(texts[name] for name in names), index)


def classifier(objective: Objective, manifest: dict[str, Any]) -> Logits:
    """From images to logits over the classes that a prepared set allows, columns in the order of its label space.

    A head is known by the names of its labels; where they are not the set's, the set's mapping is used, and without
    one a TrainingError names both label spaces. A zero-shot model is told what a class is called; it uses the mapping
    where that says `zero_shot: mapped`.
    """
    subset = set(manifest["subset"])
    texts = dict(zip(manifest["class_names"], manifest.get("class_texts", manifest["class_names"]), strict=True))
    names = [name for name in manifest["class_names"] if name in subset]
    declared = manifest.get("mapping") or {"groups": None, "zero_shot": "own"}
    mapping = None
    if declared["groups"] is not None:
        mapping = label_mapping({name: declared["groups"][name] for name in names}, declared["texts"])
    if isinstance(objective, Supervised):
        return _head(objective, names, mapping, manifest)
    if mapping is not None and declared["zero_shot"] == "mapped":
        return _collapsed(objective.classifier(mapping.texts, manifest["prompts"]), mapping)
    return objective.classifier([texts[name] for name in names], manifest["prompts"])


def _head(objective: Supervised, names: list[str], mapping: LabelMapping | None, manifest: dict[str, Any]) -> Logits:
    known = objective.targets.column
    if set(names) <= set(known):
        return objective.classifier(names, manifest["prompts"])
    if mapping is not None and set(mapping.names) <= set(known):
        return _collapsed(objective.classifier(mapping.names, manifest["prompts"]), mapping)
    fits = "its mapping does not fit either" if mapping is not None else "it declares no mapping"
    raise TrainingError(
        f"the head predicts {_listed(list(known))}, shift {manifest['shift']} has {_listed(manifest['class_names'])}, "
        f"and {fits}; train on the set's classes, or declare shifts.{manifest['shift']}.mapping"
    )


def _collapsed(logits: Logits, mapping: LabelMapping) -> Logits:
    return lambda images: mapping.collapse(logits(images))


def _listed(names: list[str]) -> str:
    more = ", ..." if len(names) > NAMED else ""
    return f"{len(names)} classes ({', '.join(names[:NAMED])}{more})"
