"""Snakemake's own notes on jobs (.snakemake), as far as damage to them would end every call of Snakemake.

Snakemake passes over a note that is no JSON: it may be in the middle of being written. A note that is no text, or holds
what no note holds, ends it with a traceback, for ever.
"""

import base64
import binascii
import json
import os
from pathlib import Path

from snakemake.persistence import MetadataRecord

from datalines.files import write_json

METADATA, INCOMPLETE = "metadata", "incomplete"


def mend(folder: Path) -> list[str]:
    """Remove the notes on finished jobs below `.snakemake` that Snakemake cannot read; returns the outputs they were
    about. Marks of interrupted jobs stay, without the cluster's number of the job."""
    damaged = [path for path in _files(folder / METADATA) if _is_damaged(path)]
    for path in damaged:
        path.unlink()
    for path in _files(folder / INCOMPLETE):
        if _is_damaged(path):
            write_json(path, {})
    return [_subject(path.relative_to(folder / METADATA)) for path in damaged]


def _files(folder: Path) -> list[Path]:
    return sorted(Path(at, name) for at, _, names in os.walk(folder) for name in names)


def _is_damaged(path: Path) -> bool:
    try:
        MetadataRecord.model_validate(json.loads(path.read_text(encoding="utf-8")))
    except (json.JSONDecodeError, OSError):
        return False
    except (ValueError, RecursionError):  # no text, or not of a note's form
        return True
    return False


def _subject(path: Path) -> str:
    """The output that a note is about: its name is the file's, encoded, and cut into folders where it is long."""
    try:
        return base64.urlsafe_b64decode("".join(part.removeprefix("@") for part in path.parts)).decode()
    except (binascii.Error, ValueError):
        return path.as_posix()
