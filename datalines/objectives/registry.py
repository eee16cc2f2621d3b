"""Objectives by the name that a recipe gives them."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from datalines.objectives.base import Objective
from datalines.objectives.clip import Clip
from datalines.objectives.initial import initialise
from datalines.objectives.supervised import Supervised
from datalines.objectives.towers import freeze

OBJECTIVES: dict[str, Callable[[dict[str, Any]], Objective]] = {
    "clip": lambda recipe: Clip(recipe["model_spec"]),
    "supervised": lambda recipe: Supervised(
        recipe["model_spec"], recipe["class_names"], recipe.get("head") or "linear"
    ),
}


def build(recipe: dict[str, Any], weights: Mapping[str, Path] | None = None) -> Objective:
    """The objective of a resolved recipe, ready to be trained.

    Its weights are drawn from torch's generator; then the recipe's `initial` weights are loaded from `weights`, which
    holds a file for each of their parts (image, text, model); then the `frozen` towers are frozen. Raises
    `TrainingError` where a file is missing, altered or does not fit.
    """
    objective = rebuild(recipe)
    initialise(objective.model, recipe, weights or {})
    freeze(objective.model, recipe.get("frozen") or [])
    return objective


def rebuild(recipe: dict[str, Any]) -> Objective:
    """The objective of a finished run's recipe, to be given that run's weights: `initial` files are not needed
    again."""
    return OBJECTIVES[recipe["objective"]](recipe)
