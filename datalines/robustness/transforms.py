"""Axis transforms: accuracy in [0, 1] to the scale on which families lie on straight lines, and back.

"Quality Not Quantity" (section 6) speaks of accuracies after the probit transform, the robustness testbed of
Taori et al. draws logit axes; both are offered, and linear beside them as the untransformed control.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import expit, logit, ndtr, ndtri

Array = NDArray[np.float64]


def _same(values: Array) -> Array:
    return values


_FORWARD: dict[str, Callable[[Array], Array]] = {"probit": ndtri, "logit": logit, "linear": _same}
_INVERSE: dict[str, Callable[[Array], Array]] = {"probit": ndtr, "logit": expit, "linear": _same}

AXES: tuple[str, ...] = tuple(_FORWARD)


def _pick(table: dict[str, Callable[[Array], Array]], axis: str) -> Callable[[Array], Array]:
    if axis not in table:
        raise ValueError(f"axis: {axis!r} is not known; write one of {', '.join(AXES)}")
    return table[axis]


def transform(accuracy: ArrayLike, axis: str = "probit") -> Array:
    """Accuracies in [0, 1], any shape, to the named axis; 0 and 1 become -inf and +inf on probit and logit.

    Raises ValueError for an unknown axis and for values outside [0, 1] (percent given by mistake).
    """
    values = np.asarray(accuracy, dtype=np.float64)
    if np.any((values < 0) | (values > 1)):
        raise ValueError("accuracy: values must lie in [0, 1]; divide percentages by 100")
    return np.asarray(_pick(_FORWARD, axis)(values), dtype=np.float64)


def inverse(values: ArrayLike, axis: str = "probit") -> Array:
    """Values on the named axis, any shape, back to accuracies (the linear axis is not clipped to [0, 1])."""
    return np.asarray(_pick(_INVERSE, axis)(np.asarray(values, dtype=np.float64)), dtype=np.float64)
