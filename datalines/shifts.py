"""Evaluation sets: prepared once into a tar with index and manifest, never accepted with another size than declared."""

import logging
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from PIL import Image

from datalines.errors import CountError, PoolError
from datalines.evalsets import check_counts, check_frames, has_red_frame
from datalines.files import read_json, sha256_file, write_json, write_parquet
from datalines.images import DECODER, EXTENSIONS, ImageError, decode
from datalines.pools.base import OK, Item, item_id
from datalines.shards import Sample, id_set_digest, image_bytes, order_digest, write_shard

log = logging.getLogger(__name__)

IMAGES = "images.tar"


@dataclass(frozen=True)
class EvaluationSet:
    """A prepared shift: encoded images in order, label indices int64 (n,), and which classes may be predicted."""

    name: str
    manifest: dict[str, Any]
    index: pd.DataFrame
    folder: Path

    @property
    def labels(self) -> npt.NDArray[np.int64]:
        """Index of every image's class in the label space, shape (n,)."""
        column = {name: position for position, name in enumerate(self.manifest["class_names"])}
        return np.array([column[label] for label in self.index["label"]], dtype=np.int64)

    @property
    def allowed(self) -> npt.NDArray[np.bool_]:
        """Which classes of the label space the shift contains, shape (classes,)."""
        subset = set(self.manifest["subset"])
        return np.array([name in subset for name in self.manifest["class_names"]])

    @property
    def border(self) -> int:
        """Pixels to be cut off on every side of a decoded image before anything else is done with it."""
        return border_of(self.manifest)

    def encoded(self) -> Iterable[bytes]:
        """The encoded images in the order of the index, as they were obtained: a border is still there."""
        return image_bytes(self.index, self.folder)


def load(manifest: Path) -> EvaluationSet:
    """Read a prepared shift from its manifest."""
    content = read_json(manifest)
    return EvaluationSet(
        content["shift"], content, pd.read_parquet(manifest.with_name("index.parquet")), manifest.parent
    )


def border_of(spec: dict[str, Any]) -> int:
    """Pixels to be cut off on every side, from a shift's declaration or manifest."""
    return int((spec.get("crop") or {"border": 0})["border"])


def without_border(image: Image.Image, border: int) -> Image.Image:
    """The image without `border` pixels on every side."""
    width, height = image.size
    return image.crop((border, border, width - border, height - border)) if border else image


def samples_of(name: str, items: Iterable[Item], spec: dict[str, Any], where: str) -> Iterator[Sample]:
    """Every item as a sample, one at a time; after the last, a PoolError if any cannot be used, or has a class that is
    not in the shift's list.

    No set is evaluated in part. Only what never was an image of the set, such as a README beside the class folders, is
    passed over: the number of images is declared. Where a border is to be cut off, at least one image must have it.
    """
    good, framed, problems = 0, 0, []
    subset, border = set(spec["subset"]), border_of(spec)
    for item in items:
        if _is_stray(item):
            log.info("%s: %s is no image of the set", where, item.key)
            continue
        status, red = _check(item, subset, border)
        if status == OK:
            good, framed = good + 1, framed + red
            yield Sample(item_id(name, item.key), item.extension, item.image, item.caption, item.label)
        else:
            problems.append((status, item.key))
    if problems:
        statuses = sorted(Counter(status for status, _ in problems).items())
        counts = ", ".join(f"{count} {status}" for status, count in statuses)
        usable = f"{good} of {good + len(problems)} images can be used"
        raise PoolError(f"{where}: {usable} ({counts}; first: {problems[0][1]}); repair the set")
    if border:
        check_frames(framed, good, border, where)
        log.info("%s: %d of %d images have a red frame; %d px are cut off", where, framed, good, border)


def write(
    out: Path,
    name: str,
    samples: Iterable[Sample],
    spec: dict[str, Any],
    where: str,
    extra: dict[str, Any] | None = None,
) -> int:
    """Write images, index and, last, the manifest; return the number of images.

    The samples must be as many as declared, in all and by class; otherwise no file is left. Memory: one image.
    """
    entry, rows = write_shard(out / IMAGES, _all_of(samples, spec, where))
    index = pd.DataFrame(rows)
    write_parquet(out / "index.parquet", index)
    write_json(
        out / "manifest.json",
        {
            "shift": name,
            "kind": spec["kind"],
            "version": spec["version"],
            "items": len(index),
            "images": entry,
            "index": {"path": "index.parquet", "sha256": sha256_file(out / "index.parquet")},
            "class_names": spec["class_names"],
            "class_texts": spec.get("class_texts", spec["class_names"]),
            "subset": spec["subset"],
            "prompts": spec["prompts"],
            "per_class": dict(sorted(Counter(index["label"]).items())),
            "id_set_sha256": id_set_digest(index["id"]),
            "order_sha256": order_digest(index["id"]),
            "decoder": DECODER,
            **{key: spec[key] for key in ("card", "crop", "mapping") if spec.get(key) is not None},
            **(extra or {}),
        },
    )
    return len(index)


def _all_of(samples: Iterable[Sample], spec: dict[str, Any], where: str) -> Iterator[Sample]:
    """The samples; after the last, an error unless they are all that is declared."""
    labels = []
    for sample in samples:
        labels.append(str(sample.label))
        yield sample
    check_counts(labels, spec, where)


def misclassified(candidates: EvaluationSet, predicted: npt.NDArray[np.int64], wanted: int, where: str) -> pd.DataFrame:
    """The first `wanted` candidates whose predicted class, shape (n,), is wrong, in their order (as ImageNet-A)."""
    wrong = predicted != candidates.labels
    if int(wrong.sum()) < wanted:
        raise CountError(
            f"{where}.items: {wanted} declared, but the reference model gets only {int(wrong.sum())} of {len(wrong)} "
            "candidates wrong; declare fewer or enlarge the candidates"
        )
    return candidates.index[wrong].iloc[:wanted]


def _is_stray(item: Item) -> bool:
    """Whether a file is hidden, or lies beside the class folders and has no image's extension."""
    name = PurePosixPath(item.key).name
    beside = item.status == "unsupported_format" and item.label is None
    return name.startswith(".") or (beside and PurePosixPath(name).suffix.lower().removeprefix(".") not in EXTENSIONS)


def _check(item: Item, subset: set[str], border: int) -> tuple[str, bool]:
    """The status of an item, and whether it has the frame that is to be cut off."""
    if item.status != OK:
        return item.status, False
    if item.label is None:
        return "missing_label", False
    if item.label not in subset:
        return f"unknown_class_{item.label}", False
    try:
        image = decode(item.image)
    except ImageError:
        return "undecodable_image", False
    if min(image.size) <= 2 * border:
        return "nothing_within_border", False
    return OK, bool(border) and has_red_frame(image)
