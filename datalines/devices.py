"""A canary for GPU jobs: a job looks at what it was given before it begins, and says so.

On a cluster a wrong setting starts one process for each GPU, or gives none, and nothing fails: the job is only slow, or
trains twice. So what was asked for and what is there must be the same number.
"""

import os

from datalines.errors import DeviceError

VISIBLE = "CUDA_VISIBLE_DEVICES"
CHOICE = "DATALINES_DEVICE"
# What Slurm and others write into the list for "none". CUDA takes no device from the first invalid entry on.
NONE = ("", "-1", "NoDevFiles", "none", "void")


def visible() -> int | None:
    """How many GPUs the environment lets this process see; None if it says nothing, which lets it see all."""
    value = os.environ.get(VISIBLE)
    if value is None:
        return None
    count = 0
    for entry in value.split(","):
        if entry.strip() in NONE:
            break
        count += 1
    return count


def check(gpus: int, device: str = "", nodes: int = 1) -> str:
    """A sentence on the GPUs asked for and those that are there, on one of a job's `nodes`; DeviceError if they differ.

    `gpus` is the number for the whole job, as in Snakemake's resource `gpu`; 0 asks for nothing, and nothing is looked
    at. `device` is auto, cpu or cuda (default: $DATALINES_DEVICE, else auto). With cpu no driver is asked: the
    environment alone says what was given, and where no scheduler is at work it need not say anything.
    """
    if gpus <= 0:
        return "no GPU was asked for"
    if nodes < 1 or gpus % nodes:
        raise DeviceError(
            f"the job asks for gpu={gpus} on nodes={nodes}, which cannot be shared out evenly: write a multiple of "
            f"{nodes} for `gpu` in the profile"
        )
    wanted, device = gpus // nodes, device or os.environ.get(CHOICE, "auto")
    asked = f"asked for {gpus} GPU{'s' * (gpus > 1)}" + (f", {wanted} on each of {nodes} nodes" if nodes > 1 else "")
    listed = visible()
    if listed is None and "SLURM_JOB_ID" in os.environ:
        raise DeviceError(
            f"{asked}, but Slurm gave none: ${VISIBLE} is not set. Does `slurm_partition` have GPUs, and does "
            "slurm.conf name them (GresTypes=gpu)?"
        )
    there = f"${VISIBLE} is " + ("not set" if listed is None else repr(os.environ[VISIBLE]))
    if listed is not None and listed != wanted:
        raise DeviceError(f"{asked}, but {listed} can be seen: {there}. {_advice(listed, wanted)}")
    if device == "cpu":
        return f"{asked}; {there}; no GPU is used, because ${CHOICE} is cpu"
    found = _count()
    if found != wanted:
        raise DeviceError(f"{asked}, but torch finds {found}: {there}. {_advice(found, wanted)}")
    return f"{asked}; torch finds {found}; {there}"


def _advice(found: int, wanted: int) -> str:
    if found == 0:
        return f"Is this a node with GPUs and a driver? To compute without, set {CHOICE}=cpu"
    if found < wanted:
        return "Keep `tasks_per_gpu: 0` in the profile: else one process may be started for each GPU"
    return f"Name the ones to use, e.g. {VISIBLE}={','.join(map(str, range(wanted)))}, or ask for all of them"


def _count() -> int:
    import torch  # slow to load, and jobs without a GPU need none of it here

    return torch.cuda.device_count()
