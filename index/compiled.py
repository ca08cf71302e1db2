"""The inner loops of `kernels.py` and of pooling, compiled by numba, which nothing else knows.

Bits are read from a flat uint64 array, two words a patch: a two-dimensional array's run-time stride
keeps LLVM from using vectors and costs 4.5 times. All is in one file because numba's cache on disk
notices a change of this file, and of no other.
"""

import functools
import pickle
import time
from collections.abc import Callable, Iterable
from typing import TypeAlias, cast

import numba
import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.core.base import BaseContext
from numba.core.typing.context import Context
from numba.core.typing.templates import Signature
from numba.extending import intrinsic
from numpy.typing import NDArray

from index.pages import VECTOR_DIM
from index.timing import COMPILED_S

Kernel: TypeAlias = Callable[..., None]
"""Takes the query, what is stored, starts, counts, and the array to write the scores to."""

_Values: TypeAlias = tuple[ir.Value, ...]
_Emitter: TypeAlias = Callable[[BaseContext, ir.IRBuilder, Signature, _Values], ir.Value]
_Words: TypeAlias = NDArray[np.uint64]
_Integers: TypeAlias = NDArray[np.int64]
_Floats: TypeAlias = NDArray[np.float64]

PLANES_PER_PASS = 4

_LANES = 8
"""64-bit numbers in the widest register; where it is smaller, LLVM takes several for one."""

_LONG_STEP = 64
"""Patches compared at once. They fill 16 of 32 registers, leaving half for what is computed."""

_SHORT_STEP = 16
"""For a page's rest. ColSmol's commonest pages, 832 and 1088 patches, have none."""

_WORDS_PER_LINE = 8
_WORDS_AHEAD = 512
"""4 KiB: far enough that memory answers in time, so near that little of an unasked page is read."""


def hamming_kernel() -> Kernel:
    """(uint64 query words, uint64 bits, ...): `maxsim.hamming_maxsim` of each page."""
    return _compiled(_hamming, _HAMMING_TYPES)


def bit_planes_kernel() -> Kernel:
    """(uint64 planes, float64 steps, uint64 bits, ...): `kernels.bit_plane_scores`."""
    return _compiled(_bit_planes, _BIT_PLANES_TYPES)


def float_kernel() -> Kernel:
    """(float32 query, uint16 vectors, ...), both flat: `maxsim.float_maxsim` of each page.

    The number of query tokens is a multiple of 4.
    """
    return _compiled(_float, _FLOAT_TYPES, reorder_sums=True)


def ward_kernel() -> Kernel:
    """(float32 vectors, flat; float64 weights; n_groups; int64 groups): `_ward`."""
    return _compiled(_ward, _WARD_TYPES, reorder_sums=True)


# The vocabulary of the kernels: what LLVM can do and numba has no name for.


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


