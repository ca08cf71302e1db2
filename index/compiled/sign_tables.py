"""Float queries against sign bits by table look-up: `kernels.sign_table_scores`.

Four sign bits of a patch have sixteen forms, and so has what they add to the dot product with a
query token. Sixteen bytes fill a register, and processors look a whole register of such bytes up at
once: x86 by PSHUFB, ARM by TBL (F. Andre, A.-M. Kermarrec and N. Le Scouarnec, 2015, "Cache
locality is not enough: high-performance nearest neighbor search with product quantization fast
scan", PVLDB 9). A page's bits are turned once, so that a register holds one nibble of many patches,
and then all tokens pass by.

All sums are of integers, so every processor gives the same scores to the last bit.
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
    Words,
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

TABLES = 32
"""Tables of a query token: one for every four dimensions."""

ENTRIES = 16
"""Entries of a table: one for every form of four sign bits."""

LARGEST_ENTRY = 63
"""Six bits: the sum of four entries fits a byte. Finer ones find no more (docs/decisions.md)."""

_TABLES_PER_BYTE = 4

_STEP = 64
"""Patches looked up at once: one, two or four registers. 832 and 1088 are multiples."""

_BYTES_AHEAD = 4096

_X86_SHUFFLES = {
    64: ("zmm", "llvm.x86.avx512.pshuf.b.512"),
    32: ("ymm", "llvm.x86.avx2.pshuf.b"),
    16: ("xmm", "llvm.x86.ssse3.pshuf.b.128"),
}
_ARM_SHUFFLE = "llvm.aarch64.neon.tbl1.v16i8"

_Bytes = NDArray[np.uint8]


def sign_tables_kernel() -> Kernel:
    """(uint8 tables, float64 steps, float64 lowest, uint64 bits, ...): `_sign_tables`."""
    return compiled(_sign_tables, _TYPES)


@functools.cache
def byte_shuffle(triple: str, cpu: str, features: str) -> tuple[int, str]:
    """The widest look-up of bytes that a processor has.

    The compiler is asked rather than a list of processors: what it makes of a reversal of bytes is
    what it may use.

    Returns:
        Bytes at once, and LLVM's name for it; 0 and "" where there is none.
    """
    target = llvm.Target.from_triple(triple)
    if target.name in ("aarch64", "arm64"):
        return 16, _ARM_SHUFFLE
    if target.name not in ("x86-64", "x86"):
        return 0, ""
    machine = target.create_target_machine(cpu=cpu, features=features, opt=2)
    for width, (register, name) in _X86_SHUFFLES.items():
        lanes = ", ".join(f"i32 {lane - lane % 16 + 15 - lane % 16}" for lane in range(width))
        kind = f"<{width} x i8>"
        module = llvm.parse_assembly(
            f'target triple = "{triple}"\n'
            f'define {kind} @reversed({kind} %x) "prefer-vector-width"="512" {{\n'
            f"%y = shufflevector {kind} %x, {kind} undef, <{width} x i32> <{lanes}>\n"
            f"ret {kind} %y\n}}\n"
        )
        if re.search(rf"pshufb.*{register}", machine.emit_assembly(module)):
            return width, name
    return 0, ""


def _shuffle_here(context: BaseContext) -> tuple[int, str]:
    """`byte_shuffle` of the processor that is compiled for."""
    return byte_shuffle(*processor(context))


def _emit_has_shuffle(_typing: Context) -> tuple[Signature, Emitter]:
    """Whether bytes can be looked up; a constant, so that only one of two ways is compiled."""

    def emit(context: BaseContext, _: ir.IRBuilder, __: Signature, ___: Values) -> ir.Value:
        return ir.Constant(ir.IntType(1), _shuffle_here(context)[0] > 0)

    return types.boolean(), emit


def _emit_turn(
    _typing: Context, bits: types.Array, _first: types.Type, nibbles: types.Array
) -> tuple[Signature, Emitter]:
    """Lay out `_STEP` patches from `first` on, nibble by nibble: uint8 (TABLES, _STEP), flat.

    Sixteen rows of sixteen bytes are turned by four rounds of interleaving, in each 128 bits of a
    register, where x86 interleaves fast.
    """

    def emit(
        context: BaseContext, builder: ir.IRBuilder, signature: Signature, values: Values
    ) -> ir.Value:
        width = _shuffle_here(context)[0]
        if not width:
            return nothing(context)
        i64 = ir.IntType(64)
        row, register = ir.VectorType(ir.IntType(8), 16), ir.VectorType(ir.IntType(8), width)
        starts = range(0, width, 16)
        low = [s + lane // 2 + lane % 2 * width for s in starts for lane in range(16)]
        high = [lane + 8 for lane in low]
        first_word = builder.mul(values[1], i64(2))

        def word(n: int) -> ir.Value:
            item = builder.add(first_word, i64(n))
            return place(context, builder, signature.args[0], values[0], item)

        def patch(n: int) -> ir.Value:
            return builder.load(vector_at(builder, word(2 * n), row), align=8)

        def joined(parts: list[ir.Value]) -> ir.Value:
            while len(parts) > 1:
                lanes = range(2 * parts[0].type.count)
                pairs = zip(parts[::2], parts[1::2], strict=True)
                parts = [pick(builder, a, b, lanes) for a, b in pairs]
            return parts[0]

        for ahead in range(0, 16 * _STEP, 64):
            prefetch(builder, word((_BYTES_AHEAD + ahead) // 8))
        four, fifteen = (ir.Constant(register, [n] * width) for n in (4, 15))
        for first in range(0, _STEP, width):
            rows = [joined([patch(first + s + n) for s in starts]) for n in range(16)]
            for _round in range(4):
                pairs = list(zip(rows[:8], rows[8:], strict=True))
                rows = [pick(builder, a, b, half) for a, b in pairs for half in (low, high)]
            for n, bytes_ in enumerate(rows):
                halves = builder.lshr(bytes_, four), builder.and_(bytes_, fifteen)
                for table, nibble in enumerate(halves, 2 * n):
                    at = i64(_STEP * table + first)
                    to = place(context, builder, signature.args[2], values[2], at)
                    builder.store(nibble, vector_at(builder, to, register), align=1)
        return nothing(context)

    return types.void(bits, types.int64, nibbles), emit


def _emit_look_up(
    _typing: Context,
    tables: types.Array,
    nibbles: types.Array,
    _n_tokens: types.Type,
    largest: types.Array,
) -> tuple[Signature, Emitter]:
    """Bring each token's `largest` sums up to those of the patches in `nibbles`.

    A sum of four tables is a byte; to add such bytes up as 16 bits, they are taken two at a time:
    one register adds low + 256 * high, another high alone, and the low sums are their difference.
    """

    def emit(
        context: BaseContext, builder: ir.IRBuilder, signature: Signature, values: Values
    ) -> ir.Value:
        width, name = _shuffle_here(context)
        if not width:
            return nothing(context)
        i16, i64 = ir.IntType(16), ir.IntType(64)
        row, register = ir.VectorType(ir.IntType(8), 16), ir.VectorType(ir.IntType(8), width)
        sums = ir.VectorType(i16, width // 2)
        eight = ir.Constant(sums, [8] * (width // 2))
        shuffle = llvm_function(builder, name, register, register, register)

        def at(argument: int, item: ir.Value, kind: ir.VectorType) -> ir.Value:
            to = place(context, builder, signature.args[argument], values[argument], item)
            return vector_at(builder, to, kind)

        def larger(a: ir.Value, b: ir.Value) -> ir.Value:
            return builder.select(builder.icmp_unsigned(">", a, b), a, b)

        with cgutils.for_range(builder, values[2]) as token:
            first_entry = builder.mul(token.index, i64(TABLES * ENTRIES))
            n_registers = _STEP // width
            both = [ir.Constant(sums, None)] * n_registers
            high = [ir.Constant(sums, None)] * n_registers
            for group in range(0, TABLES, _TABLES_PER_BYTE):
                four: list[ir.Value | None] = [None] * n_registers
                for table in range(group, group + _TABLES_PER_BYTE):
                    entry = builder.add(first_entry, i64(ENTRIES * table))
                    entries = builder.load(at(0, entry, row), align=1)
                    entries = pick(builder, entries, entries, [*range(16)] * (width // 16))
                    for n in range(n_registers):
                        found_at = at(1, i64(_STEP * table + n * width), register)
                        found = builder.call(shuffle, [entries, builder.load(found_at, align=1)])
                        four[n] = found if four[n] is None else builder.add(four[n], found)
                for n in range(n_registers):
                    pairs = builder.bitcast(four[n], sums)
                    both[n] = builder.add(both[n], pairs)
                    high[n] = builder.add(high[n], builder.lshr(pairs, eight))
            first_sum = builder.mul(token.index, i64(_STEP))
            for part, found_sums in enumerate((both, high)):
                to = at(3, builder.add(first_sum, i64(part * width // 2)), sums)
                best = builder.load(to, align=2)
                for n in range(n_registers):
                    found = found_sums[n]
                    if found_sums is both:
                        found = builder.sub(found, builder.shl(high[n], eight))
                    best = larger(best, found)
                builder.store(best, to, align=2)
        return nothing(context)

    return types.void(tables, nibbles, types.int64, largest), emit


_has_shuffle = emitted(_emit_has_shuffle)
_turn = emitted(_emit_turn)
_look_up = emitted(_emit_look_up)


def _sign_tables(
    tables: _Bytes,
    steps: Floats,
    lowest: Floats,
    bits: Words,
    starts: Integers,
    counts: Integers,
    scores: Floats,
) -> None:
    """Sum over the tokens of step * (largest sum of a patch's entries) + lowest, for each page.

    A maximum does not mind seeing a patch twice: a page's last step reaches back over the one
    before, and a page shorter than a step is repeated until it fills one.
    """
    use_widest_vectors()
    n_tokens = len(steps)
    nibbles = np.empty(TABLES * _STEP, np.uint8)
    largest = np.empty(_STEP * n_tokens, np.uint16)
    repeated = np.empty(2 * _STEP, np.uint64)
    for i in range(len(starts)):
        n_patches = counts[i]
        if n_patches == 0:
            scores[i] = -np.inf
            continue
        page = bits[2 * starts[i] : 2 * (starts[i] + n_patches)]
        for lane in range(len(largest)):
            largest[lane] = 0
        if _has_shuffle():
            if n_patches < _STEP:
                for word in range(len(repeated)):
                    repeated[word] = page[word % len(page)]
                page, n_patches = repeated, _STEP
            for first in range(0, n_patches, _STEP):
                _turn(page, min(first, n_patches - _STEP), nibbles)
                _look_up(tables, nibbles, n_tokens, largest)
        else:
            for p in range(0, len(page), 2):
                for t in range(n_tokens):
                    total, entry = 0, TABLES * ENTRIES * t
                    for byte in range(16):
                        both = (page[p + byte // 8] >> np.uint64(byte % 8 * 8)) & np.uint64(255)
                        total += tables[entry + np.int64(both >> np.uint64(4))]
                        total += tables[entry + ENTRIES + np.int64(both & np.uint64(15))]
                        entry += 2 * ENTRIES
                    if total > largest[_STEP * t]:
                        largest[_STEP * t] = total
        score = 0.0
        for t in range(n_tokens):
            best = largest[_STEP * t]
            for lane in range(1, _STEP):
                best = max(best, largest[_STEP * t + lane])
            score += best * steps[t] + lowest[t]
        scores[i] = score


_TYPES = types.void(
    read_only(types.uint8),
    read_only(types.float64),
    read_only(types.float64),
    read_only(types.uint64),
    *PAGES_TYPES,
)
