"""The scores of `maxsim.py` for many ragged pages at once, compiled.

`hamming_scores` equals its definition to the last bit, `bits_scores` and `float_scores` to float32
rounding (1e-6 relative). `bit_plane_scores` approximates `bits_scores` within a known bound, for
pruning between the phases. Knows nothing of files, filters or rankings: it reads the patches that
`starts` and `counts` name, in that order.

Three measured choices (`python -m tests.bench.bench_kernels`; docs/decisions.md):

- Bits are read from a flat uint64 array, two words a patch: LLVM vectorises a constant stride,
  where a two-dimensional array's run-time stride costs 4.5 times.
- Threads are our own, around kernels that release the interpreter lock. numba's prange aborts the
  process when two Python threads enter it, and numpy's BLAS would spin its threads against ours.
- No float copy of the bits: a query token becomes integers, stored one bit plane after the other,
  so that its dot product with 0/1 bits is a weighted sum of popcounts.
"""

import functools
import os
import pickle
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from math import ceil
from typing import TypeAlias, cast

import numba
import numpy as np
from llvmlite import ir
from numba import types
from numba.core.base import BaseContext
from numba.core.typing.context import Context
from numba.core.typing.templates import Signature
from numba.extending import intrinsic, register_jitable
from numpy.typing import NDArray

from index.errors import VectorShapeError, WrongUseError
from index.pages import VECTOR_DIM, check_array
from index.quantize import BYTES_PER_VECTOR

_Kernel: TypeAlias = Callable[..., None]
_Values: TypeAlias = tuple[ir.Value, ...]
_Emitter: TypeAlias = Callable[[BaseContext, ir.IRBuilder, Signature, _Values], ir.Value]
_Words: TypeAlias = NDArray[np.uint64]
_Integers: TypeAlias = NDArray[np.int64]
_Floats: TypeAlias = NDArray[np.float64]

EXACT_PLANES = 24
"""Bit planes that hold a float32 fraction: with them, plane scores are as exact as float32."""

PRUNING_PLANES = 8
"""Default of the cheap stage: a third of the exact one's time."""

_PLANES_PER_PASS = 4
_TASKS_PER_THREAD = 8
_PAGES_PER_TASK = {"hamming": 256, "planes": 16, "float": 8}
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
    kernel = _compiled(_hamming, _HAMMING_TYPES)
    return _score(kernel, arguments, starts, counts, _PAGES_PER_TASK["hamming"], n_threads)


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
    return bit_plane_scores(query, bits, starts, counts, EXACT_PLANES, n_threads=n_threads)


def bit_plane_scores(
    query: NDArray[np.float32],
    bits: NDArray[np.uint64],
    starts: NDArray[np.int64],
    counts: NDArray[np.int64],
    n_planes: int = PRUNING_PLANES,
    *,
    n_threads: int | None = None,
) -> NDArray[np.float64]:
    """`bits_scores` with each query token rounded to integers of `n_planes` bits.

    A token's step is its largest absolute value / (2**(n_planes - 1) - 1). Each dimension is off by
    at most half a step, a patch has at most 128 ones, and a maximum moves no further than what it
    is taken over. So a score is off by at most the sum over the tokens of 64 steps.

    The query is float32 (n_tokens, 128), `n_planes` one of 4, 8, 12, 16, 20 and 24 (time grows with
    it); the rest and the result as in `hamming_scores`.

    Raises:
        VectorShapeError: as in `hamming_scores`.
        WrongUseError: `n_planes` is another number.
    """
    check_array("Query vectors", query, np.float32, None, VECTOR_DIM)
    if n_planes not in range(_PLANES_PER_PASS, EXACT_PLANES + 1, _PLANES_PER_PASS):
        raise WrongUseError(f"n_planes must be 4, 8, 12, 16, 20 or 24, got {n_planes}.")
    planes, steps = _query_planes(query, n_planes)
    arguments = (planes, steps, _checked_bits(bits, starts, counts))
    kernel = _compiled(_bit_planes, _BIT_PLANES_TYPES)
    return _score(kernel, arguments, starts, counts, _PAGES_PER_TASK["planes"], n_threads)


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
    # A zero token's best patch scores 0, so rounding up to whole groups of four adds exactly 0.
    padded = np.zeros((ceil(len(query) / 4) * 4, VECTOR_DIM), np.float32)
    padded[: len(query)] = query
    arguments = (padded.reshape(-1), vectors.view(np.ndarray).reshape(-1))
    kernel = _compiled(_float, _FLOAT_TYPES, reorder_sums=True)
    return _score(kernel, arguments, starts, counts, _PAGES_PER_TASK["float"], n_threads)


