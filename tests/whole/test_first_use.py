"""Who searches first after an install waits for a compiler, and is told; the next is not."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.library import make_index

ROOT = Path(__file__).resolve().parents[2]

MANY_TO_SCORE = """
import sys
from index.embedded import embedded_index, ranking
from pagelens.main import main
ranking.PLAIN_COMPARISONS_OF_ONE_SEARCH = -1
embedded_index.SAID_FROM_S = 0.001  # no machine compiles as fast
main(sys.argv[1:])
"""


@pytest.fixture
def ask(tmp_path: Path):
    folder = make_index(tmp_path / "index")

    def ask() -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-c", MANY_TO_SCORE, "query", "harbour", "--index", str(folder)],
            cwd=ROOT,
            env={**os.environ, "NUMBA_CACHE_DIR": str(tmp_path / "cache")},
            capture_output=True,
            text=True,
            check=True,
        )

    return ask


def test_only_the_first_search_after_an_install_says_that_it_compiles(ask) -> None:
    first, second = ask(), ask()
    assert "report.pdf" in first.stdout
    assert "s of this search went into compiling what compares vectors: once after" in first.stderr
    assert second.stderr == ""
    assert second.stdout.splitlines()[:-1] == first.stdout.splitlines()[:-1]  # the last has times
