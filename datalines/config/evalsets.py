"""Section `evalsets`: cards of published evaluation sets by name and copy: what they hold, where they lie, the traps.

A shift that says `card: <set>@<copy>` takes from it what it leaves out itself. The set states what every copy shares
(count, label space, prompts, preprocessing), a copy how its files lie.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field, StringConstraints

from datalines.config.base import LabelField, Number, Positive, Slug, Spec, Text
from datalines.config.errors import Findings, Loc, listing, suggestion
from datalines.config.layers import Merged
from datalines.config.shifts import ClassList, Crop, Others, Prompts, PublishedShift, SpaceMapping
from datalines.config.sources import Dated, Download, VersionText

if TYPE_CHECKING:
    from datalines.config.study import Study

Md5 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{32}$")]
Channels = Annotated[list[Number], Field(min_length=3, max_length=3)]
Texts = list[Text]

# Keys of a shift that a card gives, from the set and from its copy.
OF_SET = ("title", "items", "classes", "subset", "per_class", "prompts", "mapping", "licence")
OF_COPY = ("kind", "root", "label", "numbers", "others", "crop", "items")


class CopyFile(Download):
    """One file of a copy; digests are null where nobody states them."""

    md5: Md5 | None = Field(default=None, description="Md5 of the file; null where nobody states it.")


class OtherCount(Spec):
    """A number of images that others state for the set."""

    items: Positive = Field(description="The number.")
    where: Text = Field(description="Who states it.")
    why: Text = Field(description="Why it differs, as far as that is known.")


class Preprocessing(Spec):
    """What is done with an image before a network sees it; the evaluation does this and nothing else."""

    resize: Literal["bicubic"] = Field(description="Interpolation.")
    side: Literal["shorter"] = Field(description="Which side is resized to the network's image size.")
    crop: Literal["centre"] = Field(description="Which square is cut out.")
    mean: Channels = Field(description="Subtracted from the channels, scaled to 0..1.")
    std: Channels = Field(description="The channels are divided by it.")


class SetCopy(Spec):
    """One public copy of a set."""

    kind: Literal["folder", "shards"] = Field(description="How it is read.")
    layout: Text = Field(description="Which files lie where.")
    root: Text | None = Field(default=None, description="As of a shift of kind folder.")
    numbers: Literal["classes", "subset"] | None = Field(default=None, description="As of a shift.")
    others: Others | None = Field(default=None, description="As of a shift of kind folder.")
    label: LabelField | None = Field(default=None, description="As of a shift of kind shards.")
    crop: Crop | None = Field(default=None, description="As of a shift.")
    items: Positive | None = Field(default=None, description="Number of images, where it differs from the set's.")
    files: list[CopyFile] = Field(description="The files, with size and digest as far as somebody states them.")
    status: Dated = Field(description="Whether it can be had, with a date, and what is not known.")


class EvalsetCard(Spec):
    """One evaluation set."""

    title: Text = Field(description="Name shown in tables and figures.")
    items: Positive = Field(description="Number of images.")
    per_class: Positive | None = Field(default=None, description="Number of images of each class, where it is one.")
    classes: Slug = Field(description="Class list: the label space.")
    subset: Slug | None = Field(default=None, description="Class list of the classes that the set contains.")
    lists: dict[Slug, ClassList] = Field(description="The class lists that the card names.")
    prompts: Prompts = Field(description="Prompt templates.")
    mapping: SpaceMapping | None = Field(default=None, description="For heads of another label space.")
    preprocessing: Preprocessing = Field(description="What is done with an image.")
    licence: Text = Field(description="Licence of the images, and what it asks for.")
    other_counts: list[OtherCount] = Field(default=[], description="Other numbers of images that one meets.")
    traps: Texts = Field(description="What goes wrong, and what is done about it.")
    copies: dict[VersionText, SetCopy] = Field(min_length=1, description="Public copies.")


Evalsets = dict[Slug, EvalsetCard]


def with_cards(merged: Merged) -> Merged:
    """The layers with every shift's card filled in, and the class lists of the cards that are used.

    What a shift states itself stands; so does a class list that the study declares. Raises `ConfigError` with every
    card that leads nowhere.
    """
    found = Findings(merged.origins)
    shifts, cards = merged.content.get("shifts"), merged.content.get("evalsets")
    if not isinstance(shifts, dict) or not isinstance(cards, dict):
        return merged
    origins = dict(merged.origins)
    content = {**merged.content, "shifts": dict(shifts), "classes": dict(_keys(merged.content.get("classes")))}
    for slug, shift in shifts.items():
        reference = shift.get("card") if isinstance(shift, dict) else None
        if reference is None:
            continue
        try:
            card, copy = _parts(str(reference), cards)
        except ValueError as error:
            found.add(("shifts", slug, "card"), str(error))
            continue
        given = _given(card, OF_SET) | _given(copy, OF_COPY)
        source = found.source(("evalsets", str(reference).partition("@")[0]))
        _fill(content["shifts"], ("shifts",), slug, given | shift, set(given) - set(shift), source, origins)
        for name, entry in _keys(card.get("lists")).items():
            if name not in content["classes"]:
                _fill(content["classes"], ("classes",), name, entry, set(_keys(entry)), source, origins)
    found.stop()
    if not isinstance(merged.content.get("classes", {}), dict):
        content["classes"] = merged.content["classes"]  # left for the check of the whole study to report
    return Merged(content, origins)


def read_mappings(
    study: Study, class_names: Mapping[str, list[str]], root: Path, found: Findings
) -> dict[str, dict[str, list[str]]]:
    """{shift with a mapping: {class: its classes of the other label space}}; what cannot be read is noted, left out."""
    mappings = {}
    for slug, shift in study.shifts.items():
        mapping = shift.mapping if isinstance(shift, PublishedShift) else None
        if mapping is None or not isinstance(shift, PublishedShift):
            continue
        loc: Loc = ("shifts", slug, "mapping")
        known = found.check_known((*loc, "classes"), mapping.classes, "class list", study.classes)
        if not known or not {mapping.classes, shift.classes} <= set(class_names):
            continue
        try:
            mappings[slug] = read_mapping(root / mapping.file, class_names[shift.classes], class_names[mapping.classes])
        except ValueError as error:
            found.add((*loc, "file"), f"{mapping.file} {error}")
    return mappings


def resolved_keys(study: Study, name: str) -> dict[str, Any]:
    """What the step that prepares a published shift is told beside its own keys: `others` as names, and `mapping` with
    its `groups` and what prompts say of their classes (`texts`)."""
    keys: dict[str, Any] = {}
    others = getattr(study.shifts[name], "others", None)
    if others is not None:
        keys["others"] = study.class_names(others) if isinstance(others, str) else list(others)
    labelled = study.labelled(name)
    if isinstance(labelled, PublishedShift) and labelled.mapping is not None:
        groups, space = study.mapping(name), labelled.mapping.classes
        said = dict(zip(study.class_names(space), study.class_texts(space), strict=True))
        mapped = {text: said[text] for group in groups.values() for text in group}
        keys["mapping"] = {"classes": space, "zero_shot": labelled.mapping.zero_shot, "groups": groups, "texts": mapped}
    return keys


def read_mapping(path: Path, names: Sequence[str], space: Sequence[str]) -> dict[str, list[str]]:
    """{class of the set: its classes of the other label space} from a JSON file, in the order of `names`.

    A ValueError names what is missing, unknown, empty or listed for two classes.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ValueError(f"cannot be read: {getattr(error, 'strerror', None) or error}") from error
    if not isinstance(content, dict) or not all(isinstance(group, list) and group for group in content.values()):
        raise ValueError("is not {class of the set: [classes of the other list]} with at least one class each")
    listed = [name for group in content.values() for name in group]
    wrong = {
        "lacks": sorted(set(names) - set(content)),
        "names classes that the set does not have:": sorted(set(content) - set(names)),
        "names classes that the other list does not have:": sorted(set(listed) - set(space)),
        "lists for two classes, between which a logit could not decide:": _twice(listed),
    }
    for text, which in wrong.items():
        if which:
            raise ValueError(f"{text} {listing(which)}")
    return {name: list(content[name]) for name in names}


