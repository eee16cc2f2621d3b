"""A rank of a training run, started by torchrun: `python -m torch.distributed.run ... -m datalines.training.worker
RUN.json`.

Rank 0 alone speaks, except of errors; why a rank ended is left in the run's folder for the process that started it.
"""

import logging
import os
import socket
import sys
from pathlib import Path
from typing import Any

from datalines.errors import DatalinesError, StoppedError
from datalines.files import read_json, write_json
from datalines.job import start_logging
from datalines.training.launch import ENDED, FIRST
from datalines.training.ranks import joined
from datalines.training.run import Run, execute
from datalines.training.stopping import die_with_parent

log = logging.getLogger("datalines")


def main(path: Path) -> int:
    """Train; returns the exit status. A run that was asked to stop has done what it was asked to do: 0."""
    die_with_parent()
    rank = int(os.environ.get("RANK", "0"))
    start_logging(None, f"rank {rank}")
    if rank:
        log.setLevel(logging.WARNING)
    else:
        write_json(path.with_name(FIRST), {"host": socket.gethostname(), "pid": os.getpid()})
    try:
        with joined() as ranks:
            execute(Run(**read_json(path)), ranks)
    except DatalinesError as error:
        stopped = isinstance(error, StoppedError)
        if rank == 0 or not stopped:
            leave(path.with_name(ENDED), {"stopped": stopped, "text": str(error), "rank": rank})
        return 0 if stopped else 1
    except Exception:
        log.exception("unexpected error in rank %d", rank)
        return 1
    return 0


def leave(path: Path, ended: dict[str, Any]) -> None:
    """Leave why this rank ended; where no file can be written any more, which may be the reason, say it."""
    try:
        write_json(path, ended)
    except OSError:
        log.error("%s", ended["text"])


if __name__ == "__main__":
    status = main(Path(sys.argv[1]))
    logging.shutdown()
    sys.stdout.flush()
    sys.stderr.flush()
    # Leaving as usual, gloo's threads abort now and then after all is done.
    os._exit(status)
