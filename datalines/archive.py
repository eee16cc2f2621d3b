"""Archives: the records of a finished study in one folder with checksums, from which its figures, tables and claims are
rebuilt where nothing was trained.

An archive is `manifest.json` and the files that it lists. Tables are compressed with gzip without time or name, so that
equal records give equal archives.
"""

import gzip
import hashlib
import io
import shutil
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from datalines.errors import DatalinesError
from datalines.files import atomic, read_json, write_json

MANIFEST = "manifest.json"
FORMAT = 1
LARGEST = 1 << 30
"""Bytes of one unpacked table."""


class ArchiveError(DatalinesError):
    """An archive that is incomplete, altered, or of another study."""


def write(folder: Path, about: Mapping[str, Any], experiments: Mapping[str, str], files: Mapping[str, Path]) -> int:
    """Write an archive of `files` {name: path}; returns its size in bytes.

    `about` is plain data for people (scale, title, versions), `experiments` {experiment: digest of its declaration}. An
    archive of another scale is not replaced: ArchiveError.
    """
    manifest = folder / MANIFEST
    if manifest.is_file() and read_json(manifest)["about"].get("scale") != about["scale"]:
        raise ArchiveError(
            f"{folder} holds an archive of scale {read_json(manifest)['about'].get('scale')}; move it away first"
        )
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    entries = [_pack(folder, name, path) for name, path in sorted(files.items())]
    content = {"format": FORMAT, "about": dict(about), "experiments": dict(experiments), "files": entries}
    write_json(manifest, content)
    return sum(int(entry["bytes"]) for entry in entries)


def _pack(folder: Path, name: str, path: Path) -> dict[str, Any]:
    data = path.read_bytes()
    zipped = path.suffix == ".csv"
    packed = _zipped(data) if zipped else data
    target = folder / f"{name}{path.suffix}{'.gz' if zipped else ''}"
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(packed)
    return {
        "name": name,
        "path": target.relative_to(folder).as_posix(),
        "bytes": len(packed),
        "sha256": hashlib.sha256(packed).hexdigest(),
        "content_sha256": hashlib.sha256(data).hexdigest(),
    }


def _zipped(data: bytes) -> bytes:
    """gzip without time and name: equal data give equal bytes."""
    buffer = io.BytesIO()
    with gzip.GzipFile(filename="", mode="wb", fileobj=buffer, mtime=0) as stream:
        stream.write(data)
    return buffer.getvalue()


def unpack(folder: Path, experiments: Mapping[str, str], files: Mapping[str, Path]) -> None:
    """Write the archive's tables to `files` {name: path}, after checking every file of it.

    Raises ArchiveError, naming file and remedy, where a file is missing or altered, where the archive lacks a name, or
    where an experiment was declared otherwise when its records were made.
    """
    content = read(folder)
    _check_experiments(folder, content["experiments"], experiments)
    entries = {entry["name"]: entry for entry in content["files"]}
    lacking = sorted(set(files) - set(entries))
    if lacking:
        raise ArchiveError(
            f"{folder} holds no {lacking[0]} (of {len(lacking)} that are missing); archive the study again"
        )
    for name, target in files.items():
        data = _content(folder, entries[name])
        with atomic(target) as temporary:
            temporary.write_bytes(data)


def read(folder: Path) -> dict[str, Any]:
    """The manifest of an archive."""
    path = folder / MANIFEST
    if not path.is_file():
        raise ArchiveError(f"{path} does not exist; name a folder that `snakemake archive_records` has written")
    content: dict[str, Any] = read_json(path)
    if content.get("format") != FORMAT:
        raise ArchiveError(
            f"{path}: format is {content.get('format')!r}, this version reads {FORMAT}; archive it again"
        )
    return content


def _check_experiments(folder: Path, archived: Mapping[str, str], declared: Mapping[str, str]) -> None:
    changed = sorted(name for name, digest in declared.items() if archived.get(name) != digest)
    if changed:
        what = "is not in" if changed[0] not in archived else "was declared otherwise than now when it was put into"
        raise ArchiveError(
            f"{folder}: experiment {changed[0]} {what} the archive ({len(changed)} of {len(declared)} experiments "
            "differ); take the change of the configuration back, or run the scale and archive it again"
        )


def _content(folder: Path, entry: Mapping[str, Any]) -> bytes:
    path = folder / entry["path"]
    if not path.resolve().is_relative_to(folder.resolve()):
        raise ArchiveError(f"{folder / MANIFEST} lists {entry['path']}, which leads out of the archive; restore it")
    if not path.is_file():
        raise ArchiveError(f"{path} is listed in {folder / MANIFEST} but missing; restore the archive")
    data = path.read_bytes()
    if hashlib.sha256(data).hexdigest() != entry["sha256"]:
        raise ArchiveError(f"{path} is not the file that {folder / MANIFEST} lists (sha256 differs); restore it")
    content = _unzipped(data, path) if path.suffix == ".gz" else data
    if hashlib.sha256(content).hexdigest() != entry["content_sha256"]:
        raise ArchiveError(f"{path} holds another content than {folder / MANIFEST} states; restore it")
    return content


def _unzipped(data: bytes, path: Path) -> bytes:
    """What is packed, as long as it is no more than a table can be."""
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(data)) as stream:
            content = stream.read(LARGEST + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise ArchiveError(f"{path} cannot be unpacked ({error}); restore it") from error
    if len(content) > LARGEST:
        raise ArchiveError(f"{path} holds more than {LARGEST:,} bytes, which no table of records does; restore it")
    return content