def _query_planes(
    query: NDArray[np.float32], n_planes: int
) -> tuple[NDArray[np.uint64], NDArray[np.float64]]:
    """Write a query as integers, one bit plane after the other, with each token's step.

    Returns:
        uint64 (n_tokens * n_planes * 2,), highest plane first; float64 (n_tokens,).
    """
    largest = np.abs(query).max(axis=1, initial=0).astype(np.float64)  # (n_tokens,)
    steps = np.where(largest > 0, largest, 1) / (2 ** (n_planes - 1) - 1)
    integers = np.rint(query / steps[:, None]).astype(np.int64)  # (n_tokens, 128)
    # Excess form: all planes weigh positive, and the kernel takes the excess off every one bit.
    excess = integers + 2 ** (n_planes - 1)
    shifts = np.arange(n_planes - 1, -1, -1)
    planes = (excess[:, None, :] >> shifts[:, None]) & 1  # (n_tokens, n_planes, 128)
    packed = np.packbits(planes.astype(np.uint8), axis=2)  # (n_tokens, n_planes, 16)
    return packed.view(np.uint64).reshape(-1), steps


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
    kernel: _Kernel,
    arguments: tuple[NDArray[np.generic], ...],
    starts: NDArray[np.int64],
    counts: NDArray[np.int64],
    pages_per_task: int,
    n_threads: int | None,
) -> NDArray[np.float64]:
    """Run a kernel over the pages, shared out among threads.

    A page is scored by one thread, so the number of threads changes no score.
    """
    threads = _available_cores() if n_threads is None else n_threads
    starts, counts = np.ascontiguousarray(starts), np.ascontiguousarray(counts)
    scores = np.empty(len(starts))

    def run(pages: slice) -> None:
        kernel(*arguments, starts[pages], counts[pages], scores[pages])

    # Several tasks a thread: pages differ in length, and a core may be busy with something else.
    size = max(pages_per_task, ceil(len(starts) / (threads * _TASKS_PER_THREAD)))
    tasks = [slice(first, first + size) for first in range(0, len(starts), size)]
    if threads == 1 or len(tasks) == 1:
        for task in tasks:
            run(task)
    else:
        for _ in _pool(threads).map(run, tasks):
            pass  # only to wait, and to raise what a thread raised
    return scores


def _available_cores() -> int:
    """Cores this process may run on; macOS cannot restrict them."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


@functools.cache
def _pool(n_threads: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(n_threads, thread_name_prefix="pagelens-kernel")


# A forked child inherits the pool without its threads, and would wait for them for ever.
os.register_at_fork(after_in_child=_pool.cache_clear)


@functools.cache
def _compiled(function: _Kernel, signature: Signature, reorder_sums: bool = False) -> _Kernel:
    """Compile on first use, or load what an earlier process compiled on such a CPU.

    numba keeps its cache beside the source or, where that is read-only, in the user's cache folder.
    Floats are added in the order written, unless `reorder_sums` lets LLVM use vector lanes.
    """
    fast = {"reassoc", "contract"} if reorder_sums else False
    compiler = functools.partial(numba.njit, signature, nogil=True, fastmath=fast)
    try:
        kernel: _Kernel = compiler(cache=True)(function)
    except (RuntimeError, OSError, EOFError, pickle.UnpicklingError):
        # Nowhere to write, a full disk, or a damaged cache file: a second lost in each process.
        kernel = compiler()(function)
    return kernel


# What follows is the vocabulary of the kernels: three LLVM instructions numba has no name for.


def _emit_popcount(_typing: Context, _word: types.Type) -> tuple[Signature, _Emitter]:
    """Count the ones of a uint64."""

    def emit(_: BaseContext, builder: ir.IRBuilder, __: Signature, words: _Values) -> ir.Value:
        return builder.ctpop(words[0])

    return types.uint64(types.uint64), emit


def _emit_widen(_typing: Context, _half: types.Type) -> tuple[Signature, _Emitter]:
    """Make a float32 of a bfloat16's bits."""

    def emit(_: BaseContext, builder: ir.IRBuilder, __: Signature, halves: _Values) -> ir.Value:
        whole = builder.zext(halves[0], ir.IntType(32))
        return builder.bitcast(builder.shl(whole, ir.Constant(whole.type, 16)), ir.FloatType())

    return types.float32(types.uint16), emit


