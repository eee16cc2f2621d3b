"""What an earlier run left in a folder of shards: which tars are there, of what content, and untouched since.

The ledger is a side file that no rule declares, so that it outlives the manifest when a job runs again. It has a line
of JSON for each tar, appended as soon as the tar is in its place; a line that was cut off counts as not written. A tar
that is not in it, or whose size or time of change is not as noted, is written anew, and so is one whose line was
altered.
"""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from datalines.files import digest_json, write_text

NAME = ".shards.jsonl"
KEYS = {"path", "samples", "bytes", "sha256", "content", "mtime_ns"}
SEAL = "seal"


class Ledger:
    """The tars of one folder. Memory: a short entry for each."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._path = folder / NAME
        self._known = {entry["path"]: entry for entry in _entries(self._path)}
        for leftover in folder.glob(".*.tmp"):
            leftover.unlink()
        self._save()

    def unchanged(self, name: str, content: str) -> dict[str, Any] | None:
        """The manifest's entry of a tar with this content that lies there as it was written."""
        entry, path = self._known.get(name), self._folder / name
        if entry is None or entry["content"] != content or not path.is_file():
            return None
        status = path.stat()
        if (status.st_size, status.st_mtime_ns) != (entry["bytes"], entry["mtime_ns"]):
            return None
        return {key: entry[key] for key in ("path", "samples", "bytes", "sha256")}

    def note(self, entry: dict[str, Any], content: str) -> None:
        """Remember a tar that was written just now."""
        status = (self._folder / entry["path"]).stat()
        noted = {**entry, "content": content, "mtime_ns": status.st_mtime_ns}
        self._known[entry["path"]] = noted
        with self._path.open("a", encoding="utf-8") as stream:
            stream.write(_line(noted))

    def keep_only(self, names: Iterable[str]) -> None:
        """Remove all other tars from the folder, and forget them."""
        wanted = set(names)
        for path in self._folder.glob("*.tar"):
            if path.name not in wanted:
                path.unlink()
        self._known = {name: entry for name, entry in self._known.items() if name in wanted}
        self._save()

    def _save(self) -> None:
        lines = [_line(entry) for _, entry in sorted(self._known.items())]
        write_text(self._path, "".join(lines))


def _entries(path: Path) -> list[dict[str, Any]]:
    if not path.is_file():
        return []
    entries = []
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        try:
            entry = json.loads(line)
        except ValueError:
            continue
        if isinstance(entry, dict) and set(entry) in (KEYS, KEYS | {SEAL}):
            seal = entry.pop(SEAL, None)
            if seal in (None, digest_json(entry)):  # lines of older versions have none
                entries.append(entry)
    return entries


def _line(entry: dict[str, Any]) -> str:
    """A line of the ledger, with a digest of what it says."""
    return json.dumps({**entry, SEAL: digest_json(entry)}) + "\n"
