"""Training: one loop for all objectives, on one process or many, that can be stopped at any moment and goes on.

`schedule` says how long a run is, `step` takes one optimiser step whatever the objective and the number of ranks,
`loop` takes them all and saves states (`state`), `run` is a whole run on one rank, `launch` starts its ranks with
torchrun. `numerics` holds devices, precision and determinism, `weights` the files that are kept.
"""
