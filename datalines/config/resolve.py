"""The tables that rules look up: each holds all that a step depends on, with references filled in, as plain data.

Titles are part of the tables for labels; a rule whose result does not depend on a title should look up the rest.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from datalines.config.evalsets import resolved_keys
from datalines.config.filters import InClassList, NearDuplicate
from datalines.config.mixtures import Mixture
from datalines.config.pools import UrlsPool
from datalines.config.shifts import TestbedShift
from datalines.config.urlpools import url_pool_spec

if TYPE_CHECKING:
    from datalines.config.study import Study


def family_specs(study: Study) -> dict[str, Any]:
    """{family: {title, mixture, objective, recipe, weights}}.

    `recipe` holds all that moves a number: `model_spec`, `class_names` if supervised, and the digests of `initial`
    weights ({part: {sha256}}), whose paths are in `weights` ({part: path}).
    """
    specs = {}
    for name, family in study.families.items():
        recipe = study.recipes[family.recipe]
        content = {**recipe.model_dump(mode="json"), "model_spec": study.model_spec(recipe.model)}
        if recipe.classes is not None:
            content["class_names"] = study.class_names(recipe.classes)
        initial = recipe.initial.parts()
        content["initial"] = {part: {"sha256": weights.sha256} for part, weights in initial.items()}
        specs[name] = {
            "title": family.title,
            "mixture": family.mixture,
            "objective": recipe.objective,
            "recipe": content,
            "weights": {part: weights.path for part, weights in initial.items()},
        }
    return specs


def filter_specs(study: Study) -> dict[str, Any]:
    """{filter: [step]}; every step with its name, class lists as names in `classes`."""
    specs = {}
    for name, steps in study.filters.items():
        specs[name] = [{**step.model_dump(mode="json"), "name": step.name or step.kind} for step in steps]
        for step, content in zip(steps, specs[name], strict=True):
            if isinstance(step, InClassList) and step.list is not None:
                content["classes"] = study.class_names(step.list)
            if isinstance(step, NearDuplicate):
                content["shifts"] = study.compared_shifts(step)
    return specs


def shift_specs(study: Study) -> dict[str, Any]:
    """{shift: its keys, with `class_names` (the label space), `class_texts` (what prompts say of each), `subset`
    (without one: all classes), `prompts`, and of a mapping all that heads are read by}."""
    specs = {}
    for name, shift in study.shifts.items():
        labelled = study.labelled(name)
        assert labelled is not None, f"shift {name} was checked to have a label space"
        specs[name] = {
            **shift.model_dump(mode="json"),
            "classes": labelled.classes,
            "class_names": study.class_names(labelled.classes),
            "class_texts": study.class_texts(labelled.classes),
            "subset": study.subset(name),
            "prompts": study.prompts(name),
            **resolved_keys(study, name),
        }
        if isinstance(shift, TestbedShift):
            del specs[name]["like"]
            domain = study.domain(shift)
            assert domain is not None, f"shift {name} was checked to have a domain"
            specs[name]["domain"] = domain.model_dump(mode="json")
    return specs


def mixture_specs(study: Study) -> dict[str, Any]:
    """{mixture: {size: {seed, size, samples, entries: [{pool, filter, count}]}}}, counts as numbers or "all"."""
    return {
        name: {size: _mixture_spec(study, mixture, size) for size in mixture.size_slugs()}
        for name, mixture in study.mixtures.items()
    }


def _mixture_spec(study: Study, mixture: Mixture, size: str) -> dict[str, Any]:
    entries = [
        {
            "pool": entry.pool,
            "filter": entry.filter or study.pools[entry.pool].filter,
            "count": count,
            **({"subset": entry.subset} if entry.subset is not None else {}),
        }
        for entry, count in zip(mixture.entries, mixture.counts(size), strict=True)
    ]
    return {"seed": mixture.seed, "size": size, "samples": mixture.samples(size), "entries": entries}


def pool_specs(study: Study) -> dict[str, Any]:
    """{pool: its keys, with `class_names` where a class list is given, and all that a card fills in}; paths as
    written."""
    specs, filters = {}, filter_specs(study)
    for name, pool in study.pools.items():
        if isinstance(pool, UrlsPool):
            specs[name] = url_pool_spec(study, pool, filters[pool.select] if pool.select else [])
            continue
        specs[name] = pool.model_dump(mode="json")
        if specs[name].get("classes") is not None:
            specs[name]["class_names"] = study.class_names(specs[name]["classes"])
    return specs


def scorer_specs(study: Study) -> dict[str, Any]:
    """{scorer: its keys, with its name, and `model_spec` where it is one of config/models}."""
    specs = {}
    for name, scorer in study.scorers.items():
        specs[name] = {**scorer.model_dump(mode="json"), "scorer": name}
        if scorer.network is not None:
            specs[name]["model_spec"] = study.model_spec(scorer.network)
    return specs


def experiment_specs(study: Study) -> dict[str, Any]:
    """{experiment: its keys, with `sets`, `members`, `ensemble_specs` and `samples`}.

    `sets`: every set that its records hold, the reference first.

    `members`: {family: {title, mixture, objective, recipe, sizes, seeds, epochs}} of all families that are trained,
    `sizes` and `seeds` being those of the family; `ensemble_specs`: {ensemble: its keys, with the `seeds` and `epochs`
    that all members share}; `samples`: {"family/size": number of training pairs, or "all"} of every run.
    """
    specs = {}
    for name, experiment in study.experiments.items():
        pairs = {(run.family, run.size) for run in study.runs(name)}
        specs[name] = {
            **experiment.model_dump(mode="json"),
            "sets": experiment.sets(),
            "members": {family: _member(study, family) for family in study.members(name)},
            "ensemble_specs": {ensemble: _ensemble(study, ensemble) for ensemble in experiment.ensembles},
            "samples": {f"{family}/{size}": _samples(study, family, size) for family, size in sorted(pairs)},
        }
    return specs


def _samples(study: Study, family: str, size: str) -> int | str:
    return study.mixtures[study.families[family].mixture].samples(size)


def _member(study: Study, name: str) -> dict[str, Any]:
    family = study.families[name]
    recipe = study.recipes[family.recipe]
    return {**family.model_dump(mode="json"), "objective": recipe.objective, "epochs": list(recipe.keep)}


def _ensemble(study: Study, name: str) -> dict[str, Any]:
    return {
        **study.ensembles[name].model_dump(mode="json"),
        "seeds": study.ensemble_seeds(name),
        "epochs": study.ensemble_epochs(name),
    }
