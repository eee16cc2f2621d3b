"""GPUs: what the driver has, what torch sees of it, and whether torch was built for them."""

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from datalines.devices import VISIBLE, visible
from datalines.doctor.line import Asked, Line, State
from datalines.doctor.profile import executor, gpus_asked
from datalines.environment import driver, gpus

PATIENCE = 2.5
CONTROL = Path("/dev/nvidiactl")
PROBE = """
import json, torch
print(json.dumps({
    "torch": torch.__version__, "cuda": torch.version.cuda, "archs": torch.cuda.get_arch_list(),
    "found": [[torch.cuda.get_device_name(n), *torch.cuda.get_device_capability(n)]
              for n in range(torch.cuda.device_count())],
}))
"""


def examine(asked: Asked) -> Line:
    """The GPUs of this machine. On a cluster they are those of the node that this runs on."""
    wanted = gpus_asked(asked.profile)
    there = driver() is not None or CONTROL.exists()
    if not there:
        if executor(asked.profile) == "slurm":
            return Line("GPU", State.OK, "none on this node; those of the queue are not looked at")
        if wanted:
            text = f"no driver, and {asked.profile.name} asks for a GPU"
            return Line("GPU", State.BROKEN, text, "Use --profile profiles/local, or a machine with a driver.")
        return Line("GPU", State.OK, "none: everything is computed on the CPU")
    try:
        done = subprocess.run(
            [sys.executable, "-c", PROBE], capture_output=True, text=True, timeout=PATIENCE, check=True
        )
        return judged(json.loads(done.stdout), driver(), visible())
    except subprocess.TimeoutExpired:
        text = f"{_known()}; torch gave no answer within {PATIENCE:g} s"
        return Line("GPU", State.LOOK, text, f'Ask it yourself: {sys.executable} -c "import torch; torch.cuda.init()"')
    except (subprocess.CalledProcessError, ValueError) as error:
        said = str(getattr(error, "stderr", "") or error).strip().rpartition("\n")[2][:200]
        return Line("GPU", State.BROKEN, f"{_known()}; torch cannot be asked: {said}", "`make setup` repairs .venv.")


def judged(said: Mapping[str, Any], driven: str | None, allowed: int | None) -> Line:
    """What torch says of itself and of the GPUs, with the driver's version and how many GPUs the environment allows."""
    built = f"torch {said['torch']}"
    found: list[list[Any]] = said["found"]
    text = f"{len(found)} with {built}, driver {driven or 'of unknown version'}"
    if not found:
        if said["cuda"] is None:
            return Line("GPU", State.BROKEN, f"{built} was built without CUDA", "Install envs/demo.lock: `make setup`.")
        if allowed == 0:
            return Line("GPU", State.LOOK, f"hidden by ${VISIBLE}; {text}", f"Unset ${VISIBLE}, or name a GPU in it.")
        todo = f"CUDA {said['cuda']} wants a newer driver, or this process may not use the devices: see nvidia-smi."
        return Line("GPU", State.BROKEN, f"torch sees none; {text}", todo)
    foreign = [f"{name} ({major}.{minor})" for name, major, minor in found if not _fits(major, minor, said["archs"])]
    if foreign:
        text = f"{built} holds no code for {', '.join(sorted(set(foreign)))}: {' '.join(said['archs'])}"
        return Line("GPU", State.BROKEN, text, "Take a torch that was built for it, or set DATALINES_DEVICE=cpu.")
    names = ", ".join(sorted({f"{name} ({major}.{minor})" for name, major, minor in found}))
    return Line("GPU", State.OK, f"{text}: {names}")


def _fits(major: int, minor: int, archs: list[str]) -> bool:
    """Whether code for one of `archs` runs on a device: machine code of its generation that is no newer, or
    intermediate code that is no newer at all."""
    for arch in archs:
        kind, _, number = arch.partition("_")
        digits = "".join(sign for sign in number if sign.isdecimal())
        if not digits:
            continue
        code = (int(digits[:-1] or 0), int(digits[-1]))
        if code <= (major, minor) and (kind == "compute" or code[0] == major):
            return True
    return False


def _known() -> str:
    names = gpus()
    return f"driver {driver() or 'of unknown version'}, {len(names) or 'unknown number of'} GPUs"
