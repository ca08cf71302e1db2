"""The scores of `maxsim.py` for many ragged pages at once, compiled.

`hamming_scores` equals its definition to the last bit, `bits_scores` and `float_scores` to float32
rounding (1e-6 relative). `sign_table_scores` approximates `bits_scores` within a known bound, at a
tenth of its time: the first of two phases. Knows nothing of files, filters or rankings: it reads
the patches that `starts` and `counts` name, in that order. For few pages `plain_scores.py` has the
same functions.

Here arguments are checked and pages shared out; the loops themselves are in `compiled/`. Threads
are our own, around kernels that release the interpreter lock: numba's prange aborts the process
when two Python threads enter it, and numpy's BLAS would spin its threads against ours
(`python -m tests.bench.bench_kernels`; docs/decisions.md).
"""

import functools
import os
from concurrent.futures import ThreadPoolExecutor
from math import ceil

import numpy as np
from numpy.typing import NDArray

from index.compiled.compiler import Kernel
from index.compiled.dot_products import bits_kernel, float_kernel
from index.compiled.hamming import hamming_kernel
from index.compiled.sign_tables import ENTRIES, LARGEST_ENTRY, TABLES, sign_tables_kernel
from index.errors import VectorShapeError
from index.pages import VECTOR_DIM, check_array
from index.quantize import BYTES_PER_VECTOR

_TASKS_PER_THREAD = 8
_PAGES_PER_TASK = {"hamming": 256, "tables": 128, "floats": 8}
"""Smallest share worth handing to a thread: about half a millisecond of work."""


def hamming_scores(
    query_bits: NDArray[np.uint8],
    bits: NDArray[np.uint64],
    starts: NDArray[np.int64],
    counts: NDArray[np.int64],
    *,
    n_threads: int | None = None,
) -> NDArray[np.float64]:
    """`maxsim.hamming_maxsim` of each page, bit for bit.

    Args:
        query_bits: uint8 (n_tokens, 16).
        bits: uint64 (2 * n_vectors,), the view of uint8 (n_vectors, 16); may be a read-only memmap.
        starts: int64 (n_pages,), each page's first patch.
        counts: int64 (n_pages,), each page's number of patches; without any its score is -inf.
        n_threads: None takes every core this process may use.

    Returns:
        float64 (n_pages,), in the order of `starts`.

    Raises:
        VectorShapeError: an array of another shape, dtype or memory order, or a page that is not
            within `bits`.
    """
    check_array("Query bits", query_bits, np.uint8, None, BYTES_PER_VECTOR)
    words = np.ascontiguousarray(query_bits).view(np.uint64).reshape(-1)
    arguments = (words, _checked_bits(bits, starts, counts))
    return _score(
        hamming_kernel(), arguments, starts, counts, _PAGES_PER_TASK["hamming"], n_threads
    )


def sign_table_scores(
    query: NDArray[np.float32],
    bits: NDArray[np.uint64],
    starts: NDArray[np.int64],
    counts: NDArray[np.int64],
    *,
    n_threads: int | None = None,
) -> NDArray[np.float64]:
    """`bits_scores` with what four dimensions of a query token add up to rounded to six bits.

    A token's step is the largest difference within a table of `sign_tables`, / 63. Each of a
    patch's 32 entries is off by at most half a step, and a maximum moves no further than what it is
    taken over. So a score is off by at most the sum over the tokens of 16 steps.

    The query is float32 (n_tokens, 128); the rest, result and errors as in `hamming_scores`. Every
    processor gives the same scores to the last bit.
    """
    check_array("Query vectors", query, np.float32, None, VECTOR_DIM)
    entries, steps, lowest = sign_tables(query)
    arguments = (entries.reshape(-1), steps, lowest, _checked_bits(bits, starts, counts))
    return _score(
        sign_tables_kernel(), arguments, starts, counts, _PAGES_PER_TASK["tables"], n_threads
    )


