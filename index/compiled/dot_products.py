"""Exact dot products of query tokens with patches, for `float_scores` and `bits_scores`.

Patches come in blocks, turned so that a register holds one dimension of many patches, as float32:
of bfloat16 the upper half, of sign bits 0 and 1. Then every multiplication is useful, no sum across
a register is needed, and a patch's similarity does not depend on its place among the others. Up to
six tokens pass over a block together, so that each loaded dimension is used six times (K. Goto and
R. A. van de Geijn, 2008, "Anatomy of high-performance matrix multiplication"). The next patches are
asked for meanwhile: at 14 tokens memory would else take as long as the sums.
"""

import functools
import re

import llvmlite.binding as llvm
import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.core.base import BaseContext
from numba.core.typing.context import Context
from numba.core.typing.templates import Signature
from numpy.typing import NDArray

from index.compiled.compiler import (
    PAGES_TYPES,
    Emitter,
    Floats,
    Integers,
    Kernel,
    Values,
    compiled,
    emitted,
    llvm_function,
    nothing,
    pick,
    place,
    prefetch,
    processor,
    read_only,
    use_widest_vectors,
    vector_at,
)
from index.pages import VECTOR_DIM

_EIGHT = 8
"""Patches turned at once."""

_DIMS = 16
"""Dimensions turned at once: eight words of two bfloat16."""

_BYTES_PER_LINE = 64


def float_kernel() -> Kernel:
    """(float32 query, uint16 vectors, 128, ...), both flat: `maxsim.float_maxsim` of each page.

    The number of query tokens is even, and at least 4.
    """
    return compiled(_dot_products, _types(types.uint16))


def bits_kernel() -> Kernel:
    """(float32 query, uint64 bits, 2, ...), both flat: `maxsim.bits_maxsim` of each page.

    The number of query tokens is even, and at least 4.
    """
    return compiled(_dot_products, _types(types.uint64))


@functools.cache
def block_patches(triple: str, cpu: str, features: str) -> int:
    """Patches of a block: two registers of 16 floats, two of 8, or four of 4.

    Times six tokens these are as many sums as hide the time one takes, and no more than there are
    registers.
    """
    target = llvm.Target.from_triple(triple)
    machine = target.create_target_machine(cpu=cpu, features=features, opt=2)
    module = llvm.parse_assembly(
        f'target triple = "{triple}"\n'
        'define <16 x float> @sum(<16 x float> %x) "prefer-vector-width"="512" {\n'
        "%y = fadd <16 x float> %x, %x\nret <16 x float> %y\n}\n"
    )
    return 32 if re.search("zmm", machine.emit_assembly(module)) else 16


def _block_patches_here(context: BaseContext) -> int:
    """`block_patches` of the processor that is compiled for."""
    return block_patches(*processor(context))


def _emit_block_patches(_typing: Context) -> tuple[Signature, Emitter]:
    """`block_patches`, as a constant."""

    def emit(context: BaseContext, _: ir.IRBuilder, __: Signature, ___: Values) -> ir.Value:
        return ir.Constant(ir.IntType(64), _block_patches_here(context))

    return types.int64(), emit


def _emit_load_block(
    _typing: Context, stored: types.Array, _first: types.Type, block: types.Array
) -> tuple[Signature, Emitter]:
    """Lay out a block of patches as float32 (VECTOR_DIM, n patches), flat; `first` is its item."""
    emit = _emit_bits_block if stored.dtype == types.uint64 else _emit_bfloat16_block
    return types.void(stored, types.int64, block), emit


