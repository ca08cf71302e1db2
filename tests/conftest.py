"""Fixtures that several kinds of tests share."""

from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def tiny_colsmol_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a ColIdefics3 of random weights and the published image geometry."""
    from tests.tiny_colsmol import build_tiny_colsmol  # imports torch: only where it is needed

    return build_tiny_colsmol(tmp_path_factory.mktemp("tiny-colsmol"))
