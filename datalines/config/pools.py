"""Section `pools`: where pairs of image and text come from."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field

from datalines.config.base import (
    CaptionField,
    Number,
    OptionalLabelField,
    Paths,
    Positive,
    Seed,
    Slug,
    Spec,
    Templates,
    Text,
)
from datalines.config.downloads import Downloadable
from datalines.config.fetching import Fetch, ImageForm
from datalines.config.lists import Sample, UrlList
from datalines.config.sources import Reference
from datalines.testbed.domain import CLASSES, Domain

CIFAR_ARCHIVE = (
    "cifar-10-binary.tar.gz, or a list of which the first that exists is read; $NAME is taken from the environment. "
    "The last may be an address (https://...): it is looked for in $DATALINES_MIRROR, then obtained."
)


class Split(Spec):
    """Which part of a folder set is used; a file belongs to train or test by a hash of its name."""

    part: Literal["train", "test"] = Field(description="The part that is taken.")
    test_share: Annotated[Number, Field(gt=0, lt=1)] = Field(default=0.3, description="Share of test files.")
    salt: str = Field(default="", description="Changes which files are test; give pool and shift the same.")


class PoolBase(Spec):
    """Keys of every pool."""

    title: Text = Field(description="Name shown in tables and figures.")
    version: Positive = Field(default=1, description="Raise it when the data behind the same keys changed.")
    parts: Positive = Field(default=1, description="Number of parts that are obtained independently, one job each.")
    shard_size: Positive = Field(default=512, description="Samples in one shard.")
    seed: Seed = Field(default=0, description="Seed of the keyed pseudo-random order of the shards.")
    filter: Slug = Field(default="keep-all", description="Filter used where a mixture names no other.")
    licence: Text = Field(default="not stated", description="Licence of the images and texts.")
    paper_pairs: Positive | None = Field(default=None, description="Number of pairs the paper states for this source.")


class TestbedPool(PoolBase):
    """A pool drawn by the embedded generator."""

    kind: Literal["testbed"]
    items: Positive = Field(description="Number of pairs drawn.")
    seed: Seed = Field(default=0, description="Seed of the drawing, and of the order of the shards.")
    domain: Domain = Field(description="What the images and captions look like (see datalines/testbed/domain.py).")


class FolderPool(Downloadable, PoolBase):
    """A folder or tar whose sub-folders are classes; captions come from templates."""

    kind: Literal["folder"]
    path: Paths = Field(
        description="Folder or tar of class folders, which may be gzipped, or a list of which the first that exists is "
        "read; $NAME is taken from the environment. The last may be an address (https://...): it is looked for in "
        "$DATALINES_MIRROR, then obtained."
    )
    root: Text | None = Field(default=None, description="Folder inside `path` that holds the class folders.")
    templates: Templates = Field(description="Caption templates, each with one {} for the class name.")
    names: dict[Text, Text] | None = Field(
        default=None, description="Class folder -> class name, used as label and in captions."
    )
    split: Split | None = Field(default=None, description="Take only one part of the files; without it, all.")
    leave_out: list[Text] = Field(
        default=[], description="Patterns of file names that are no part of it, such as 'cifar10-train-*'."
    )
    items: Positive | None = Field(default=None, description="Number of images that must be found.")
    classes: Slug | None = Field(default=None, description="Class list of the folders that are taken; without it, all.")


class CifarPool(Downloadable, PoolBase):
    """CIFAR-10 in its binary version, read from the archive as it is published; captions come from templates."""

    kind: Literal["cifar"]
    path: Paths = Field(description=CIFAR_ARCHIVE)
    batches: Literal["train", "test"] = Field(description="data_batch_1.bin, data_batch_2.bin, ...; or test_batch.bin.")
    templates: Templates = Field(description="Caption templates, each with one {} for the class name.")
    names: dict[Text, Text] | None = Field(
        default=None, description="Name in batches.meta.txt -> class name, used as label and in captions."
    )
    items: Positive | None = Field(default=None, description="Number of images that must be found.")
    classes: Slug | None = Field(default=None, description="Class list that must hold all names; without it, any.")


class ShardsPool(PoolBase):
    """Existing webdataset shards."""

    kind: Literal["shards"]
    path: Paths = Field(description="Tar, glob of tars, or a list of these; $NAME is taken from the environment.")
    captions: CaptionField = Field(default="txt", description="Where the caption is: txt, or json:<key>.")
    label: OptionalLabelField = Field(default="none", description="Where the class is: cls, json:<key>, or none.")
    classes: Slug | None = Field(default=None, description="Class list that turns integer labels into names.")
    items: Positive | None = Field(default=None, description="Number of pairs that must be found.")


class UrlsPool(PoolBase):
    """Images that are fetched from the addresses of a list."""

    kind: Literal["urls"]
    source: Reference | None = Field(
        default=None,
        description="Source card that the pool follows, as <name>@<version>; it fills in what is left out.",
    )
    list: UrlList | None = Field(default=None, description="The list; without it, the one that the card names.")
    path: Paths | None = Field(
        default=None, description="Where a copy of the card's list lies, instead of the addresses that the card names."
    )
    rounds: Annotated[int, Field(ge=1, le=20)] = Field(
        default=1,
        description="How often is asked: every round after the first asks again for what failed, in new parts.",
    )
    select: Slug | None = Field(
        default=None,
        description="Filter of list rows: what it drops is never asked for. Only steps that need no image.",
    )
    sample: Sample | None = Field(default=None, description="Take a random part of the selected rows only.")
    fetch: Fetch = Field(default=Fetch(), description="Single keys of section `fetch` that differ for this pool.")
    image: ImageForm | None = Field(default=None, description="What is stored; without it, what the card says.")
    items: Positive | None = Field(default=None, description="Number of rows that must be requested.")
    classes: None = Field(default=None, description="Lists have no class labels.")


Pool = Annotated[TestbedPool | FolderPool | ShardsPool | CifarPool | UrlsPool, Field(discriminator="kind")]


def class_list(spec: Mapping[str, Any]) -> list[str] | None:
    """The label set that the resolved declaration of a pool states, None where it states none.

    It is the class list, or the classes that the embedded generator draws.
    """
    if spec["kind"] == "testbed":
        return list(spec["domain"]["classes"] or CLASSES)
    names = spec.get("class_names")
    return None if names is None else list(names)