def _emit_bfloat16_block(
    context: BaseContext, builder: ir.IRBuilder, signature: Signature, values: Values
) -> ir.Value:
    """Eight rows of eight words are turned by three rounds of exchanges between two rows each."""
    n_patches = _block_patches_here(context)
    i32, i64 = ir.IntType(32), ir.IntType(64)
    words, floats = ir.VectorType(i32, _EIGHT), ir.VectorType(ir.FloatType(), _EIGHT)
    sixteen = ir.Constant(words, [16] * _EIGHT)
    upper = ir.Constant(words, [0xFFFF0000] * _EIGHT)
    rounds = (  # rows this far apart exchange words; which words of both make the two new rows
        (1, (0, 8, 1, 9, 4, 12, 5, 13), (2, 10, 3, 11, 6, 14, 7, 15)),
        (2, (0, 1, 8, 9, 4, 5, 12, 13), (2, 3, 10, 11, 6, 7, 14, 15)),
        (4, (0, 1, 2, 3, 8, 9, 10, 11), (4, 5, 6, 7, 12, 13, 14, 15)),
    )

    def at(argument: int, item: ir.Value) -> ir.Value:
        return place(context, builder, signature.args[argument], values[argument], item)

    n_steps = VECTOR_DIM // _DIMS
    with cgutils.for_range(builder, i64(n_steps)) as step:
        dim = builder.mul(step.index, i64(_DIMS))
        first = builder.add(values[1], dim)
        lines_per_step = n_patches * VECTOR_DIM * 2 // _BYTES_PER_LINE // n_steps
        ahead = builder.add(
            builder.add(values[1], i64(n_patches * VECTOR_DIM)),
            builder.mul(step.index, i64(lines_per_step * _BYTES_PER_LINE // 2)),
        )
        for line in range(lines_per_step):
            prefetch(builder, at(0, builder.add(ahead, i64(line * _BYTES_PER_LINE // 2))))
        for patch in range(0, n_patches, _EIGHT):
            items = [builder.add(first, i64(VECTOR_DIM * (patch + n))) for n in range(_EIGHT)]
            rows = [builder.load(vector_at(builder, at(0, i), words), align=2) for i in items]
            for distance, low, high in rounds:
                turned: list[ir.Value] = [None] * _EIGHT
                for n in range(_EIGHT):
                    if not n & distance:
                        a, b = rows[n], rows[n + distance]
                        turned[n] = pick(builder, a, b, low)
                        turned[n + distance] = pick(builder, a, b, high)
                rows = turned
            for n, word in zip((0, 2, 1, 3, 4, 6, 5, 7), rows, strict=True):
                halves = builder.shl(word, sixteen), builder.and_(word, upper)
                for odd, half in enumerate(halves):
                    row = builder.add(dim, i64(2 * n + odd))
                    to = builder.add(builder.mul(row, i64(n_patches)), i64(patch))
                    builder.store(
                        builder.bitcast(half, floats),
                        vector_at(builder, at(2, to), floats),
                        align=4,
                    )
    return nothing(context)


def _emit_bits_block(
    context: BaseContext, builder: ir.IRBuilder, signature: Signature, values: Values
) -> ir.Value:
    """Dimension d is a bit of byte d // 8, the highest first; bytes lie in words lowest first."""
    n_patches = _block_patches_here(context)
    i64 = ir.IntType(64)
    words, floats = ir.VectorType(i64, _EIGHT), ir.VectorType(ir.FloatType(), _EIGHT)
    zero, one = ir.Constant(floats, [0.0] * _EIGHT), ir.Constant(floats, [1.0] * _EIGHT)

    def at(argument: int, item: ir.Value, kind: ir.VectorType) -> ir.Value:
        to = place(context, builder, signature.args[argument], values[argument], item)
        return vector_at(builder, to, kind)

    halves = []
    for patch in range(0, n_patches, _EIGHT):
        both = at(0, builder.add(values[1], i64(2 * patch)), ir.VectorType(i64, 2 * _EIGHT))
        loaded = builder.load(both, align=8)
        for half in (0, 1):
            halves.append((patch, half, pick(builder, loaded, loaded, range(half, 16, 2))))
    with cgutils.for_range(builder, i64(64)) as dim:
        # 8 * (d // 8) + 7 - d % 8: the three lowest bits of d turned over
        bit = builder.shl(i64(1), builder.xor(dim.index, i64(7)))
        mask = builder.insert_element(ir.Constant(words, None), bit, ir.IntType(32)(0))
        mask = pick(builder, mask, mask, [0] * _EIGHT)
        for patch, half, word in halves:
            is_one = builder.icmp_unsigned("!=", builder.and_(word, mask), ir.Constant(words, None))
            row = builder.add(dim.index, i64(64 * half))
            to = builder.add(builder.mul(row, i64(n_patches)), i64(patch))
            builder.store(builder.select(is_one, one, zero), at(2, to, floats), align=4)
    return nothing(context)


def _emit_meet(
    _typing: Context,
    block: types.Array,
    query: types.Array,
    _token: types.Type,
    n_tokens: types.IntegerLiteral,
    best: types.Array,
) -> tuple[Signature, Emitter]:
    """Bring `best` up to the dot products of `n_tokens` tokens, from `token` on, with a block.

    A token has as many floats of `best` as a block has patches.
    """

    def emit(
        context: BaseContext, builder: ir.IRBuilder, signature: Signature, values: Values
    ) -> ir.Value:
        n_patches = _block_patches_here(context)
        i64, real = ir.IntType(64), ir.FloatType()
        lanes = ir.VectorType(real, n_patches)
        no_lane = ir.Constant(lanes, ir.Undefined)
        multiply_add = llvm_function(
            builder, f"llvm.fmuladd.v{n_patches}f32", lanes, lanes, lanes, lanes
        )

        maximum = llvm_function(builder, f"llvm.maxnum.v{n_patches}f32", lanes, lanes, lanes)

        def at(argument: int, item: ir.Value) -> ir.Value:
            return place(context, builder, signature.args[argument], values[argument], item)

        def row_at(argument: int, row: ir.Value) -> ir.Value:
            return vector_at(builder, at(argument, builder.mul(row, i64(n_patches))), lanes)

        n_sums = n_tokens.literal_value
        sums = [
            cgutils.alloca_once(builder, lanes)  # type: ignore[no-untyped-call]  # numba's own
            for _ in range(n_sums)
        ]
        for total in sums:
            builder.store(ir.Constant(lanes, None), total)
        first = builder.mul(values[2], i64(VECTOR_DIM))
        with cgutils.for_range(builder, i64(VECTOR_DIM)) as dim:
            patches = builder.load(row_at(0, dim.index), align=4)
            for n, total in enumerate(sums):
                item = builder.add(builder.add(first, dim.index), i64(VECTOR_DIM * n))
                one = builder.load(at(1, item))
                token = builder.insert_element(no_lane, one, ir.IntType(32)(0))
                token = pick(builder, token, token, [0] * n_patches)
                more = builder.call(multiply_add, [token, patches, builder.load(total)])
                builder.store(more, total)
        for n, total in enumerate(sums):
            kept = row_at(4, builder.add(values[2], i64(n)))
            old, new = builder.load(kept, align=4), builder.load(total)
            # told that nothing is NaN, it is one instruction; as a comparison it became masked
            # stores, which AMD's processors do slowly
            larger = builder.call(maximum, [new, old], fastmath=("nnan",))
            builder.store(larger, kept, align=4)
        return nothing(context)

    return types.void(block, query, types.int64, n_tokens, best), emit


_block_patches = emitted(_emit_block_patches)
_load_block = emitted(_emit_load_block)
_meet = emitted(_emit_meet)


def _dot_products(
    query: NDArray[np.float32],
    stored: NDArray[np.generic],
    items_per_patch: int,
    starts: Integers,
    counts: Integers,
    scores: Floats,
) -> None:
    """Sum over the tokens of the largest dot product with a patch, for each page.

    A maximum does not mind seeing a patch twice: a page's last block reaches back over the one
    before, and a page shorter than a block is repeated until it fills one.
    """
    use_widest_vectors()
    n_tokens, in_block = len(query) // VECTOR_DIM, _block_patches()
    block = np.empty(VECTOR_DIM * in_block, np.float32)
    best = np.empty(n_tokens * in_block, np.float32)
    repeated = np.empty(in_block * items_per_patch, stored.dtype)
    for i in range(len(starts)):
        n_patches = counts[i]
        if n_patches == 0:
            scores[i] = -np.inf
            continue
        page = stored[items_per_patch * starts[i] : items_per_patch * (starts[i] + n_patches)]
        if n_patches < in_block:
            for item in range(len(repeated)):
                repeated[item] = page[item % len(page)]
            page, n_patches = repeated, in_block
        for lane in range(len(best)):
            best[lane] = -np.inf
        for first in range(0, n_patches, in_block):
            _load_block(page, items_per_patch * min(first, n_patches - in_block), block)
            t = 0
            while n_tokens - t >= 6 and n_tokens - t != 8:
                _meet(block, query, t, 6, best)
                t += 6
            while t < n_tokens:
                _meet(block, query, t, 4, best)
                t += 4
        score = 0.0
        for t in range(n_tokens):
            largest = best[in_block * t]
            for lane in range(in_block * t + 1, in_block * (t + 1)):
                largest = max(largest, best[lane])
            score += largest
        scores[i] = score


def _types(stored: types.Type) -> Signature:
    return types.void(read_only(types.float32), read_only(stored), types.int64, *PAGES_TYPES)
