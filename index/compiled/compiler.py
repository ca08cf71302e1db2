"""Compile a kernel with numba, which nothing outside this folder knows, and ask what LLVM can do.

A kernel's file holds all that only it uses, because numba's cache on disk notices a change of the
kernel's own file and of no other. Who changes what is shared, here, clears the cache: the
`__pycache__` of this folder.
"""

import functools
import pickle
import time
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import numba
import numpy as np
from llvmlite import ir
from numba import types
from numba.core.base import BaseContext
from numba.core.typing.context import Context
from numba.core.typing.templates import Signature
from numba.extending import intrinsic
from numpy.typing import NDArray

from index.timing import COMPILED_S

Kernel: TypeAlias = Callable[..., None]
"""Takes the query, what is stored, starts, counts, and the array to write the scores to."""

Words: TypeAlias = NDArray[np.uint64]
Integers: TypeAlias = NDArray[np.int64]
Floats: TypeAlias = NDArray[np.float64]

Values: TypeAlias = tuple[ir.Value, ...]
Emitter: TypeAlias = Callable[[BaseContext, ir.IRBuilder, Signature, Values], ir.Value]


def read_only(dtype: types.Type) -> types.Array:
    """A flat array the kernel only reads; writable ones are accepted too."""
    return types.Array(dtype, 1, "C", readonly=True)


PAGES_TYPES = (read_only(types.int64), read_only(types.int64), types.float64[::1])
"""Starts and counts of pages, and their scores."""


@functools.cache
def compiled(function: Kernel, signature: Signature, reorder_sums: bool = False) -> Kernel:
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
        COMPILED_S[f"{function.__name__}{signature}"] = time.perf_counter() - start
    kernel: Kernel = dispatcher
    return kernel


# What a kernel's emitters share.


def processor(context: BaseContext) -> tuple[str, str, str]:
    """What is compiled for: LLVM's triple, name and features."""
    triple, cpu, features = context.codegen().magic_tuple()  # type: ignore[attr-defined]
    return triple, cpu, features


def emitted(emit: Callable[..., tuple[Signature, Emitter]]) -> Callable[..., Any]:
    """A function for kernels that is written in LLVM's own words; integers may be constants."""
    function: Callable[..., Any] = intrinsic(prefer_literal=True)(emit)
    return function


def llvm_function(
    builder: ir.IRBuilder, name: str, result: ir.Type, *arguments: ir.Type
) -> ir.Function:
    """One of LLVM's intrinsics, declared."""
    return builder.module.declare_intrinsic(name, fnty=ir.FunctionType(result, arguments))


def place(
    context: BaseContext, builder: ir.IRBuilder, array: types.Array, value: ir.Value, item: ir.Value
) -> ir.Value:
    """Pointer to an item of a flat array."""
    kind = context.make_array(array)  # type: ignore[no-untyped-call]  # numba's own
    return builder.gep(kind(context, builder, value).data, [item])


def vector_at(builder: ir.IRBuilder, pointer: ir.Value, kind: ir.VectorType) -> ir.Value:
    """Pointer to a vector that begins there."""
    return builder.bitcast(pointer, kind.as_pointer())


def pick(builder: ir.IRBuilder, one: ir.Value, other: ir.Value, lanes: Sequence[int]) -> ir.Value:
    """Lanes of two vectors; those of the second are counted on from the first's."""
    return builder.shuffle_vector(
        one, other, ir.Constant(ir.VectorType(ir.IntType(32), len(lanes)), list(lanes))
    )


def prefetch(builder: ir.IRBuilder, pointer: ir.Value) -> None:
    """Ask for a cache line that will be read. Beyond what is mapped this does nothing: no fault."""
    byte, i32 = ir.IntType(8), ir.IntType(32)
    function = llvm_function(
        builder, "llvm.prefetch.p0", ir.VoidType(), byte.as_pointer(), i32, i32, i32
    )
    for_reading, into_nearest_cache, data = i32(0), i32(3), i32(1)
    line = builder.bitcast(pointer, byte.as_pointer())
    builder.call(function, [line, for_reading, into_nearest_cache, data])


def nothing(context: BaseContext) -> ir.Value:
    """What a function without a result gives."""
    return context.get_dummy_value()  # type: ignore[no-untyped-call]  # numba's own


def _emit_use_widest_vectors(_typing: Context) -> tuple[Signature, Emitter]:
    """Let LLVM use 512-bit registers in the calling function: 1.7 times as fast on Intel CPUs.

    LLVM has them but avoids them there. CPUs without such registers ignore the wish.
    """

    def emit(context: BaseContext, builder: ir.IRBuilder, _: Signature, __: Values) -> ir.Value:
        # llvmlite's own add() knows only attributes without a value.
        set.add(builder.function.attributes, '"prefer-vector-width"="512"')
        return nothing(context)

    return types.void(), emit


use_widest_vectors = emitted(_emit_use_widest_vectors)
