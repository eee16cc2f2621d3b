"""What can be wrong with an export."""

from datalines.errors import DatalinesError


class ExchangeError(DatalinesError):
    """A study that cannot be written in a format, or details of it that are not as they should be."""
