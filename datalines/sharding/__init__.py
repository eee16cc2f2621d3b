"""From a pool's parts to its shards, in bounded memory: only shards whose samples changed are written anew.

`layout` puts rows in their shards, `parts` reads images, `index` says where samples lie, `ledger` knows the tars of an
earlier run, `build` writes.
"""
