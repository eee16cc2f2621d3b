"""What comes from outside: declared files, the mirror, the network, and the data that a study expects to find."""

import socket
import threading
import time
from pathlib import Path
from urllib.parse import urlsplit

from datalines.config.errors import ConfigError
from datalines.config.pools import UrlsPool
from datalines.config.study import Study
from datalines.doctor.line import Asked, Line, State, listed
from datalines.errors import DatalinesError
from datalines.fetch.download import DOWNLOADS, size_text
from datalines.fetch.mirror import VARIABLE, MirrorError, mirror, mirrored, place

PATIENCE = 2.0
HOSTS = 3
UNRELATED = "example.org"
"""A name that is always there, asked for where no declared file tells a host."""


def downloads(asked: Asked) -> Line:
    """The files that the scale declares by their address: there, of another size, or missing. Digests are taken when a
    file is used, as it takes long."""
    assert asked.study is not None
    try:
        folder = mirror()
    except MirrorError as error:
        return Line("downloads", State.BROKEN, str(error), f"Correct ${VARIABLE}.")
    where = f"in {folder} or {DOWNLOADS}" if folder else f"in {DOWNLOADS}"
    declared = asked.study.downloads()
    if not declared:
        mirrors = f"; ${VARIABLE} is {folder}" if folder else ""
        return Line("downloads", State.OK, f"none is declared by scale {asked.scale}{mirrors}")
    wrong = [
        wanted["url"] for wanted in declared if (held := _held(wanted["url"])) and not _sized(held, wanted["bytes"])
    ]
    if wrong:
        text = f"{len(wrong)} of {len(declared)} have another size than declared: {listed(wrong, 2)}"
        return Line(
            "downloads", State.BROKEN, text, f"`datalines fetch --list --scale {asked.scale}` says which and why."
        )
    missing = [wanted for wanted in declared if _held(wanted["url"]) is None]
    if missing:
        size = size_text(sum(wanted["bytes"] or 0 for wanted in missing))
        text = f"{len(missing)} of {len(declared)} files are missing {where}, {size} as far as declared"
        todo = (
            f"`datalines fetch --scale {asked.scale}` obtains them; without a network it lists what to bring (--list)."
        )
        return Line("downloads", State.LOOK, text, todo)
    return Line("downloads", State.OK, f"all {len(declared)} files are {where}")


def network(asked: Asked) -> Line:
    """Whether names are found and a host answers, if the scale needs any."""
    assert asked.study is not None
    missing = [wanted["url"] for wanted in asked.study.downloads() if _held(wanted["url"]) is None]
    if not missing and not _fetches(asked.study):
        return Line("network", State.OK, "not needed: nothing is to be fetched")
    hosts = list(dict.fromkeys(urlsplit(url).hostname or "" for url in missing))[:HOSTS] or [UNRELATED]
    found = {host: _reached(host) for host in hosts}
    unknown = [host for host, said in found.items() if said]
    if len(unknown) == len(hosts):
        text = f"{unknown[0]}: {found[unknown[0]]}"
        todo = f"Without a network, bring the files: a folder <host>/<path> that ${VARIABLE} names."
        return Line("network", State.LOOK, text, todo)
    if unknown:
        return Line("network", State.LOOK, f"{unknown[0]}: {found[unknown[0]]}", "Try again, or bring its files.")
    return Line("network", State.OK, f"{listed(hosts)} found, and answering")


def data(asked: Asked) -> Line:
    """What must be there before a run starts: lists, archives, weights, a contact for requests."""
    assert asked.study is not None
    try:
        asked.study.check_paths()
    except ConfigError as error:
        found = f"{len(error.problems)} of what the scale reads is not there: {error.problems[0]}"
        return Line("data", State.BROKEN, found, f"`snakemake --dry-run --config scale={asked.scale}` lists all of it.")
    except DatalinesError as error:
        return Line("data", State.BROKEN, str(error))
    pools = asked.study.pools_read()
    count = f"{len(pools)} pool" + ("s" if len(pools) != 1 else "")
    return Line("data", State.OK, f"all that {count} and the evaluation sets are made from can be read or obtained")


def _fetches(study: Study) -> bool:
    return any(isinstance(study.pools[name], UrlsPool) for name in study.pools_read())


def _held(url: str) -> Path | None:
    path = mirrored(url) or DOWNLOADS / place(url)
    return path if path.is_file() else None


def _sized(path: Path, declared: int | None) -> bool:
    return declared is None or path.stat().st_size == declared


def _reached(host: str) -> str:
    """Why a host does not answer, empty if it does. The system's lookup has no time limit of its own."""
    said = ["no answer in time"]
    until = time.monotonic() + PATIENCE / HOSTS

    def ask() -> None:
        try:
            with socket.create_connection((host, 443), timeout=PATIENCE / HOSTS):
                said[0] = ""
        except socket.gaierror as error:
            said[0] = f"the name is not found ({error.strerror})"
        except OSError as error:
            said[0] = f"no connection ({error.strerror or error})"

    asking = threading.Thread(target=ask, daemon=True)
    asking.start()
    asking.join(max(0.0, until - time.monotonic()))
    return said[0]
