"""The kernels in processes of their own, for another processor, and without a cache."""

import json
import os
import subprocess
import sys
from pathlib import Path

import llvmlite.binding as llvm
import numba
import numpy as np
import pytest

from index import kernels, maxsim
from index.compiled.compiler import compiled
from index.compiled.dot_products import block_patches
from index.compiled.sign_tables import byte_shuffle
from index.quantize import pack_sign_bits
from tests.stored_pages import random_pages, unit_vectors

ROOT = Path(__file__).resolve().parents[2]


def test_a_forked_process_gets_threads_of_its_own():
    script = """
import os, signal
import numpy as np
from index.kernels import hamming_scores
query, bits = np.zeros((1, 16), np.uint8), np.zeros(2000, np.uint64)
pages = np.arange(1000), np.ones(1000, np.int64)
hamming_scores(query, bits, *pages, n_threads=2)
child = os.fork()
if child == 0:
    signal.alarm(60)
    os._exit(0 if hamming_scores(query, bits, *pages, n_threads=2).sum() == 1000 else 1)
print("child", os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""
    # Python 3.12 warns of any fork beside threads; this is what is tested here.
    assert run(script, PYTHONWARNINGS="ignore").stdout == "child 0\n"


def test_nothing_behind_the_last_patch_is_read():
    # The pages end where memory ends: to read on is to die.
    script = """
