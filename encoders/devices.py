"""What torch can run on here: which devices, in which number format, with how much memory."""

import functools
import math
import time
from typing import TYPE_CHECKING

from index.errors import WrongUseError

if TYPE_CHECKING:
    import torch

BATCH_SIZES = {"cpu": 1, "mps": 4, "cuda": 8}
"""Pages at once where memory allows. A page is 10 to 17 images to the vision tower: a CPU is busy
with one, and shows progress and stops sooner."""

BFLOAT16_GAIN = 1.2  # on a CPU: half precision must be worth its lost digits


def torch_devices(names: str) -> list[str]:
    """The devices of these names: for "auto" the fastest there is, all GPUs of a kind.

    Args:
        names: "auto", or names separated by commas, such as "cuda:0,cuda:1".

    Raises:
        WrongUseError: this machine has no such device.
    """
    import torch

    here = ["cpu"]
    if torch.backends.mps.is_available():
        here.append("mps")
    if torch.cuda.is_available():
        gpus = [f"cuda:{i}" for i in range(torch.cuda.device_count())]
        here += [*gpus, "cuda"]
        if names == "auto":
            return gpus
    if names == "auto":
        return [here[-1]]
    for name in names.split(","):
        if name not in here:
            raise WrongUseError(
                f"This machine has no device {name!r} that torch {torch.__version__} can use. "
                f"--device takes auto, {', '.join(here)}, or several with commas between."
            )
    return names.split(",")


def fast_dtype(device: "torch.device") -> "torch.dtype":
    """The number format in which the device runs the model fast and safely."""
    import torch

    if device.type == "cuda":
        has_bfloat16 = torch.cuda.is_bf16_supported(including_emulation=False)
        return torch.bfloat16 if has_bfloat16 else torch.float16
    if device.type == "mps":
        return torch.float32  # NaN is known there even so (pytorch issue 182726): nothing riskier
    return _fast_cpu_dtype()


@functools.cache
def _fast_cpu_dtype() -> "torch.dtype":
    """bfloat16 where this CPU multiplies it faster than float32, else float32.

    A CPU with instructions for it takes half the time with bfloat16, one without took five times as
    long; no flag tells them apart on every system, so a layer of the vision tower is timed.
    """
    import torch

    def seconds(dtype: "torch.dtype") -> float:
        patches, weights = torch.ones(512, 768, dtype=dtype), torch.ones(768, 768, dtype=dtype)
        times = []
        for _ in range(4):  # the first is slower: threads start, kernels are compiled
            start = time.perf_counter()
            patches @ weights
            times.append(time.perf_counter() - start)
        return min(times)

    is_worth_it = seconds(torch.bfloat16) * BFLOAT16_GAIN < seconds(torch.float32)
    return torch.bfloat16 if is_worth_it else torch.float32


def pages_at_once(device_type: str, free_bytes: float, page_bytes: int) -> int:
    """The batch size that a device's free memory has room for; one at least, for a try."""
    return max(1, int(min(BATCH_SIZES[device_type], free_bytes / page_bytes)))


def free_bytes(device: "torch.device") -> float:
    """Free memory of a GPU; without bound elsewhere, where a few pages at most go at once."""
    import torch

    if device.type == "cuda":
        return float(torch.cuda.mem_get_info(device)[0])
    return math.inf


@functools.cache
def threads_there_are() -> int:
    """Before the first query took one: a second model of the process is to have them all."""
    import torch

    n_threads: int = torch.get_num_threads()
    return n_threads


def is_out_of_memory(error: Exception) -> bool:
    """Whether torch found no memory: on a GPU it has an error of its own for that, on a CPU not."""
    import torch

    has_own_type = isinstance(error, (MemoryError, torch.OutOfMemoryError))
    return has_own_type or "allocate memory" in str(error)