def _emit_use_widest_vectors(_typing: Context) -> tuple[Signature, _Emitter]:
    """Let LLVM use 512-bit registers in the calling function: 1.7 times as fast on Intel CPUs.

    LLVM has them but avoids them there. CPUs without such registers ignore the wish.
    """

    def emit(context: BaseContext, builder: ir.IRBuilder, _: Signature, __: _Values) -> ir.Value:
        # llvmlite's own add() knows only attributes without a value.
        set.add(builder.function.attributes, '"prefer-vector-width"="512"')
        return context.get_dummy_value()  # type: ignore[no-untyped-call]  # numba's own

    return types.void(), emit


_popcount = cast(Callable[[int], int], intrinsic(_emit_popcount))
_widen = cast(Callable[[int], np.float32], intrinsic(_emit_widen))
_use_widest_vectors = cast(Callable[[], None], intrinsic(_emit_use_widest_vectors))


def _nearest_4(page: _Words, query: _Words, t: int) -> tuple[int, int, int, int]:
    """Smallest distance to each of four tokens: one reading of the page serves all four."""
    _use_widest_vectors()
    a0, a1, b0, b1 = query[2 * t], query[2 * t + 1], query[2 * t + 2], query[2 * t + 3]
    c0, c1, d0, d1 = query[2 * t + 4], query[2 * t + 5], query[2 * t + 6], query[2 * t + 7]
    a = b = c = d = np.uint64(VECTOR_DIM)
    for p in range(len(page) // 2):
        x, y = page[2 * p], page[2 * p + 1]
        a = min(a, _popcount(x ^ a0) + _popcount(y ^ a1))
        b = min(b, _popcount(x ^ b0) + _popcount(y ^ b1))
        c = min(c, _popcount(x ^ c0) + _popcount(y ^ c1))
        d = min(d, _popcount(x ^ d0) + _popcount(y ^ d1))
    return a, b, c, d


def _nearest_2(page: _Words, query: _Words, t: int) -> tuple[int, int]:
    """Smallest distance to each of two tokens."""
    _use_widest_vectors()
    a0, a1, b0, b1 = query[2 * t], query[2 * t + 1], query[2 * t + 2], query[2 * t + 3]
    a = b = np.uint64(VECTOR_DIM)
    for p in range(len(page) // 2):
        x, y = page[2 * p], page[2 * p + 1]
        a = min(a, _popcount(x ^ a0) + _popcount(y ^ a1))
        b = min(b, _popcount(x ^ b0) + _popcount(y ^ b1))
    return a, b


def _nearest_1(page: _Words, query: _Words, t: int) -> tuple[int]:
    """Smallest distance to one token."""
    _use_widest_vectors()
    a0, a1 = query[2 * t], query[2 * t + 1]
    a = np.uint64(VECTOR_DIM)
    for p in range(len(page) // 2):
        a = min(a, _popcount(page[2 * p] ^ a0) + _popcount(page[2 * p + 1] ^ a1))
    return (a,)


for _function in (_nearest_4, _nearest_2, _nearest_1):
    register_jitable(_function)


def _hamming(
    query: _Words, bits: _Words, starts: _Integers, counts: _Integers, scores: _Floats
) -> None:
    """hamming_maxsim of each page; tokens are added in their order, as the definition does."""
    n_tokens = len(query) // 2
    for i in range(len(starts)):
        page = bits[2 * starts[i] : 2 * (starts[i] + counts[i])]
        score = 0.0 if counts[i] else -np.inf
        t = 0
        while t + 4 <= n_tokens:
            for distance in _nearest_4(page, query, t):
                score += 1.0 / (1.0 + distance)
            t += 4
        if t + 2 <= n_tokens:
            for distance in _nearest_2(page, query, t):
                score += 1.0 / (1.0 + distance)
            t += 2
        if t < n_tokens:
            for distance in _nearest_1(page, query, t):
                score += 1.0 / (1.0 + distance)
        scores[i] = score


def _bit_planes(
    planes: _Words,
    steps: _Floats,
    bits: _Words,
    starts: _Integers,
    counts: _Integers,
    scores: _Floats,
) -> None:
    """Sum of step * max over patches of the token's integers where the patch has ones.

    Sums are built four planes at a time and kept doubled, so that the excess of
    2**(n_planes - 1) for every one of the patch can be put in before the first plane, as -1.
    """
    _use_widest_vectors()
    n_tokens = len(steps)
    longest = counts.max() if len(counts) else 0
    low, high = np.empty(longest, np.uint64), np.empty(longest, np.uint64)
    sums = np.empty(longest, np.int64)
    for i in range(len(starts)):
        n_patches = counts[i]
        if n_patches == 0:
            scores[i] = -np.inf
            continue
        page = bits[2 * starts[i] : 2 * (starts[i] + n_patches)]
        for p in range(n_patches):
            low[p], high[p] = page[2 * p], page[2 * p + 1]
        score = 0.0
        for t in range(n_tokens):
            first = t * len(planes) // n_tokens
            for p in range(n_patches):
                sums[p] = -np.int64(_popcount(low[p]) + _popcount(high[p]))
            for w in range(first, first + len(planes) // n_tokens, 8):
                a0, a1, b0, b1 = planes[w], planes[w + 1], planes[w + 2], planes[w + 3]
                c0, c1, d0, d1 = planes[w + 4], planes[w + 5], planes[w + 6], planes[w + 7]
                for p in range(n_patches):
                    x, y = low[p], high[p]
                    four = _popcount(x & a0) + _popcount(y & a1)
                    four = (four << 1) + (_popcount(x & b0) + _popcount(y & b1))
                    four = (four << 1) + (_popcount(x & c0) + _popcount(y & c1))
                    four = (four << 1) + (_popcount(x & d0) + _popcount(y & d1))
                    sums[p] = (sums[p] << 4) + np.int64(four << 1)
            best = sums[0]
            for p in range(1, n_patches):
                best = max(best, sums[p])
            score += best * (steps[t] / 2)
        scores[i] = score


def _float(
    query: NDArray[np.float32],
    vectors: NDArray[np.uint16],
    starts: _Integers,
    counts: _Integers,
    scores: _Floats,
) -> None:
    """float_maxsim of each page, four tokens (their number is a multiple of 4) by two patches."""
    _use_widest_vectors()
    dim = VECTOR_DIM  # a constant to numba: the inner loop is unrolled
    for i in range(len(starts)):
        page = vectors[dim * starts[i] : dim * (starts[i] + counts[i])]
        n_patches = counts[i]
        score = 0.0 if n_patches else -np.inf
        for t in range(0, len(query), 4 * dim):
            q0, q1 = query[t : t + dim], query[t + dim : t + 2 * dim]
            q2, q3 = query[t + 2 * dim : t + 3 * dim], query[t + 3 * dim : t + 4 * dim]
            best0 = best1 = best2 = best3 = np.float32(-np.inf)
            for p in range(0, n_patches, 2):
                second = min(p + 1, n_patches - 1)  # an odd last patch is taken twice
                left = page[dim * p : dim * (p + 1)]
                right = page[dim * second : dim * (second + 1)]
                a0 = a1 = a2 = a3 = b0 = b1 = b2 = b3 = np.float32(0)
                for d in range(dim):
                    x, y = _widen(left[d]), _widen(right[d])
                    a0, b0 = a0 + q0[d] * x, b0 + q0[d] * y
                    a1, b1 = a1 + q1[d] * x, b1 + q1[d] * y
                    a2, b2 = a2 + q2[d] * x, b2 + q2[d] * y
                    a3, b3 = a3 + q3[d] * x, b3 + q3[d] * y
                best0, best1 = max(best0, max(a0, b0)), max(best1, max(a1, b1))
                best2, best3 = max(best2, max(a2, b2)), max(best3, max(a3, b3))
            if n_patches:
                score += best0
                score += best1
                score += best2
                score += best3
        scores[i] = score


def _read_only(dtype: types.Type) -> types.Array:
    """A flat array the kernel only reads; writable ones are accepted too."""
    return types.Array(dtype, 1, "C", readonly=True)


_PAGES_TYPES = (_read_only(types.int64), _read_only(types.int64), types.float64[::1])
_WORDS_TYPE = _read_only(types.uint64)
_HAMMING_TYPES = types.void(_WORDS_TYPE, _WORDS_TYPE, *_PAGES_TYPES)
_BIT_PLANES_TYPES = types.void(_WORDS_TYPE, _read_only(types.float64), _WORDS_TYPE, *_PAGES_TYPES)
_FLOAT_TYPES = types.void(_read_only(types.float32), _read_only(types.uint16), *_PAGES_TYPES)
