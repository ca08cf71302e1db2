"""Search beside others: `python -m tests.bench.bench_peers [--pages 500 2000 10000]`.

Every system gets the same planted pages of 832 patches (`planted_pages.py`), made anew for each
seed, and the same queries of 14 and 32 tokens at three cosines. A system is built in one process
and answers in another, so its memory is its own; in a round each answers one query in turn, alone.
A ratio is the system's time over ours for the same query, and the median of these: above 1, ours is
faster. Recall is the share of the ten best pages of an exact float32 ranking, by numpy.

As many systems take turns as memory has room for, ours in every group. What takes too long is cut:
a build after 300 s, and the queries of one set once a system spent 10 s on them; the JSON says
what was left out, and over how many queries each figure is. Memory includes what is mapped from
files. Where there is no `build_s`, the vectors are searched as they are, and what lies on disk is
the file of them. The first query warms up and is told apart.

A part: `--pages 500 --systems ours,torch`. Peers are installed by `pip install --group bench`;
fast-plaid wants another torch than Pagelens: `pip install --target FOLDER fast-plaid`, and name the
folder. 10,000 pages take 8 GB of memory and, with lancedb, 12 GB of disk. Barriers of threads wait
long on a busy machine, so let nothing else run. The last line is JSON.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import distributions
from pathlib import Path
from statistics import mean, median
from typing import Any

import numpy as np

from tests.bench.machine import describe_machine, print_machine
from tests.bench.peers import SYSTEMS, open_vectors
from tests.bench.planted_pages import QuerySet, plant_pages, plant_queries

N_PATCHES = 832
QUERY_TOKENS = (14, 32)
COSINES = (0.55, 0.45, 0.35)
OURS = ("ours", "ours-exact")
PEERS = ("maxsim-cpu", "lancedb", "qdrant-client", "fast-plaid")
BUILD_BOUND_S, SET_BOUND_S = 300, 10
MEMORY_BYTES = 6e9  # of vectors that the systems of one group hold
PAUSE_S = 0.02  # in which the threads of the one before come to rest

Facts = dict[str, Any]


@dataclass(frozen=True)
class Answer:
    system: str
    n_tokens: int
    cosine: float
    round: tuple[int, int, int]  # seed, group, query: what was asked of all in turn
    ms: float
    processor_ms: float
    recall: float


class Failed(Exception):
    """A system could not be built or opened, or died; says why."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pages", type=int, nargs="+", default=[500, 2_000, 10_000])
    parser.add_argument("--systems", help=f"some of: {', '.join(SYSTEMS)} [default: all]")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--queries", type=int, default=10, help="of each set [default: 10]")
    parser.add_argument("--folder", type=Path, help="where to build [default: a temporary]")
    parser.add_argument("--fast-plaid", type=Path, help="folder that fast-plaid is installed in")
    arguments = parser.parse_args()
    names = arguments.systems.split(",") if arguments.systems else list(SYSTEMS)
    if unknown := set(names) - set(SYSTEMS):
        parser.error(f"no system {sorted(unknown)}; there are: {', '.join(SYSTEMS)}")
    machine = describe_machine()
    print_machine(machine)
    sizes = []
    for n_pages in arguments.pages:
        sizes.append(measure(n_pages, names, arguments))
        report(sizes[-1])
    facts = {
        "machine": machine,
        "peers": peer_versions(arguments.fast_plaid),
        "patches_per_page": N_PATCHES,
    }
    print(json.dumps(facts | {"sizes": sizes}))


def peer_versions(fast_plaid: Path | None) -> dict[str, str]:
    """Those that are installed here, or in the folder named, and not in the machine's own list."""
    path = [*sys.path, *([str(fast_plaid)] if fast_plaid else [])]
    found = {name: next(iter(distributions(name=name, path=path)), None) for name in PEERS}
    return {name: one.version for name, one in found.items() if one}


