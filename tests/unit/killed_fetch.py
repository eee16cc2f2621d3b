"""Fetches a part and dies on the way by SIGKILL: `python -m tests.unit.killed_fetch FOLDER SPEC ACT NUMBER`.

ACT is `rename` or `link` of any file, or `unlink` of one of the journal's: the process ends just before its NUMBERth
act of this kind, counted from 1; it lives for NUMBER 0.
"""

import json
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from datalines.fetch.journal import BLOBS, RECORDS
from tests.unit.url_lists import Fetching


def deadly(act: Callable[..., Any], number: int, names: tuple[str, ...] = ()) -> Callable[..., Any]:
    """An act that ends the process in its `number`th call, counting those on files of these names, or on all."""
    calls = iter(range(1, 10**6))

    def acted(path: Path, *arguments: Any, **options: Any) -> Any:
        if (not names or path.name in names) and next(calls) == number:
            os.kill(os.getpid(), signal.SIGKILL)
        return act(path, *arguments, **options)

    return acted


def main(root: str, spec: str, act: str, number: str) -> None:
    """Fetch the part `0` below `root`."""
    fetching = Fetching(Path(root))
    if act == "rename":
        Path.replace = deadly(Path.replace, int(number))  # type: ignore[method-assign]
    elif act == "unlink":
        Path.unlink = deadly(Path.unlink, int(number), (RECORDS, BLOBS))  # type: ignore[method-assign]
    else:
        os.link = deadly(os.link, int(number))
    fetching.start(json.loads(spec))


if __name__ == "__main__":
    main(*sys.argv[1:])