def _parts(reference: str, cards: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The set's card and its copy; a ValueError names what is known and near."""
    name, at, copy = reference.partition("@")
    if name not in cards:
        known = f"Known sets: {listing(cards)}"
        raise ValueError(f"'{name}' is not an evaluation set with a card{suggestion(name, cards)}{known}")
    copies = _keys(_keys(cards[name]).get("copies"))
    if not at:
        raise ValueError(f"is '{reference}', which names no copy; write {name}@<copy>. Known copies: {listing(copies)}")
    if not isinstance(copies.get(copy), dict):
        raise ValueError(f"'{copy}' is not a copy of {name}{suggestion(copy, copies)}Known copies: {listing(copies)}")
    return cards[name], copies[copy]


def _keys(value: Any) -> dict[str, Any]:
    """A mapping as it is; nothing for what should have been one, which the check of the whole study reports."""
    return value if isinstance(value, dict) else {}


def _given(part: Mapping[str, Any], keys: Sequence[str]) -> dict[str, Any]:
    return {key: part[key] for key in keys if part.get(key) is not None}


def _fill(
    section: dict[str, Any],
    loc: Loc,
    name: str,
    entry: dict[str, Any],
    keys: set[str],
    source: str,
    origins: dict[Loc, str],
) -> None:
    """Put an entry into a section and note that the card's file set its `keys`."""
    section[name] = entry
    origins.setdefault((*loc, name), source)
    origins.update({(*loc, name, key): source for key in sorted(keys)})


def _twice(names: Sequence[str]) -> list[str]:
    return sorted({name for name in names if list(names).count(name) > 1})