def measure(n_pages: int, names: list[str], arguments: argparse.Namespace) -> Facts:
    """All seeds of one number of pages."""
    answers: list[Answer] = []
    facts: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    left_out: dict[str, str] = {}
    for seed in range(1, arguments.seeds + 1):
        with tempfile.TemporaryDirectory(dir=arguments.folder) as temporary:
            stage = Stage(Path(temporary), arguments.fast_plaid)
            plant_pages(stage.vectors, seed, n_pages, N_PATCHES)
            sets = plant_queries(
                open_vectors(stage.vectors), seed, QUERY_TOKENS, COSINES, arguments.queries
            )
            np.savez(stage.queries, **{str(i): one.queries for i, one in enumerate(sets)})
            for name in names:
                if name in left_out:
                    continue
                largest = SYSTEMS[name].largest
                try:
                    if largest is not None and n_pages > largest:
                        raise Failed(
                            f"not tried beyond {largest} pages: {SYSTEMS[name].why_largest}"
                        )
                    note(facts[name], stage.build(name))
                except Failed as e:
                    left_out[name] = str(e)
                    print(f"{n_pages:,} pages, {name}: {e}", flush=True)
            able = [name for name in names if name not in left_out]
            for n, group in enumerate(groups(able, n_pages)):
                answers += ask(stage, group, sets, (seed, n), facts, left_out)
    for name in left_out:
        answers = [one for one in answers if one.system != name]
    return {
        "pages": n_pages,
        "systems": {
            name: summary(name, answers, facts[name]) for name in names if name not in left_out
        },
        "left_out": left_out,
    }


def groups(names: list[str], n_pages: int) -> Iterator[list[str]]:
    """As few groups as the memory allows; ours is in each, so every ratio is of one round."""
    ours = [name for name in names if name in OURS]
    group, taken = list(ours), 0.0
    for name in (name for name in names if name not in OURS):
        size = SYSTEMS[name].copies * n_pages * N_PATCHES * 128 * 4
        if taken + size > MEMORY_BYTES and len(group) > len(ours):
            yield group
            group, taken = list(ours), 0.0
        group.append(name)
        taken += size
    yield group


