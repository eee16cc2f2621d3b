"""All checks in their order, each with a limit on its time."""

import threading
from collections.abc import Callable, Mapping

from datalines.doctor import cluster, decoding, evalsets, gpus, installed, machine, sources
from datalines.doctor.line import Asked, Line, State

SECONDS = 3.0
"""What a line may take; one that takes longer says so, and the others go on."""

Check = Callable[[Asked], Line]

HERE: Mapping[str, Check] = {
    "python": installed.python,
    "packages": installed.packages,
    "decoder": decoding.examine,
    "machine": machine.memory,
    "GPU": gpus.examine,
    "disk": machine.disk,
    "file system": machine.file_system,
    "clock": machine.clock,
    "Slurm": cluster.examine,
}
"""Of the machine; the scale need not be known."""
OF_STUDY: Mapping[str, Check] = {
    "downloads": sources.downloads,
    "network": sources.network,
    "data": sources.data,
    "evaluation sets": evalsets.examine,
}


def examine(asked: Asked) -> list[Line]:
    """A line of every check; those of a study's data are left out where its configuration cannot be used."""
    checks = {**HERE, **(OF_STUDY if asked.study is not None else {})}
    return [timed(name, check, asked) for name, check in checks.items()]


def timed(name: str, check: Check, asked: Asked, seconds: float = SECONDS) -> Line:
    """What a check says, within some seconds. One that hangs, as on a dead network disk, is left to itself."""
    said = [Line(name, State.LOOK, f"no answer within {seconds:g} s", "A disk or a server may be down or busy.")]

    def work() -> None:
        try:
            said[0] = check(asked)
        except Exception as error:  # whatever is wrong with a machine, the other lines are wanted
            text = f"could not be examined: {type(error).__name__}: {error}"
            said[0] = Line(name, State.LOOK, " ".join(text.split())[:300], "Examine it by hand.")

    worker = threading.Thread(target=work, name=name, daemon=True)
    worker.start()
    worker.join(seconds)
    return said[0]
