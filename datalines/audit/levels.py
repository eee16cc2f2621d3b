"""The levels of an audit, and what each costs. Each level makes the checks of those before it too."""

COSTS = {
    "inventory": "seconds: every file that a receipt names is there with its size, and nothing else is",
    "integrity": "minutes: contents of all small files and weights, and of a drawn share of large ones (--full: all)",
    "closure": "seconds more: every job was given what its inputs are now; proofs from manifests and logs",
    "recompute": "ten minutes on a CPU: records, fits, tables and figures again, cell by cell",
    "sample": "an hour at most: predictions, orders, filters and mixtures again for a drawn sample",
    "rerun": "the time of one training: one run trained again and compared with the spread over seeds",
}
LEVELS = tuple(COSTS)
