"""The errors that a user can act on. Their text names the key, the file, and what to write or do instead."""

import errno

NO_SPACE = (errno.ENOSPC, errno.EDQUOT)
"""What the system says when a disk or a quota is full."""


class DatalinesError(Exception):
    """A problem with the input, not with the program: shown as a sentence, without a traceback."""


class PoolError(DatalinesError):
    """A source or an evaluation set that cannot be read as declared."""


class CountError(DatalinesError):
    """Numbers that do not add up: more samples asked for than there are, or samples unaccounted for."""


class StaleRunError(DatalinesError):
    """A run directory that belongs to another specification."""


class TrainingError(DatalinesError):
    """Training that cannot go on, such as a loss that is not a number."""


class StoppedError(DatalinesError):
    """Training that was asked to stop, and did so with its state saved."""


class FetchError(DatalinesError):
    """A download that cannot go on: no network, no space, or a state that is not as it was left."""


class DeviceError(DatalinesError):
    """Other GPUs than a job asked for."""
