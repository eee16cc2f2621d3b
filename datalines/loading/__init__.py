"""Loading: training batches straight from a mixture's shards.

What a run sees is a pure function of (mixture, seed, step): `order` says which samples a step holds, `crops` how they
are cut out, and neither knows of processes or ranks. So batch counts are equal on all ranks by construction, a killed
run goes on with exactly the batch that it would have seen, and the number of workers changes speed and nothing else.
"""
