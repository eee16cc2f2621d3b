"""A process that has imported what tables and figures need, and forks for every job that wants it.

Of the CPU time of a small job, more than half are imports: pandas, matplotlib and NumPy take a second, a figure half of
that. Snakemake's process starts this one when it starts its first job; their lives are tied by a pipe, so that it ends
when Snakemake ends, however that ends, and a job ends when its client does.
"""

import contextlib
import gc
import importlib
import json
import logging
import os
import runpy
import selectors
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from datalines.forked import LENGTH, NONE, STATUS, VARIABLE, identity

RULES = frozenset(
    {
        *("fit_lines", "measure_robustness", "fit_published", "read_published", "draw_batches"),
        *("draw_figure", "draw_pool_figure", "make_table", "judge_claims", "write_report"),
    }
)
"""Rules whose scripts ask for a fork. Each is a localrule: its job runs on the machine of Snakemake's process."""
PRELOADED = (
    *("snakemake.iocontainers", "snakemake.logging", "datalines.job", "datalines.plotting", "datalines.tables"),
    *("datalines.site.build", "datalines.claims", "datalines.robustness", "matplotlib.backends.backend_agg"),
    *("matplotlib.backends.backend_pdf", "matplotlib.backends.backend_svg", "scipy.special"),
)
PEER = struct.Struct("3i")
"""Process, user and group at the other end of a socket."""
_PATIENCE = 10.0
_started: list[subprocess.Popen[bytes]] = []  # with their pipes: a server ends when its pipe is closed


def start(preloaded: Sequence[str] = PRELOADED) -> bool:
    """Start a server for this process's jobs and name it in the environment: as early as possible, for its imports are
    then made while Snakemake reads the configuration.

    Returns whether one was started: not where $DATALINES_FORK_SERVER says `none`, on a single core, which would only
    have more to do, or where no socket can be made.
    """
    if os.environ.get(VARIABLE) == NONE or len(os.sched_getaffinity(0)) < 2:
        return False
    folder = tempfile.mkdtemp(prefix="datalines-")
    address = str(Path(folder) / "socket")
    try:
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(address)
            listener.listen(128)
            _started.append(
                subprocess.Popen(
                    [sys.executable, "-m", "datalines.forkserver", str(listener.fileno()), folder, *preloaded],
                    stdin=subprocess.PIPE,
                    pass_fds=[listener.fileno()],
                    cwd=Path(__file__).resolve().parent.parent,
                )
            )
    except OSError:
        shutil.rmtree(folder, ignore_errors=True)
        return False
    os.environ[VARIABLE] = json.dumps({"socket": address, "of": identity()})
    return True


def keep_for(rules: Iterable[str]) -> None:
    """End the server where none of these rules, whose jobs are to come, asks for it."""
    if _started and not RULES & set(rules):
        del os.environ[VARIABLE]
        process = _started.pop()
        if process.stdin:
            process.stdin.close()


class Server:
    """Forks for each connection, and sends it the exit status of its fork."""

    def __init__(self, listener: socket.socket, lifeline: int) -> None:
        self._listener, self._lifeline = listener, lifeline
        self._clients: dict[int, socket.socket] = {}
        self._ended, wake = os.pipe()
        for end in (self._ended, wake):
            os.set_blocking(end, False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # the terminal's: Snakemake ends, and then this process
        signal.set_wakeup_fd(wake, warn_on_full_buffer=False)

    def serve(self) -> None:
        """Work until the process that started this one has ended."""
        with selectors.DefaultSelector() as self._selector:
            for source in (self._listener, self._lifeline, self._ended):
                self._selector.register(source, selectors.EVENT_READ)
            while True:
                for key, _ in self._selector.select():
                    if key.fileobj is self._listener:
                        self._accept()
                    elif key.fd == self._lifeline:
                        self._end_all()
                        return
                    elif key.fd == self._ended:
                        os.read(self._ended, 4096)
                        self._reap()
                    elif key.data is not None:
                        self._given_up(key.data)

    def _accept(self) -> None:
        connection, _ = self._listener.accept()
        connection.settimeout(_PATIENCE)
        try:
            if peer(connection) != os.getuid():
                raise EOFError("a client of another user")
            request, descriptors = received(connection)
        except (OSError, EOFError, ValueError):
            connection.close()
            return
        pid = os.fork()
        if not pid:
            self._leave(connection)
            become(request, descriptors)
        for descriptor in descriptors:
            os.close(descriptor)
        self._clients[pid] = connection
        self._selector.register(connection, selectors.EVENT_READ, pid)

    def _leave(self, connection: socket.socket) -> None:
        """In a fork: let go of all that is the server's."""
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        self._selector.close()
        for held in (self._listener, connection, *self._clients.values()):
            held.close()
        os.close(self._ended)

    def _reap(self) -> None:
        """Tell the clients of forks that have ended how they ended."""
        for pid in list(self._clients):
            done, status = os.waitpid(pid, os.WNOHANG)
            if done:
                connection = self._clients.pop(pid)
                with contextlib.suppress(OSError, KeyError, ValueError):
                    self._selector.unregister(connection)
                with contextlib.suppress(OSError):
                    connection.sendall(os.waitstatus_to_exitcode(status).to_bytes(STATUS, "big", signed=True))
                connection.close()

    def _given_up(self, pid: int) -> None:
        """A client has gone: its fork goes too."""
        if pid not in self._clients:
            return
        self._selector.unregister(self._clients[pid])
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGTERM)

    def _end_all(self) -> None:
        for pid in self._clients:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGTERM)


def peer(connection: socket.socket) -> int:
    """The user at the other end of a connection, as the kernel knows it: what is received is run as a program."""
    if not hasattr(socket, "SO_PEERCRED"):  # Linux alone has it; elsewhere the folder of the socket has to do
        return os.getuid()
    found = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, PEER.size)
    return int(PEER.unpack(found)[1])


def received(connection: socket.socket) -> tuple[dict[str, Any], list[int]]:
    """A client's request, and its standard streams."""
    head, descriptors, _, _ = socket.recv_fds(connection, LENGTH, 3)
    length = int.from_bytes(head, "big")
    content = bytearray()
    while len(content) < length:
        part = connection.recv(length - len(content))
        if not part:
            raise EOFError("the client ended before its request did")
        content += part
    return json.loads(content), descriptors


def become(request: dict[str, Any], descriptors: list[int]) -> None:
    """Run the client's script with its streams, environment and folder, and end this process."""
    status = 1
    try:
        for number, descriptor in enumerate(descriptors):
            os.dup2(descriptor, number)
            os.close(descriptor)
        os.environ.clear()
        os.environ.update(request["environment"])
        os.chdir(request["folder"])
        sys.path[:], sys.argv[:] = request["path"], [request["script"]]
        runpy.run_path(request["script"], run_name="__main__")
        status = 0
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else int(end.code is not None)
        if end.code is not None and not isinstance(end.code, int):
            sys.stderr.write(f"{end.code}\n")
    except BaseException:
        traceback.print_exc()
    finally:
        logging.shutdown()
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(OSError, ValueError):
                stream.flush()
        os._exit(status)


def main() -> None:
    """Take over the socket from the process that has started this one."""
    listener = socket.socket(fileno=int(sys.argv[1]))
    server = Server(listener, sys.stdin.fileno())
    try:
        for module in sys.argv[3:]:
            with contextlib.suppress(ImportError):  # the job that needs it says so
                importlib.import_module(module)
        gc.collect()
        gc.freeze()
        server.serve()
    finally:
        shutil.rmtree(sys.argv[2], ignore_errors=True)


if __name__ == "__main__":
    main()
