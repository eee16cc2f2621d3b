"""The client of the fork server: a small job's script runs where its imports are already made.

Called first in a script, before its imports. Without a server, or for another interpreter or checkout, such as a conda
environment's, it does nothing, and the script goes on by itself.
"""

import json
import os
import signal
import socket
import sys
from pathlib import Path
from typing import Any

VARIABLE = "DATALINES_FORK_SERVER"
"""Names the server in its users' environment: its socket, and whose interpreter and library it has."""
NONE = "none"
"""As the variable's value: no server is started or asked."""
LENGTH = 8
STATUS = 4


def run_in_fork(script: dict[str, Any]) -> None:
    """Run the script whose globals these are in a fork of the server's process, and end with its exit status.

    Returns where there is no job or no server that fits, or where the server ends before the job does.
    """
    server = os.environ.pop(VARIABLE, None)
    if server in (None, "", NONE) or "snakemake" not in script:
        return
    place = json.loads(server)
    if place["of"] != identity():
        return
    # Snakemake runs a copy of the script with the job in front. The fork runs the same copy.
    request = {
        "script": str(Path(sys.argv[0]).absolute()),
        "environment": dict(os.environ),
        "folder": str(Path.cwd()),
        "path": sys.path,
    }
    status = _asked(place["socket"], json.dumps(request).encode())
    if status is not None:
        _end(status)


def identity() -> list[str]:
    """The interpreter and the library that a process runs."""
    return [sys.prefix, str(Path(__file__).resolve().parent)]


def _asked(address: str, request: bytes) -> int | None:
    """The job's exit status; None where no server answered."""
    try:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(address)
            socket.send_fds(connection, [len(request).to_bytes(LENGTH, "big")], [0, 1, 2])
            connection.sendall(request)
            answer = connection.recv(STATUS, socket.MSG_WAITALL)
    except OSError:
        return None
    return int.from_bytes(answer, "big", signed=True) if len(answer) == STATUS else None


def _end(status: int) -> None:
    """End this process as the fork ended, by the same signal where it was one."""
    if status < 0:
        if -status != signal.SIGKILL:
            signal.signal(-status, signal.SIG_DFL)
        os.kill(os.getpid(), -status)
    sys.exit(status if status >= 0 else 1)
