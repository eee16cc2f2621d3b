"""How the ranks of a training run share a batch. Apart from the training itself, so that a workflow can be checked
without loading it."""

from typing import Any

from datalines.errors import DatalinesError


def check_ranks(recipe: dict[str, Any], ranks: int, nodes: int = 1) -> None:
    """A number of ranks that cannot share the recipe's batch evenly is a DatalinesError that says what to write."""
    if ranks < 1 or nodes < 1 or ranks % nodes:
        raise DatalinesError(
            f"{ranks} ranks cannot be spread over {nodes} nodes evenly; set ranks to a multiple of nodes"
        )
    batch, micro = recipe["batch"], recipe["micro_batch"] or recipe["batch"]
    parts = batch // micro
    if parts % ranks:
        made = f"{parts} micro-batches of {micro}" if parts > 1 else "a single micro-batch"
        way = (
            f"write micro_batch: {batch // ranks} or a divisor of it"
            if batch % ranks == 0
            else f"write a batch that is a multiple of {ranks}"
        )
        raise DatalinesError(
            f"the recipe's batch of {batch} is {made}, which {ranks} ranks cannot share evenly; {way}, "
            "or use another number of GPUs"
        )
