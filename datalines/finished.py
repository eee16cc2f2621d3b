"""What a finished run leaves for the case that it is asked for again with the same data, recipe, seed and code.

Snakemake runs a job again whenever one before it did, also where that one made the same files again, as a mixture does
whose pool lost samples that the mixture never had.
"""

from pathlib import Path

from datalines.files import read_json, sha256_file, write_json
from datalines.ranges import link

DIGESTS = "digests.json"


def remember(folder: Path, outputs: list[Path]) -> None:
    """Keep the outputs of the run whose state lies in `folder`, as links or copies, under their names, and their
    digests: a link changes with the file that it is a link to."""
    kept = folder.with_suffix(".done")
    kept.mkdir(parents=True, exist_ok=True)
    for path in outputs:
        _link(path, kept / path.name)
    write_json(kept / DIGESTS, {path.name: sha256_file(path) for path in outputs})


def recall(folder: Path, outputs: list[Path]) -> bool:
    """Put the outputs of a finished run back in place; False where it is not finished or its weights are not as they
    were.

    The first output is the summary, whose entries under `weights` name the files beside it with their sha256.
    """
    kept = folder.with_suffix(".done")
    if not all((kept / path.name).is_file() for path in outputs) or not _as_it_was(kept, outputs):
        return False
    for entry in read_json(kept / outputs[0].name)["weights"]:
        weights = outputs[0].parent / entry["path"]
        if not weights.is_file() or sha256_file(weights) != entry["sha256"]:
            return False
    for path in reversed(outputs):
        _link(kept / path.name, path)
    return True


def _as_it_was(kept: Path, outputs: list[Path]) -> bool:
    """Whether what was kept has the digests that were noted with it; older versions noted none."""
    if not (kept / DIGESTS).is_file():
        return True
    try:
        noted = read_json(kept / DIGESTS)
        return all(noted[path.name] == sha256_file(kept / path.name) for path in outputs)
    except (ValueError, KeyError, TypeError):
        return False


def _link(origin: Path, target: Path) -> None:
    """Put `origin` in place of `target`; the two names never share a file that is rewritten, as every writer of this
    project renames a new file over the old one."""
    target.parent.mkdir(parents=True, exist_ok=True)
    target.unlink(missing_ok=True)
    link(origin, target)