import ctypes, mmap
import numpy as np
from index.kernels import bits_scores, float_scores, hamming_scores, sign_table_scores
size = 4 * mmap.PAGESIZE
memory = np.frombuffer(mmap.mmap(-1, size + mmap.PAGESIZE), np.uint8)
behind = ctypes.c_void_p(memory.ctypes.data + size)
assert ctypes.CDLL(None).mprotect(behind, ctypes.c_size_t(mmap.PAGESIZE), 0) == 0
bits, vectors = memory[:size].view(np.uint64), memory[:size].view(np.uint16).reshape(-1, 128)
counts = np.array([1, 2, 5, 31, 32, 33, 64])
query_bits, query = np.zeros((3, 16), np.uint8), np.ones((3, 128), np.float32)
print(hamming_scores(query_bits, bits, len(bits) // 2 - counts, counts).tolist())
print(bits_scores(query, bits, len(bits) // 2 - counts, counts).tolist())
print(float_scores(query, vectors, len(vectors) - counts, counts).tolist())
print(sign_table_scores(query, bits, len(bits) // 2 - counts, counts).tolist())
"""
    assert run(script).stdout.splitlines() == [f"{[3.0] * 7}", *[f"{[0.0] * 7}"] * 3]


@pytest.mark.skipif(os.uname().machine != "x86_64", reason="names an x86 processor")
@pytest.mark.parametrize(
    ("cpu", "n_bytes"), [("x86-64", 0), ("nehalem", 16), ("haswell", 32), ("znver3", 32)]
)
def test_older_processors_give_the_same_scores(tmp_path, cpu, n_bytes):
    assert byte_shuffle("x86_64-unknown-linux-gnu", cpu, "")[0] == n_bytes
    query, pages = unit_vectors(np.random.default_rng(11), 7), random_pages([21, 49, 10], 12)
    query_bits, place = pack_sign_bits(query), (pages.starts, pages.counts)
    np.savez(tmp_path / "data.npz", query_bits, query, pages.words, pages.halves, *place)
    here = np.array(
        [
            kernels.hamming_scores(query_bits, pages.words, *place),
            kernels.bits_scores(query, pages.words, *place),
            kernels.float_scores(query, pages.halves, *place),
            kernels.sign_table_scores(query, pages.words, *place),
        ]
    )
    script = """
import sys
import numpy as np
from index import kernels
query_bits, query, bits, halves, starts, counts = np.load(sys.argv[1]).values()
print(kernels.hamming_scores(query_bits, bits, starts, counts).tolist())
print(kernels.bits_scores(query, bits, starts, counts).tolist())
print(kernels.float_scores(query, halves, starts, counts).tolist())
print(kernels.sign_table_scores(query, bits, starts, counts).tolist())
"""
    older = {"NUMBA_CPU_NAME": cpu, "NUMBA_CPU_FEATURES": ""}
    output = run(script, str(tmp_path / "data.npz"), NUMBA_CACHE_DIR=str(tmp_path), **older).stdout
    there = np.array([json.loads(line) for line in output.splitlines()])
    assert (there[0] == here[0]).all()
    difference = np.abs(there - here).max()
    assert difference <= 1e-6 * np.abs(here).max(), f"max difference {difference:.3g}"


@pytest.mark.skipif(os.uname().machine != "x86_64", reason="names x86 processors")
@pytest.mark.parametrize(
    ("cpu", "register", "n_patches"),
    [("znver3", "ymm", 16), ("skylake-avx512", "zmm", 32), ("znver4", "zmm", 32)],
)
def test_the_widest_registers_are_used(tmp_path, cpu, register, n_patches):
    """Compiled for a processor that may not be here, and not run."""
    assert block_patches("x86_64-unknown-linux-gnu", cpu, "") == n_patches
    script = """
from index.compiled.dot_products import float_kernel
from index.compiled.sign_tables import sign_tables_kernel
for kernel in (sign_tables_kernel(), float_kernel()):
    print("".join(kernel.inspect_asm().values()))
"""
    there = {"NUMBA_CPU_NAME": cpu, "NUMBA_CPU_FEATURES": "", "NUMBA_CACHE_DIR": str(tmp_path)}
    lines = run(script, **there).stdout.splitlines()
    for instruction in ("vpshufb", "vfmadd"):
        used = [line for line in lines if instruction in line]
        assert used
        assert all(register in line for line in used if "(%rip)" not in line), used[0]


def test_apple_and_other_arm_processors_look_bytes_up_too():
    llvm.initialize_all_targets()
    llvm.initialize_all_asmprinters()
    triple = "arm64-apple-macosx14.0.0"
    width, name = byte_shuffle(triple, "apple-m1", "")
    assert width == 16
    kind = f"<{width} x i8>"
    module = llvm.parse_assembly(
        f'target triple = "{triple}"\n'
        f"declare {kind} @{name}({kind}, {kind})\n"
        f"define {kind} @looked_up({kind} %t, {kind} %n) {{\n"
        f"%x = call {kind} @{name}({kind} %t, {kind} %n)\nret {kind} %x\n}}\n"
    )
    machine = llvm.Target.from_triple(triple).create_target_machine(cpu="apple-m1")
    assert "tbl" in machine.emit_assembly(module)
    assert block_patches(triple, "apple-m1", "") == 16


def run(script: str, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", script, *arguments],
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )


@pytest.fixture
def forget_kernels():
    """Make the next call compile its kernel or load it from the cache, as in a new process."""
    forget = compiled.cache_clear
    forget()
    yield forget
    forget()


def assert_hamming_scores_are_right() -> None:
    query, pages = pack_sign_bits(unit_vectors(np.random.default_rng(13), 3)), random_pages([40])
    [score] = kernels.hamming_scores(query, pages.words, pages.starts, pages.counts)
    assert score == maxsim.hamming_maxsim(query, pages.bits)


def test_nowhere_to_keep_compiled_code_is_no_error(monkeypatch, forget_kernels):
    # The user's cache folder is the only one allowed, and cannot be made.
    monkeypatch.setattr(numba.config, "CACHE_LOCATOR_CLASSES", "UserWideCacheLocator")
    monkeypatch.setenv("XDG_CACHE_HOME", os.devnull)
    monkeypatch.setenv("HOME", os.devnull)
    with pytest.raises(RuntimeError, match="no locator available"):
        numba.njit(cache=True)(assert_hamming_scores_are_right)
    assert_hamming_scores_are_right()


@pytest.mark.parametrize("kind", ["nbi", "nbc"])
def test_a_damaged_cache_is_no_error(tmp_path, monkeypatch, forget_kernels, kind):
    monkeypatch.setattr(numba.config, "CACHE_DIR", str(tmp_path))
    assert_hamming_scores_are_right()
    [file] = tmp_path.rglob(f"*.{kind}")
    file.write_bytes(file.read_bytes()[:100])
    forget_kernels()
    assert_hamming_scores_are_right()
