"""Keyed random bits: a counter-based generator for a key, equal on every machine and for every interpreter.

Only raw bits are used: numpy promises that they never change, which it does not of its distributions and permutations.
"""

import hashlib

import numpy as np
import numpy.typing as npt

WORDS_A_TICK = 4  # 64-bit words that Philox makes of one value of its counter


def bits(*key: object, count: int, tick: int = 0) -> npt.NDArray[np.uint64]:
    """`count` random words of a key, from tick `tick` of its counter on."""
    digest = hashlib.blake2b("\0".join(map(str, key)).encode(), digest_size=16).digest()
    generator = np.random.Philox(key=int.from_bytes(digest, "little"), counter=tick)
    return np.asarray(generator.random_raw(count), dtype=np.uint64)


def fractions(*key: object, count: int, tick: int = 0) -> npt.NDArray[np.float64]:
    """The same as numbers in [0, 1), with 53 random bits each."""
    return np.multiply(bits(*key, count=count, tick=tick) >> np.uint64(11), 2.0**-53, dtype=np.float64)


def permutation(*key: object, count: int) -> npt.NDArray[np.int64]:
    """The numbers 0..count-1 in an order that looks random."""
    return np.argsort(bits(*key, count=count), kind="stable")
