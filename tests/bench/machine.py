"""What a measurement was made on: every benchmark prints it, and puts it into its JSON."""

import os
import platform
from importlib.metadata import version
from pathlib import Path

PACKAGES = ("numpy", "numba", "llvmlite", "faiss-cpu", "torch", "transformers", "colpali-engine")


def describe_machine() -> dict[str, object]:
    """Processor, cores this process may use, memory, system and versions."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    memory_bytes = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {
        "processor": processor_name(),
        "architecture": platform.machine(),
        "cores": cores,
        "memory_gb": round(memory_bytes / 1e9, 1),
        "load_average": [round(load, 2) for load in os.getloadavg()],
        "system": platform.platform(),
        "python": platform.python_version(),
        "versions": {package: version(package) for package in PACKAGES},
    }


def processor_name() -> str:
    """The processor's own name, where Linux tells it."""
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor()


def print_machine(machine: dict[str, object]) -> None:
    """One line for each fact."""
    for name, value in machine.items():
        print(f"{name:14} {value}")
    print()
