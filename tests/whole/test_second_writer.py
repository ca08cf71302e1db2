"""An index has one writer at a time, also among processes."""

import subprocess
import sys
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from index.embedded.embedded_index import EmbeddedIndex
from index.errors import IndexBusyError
from index.interface import FLOAT
from tests.random_pages import FINGERPRINT, query, unit_vectors


def test_the_second_writer_learns_who_the_first_is(tmp_path: Path) -> None:
    folder, anything = tmp_path / "index", query(unit_vectors(np.random.default_rng(99), 6))
    code = (
        "import sys; from pathlib import Path;"
        "from index.embedded.embedded_index import EmbeddedIndex;"
        "from tests.random_pages import FINGERPRINT;"
        "index = EmbeddedIndex.open_for_writing(Path(sys.argv[1]), FINGERPRINT);"
        "print('locked', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "locked\n"
        with pytest.raises(
            IndexBusyError, match=rf"is being written by process {other.pid} on .* since "
        ):
            EmbeddedIndex.open_for_writing(folder, FINGERPRINT)
        with closing(EmbeddedIndex.open(folder)) as reader:
            assert reader.search(anything, FLOAT, 100).hits == ()
        other.kill()  # the lock goes with the process
        other.wait()
    EmbeddedIndex.open_for_writing(folder, FINGERPRINT).close()
