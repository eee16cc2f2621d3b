"""Whether the loss curves of two trainers differ by more than those of one trainer do between seeds.

Every run of either trainer begins with the same weights; the seed moves the order of samples and their crops. Curves
are smoothed by means over blocks of steps, and the distance of two runs is the mean of their absolute differences over
the blocks. `gap` is the mean distance between runs of different trainers over the mean distance between runs of the
same trainer: about 1 if the trainer does not matter. `p` is the share, among all ways to cut the runs into two groups
of equal size, of those whose gap is at least as large: an exact permutation test.
"""

import itertools
from typing import Any

import numpy as np
import numpy.typing as npt

Curves = npt.NDArray[np.float64]


def smooth(losses: list[list[float]], steps: int) -> Curves:
    """Means over blocks of `steps` steps, (runs, blocks); a rest at the end is left out. Runs of unequal length are a
    ValueError."""
    curves = np.array(losses, dtype=np.float64)
    blocks = curves.shape[1] // steps
    return curves[:, : blocks * steps].reshape(len(curves), blocks, steps).mean(axis=2)


def gap(curves: Curves, first: tuple[int, ...]) -> float:
    """Mean distance between the runs `first` and the others, over the mean distance inside the two groups."""
    distances = np.abs(curves[:, None] - curves[None]).mean(axis=2)
    inside = np.isin(np.arange(len(curves)), first)
    same = inside[:, None] == inside[None]
    np.fill_diagonal(same, False)
    across = inside[:, None] != inside[None]
    return float(distances[across].mean() / distances[same].mean())


def compare(ours: list[list[float]], theirs: list[list[float]], steps: int) -> dict[str, Any]:
    """Gap, its p, and what they come from: the smoothed mean curves, and the deviations between seeds (last block)."""
    if len(ours) != len(theirs) or len(ours) < 2:
        raise ValueError(f"as many runs of either trainer are needed, at least 2, not {len(ours)} and {len(theirs)}")
    curves, runs = smooth([*ours, *theirs], steps), len(ours)
    found = gap(curves, tuple(range(runs)))
    # A cut and its mirror image are one; the first run stays in the first group.
    cuts = [(0, *rest) for rest in itertools.combinations(range(1, 2 * runs), runs - 1)]
    extreme = sum(gap(curves, cut) >= found - 1e-12 for cut in cuts)
    means = curves.reshape(2, runs, -1).mean(axis=1)
    deviations = curves.reshape(2, runs, -1).std(axis=1, ddof=1)
    return {
        "gap": round(found, 3),
        "p": round(extreme / len(cuts), 4),
        "cuts": len(cuts),
        "steps_per_block": steps,
        "largest_difference": round(float(np.abs(means[0] - means[1]).max()), 4),
        "last_block": {
            name: {"mean": round(float(means[side, -1]), 4), "deviation": round(float(deviations[side, -1]), 4)}
            for side, name in enumerate(("ours", "open_clip"))
        },
        "curves": {
            "ours": curves[:runs].round(4).tolist(),
            "open_clip": curves[runs:].round(4).tolist(),
        },
    }
