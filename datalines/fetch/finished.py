"""What a finished part leaves for the next time it is made: its images under a second name, and their outcomes.

The folder `finished/` of a part's state holds a hard link of the part's tar, which takes no space while the tar is
there, and a line for every URL that says where in the tar its image lies. `state.json` names both with their digests
and is replaced last, so that there is always one complete state. A list that is edited afterwards has only its new
URLs asked for; an unchanged one is made again without a request.
"""

import os
from pathlib import Path
from typing import IO, Self

from datalines.errors import FetchError
from datalines.fetch.journal import Store, url_key
from datalines.fetch.outcome import Outcome, line_of
from datalines.files import HashingWriter, read_json, sha256_file, write_json

FOLDER, STATE, NEW = "finished", "state.json", "new.jsonl"


def load(folder: Path) -> Store | None:
    """The outcomes of the finished part of this state folder; None if there is none.

    The images are verified when they are read. Raises FetchError if a file is missing, or not of its size or digest.
    """
    place = folder / FOLDER
    if not (place / STATE).is_file():
        return None
    state = read_json(place / STATE)
    for entry in (state["outcomes"], state["tar"]):
        path = place / entry["path"]
        if not path.is_file() or path.stat().st_size != entry["bytes"]:
            raise FetchError(f"{path} is missing or cut off; delete the folder {place} to fetch this part anew")
    outcomes = place / state["outcomes"]["path"]
    if sha256_file(outcomes) != state["outcomes"]["sha256"]:
        raise FetchError(f"{outcomes} is not as it was written; delete the folder {place} to fetch this part anew")
    store = Store(outcomes.open("rb"), (place / state["tar"]["path"]).open("rb"))
    store.index()
    return store


class Keeper:
    """Writes the outcomes of a part while its files are made, and keeps them with the tar afterwards."""

    def __init__(self, folder: Path) -> None:
        self._place = folder / FOLDER
        self._place.mkdir(parents=True, exist_ok=True)
        self._stream: IO[bytes] = (self._place / NEW).open("wb")
        self._writer = HashingWriter(self._stream)
        self._stored: dict[bytes, bool] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._stream.close()
        (self._place / NEW).unlink(missing_ok=True)

    def add(self, outcome: Outcome) -> None:
        """Note a URL's outcome, `offset` being that in the tar. One with an image replaces one without."""
        key = url_key(outcome.url)
        stored = outcome.length > 0
        if key not in self._stored or (stored and not self._stored[key]):
            self._writer.write(line_of(outcome))
            self._stored[key] = stored

    def keep(self, tar: Path, entry: dict[str, object]) -> bool:
        """Keep the written outcomes with `tar`, whose receipt has this `entry`; False where links are not possible.

        A folder on another file system than the tar cannot share its bytes.
        """
        self._stream.flush()
        os.fsync(self._stream.fileno())
        outcomes = self._place / f"{self._writer.hexdigest()[:16]}.jsonl"
        images = self._place / f"{str(entry['sha256'])[:16]}.tar"
        fresh = images.with_suffix(".new")
        fresh.unlink(missing_ok=True)
        try:
            os.link(tar, fresh)
        except OSError:
            return False
        fresh.replace(images)
        (self._place / NEW).replace(outcomes)
        noted = {"path": outcomes.name, "bytes": self._writer.position, "sha256": self._writer.hexdigest()}
        write_json(self._place / STATE, {"outcomes": noted, "tar": {**entry, "path": images.name}})
        for path in self._place.iterdir():
            if path.name not in {STATE, outcomes.name, images.name}:
                path.unlink()
        return True
