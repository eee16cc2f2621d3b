"""What the configuration names but other files hold: class lists, prompts and networks, read while loading."""

import json
from pathlib import Path
from typing import Any

from datalines.config.errors import Findings, Loc, listing, suggestion
from datalines.config.openclip import OPENAI_IMAGENET, OpenClipError, imagenet_templates, imagenet_texts
from datalines.config.shifts import ClassList, LabelledShift
from datalines.config.study import Study


def read_class_lists(study: Study, root: Path, found: Findings) -> dict[str, list[str]]:
    """{class list: names in order}; lists that cannot be read are noted and left out."""
    lists = {}
    for slug, spec in study.classes.items():
        names = spec.names if spec.names is not None else _read_names(("classes", slug, "file"), spec, root, found)
        if names:
            lists[slug] = list(names)
    return lists


def _read_names(loc: Loc, spec: ClassList, root: Path, found: Findings) -> list[str]:
    try:
        names = [line.strip() for line in (root / str(spec.file)).read_text(encoding="utf-8").splitlines()]
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8 text"
        found.add(loc, f"cannot read {spec.file}: {reason}; write one class a line")
        return []
    if not names:
        found.add(loc, f"{spec.file} is empty; write one class a line")
    for number, name in enumerate(names, start=1):
        if not name:
            found.add(loc, f"{spec.file}, line {number} is empty; write one class a line")
        elif name in names[: number - 1]:
            text = f"{spec.file}, line {number} repeats '{name}' of line {names.index(name) + 1}"
            found.add(loc, f"{text}; classes are told apart by their names")
    return names


def read_class_texts(study: Study, names: dict[str, list[str]], found: Findings) -> dict[str, list[str]]:
    """{class list: what prompts say of each of its `names`}; lists whose texts do not fit are noted and left out."""
    texts = {}
    for slug, classes in names.items():
        declared, loc = study.classes[slug].texts, ("classes", slug, "texts")
        if declared is None:
            texts[slug] = classes
            continue
        try:
            said = list(imagenet_texts()) if declared == OPENAI_IMAGENET else list(declared)
        except OpenClipError as error:
            found.add(loc, str(error))
            continue
        if len(said) == len(classes):
            texts[slug] = said
        else:
            found.add(loc, f"are {len(said)}, but the list has {len(classes)} classes; write one for each, in order")
    return texts


def read_prompts(study: Study, found: Findings) -> dict[str, list[str]]:
    """{shift: its prompt templates}, those of open_clip written out."""
    prompts = {}
    for slug, shift in study.shifts.items():
        if isinstance(shift, LabelledShift):
            try:
                prompts[slug] = list(imagenet_templates()) if shift.prompts == OPENAI_IMAGENET else list(shift.prompts)
            except OpenClipError as error:
                found.add(("shifts", slug, "prompts"), str(error))
    return prompts


def read_models(study: Study, root: Path, found: Findings) -> dict[str, Any]:
    """{model: content of config/models/<model>.json} of all recipes and scorers; unknown and broken ones are noted and
    left out."""
    known = {path.stem: path for path in sorted((root / "config" / "models").glob("*.json"))}
    named: list[tuple[Loc, str]] = [
        (("recipes", slug, "model"), recipe.model) for slug, recipe in study.recipes.items()
    ]
    named += [
        (("scorers", slug, "network"), scorer.network)
        for slug, scorer in study.scorers.items()
        if scorer.network is not None
    ]
    models = {}
    for loc, model in named:
        if model not in known:
            text = f"config/models/{model}.json does not exist{suggestion(model, known)}"
            found.add(loc, f"{text}Known models: {listing(known)}")
            continue
        try:
            models[model] = json.loads(known[model].read_text(encoding="utf-8"))
        except ValueError as error:
            found.add(loc, f"config/models/{model}.json is not JSON: {error}")
    return models
