"""Evaluation sets: prepared once into a tar with index and manifest, never accepted with another size than declared."""

import logging
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from datalines.errors import CountError, PoolError
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

    def encoded(self) -> Iterable[bytes]:
        """The encoded images in the order of the index."""
        return image_bytes(self.index, self.folder)


def load(manifest: Path) -> EvaluationSet:
    """Read a prepared shift from its manifest."""
    content = read_json(manifest)
    return EvaluationSet(
        content["shift"], content, pd.read_parquet(manifest.with_name("index.parquet")), manifest.parent
    )


def samples_of(name: str, items: Iterable[Item], spec: dict[str, Any], where: str) -> list[Sample]:
    """Every item as a sample; one that cannot be used, or whose class is not in the shift's list, is an error.

    No set is evaluated in part. Only what never was an image of the set, such as a README beside the class folders, is
    passed over: the number of images is declared.
    """
    samples, problems = [], []
    subset = set(spec["subset"])
    for item in items:
        if _is_stray(item):
            log.info("%s: %s is no image of the set", where, item.key)
            continue
        status = item.status
        if status == OK:
            status = _check(item, subset)
        if status == OK:
            samples.append(Sample(item_id(name, item.key), item.extension, item.image, item.caption, item.label))
        else:
            problems.append((status, item.key))
    if problems:
        statuses = sorted(Counter(status for status, _ in problems).items())
        counts = ", ".join(f"{count} {status}" for status, count in statuses)
        usable = f"{len(samples)} of {len(samples) + len(problems)} images can be used"
        raise PoolError(f"{where}: {usable} ({counts}; first: {problems[0][1]}); repair the set")
    return samples


def write(
    out: Path, name: str, samples: list[Sample], spec: dict[str, Any], where: str, extra: dict[str, Any] | None = None
) -> None:
    """Write images, index and, last, the manifest. The number of samples must be the declared one."""
    if len(samples) != spec["items"]:
        found = f"{spec['items']} declared, but {len(samples)} images found"
        raise CountError(f"{where}.items: {found}; correct the number or complete the set")
    entry, rows = write_shard(out / IMAGES, samples)
    index = pd.DataFrame(rows)
    write_parquet(out / "index.parquet", index)
    write_json(
        out / "manifest.json",
        {
            "shift": name,
            "kind": spec["kind"],
            "version": spec["version"],
            "items": len(samples),
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
            **(extra or {}),
        },
    )


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


def _check(item: Item, subset: set[str]) -> str:
    if item.label is None:
        return "missing_label"
    if item.label not in subset:
        return f"unknown_class_{item.label}"
    try:
        decode(item.image)
    except ImageError:
        return "undecodable_image"
    return OK
