"""Ragged pages of random vectors, stored as the kernels read them."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from index.quantize import pack_sign_bits, to_bfloat16


def unit_vectors(rng: np.random.Generator, n: int) -> NDArray[np.float32]:
    vectors = rng.standard_normal((n, 128), np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


@dataclass(frozen=True)
class Stored:
    """Pages as an index holds them, one after the other."""

    bits: NDArray[np.uint8]
    halves: NDArray[np.uint16]
    starts: NDArray[np.int64]
    counts: NDArray[np.int64]

    @property
    def words(self) -> NDArray[np.uint64]:
        return self.bits.reshape(-1).view(np.uint64)

    def subset(self, order) -> "Stored":
        return Stored(self.bits, self.halves, self.starts[order], self.counts[order])


def store(vectors: NDArray[np.float32], counts) -> Stored:
    counts = np.array(counts, np.int64)
    starts = np.cumsum(counts) - counts
    return Stored(pack_sign_bits(vectors), to_bfloat16(vectors), starts, counts)


def random_pages(counts, seed: int = 1) -> Stored:
    return store(unit_vectors(np.random.default_rng(seed), sum(counts)), counts)
