"""Spots of ink are what OpenCV counts, without its count of the ground."""

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from encoders.lexical import LexicalEncoder
from ingest.ocr.ink import _spots
from ingest.render import read_facts, render_page

SAMPLES = Path(__file__).parents[3] / "samples"


def ink_of_a_page() -> NDArray[np.bool_]:
    path = SAMPLES / "earth-report.pdf"
    page = render_page(path, read_facts(path), 1, LexicalEncoder().page_size_px)
    return np.asarray(page.image.convert("L")) < 200


def noise() -> NDArray[np.bool_]:
    return np.random.default_rng(0).random((97, 131)) < 0.3


def corners() -> NDArray[np.bool_]:
    mask = np.zeros((40, 60), np.bool_)
    mask[[0, 0, -1, -1], [0, -1, 0, -1]] = True
    return mask


def all_ink() -> NDArray[np.bool_]:
    return np.ones((3, 5), np.bool_)


@pytest.mark.parametrize("make", [ink_of_a_page, noise, corners, all_ink])
def test_spots_are_those_of_opencv(make: Callable[[], NDArray[np.bool_]]) -> None:
    mask = make()
    _, _, stats, _ = cv2.connectedComponentsWithStats(mask.view(np.uint8), connectivity=8)
    assert np.array_equal(_spots(mask), stats[1:])
