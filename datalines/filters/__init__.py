"""Filters decide from rows alone: keep, or drop for a named reason. They move no bytes.

A filter is a list of steps; a row falls to the first step that refuses it. `registry` holds the units by kind,
`captions`, `pictures`, `facts` and `hosts` look at each row alone, `exact` and `near` compare rows, `exclusions` says
what must not be used, `decide` runs a whole filter over a pool. Selecting from a list needs `first_reasons` alone.
"""

from datalines.filters.reasons import first_reasons

__all__ = ["first_reasons"]