def sign_tables(
    query: NDArray[np.float32],
) -> tuple[NDArray[np.uint8], NDArray[np.float64], NDArray[np.float64]]:
    """What four sign bits of a patch can add to its dot product with each query token.

    Args:
        query: float32 (n_tokens, 128).

    Returns:
        Entries, uint8 (n_tokens, 32, 16), 0 to 63: of four dimensions the sum for each form of
        their bits, the first dimension's the highest, as `pack_sign_bits` lays them; steps, float64
        (n_tokens,), what 1 is worth; lowest, float64 (n_tokens,), what a sum of 32 zeros is worth.
    """
    forms = (np.arange(ENTRIES)[:, None] >> np.arange(3, -1, -1)) & 1  # (16, 4)
    fours = query.astype(np.float64).reshape(len(query), TABLES, VECTOR_DIM // TABLES)
    sums = np.einsum("tgd,fd->tgf", fours, forms.astype(np.float64))  # (n_tokens, 32, 16)
    lowest = sums.min(axis=2)  # (n_tokens, 32)
    steps = (sums.max(axis=2) - lowest).max(axis=1, initial=0) / LARGEST_ENTRY
    parts = (sums - lowest[:, :, None]) / np.where(steps > 0, steps, 1)[:, None, None]
    return np.rint(parts).astype(np.uint8), steps, lowest.sum(axis=1)


def bits_scores(
    query: NDArray[np.float32],
    bits: NDArray[np.uint64],
    starts: NDArray[np.int64],
    counts: NDArray[np.int64],
    *,
    n_threads: int | None = None,
) -> NDArray[np.float64]:
    """`maxsim.bits_maxsim` of each page, to float32 rounding.

    The query is float32 (n_tokens, 128); the rest, result and errors as in `hamming_scores`.
    """
    check_array("Query vectors", query, np.float32, None, VECTOR_DIM)
    arguments = (_even_tokens(query), _checked_bits(bits, starts, counts), BYTES_PER_VECTOR // 8)
    return _score(bits_kernel(), arguments, starts, counts, _PAGES_PER_TASK["floats"], n_threads)


def float_scores(
    query: NDArray[np.float32],
    vectors: NDArray[np.uint16],
    starts: NDArray[np.int64],
    counts: NDArray[np.int64],
    *,
    n_threads: int | None = None,
) -> NDArray[np.float64]:
    """`maxsim.float_maxsim` of each page, to float32 rounding.

    The query is float32 (n_tokens, 128), the stored vectors are uint16 (n_vectors, 128), the
    bfloat16 of `to_bfloat16`; the rest, result and errors as in `hamming_scores`.
    """
    check_array("Query vectors", query, np.float32, None, VECTOR_DIM)
    check_array("bfloat16 vectors", vectors, np.uint16, None, VECTOR_DIM)
    _check_memory_order("bfloat16 vectors", vectors)
    _check_pages(len(vectors), starts, counts)
    arguments = (_even_tokens(query), vectors.view(np.ndarray).reshape(-1), VECTOR_DIM)
    return _score(float_kernel(), arguments, starts, counts, _PAGES_PER_TASK["floats"], n_threads)


def _even_tokens(query: NDArray[np.float32]) -> NDArray[np.float32]:
    """The query, flat, with tokens of zeros up to an even number, at least 4.

    A zero token's best patch scores 0, so they add exactly 0.
    """
    padded = np.zeros((max(4, ceil(len(query) / 2) * 2), VECTOR_DIM), np.float32)
    padded[: len(query)] = query
    return padded.reshape(-1)


def _checked_bits(
    bits: NDArray[np.uint64], starts: NDArray[np.int64], counts: NDArray[np.int64]
) -> NDArray[np.uint64]:
    """The bits as numba takes them, if every page lies within them."""
    check_array("Bits", bits, np.uint64, None)
    _check_memory_order("Bits", bits)
    if len(bits) % 2:
        raise VectorShapeError(f"Bits must be two uint64 a patch, got {len(bits)} of them.")
    _check_pages(len(bits) // 2, starts, counts)
    return bits.view(np.ndarray)  # numba does not know memmap


def _check_memory_order(name: str, array: NDArray[np.generic]) -> None:
    """Refuse an array the kernels could read only by copying all of it."""
    if not (array.flags.c_contiguous and array.flags.aligned):
        raise VectorShapeError(
            f"{name} must be C-contiguous and aligned, got strides {array.strides} at address "
            f"{array.ctypes.data:#x}."
        )


def _check_pages(n_vectors: int, starts: NDArray[np.int64], counts: NDArray[np.int64]) -> None:
    """Refuse a page that reaches out of the stored vectors: compiled code would read past them."""
    check_array("Page starts", starts, np.int64, None)
    check_array("Page counts", counts, np.int64, len(starts))
    outside = (starts < 0) | (counts < 0) | (starts > n_vectors) | (counts > n_vectors - starts)
    if outside.any():
        i = int(outside.argmax())
        raise VectorShapeError(
            f"Page {i} of {len(starts)} starts at patch {starts[i]} and has {counts[i]}, "
            f"{n_vectors} patches are stored."
        )


def _score(
    kernel: Kernel,
    arguments: tuple[NDArray[np.generic] | int, ...],
    starts: NDArray[np.int64],
    counts: NDArray[np.int64],
    pages_per_task: int,
    n_threads: int | None,
) -> NDArray[np.float64]:
    """Run a kernel over the pages, shared out among threads.

    A page is scored by one thread, so the number of threads changes no score. One call alone takes
    all cores; calls at the same time share them, and with a core each nobody waits for another.
    """
    _running.append(kernel)
    try:
        threads = n_threads or max(1, _available_cores() // len(_running))
        starts, counts = np.ascontiguousarray(starts), np.ascontiguousarray(counts)
        scores = np.empty(len(starts))
        # Several tasks a thread: pages differ in length, and a core may be busy with another thing.
        n_tasks = 1 if threads == 1 else threads * _TASKS_PER_THREAD
        size = max(pages_per_task, ceil(len(starts) / n_tasks))
        tasks = [slice(first, first + size) for first in range(0, len(starts), size)]
        to_do = iter(tasks)  # of which each thread takes the next: one step under Python's lock

        def work() -> None:
            for pages in to_do:
                kernel(*arguments, starts[pages], counts[pages], scores[pages])

        helpers = [_pool().submit(work) for _ in range(min(threads, len(tasks)) - 1)]
        work()
        for helper in helpers:
            if not helper.cancel():  # one that found no free thread is not waited for
                helper.result()
        return scores
    finally:
        _running.pop()


def _available_cores() -> int:
    """Cores this process may run on; macOS cannot restrict them."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


_running: list[Kernel] = []
"""The calls of `_score` that are under way, in any order."""


@functools.cache
def _pool() -> ThreadPoolExecutor:
    """Threads that help the callers, who work themselves."""
    return ThreadPoolExecutor(_available_cores(), thread_name_prefix="pagelens-kernel")


# A forked child inherits the pool without its threads, and would wait for them for ever.
os.register_at_fork(after_in_child=_pool.cache_clear)
os.register_at_fork(after_in_child=_running.clear)