def _emit_approach(
    _typing: Context,
    bits: types.Array,
    _first: types.Type,
    n_patches: types.IntegerLiteral,
    query: types.Array,
    _n_tokens: types.Type,
    nearest: types.Array,
) -> tuple[Signature, _Emitter]:
    """Bring `nearest` down to the distances of `n_patches` patches, `first` and those after it.

    A token has 8 words of `nearest`, each the smallest of every eighth patch.

    Intel CPUs run 512-bit instructions on two ports. For 8 patches a token needs six: 2 xor, 2
    popcounts, an addition and a minimum, so 3 cycles; 2.9 to 3.4 were measured. LLVM's own loop has
    seven, since a 64-bit minimum is two (VPMINUQ on uops.info): here it is one of 32 bits, right
    because the upper halves are zero. The patches stay in registers while all tokens pass by, so a
    page is read once, and the memory can bring the next patches during all of the computing.
    """

    def emit(
        context: BaseContext, builder: ir.IRBuilder, signature: Signature, values: _Values
    ) -> ir.Value:
        in_bits, in_first, _, in_query, in_n_tokens, in_nearest = range(len(values))
        n_words = 2 * n_patches.literal_value
        byte, i32, i64 = ir.IntType(8), ir.IntType(32), ir.IntType(64)
        lanes, half_lanes = ir.VectorType(i64, _LANES), ir.VectorType(i32, 2 * _LANES)

        def declare(name: str, result: ir.Type, *arguments: ir.Type) -> ir.Function:
            kind = ir.FunctionType(result, arguments)
            return builder.module.declare_intrinsic(name, fnty=kind)

        def place(argument: int, word: ir.Value, length: int) -> ir.Value:
            kind = context.make_array(signature.args[argument])  # type: ignore[no-untyped-call]
            start = builder.gep(kind(context, builder, values[argument]).data, [word])
            return builder.bitcast(start, ir.VectorType(i64, length).as_pointer())

        def pick(vector: ir.Value, picks: Iterable[int]) -> ir.Value:
            indices = ir.Constant(ir.VectorType(i32, _LANES), list(picks))
            return builder.shuffle_vector(vector, ir.Constant(vector.type, ir.Undefined), indices)

        def ones(vector: ir.Value) -> ir.Value:
            return builder.call(declare(f"llvm.ctpop.v{_LANES}i64", lanes, lanes), [vector])

        first = builder.mul(values[in_first], i64(2))
        low, high = [], []
        for word in range(0, n_words, 2 * _LANES):
            sixteen_words = place(in_bits, builder.add(first, i64(word)), 2 * _LANES)
            patches = builder.load(sixteen_words, align=8)
            low.append(pick(patches, range(0, 2 * _LANES, 2)))
            high.append(pick(patches, range(1, 2 * _LANES, 2)))

        prefetch = declare("llvm.prefetch.p0", ir.VoidType(), byte.as_pointer(), i32, i32, i32)
        for word in range(0, n_words, _WORDS_PER_LINE):
            # Behind the end of the array or the file this does nothing: it cannot fault.
            line = place(in_bits, builder.add(first, i64(_WORDS_AHEAD + word)), 1)
            for_reading, into_nearest_cache, data = i32(0), i32(3), i32(1)
            line = builder.bitcast(line, byte.as_pointer())
            builder.call(prefetch, [line, for_reading, into_nearest_cache, data])

        with cgutils.for_range(builder, values[in_n_tokens]) as token:
            words = builder.load(place(in_query, builder.mul(token.index, i64(2)), 2), align=8)
            token_low, token_high = pick(words, [0] * _LANES), pick(words, [1] * _LANES)
            kept = place(in_nearest, builder.mul(token.index, i64(_LANES)), _LANES)
            best = builder.bitcast(builder.load(kept, align=8), half_lanes)
            for x, y in zip(low, high, strict=True):
                distance = builder.add(
                    ones(builder.xor(x, token_low)), ones(builder.xor(y, token_high))
                )
                distance = builder.bitcast(distance, half_lanes)
                best = builder.select(builder.icmp_unsigned("<", distance, best), distance, best)
            builder.store(builder.bitcast(best, lanes), kept, align=8)
        return context.get_dummy_value()  # type: ignore[no-untyped-call]  # numba's own

    return types.void(bits, types.int64, n_patches, query, types.int64, nearest), emit


_popcount = cast(Callable[[int], int], intrinsic(_emit_popcount))
_widen = cast(Callable[[int], np.float32], intrinsic(_emit_widen))
_use_widest_vectors = cast(Callable[[], None], intrinsic(_emit_use_widest_vectors))
_approach = cast(
    Callable[[_Words, int, int, _Words, int, _Words], None],
    intrinsic(prefer_literal=True)(_emit_approach),
)


def _hamming(
    query: _Words, bits: _Words, starts: _Integers, counts: _Integers, scores: _Floats
) -> None:
    """hamming_maxsim of each page; tokens are added in their order, as the definition does.

    A minimum does not mind seeing a patch twice: a page's last step reaches back over the one
    before, and a page shorter than a step is repeated until it fills one.
    """
    n_tokens = len(query) // 2
    nearest = np.empty(_LANES * n_tokens, np.uint64)
    repeated = np.empty(2 * _SHORT_STEP, np.uint64)
    for i in range(len(starts)):
        n_patches = counts[i]
        if n_patches == 0:
            scores[i] = -np.inf
            continue
        page = bits[2 * starts[i] : 2 * (starts[i] + n_patches)]
        if n_patches < _SHORT_STEP:
            for word in range(len(repeated)):
                repeated[word] = page[word % len(page)]
            page, n_patches = repeated, _SHORT_STEP
        nearest[:] = VECTOR_DIM
        rest = n_patches // _LONG_STEP * _LONG_STEP
        for first in range(0, rest, _LONG_STEP):
            _approach(page, first, _LONG_STEP, query, n_tokens, nearest)
        for first in range(rest, n_patches, _SHORT_STEP):
            back = min(first, n_patches - _SHORT_STEP)
            _approach(page, back, _SHORT_STEP, query, n_tokens, nearest)
        score = 0.0
        for t in range(n_tokens):
            distance = nearest[_LANES * t]
            for lane in range(1, _LANES):
                distance = min(distance, nearest[_LANES * t + lane])
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


