"""Hamming MaxSim: `kernels.hamming_scores`.

Bits are read from a flat uint64 array, two words a patch: a two-dimensional array's run-time stride
keeps LLVM from using vectors and costs 4.5 times.
"""

from collections.abc import Iterable

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.core.base import BaseContext
from numba.core.typing.context import Context
from numba.core.typing.templates import Signature

from index.compiled.compiler import (
    PAGES_TYPES,
    Emitter,
    Floats,
    Integers,
    Kernel,
    Values,
    Words,
    compiled,
    emitted,
    llvm_function,
    nothing,
    pick,
    place,
    prefetch,
    read_only,
    vector_at,
)
from index.pages import VECTOR_DIM

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
    return compiled(_hamming, _TYPES)


def _emit_approach(
    _typing: Context,
    bits: types.Array,
    _first: types.Type,
    n_patches: types.IntegerLiteral,
    query: types.Array,
    _n_tokens: types.Type,
    nearest: types.Array,
) -> tuple[Signature, Emitter]:
    """Bring `nearest` down to the distances of `n_patches` patches, `first` and those after it.

    A token has 8 words of `nearest`, each the smallest of every eighth patch.

    Intel CPUs run 512-bit instructions on two ports. For 8 patches a token needs six: 2 xor, 2
    popcounts, an addition and a minimum, so 3 cycles; 2.9 to 3.4 were measured. LLVM's own loop has
    seven, since a 64-bit minimum is two (VPMINUQ on uops.info): here it is one of 32 bits, right
    because the upper halves are zero. The patches stay in registers while all tokens pass by, so a
    page is read once, and the memory can bring the next patches during all of the computing.
    """

    def emit(
        context: BaseContext, builder: ir.IRBuilder, signature: Signature, values: Values
    ) -> ir.Value:
        in_bits, in_first, _, in_query, in_n_tokens, in_nearest = range(len(values))
        n_words = 2 * n_patches.literal_value
        i32, i64 = ir.IntType(32), ir.IntType(64)
        lanes, half_lanes = ir.VectorType(i64, _LANES), ir.VectorType(i32, 2 * _LANES)

        def at(argument: int, word: ir.Value, length: int) -> ir.Value:
            start = place(context, builder, signature.args[argument], values[argument], word)
            return vector_at(builder, start, ir.VectorType(i64, length))

        def lanes_of(vector: ir.Value, picks: Iterable[int]) -> ir.Value:
            return pick(builder, vector, vector, list(picks))

        def ones(vector: ir.Value) -> ir.Value:
            return builder.call(
                llvm_function(builder, f"llvm.ctpop.v{_LANES}i64", lanes, lanes), [vector]
            )

        first = builder.mul(values[in_first], i64(2))
        low, high = [], []
        for word in range(0, n_words, 2 * _LANES):
            sixteen_words = at(in_bits, builder.add(first, i64(word)), 2 * _LANES)
            patches = builder.load(sixteen_words, align=8)
            low.append(lanes_of(patches, range(0, 2 * _LANES, 2)))
            high.append(lanes_of(patches, range(1, 2 * _LANES, 2)))

        for word in range(0, n_words, _WORDS_PER_LINE):
            prefetch(builder, at(in_bits, builder.add(first, i64(_WORDS_AHEAD + word)), 1))

        with cgutils.for_range(builder, values[in_n_tokens]) as token:
            words = builder.load(at(in_query, builder.mul(token.index, i64(2)), 2), align=8)
            token_low, token_high = lanes_of(words, [0] * _LANES), lanes_of(words, [1] * _LANES)
            kept = at(in_nearest, builder.mul(token.index, i64(_LANES)), _LANES)
            best = builder.bitcast(builder.load(kept, align=8), half_lanes)
            for x, y in zip(low, high, strict=True):
                distance = builder.add(
                    ones(builder.xor(x, token_low)), ones(builder.xor(y, token_high))
                )
                distance = builder.bitcast(distance, half_lanes)
                best = builder.select(builder.icmp_unsigned("<", distance, best), distance, best)
            builder.store(builder.bitcast(best, lanes), kept, align=8)
        return nothing(context)

    return types.void(bits, types.int64, n_patches, query, types.int64, nearest), emit


_approach = emitted(_emit_approach)


def _hamming(query: Words, bits: Words, starts: Integers, counts: Integers, scores: Floats) -> None:
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


_TYPES = types.void(read_only(types.uint64), read_only(types.uint64), *PAGES_TYPES)