class Stage:
    """Where the data of one seed lie, and the processes that use them."""

    def __init__(self, folder: Path, fast_plaid: Path | None) -> None:
        self.folder = folder
        self.vectors = folder / "vectors.npy"
        self.queries = folder / "queries.npz"
        self.fast_plaid = fast_plaid

    def build(self, name: str) -> Facts:
        """What a system searches, made in a process of its own; once for all that share it."""
        form = SYSTEMS[name].form
        if not form:
            return {"disk_mb": self.vectors.stat().st_size / 1e6}
        folder, facts = self.folder / form, self.folder / f"{form}.json"
        if not facts.exists():
            with self.process("build", name) as process:
                try:
                    line, _ = process.communicate(timeout=BUILD_BOUND_S)
                except subprocess.TimeoutExpired as e:
                    process.kill()
                    shutil.rmtree(folder, ignore_errors=True)
                    raise Failed(f"build cut after {BUILD_BOUND_S} s") from e
            if process.returncode:
                shutil.rmtree(folder, ignore_errors=True)
                raise Failed(f"build ended with {process.returncode}: {self.last_error(name)}")
            sizes = [file.stat().st_size for file in folder.rglob("*") if file.is_file()]
            facts.write_text(json.dumps(json.loads(line) | {"disk_mb": sum(sizes) / 1e6}))
        made: Facts = json.loads(facts.read_text())
        return made

    def process(self, what: str, name: str) -> "subprocess.Popen[str]":
        path = os.environ.get("PYTHONPATH", "")
        if self.fast_plaid and name == "fast-plaid":
            path = f"{self.fast_plaid}{os.pathsep}{path}"
        places = [self.vectors, self.folder / SYSTEMS[name].form, self.queries]
        with self.errors(name).open("w") as errors:
            return subprocess.Popen(
                [sys.executable, "-m", "tests.bench.peers", what, name, *map(str, places)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                env={**os.environ, "PYTHONPATH": path},
            )

    def errors(self, name: str) -> Path:
        return self.folder / f"{name}.log"

    def last_error(self, name: str) -> str:
        lines = self.errors(name).read_text(errors="replace").strip().splitlines()
        return lines[-1] if lines else "no message"


class Worker:
    """A system that is open in a process of its own and answers queries."""

    def __init__(self, stage: Stage, name: str) -> None:
        self.name, self.stage = name, stage
        self.process = stage.process("answer", name)
        self.spent_s: dict[int, float] = defaultdict(float)  # by query set
        self.facts = self.read()
        self.facts["first_ms"] = self.ask(0, 0)["ms"]

    def read(self) -> Facts:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            with self.process:  # closes its pipes
                code = self.process.wait()
            raise Failed(f"ended with {code}: {self.stage.last_error(self.name)}")
        facts: Facts = json.loads(line)
        return facts

    def ask(self, query_set: int, number: int) -> Facts:
        assert self.process.stdin is not None
        try:
            self.process.stdin.write(f"{query_set} {number}\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            pass  # reading says why
        return self.read()

    def close(self) -> Facts:
        """What it held in memory."""
        assert self.process.stdin is not None
        with self.process:
            self.process.stdin.close()
            return self.read()


def ask(
    stage: Stage,
    names: list[str],
    sets: Sequence[QuerySet],
    group: tuple[int, int],
    facts: dict[str, dict[str, list[float]]],
    left_out: dict[str, str],
) -> list[Answer]:
    """Every query of every set to every system, in turn."""
    workers: list[Worker] = []
    for name in names:
        try:
            workers.append(Worker(stage, name))
            note(facts[name], workers[-1].facts)
        except Failed as e:
            left_out[name] = str(e)
            print(f"{name}: {e}", flush=True)
    answers: list[Answer] = []
    for i, one in enumerate(sets):
        for number, exact in enumerate(one.exact.tolist()):
            turn = number % len(workers)
            for worker in workers[turn:] + workers[:turn]:
                if worker.name in left_out or worker.spent_s[i] > SET_BOUND_S:
                    continue
                time.sleep(PAUSE_S)
                try:
                    told = worker.ask(i, number)
                except Failed as e:
                    left_out[worker.name] = str(e)
                    continue
                worker.spent_s[i] += told["ms"] / 1e3
                recall = len(set(exact) & set(told["pages"])) / len(exact)
                answers.append(
                    Answer(
                        worker.name,
                        one.n_tokens,
                        one.cosine,
                        (*group, i * len(one.exact) + number),
                        told["ms"],
                        told["processor_ms"],
                        recall,
                    )
                )
    for worker in workers:
        if worker.name not in left_out:
            note(facts[worker.name], worker.close())
    return answers


def note(facts: dict[str, list[float]], told: Facts) -> None:
    for name, value in told.items():
        facts[name].append(value)


def summary(name: str, answers: list[Answer], facts: dict[str, list[float]]) -> Facts:
    """One system at one number of pages: medians over the seeds, and a row a number of tokens."""
    rows = {}
    for n_tokens in QUERY_TOKENS:
        mine = [one for one in answers if one.system == name and one.n_tokens == n_tokens]
        of_round = {one.round: one.ms for one in mine}
        row: Facts = {
            "queries": len(mine),
            "median_ms": round(median(one.ms for one in mine), 2),
            "p95_ms": round(float(np.percentile([one.ms for one in mine], 95)), 2),
            "processor_ms": round(median(one.processor_ms for one in mine), 2),
        }
        for ours in OURS:
            ratios = [
                of_round[one.round] / one.ms
                for one in answers
                if one.system == ours and one.round in of_round
            ]
            if ratios:
                row[f"over_{ours}"] = round(median(ratios), 3)
        row["recall_at_10"] = {
            str(cosine): round(mean(one.recall for one in mine if one.cosine == cosine), 3)
            for cosine in COSINES
        }
        row["recall_at_10"]["all"] = round(mean(one.recall for one in mine), 3)
        rows[f"{n_tokens}_tokens"] = row
    medians = {key: round(median(values), 3) for key, values in facts.items()}
    return medians | rows


def report(size: Facts) -> None:
    """Print a table of one number of pages."""
    heads = ("median", "p95", "processor", "/ours", "/exact", "recall")
    facts = ("build s", "disk MB", "memory MB", "open s")
    for n_tokens in QUERY_TOKENS:
        print(f"\n{size['pages']:,} pages, {n_tokens} tokens; ms")
        print(f"{'':26}" + "".join(f"{head:>10}" for head in (*heads, *facts)))
        for name, system in size["systems"].items():
            row = system[f"{n_tokens}_tokens"]
            keys = ("median_ms", "p95_ms", "processor_ms", *(f"over_{ours}" for ours in OURS))
            cells = [row.get(key) for key in keys] + [row["recall_at_10"]["all"]]
            cells += [system.get(key) for key in ("build_s", "disk_mb", "rss_mb", "open_s")]
            shown = ["-" if cell is None else f"{cell:.4g}" for cell in cells]
            print(f"{name:26}" + "".join(f"{cell:>10}" for cell in shown), flush=True)
    print()


if __name__ == "__main__":
    main()