def _ward(vectors: NDArray[np.float32], weights: _Floats, n_groups: int, groups: _Integers) -> None:
    """Merge vectors by Ward's method until `n_groups` are left; a group is named by its first.

    The distance of two groups is what their union adds to the sum of squared distances between
    vectors and the means of their groups: weight * weight / (sum of weights) * squared distance of
    the means; that of a union to others follows from its parts' (Lance and Williams, 1967). Unions
    are found along chains of nearest neighbours (F. Murtagh, 1983): they are those of always taking
    the closest two, in another order, so they are sorted by distance before the last are left out.
    Of equal distances the first counts.
    """
    _use_widest_vectors()
    dim = VECTOR_DIM
    n = len(weights)
    weight = weights.copy()
    distance = np.empty((n, n), np.float64)
    for i in range(n):
        left = vectors[dim * i : dim * (i + 1)]
        distance[i, i] = np.inf
        for j in range(i):
            right = vectors[dim * j : dim * (j + 1)]
            squares = np.float32(0)
            for d in range(dim):
                difference = left[d] - right[d]
                squares += difference * difference
            added = squares * (weight[i] * weight[j] / (weight[i] + weight[j]))
            distance[i, j] = distance[j, i] = added
    lefts, rights = np.empty(n - 1, np.int64), np.empty(n - 1, np.int64)
    heights = np.empty(n - 1)
    is_merged = np.zeros(n, np.bool_)
    chain, length, lowest = np.empty(n, np.int64), 0, 0
    for union in range(n - 1):
        if length == 0:
            while is_merged[lowest]:
                lowest += 1
            chain[0], length = lowest, 1
        while True:
            a = chain[length - 1]
            b = chain[length - 2] if length > 1 else a  # on a tie the chain turns back, and ends
            nearest = distance[a, b]
            for k in range(n):
                if distance[a, k] < nearest:
                    nearest, b = distance[a, k], k
            if length > 1 and b == chain[length - 2]:
                break
            chain[length] = b
            length += 1
        length -= 2
        a, b = min(a, b), max(a, b)
        lefts[union], rights[union], heights[union] = a, b, nearest
        is_merged[b] = True
        for k in range(n):
            if not is_merged[k] and k != a:
                total = weight[a] + weight[b] + weight[k]
                parts = (weight[a] + weight[k]) * distance[a, k]
                parts += (weight[b] + weight[k]) * distance[b, k] - weight[k] * nearest
                distance[a, k] = distance[k, a] = parts / total
            distance[k, b] = np.inf
        weight[a] += weight[b]
    for i in range(n):
        groups[i] = i
    for union in np.argsort(heights, kind="mergesort")[: n - n_groups]:
        a, b = lefts[union], rights[union]
        while groups[a] != a:
            a = groups[a]
        while groups[b] != b:
            b = groups[b]
        groups[max(a, b)] = min(a, b)
    for i in range(n):  # a group's first comes before the others and is named already
        groups[i] = groups[groups[i]]


def _read_only(dtype: types.Type) -> types.Array:
    """A flat array the kernel only reads; writable ones are accepted too."""
    return types.Array(dtype, 1, "C", readonly=True)


_PAGES_TYPES = (_read_only(types.int64), _read_only(types.int64), types.float64[::1])
_WORDS_TYPE = _read_only(types.uint64)
_HAMMING_TYPES = types.void(_WORDS_TYPE, _WORDS_TYPE, *_PAGES_TYPES)
_BIT_PLANES_TYPES = types.void(_WORDS_TYPE, _read_only(types.float64), _WORDS_TYPE, *_PAGES_TYPES)
_FLOAT_TYPES = types.void(_read_only(types.float32), _read_only(types.uint16), *_PAGES_TYPES)

_WARD_TYPES = types.void(
    _read_only(types.float32), _read_only(types.float64), types.int64, types.int64[::1]
)


@functools.cache
def _compiled(function: Kernel, signature: Signature, reorder_sums: bool = False) -> Kernel:
    """Compile on first use, or load what an earlier process compiled on such a CPU.

    numba keeps its cache beside the source or, where that is read-only, in the user's cache folder.
    Floats are added in the order written, unless `reorder_sums` lets LLVM use vector lanes.
    """
    fast = {"reassoc", "contract"} if reorder_sums else False
    compiler = functools.partial(numba.njit, signature, nogil=True, fastmath=fast)
    start = time.perf_counter()
    try:
        dispatcher = compiler(cache=True)(function)
    except (RuntimeError, OSError, EOFError, pickle.UnpicklingError):
        # Nowhere to write, a full disk, or a damaged cache file: a second lost in each process.
        dispatcher = compiler()(function)
    if not dispatcher.stats.cache_hits:
        COMPILED_S[function.__name__] = time.perf_counter() - start
    kernel: Kernel = dispatcher
    return kernel
