"""The self-test of a model: what finds the drawn pages passes, what gives noise does not."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from encoders.interface import PageInput
from index.pages import Fingerprint, PageVectors, PatchMap, QueryVectors
from pagelens import self_test
from pagelens.self_test import PAGES, looks_trained, remembered_result, untrained_warning
from tests.random_pages import unit_vectors

MADE_WITH = Fingerprint("colsmol", "a/model", "1", "none", "tiles", "2")


class Reader:
    """A fake model that has seen the pages: so many of them it tells apart."""

    def __init__(self, n_right: int, fingerprint: Fingerprint = MADE_WITH) -> None:
        self.fingerprint = fingerprint
        self.batch_size = 1
        self.n_calls = 0
        self._n_right = n_right

    def page_size_px(self, width: float, height: float) -> tuple[int, int]:
        return round(64 * width), round(64 * height)

    n_at_once = 1

    def n_tiles(self, width: float, height: float) -> int:
        return 1

    def prepare(self, page: PageInput) -> PageInput:
        return page

    def encode_pages(self, pages: Sequence[PageInput]) -> list[PageVectors]:
        self.n_calls += 1
        pictures = {page.image.tobytes() for page in pages}
        assert len(pictures) == len(PAGES)  # something is drawn on each, and not the same
        nowhere = PatchMap(np.zeros((1, 4), np.float32), np.zeros(1, np.int32))
        return [PageVectors(np.eye(128, dtype=np.float32)[i : i + 1], nowhere) for i in range(4)]

    def encode_query(self, text: str) -> QueryVectors:
        i = list(PAGES).index(text)
        shown = i if i < self._n_right else (i + 1) % 4
        vector = np.eye(128, dtype=np.float32)[shown : shown + 1]
        return QueryVectors(text, vector, ("one",), np.ones(1, np.bool_))


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(self_test.platformdirs, "user_cache_path", tmp_path.joinpath)
    return tmp_path


@pytest.mark.parametrize(("n_right", "passes"), [(4, True), (3, True), (2, False), (0, False)])
def test_three_of_four_pages_have_to_be_found(n_right: int, passes: bool) -> None:
    model = Reader(n_right)
    assert remembered_result(MADE_WITH) is None
    assert looks_trained(model) == passes
    assert (untrained_warning(model) is None) == passes
    assert remembered_result(MADE_WITH) == passes
    assert model.n_calls == 1  # once for a revision


def test_other_weights_or_strings_are_tested_anew() -> None:
    assert looks_trained(Reader(4))
    assert not looks_trained(Reader(0, Fingerprint("colsmol", "b", "2", "none", "tiles", "2")))
    assert not looks_trained(Reader(0, Fingerprint("colsmol", "b", "1", "none", "tiles", "3")))
    assert looks_trained(Reader(4, Fingerprint("colsmol", "moved", "1", "none", "tiles", "2")))


def test_random_vectors_fail() -> None:
    class Noise(Reader):
        def encode_pages(self, pages: Sequence[PageInput]) -> list[PageVectors]:
            nowhere = PatchMap(np.zeros((9, 4), np.float32), np.arange(9, dtype=np.int32))
            return [PageVectors(unit_vectors(rng, 9), nowhere) for _ in pages]

    passed = 0
    for seed in range(20):
        rng = np.random.default_rng(seed)
        model = Noise(4, Fingerprint("colsmol", "a", str(seed), "none", "tiles", ""))
        passed += looks_trained(model)
    assert passed <= 4  # one in twenty is to be expected


@pytest.mark.parametrize("text", ["{", "[]", ""])
def test_a_result_that_cannot_be_read_is_found_out_again(cache: Path, text: str) -> None:
    folder = cache / "pagelens"
    folder.mkdir()
    (folder / "self-tests.json").write_text(text)
    assert looks_trained(Reader(4))
    assert remembered_result(MADE_WITH) is True


def test_a_cache_that_cannot_be_written_does_no_harm(cache: Path) -> None:
    (cache / "pagelens").write_text("a file in its place")
    assert looks_trained(Reader(4))
    assert remembered_result(MADE_WITH) is None


def test_only_models_are_tested() -> None:
    lexical = Fingerprint("lexical", "lexical", "1", "none", "words")
    assert untrained_warning(Reader(0, lexical)) is None
