"""The Vespa CLI as it is published: a wheel with a binary, written in Go, for each system."""

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest
import vespacli


class VespaCli:
    """The program, with a home of its own.

    Attributes:
        folder: where it lies, under the name `vespa`.
        environment: what it is to be run with.
    """

    def __init__(self, home: Path) -> None:
        """Find the binary of this system; where the wheel has none, a skip that says so."""
        try:
            binary = Path(vespacli.get_binary_path())
        except OSError as e:
            pytest.skip(f"vespacli has no binary for this machine: {e}")
        self.folder = binary.parent
        self.environment = {**os.environ, "VESPA_CLI_HOME": str(home)}

    def run(self, *arguments: str | Path, fails: bool = False) -> str:
        """What it prints on stdout, or on stderr where it is to fail."""
        command: Sequence[str | Path] = [self.folder / "vespa", *arguments]
        ran = subprocess.run(
            command, env=self.environment, capture_output=True, encoding="utf-8", timeout=120
        )
        assert (ran.returncode != 0) == fails, ran.stdout + ran.stderr
        return ran.stderr if fails else ran.stdout
