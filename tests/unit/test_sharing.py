"""Ranks that cannot share a batch are refused before any of them is started."""

import pytest

from datalines.errors import DatalinesError
from datalines.sharing import check_ranks


@pytest.mark.parametrize(("micro", "ranks", "nodes"), [(None, 1, 1), (32, 2, 1), (32, 2, 2), (8, 8, 2), (8, 4, 1)])
def test_ranks_that_share_the_micro_batches_evenly(micro: int | None, ranks: int, nodes: int) -> None:
    check_ranks({"batch": 64, "micro_batch": micro}, ranks, nodes)


@pytest.mark.parametrize(
    ("micro", "ranks", "text"),
    [
        (None, 2, "batch of 64 is a single micro-batch, which 2 ranks cannot share evenly; write micro_batch: 32 or"),
        (16, 8, "is 4 micro-batches of 16, which 8 ranks cannot share evenly; write micro_batch: 8 or a divisor"),
        (
            16,
            3,
            "is 4 micro-batches of 16, which 3 ranks cannot .* write a batch that is a multiple of 3, or use another",
        ),
    ],
)
def test_ranks_that_cannot(micro: int | None, ranks: int, text: str) -> None:
    with pytest.raises(DatalinesError, match=text):
        check_ranks({"batch": 64, "micro_batch": micro}, ranks)


@pytest.mark.parametrize(("ranks", "nodes"), [(0, 1), (3, 2), (2, 0)])
def test_ranks_that_do_not_fill_the_nodes(ranks: int, nodes: int) -> None:
    with pytest.raises(DatalinesError, match=f"{ranks} ranks cannot be spread over {nodes} nodes evenly"):
        check_ranks({"batch": 64, "micro_batch": 8}, ranks, nodes)
