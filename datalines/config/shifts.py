"""Sections `classes`, `shifts` and `suites`: label spaces, evaluation sets, and which sets are evaluated together."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from datalines.config.base import (
    SLUG,
    LabelField,
    Names,
    Paths,
    Positive,
    Seed,
    Slug,
    Slugs,
    Spec,
    Templates,
    Text,
    list_or,
)
from datalines.config.downloads import Downloadable
from datalines.config.openclip import OPENAI_IMAGENET
from datalines.config.pools import CIFAR_ARCHIVE, Split
from datalines.testbed.domain import Domain

Texts = Annotated[
    list[Text] | Literal["openai-imagenet"],
    list_or(OPENAI_IMAGENET, f"a list of texts, or {OPENAI_IMAGENET}"),
]
Prompts = Annotated[
    Templates | Literal["openai-imagenet"],
    list_or(OPENAI_IMAGENET, f"a list of templates such as ['a photo of a {{}}.'], or {OPENAI_IMAGENET}"),
]
Others = Annotated[
    list[Text] | Slug, list_or(SLUG, "a list of class folders, or the name of a class list that holds them")
]
Subset = Annotated[Names | Slug, list_or(SLUG, "a list of classes, or the name of a class list")]


class ClassList(Spec):
    """An ordered list of classes, told apart by their names: a file with one a line, or the names themselves."""

    file: Text | None = Field(default=None, description="Text file below the repository root, one class a line.")
    names: Names | None = Field(default=None, description="The names, instead of `file`.")
    texts: Texts | None = Field(
        default=None, description="What prompts say of each class, in order; without it, its name. Repeats are allowed."
    )

    @model_validator(mode="after")
    def _either(self) -> Self:
        if (self.file is None) == (self.names is None):
            raise ValueError("give either file: <path> or names: [class names]")
        return self


class ShiftBase(Spec):
    """Keys of every evaluation set."""

    title: Text = Field(description="Name shown in tables and figures.")
    version: Positive = Field(default=1, description="Raise it when the numbers may move although no key here changed.")
    items: Positive = Field(description="Number of images that must be found, otherwise the run stops.")
    licence: Text = Field(default="not stated", description="Licence of the images.")


class LabelledShift(ShiftBase):
    """Keys of the sets that state their own label space."""

    classes: Slug = Field(description="Class list: the label space of the predictions.")
    subset: Subset | None = Field(
        default=None, description="Classes the set contains, or a class list that names them; others are masked."
    )
    prompts: Prompts = Field(description="Prompt templates, each with one {} for the class name; their mean is used.")


class Crop(Spec):
    """What is cut off an image before anything else."""

    border: Positive = Field(description="Pixels on every side; ObjectNet has a red frame of one.")


class SpaceMapping(Spec):
    """How a head that predicts the classes of another list is read on the set."""

    classes: Slug = Field(description="Class list of the other label space.")
    file: Text = Field(description="JSON file below the repository root: {class of the set: [classes of that list]}.")
    collapse: Literal["max"] = Field(
        default="max", description="The logit of a class is the largest of those that belong to it."
    )
    zero_shot: Literal["own", "mapped"] = Field(
        default="own", description="Zero-shot models: prompts of the set's own classes, or of the mapped ones."
    )


class PublishedShift(LabelledShift):
    """Keys of the sets that lie on disk as somebody published them."""

    card: Text | None = Field(
        default=None, description="Card of the set and its copy, as <set>@<copy>; it fills in what is left out."
    )
    per_class: Positive | None = Field(
        default=None, description="Number of images that must be found of each class of the set."
    )
    crop: Crop | None = Field(default=None, description="What is cut off every image; the stored image keeps it.")
    mapping: SpaceMapping | None = Field(
        default=None, description="For heads of another label space; without it they cannot be evaluated on the set."
    )


class TestbedShift(LabelledShift):
    """A set drawn by the embedded generator."""

    kind: Literal["testbed"]
    seed: Seed = Field(default=0, description="Seed of the drawing.")
    domain: Domain | None = Field(
        default=None, description="What the images look like (see datalines/testbed/domain.py)."
    )
    like: Slug | None = Field(
        default=None, description="Pool of kind testbed whose domain the images have, instead of `domain`."
    )

    @model_validator(mode="after")
    def _one_domain(self) -> Self:
        if (self.domain is None) == (self.like is None):
            raise ValueError("give either domain: {...} or like: <a pool of kind testbed>")
        return self


class FolderShift(Downloadable, PublishedShift):
    """A folder or tar whose sub-folders are classes."""

    kind: Literal["folder"]
    path: Paths = Field(
        description="Folder or tar of class folders, which may be gzipped, or a list of which the first that exists is "
        "read; $NAME is taken from the environment. The last may be an address (https://...): it is looked for in "
        "$DATALINES_MIRROR, then obtained."
    )
    root: Text | None = Field(default=None, description="Folder inside `path` that holds the class folders.")
    names: dict[Text, Text] | None = Field(default=None, description="Class folder -> class name of the label space.")
    numbers: Literal["classes", "subset"] | None = Field(
        default=None, description="Class folders are numbers that count, from 0, the class list or the subset."
    )
    others: Others | None = Field(
        default=None,
        description="Class folders that are passed over, or a class list of them; any further one is then an error. "
        "Without it, all folders of no class of the set are passed over and counted.",
    )
    split: Split | None = Field(default=None, description="Take only one part of the files; without it, all.")
    leave_out: list[Text] = Field(
        default=[], description="Patterns of file names that are no part of it, such as 'cifar10-train-*'."
    )

    @model_validator(mode="after")
    def _names_or_numbers(self) -> Self:
        if self.names is not None and self.numbers is not None:
            raise ValueError("give either names: {folder: class} or numbers: classes, which name the class folders")
        return self


class CifarShift(Downloadable, PublishedShift):
    """CIFAR-10 in its binary version, read from the archive as it is published."""

    kind: Literal["cifar"]
    path: Paths = Field(description=CIFAR_ARCHIVE)
    batches: Literal["train", "test"] = Field(
        default="test", description="data_batch_1.bin, data_batch_2.bin, ...; or test_batch.bin."
    )
    names: dict[Text, Text] | None = Field(
        default=None, description="Name in batches.meta.txt -> class name of the label space."
    )


class ShardsShift(PublishedShift):
    """Existing webdataset shards."""

    kind: Literal["shards"]
    path: Paths = Field(description="Tar, glob of tars, or a list of these; $NAME is taken from the environment.")
    label: LabelField = Field(default="cls", description="Where the class is: cls, or json:<key>.")
    numbers: Literal["classes", "subset"] = Field(
        default="classes", description="What labels that are numbers count, from 0: the class list, or the subset."
    )


class ReferenceModel(Spec):
    """The trained model that an adversarial set is filtered by."""

    family: Slug = Field(description="Family of the model.")
    size: Slug = Field(description="Size of its mixture.")
    seed: Seed = Field(description="Its seed.")
    epoch: Positive = Field(description="The kept epoch that is used.")
    suite: Slug = Field(description="Suite in which the model is evaluated on the candidates.")


class AdversarialShift(ShiftBase):
    """The candidates that a reference model gets wrong; label space, subset and prompts are those of the candidates."""

    kind: Literal["adversarial"]
    candidates: Slug = Field(description="Shift the images are chosen from.")
    model: ReferenceModel = Field(description="The model that must fail.")


Shift = Annotated[TestbedShift | FolderShift | ShardsShift | CifarShift | AdversarialShift, Field(discriminator="kind")]
Suite = Annotated[Slugs, Field(min_length=1)]
