"""Starts the ranks of a run: this process alone, torchrun on one node, or torchrun on each node of a Slurm job.

If this process is killed its ranks die with it, so that two sets of them never train the same run.
"""

import logging
import os
import signal
import socket
import subprocess
import sys
from functools import partial
from pathlib import Path

from datalines.errors import DatalinesError, StoppedError, TrainingError
from datalines.files import read_json, write_json
from datalines.sharing import check_ranks
from datalines.training.ranks import joined
from datalines.training.run import OUTCOME, Run, execute
from datalines.training.stopping import die_with_parent, listening

log = logging.getLogger(__name__)
DESCRIPTION, ENDED, FIRST = "run.json", "ended.json", "rank-0.json"
ROOT = Path(__file__).resolve().parents[2]


def train(run: Run, ranks: int, nodes: int = 1) -> None:
    """Train with this many processes on this many nodes; returns when the run's folder holds its outcome."""
    check_ranks(run.recipe, ranks, nodes)
    if ranks == 1:
        with joined() as alone:
            execute(run, alone)
        return
    folder = Path(run.folder)
    for name in (ENDED, FIRST, OUTCOME):
        (folder / name).unlink(missing_ok=True)
    write_json(folder / DESCRIPTION, run.as_json())
    command = [*_on_nodes(nodes), *_torchrun(run, ranks, nodes), str((folder / DESCRIPTION).resolve())]
    log.info("starting %d ranks on %d node%s", ranks, nodes, "s" if nodes > 1 else "")
    with (
        listening() as stop,
        subprocess.Popen(command, env=_environment(run), preexec_fn=partial(die_with_parent, os.getpid())) as process,
    ):
        told = False
        while True:
            try:
                status = process.wait(timeout=0.2)
                break
            except subprocess.TimeoutExpired:
                if stop.asked and not told:
                    told = _tell(folder, process)
    if not (folder / OUTCOME).is_file():
        raise _reason(folder, status, stop.asked)


def _on_nodes(nodes: int) -> list[str]:
    """Once on each node of the Slurm job around this process; it already has a step there, whose share is taken."""
    if nodes == 1:
        return []
    if "SLURM_JOB_ID" not in os.environ:
        raise DatalinesError(f"{nodes} nodes are asked for, but this is no Slurm job; set nodes to 1")
    many = str(nodes)
    return ["srun", "--overlap", "--kill-on-bad-exit=1", "--nodes", many, "--ntasks", many, "--ntasks-per-node", "1"]


def _torchrun(run: Run, ranks: int, nodes: int) -> list[str]:
    command = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", str(ranks // nodes)]
    if nodes == 1:
        command.append("--standalone")
    else:
        place = f"{socket.gethostname()}:{_free_port()}"
        command += ["--nnodes", str(nodes), "--rdzv-backend", "c10d", "--rdzv-endpoint", place]
        command += ["--rdzv-id", Path(run.folder).name]
    return [*command, "--max-restarts", "0", "-m", "datalines.training.worker"]


def _environment(run: Run) -> dict[str, str]:
    """Where the ranks find this code, whatever folder they are started in, and how much torch says.

    Without OMP_NUM_THREADS torchrun sets it to 1 and says so at length; the recipe decides in the end. Of warnings,
    every rank would give one that its wrapper looks for unused parameters, which is meant.
    """
    code = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    quiet = {"OMP_NUM_THREADS": str(run.recipe["cpu_threads"]), "TORCH_CPP_LOG_LEVEL": "ERROR"}
    return {**quiet, **os.environ, "PYTHONPATH": code}


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("", 0))
        return int(probe.getsockname()[1])


def _tell(folder: Path, process: "subprocess.Popen[bytes]") -> bool:
    """Pass the request to stop on to rank 0, of which the others hear; before it has begun, to torchrun."""
    path = folder / FIRST
    first = read_json(path) if path.is_file() else {}
    try:
        if first.get("host") == socket.gethostname():
            os.kill(first["pid"], signal.SIGTERM)
        else:
            process.terminate()
    except ProcessLookupError:
        return False
    return True


def _reason(folder: Path, status: int, asked: bool) -> DatalinesError:
    """Why the ranks ended without an outcome, in the words of the one that knows."""
    path = folder / ENDED
    if not path.is_file():
        if asked:
            return StoppedError(
                f"stopped on request before the ranks could save a state; what {folder} held is kept, and the same "
                "command goes on from there"
            )
        return TrainingError(
            f"the ranks ended with status {status}; what they said stands above, the last state is kept"
        )
    ended = read_json(path)
    return (StoppedError if ended["stopped"] else TrainingError)(ended["text"])
