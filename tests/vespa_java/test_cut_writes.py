"""Moves, removals and relocations cut off at any write to Vespa: old or new, nothing is lost."""

import itertools
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from encoders.lexical import LexicalEncoder
from index.errors import ServerError
from index.interface import BM25, HAMMING
from index.location import Location
from index.pages import QueryVectors
from index.paths import relocation, removal
from query.request import SearchRequest
from query.search import find
from tests.documents import write_pdf
from tests.finding import shown
from tests.pixel_encoder import PixelEncoder
from tests.syncing import sync
from tests.vespa_java.stand_in import StandIn
from vespa_app.client import VespaClient
from vespa_app.vespa_index import VespaIndex

WORDS = ("ash", "birch", "cedar")  # three pages; "ash" is also a document of its own
Change = Callable[[VespaIndex, Path], object]


def moved(index: VespaIndex, root: Path) -> None:
    (root / "old").rename(root / "new")
    sync(index, root)


def relocated(index: VespaIndex, root: Path) -> None:
    (root / "old").rename(root / "new")
    relocation(list(index.documents()), str(root / "old"), str(root / "new")).apply(index)


def deleted(index: VespaIndex, root: Path) -> None:
    (root / "old" / "trees.pdf").unlink()
    sync(index, root)


def removed(index: VespaIndex, root: Path) -> None:
    removal(index.documents(), [str(root / "old" / "trees.pdf")], "/").apply(index)


def cut_off(n: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """From its n-th write on, nothing of the client's reaches the server."""
    left = itertools.count(n - 1, -1)

    def until_cut(write: Callable[..., object]) -> Callable[..., object]:
        def instead(*arguments: object, **named: object) -> object:
            if next(left) <= 0:
                raise ServerError("The process was killed.")
            return write(*arguments, **named)

        return instead

    for name in ("put", "update", "remove"):
        monkeypatch.setattr(VespaClient, name, until_cut(getattr(VespaClient, name)))


def paths_found(index: VespaIndex, root: Path) -> dict[str, set[str]]:
    """Each word's pages, as paths below the root; the same by text and by vectors."""
    found: dict[str, set[str]] = {}
    for word in WORDS:
        for ranking in (BM25, HAMMING):
            hits = find(index, LexicalEncoder, SearchRequest(word, 10, ranking)).shown
            paths = {path for hit in hits if hit.text == word for path in hit.paths}
            below = {Path(path).relative_to(root).as_posix() for path in paths}
            assert found.setdefault(word, below) == below
    return found


@pytest.mark.parametrize("change", [moved, relocated, deleted, removed])
def test_cut_off_at_any_write(
    stand_in: StandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: Change
) -> None:
    is_rename = change in (moved, relocated)
    old = {word: {"old/trees.pdf"} for word in WORDS}
    new = {word: {"new/trees.pdf"} if is_rename else set() for word in WORDS}
    for n in itertools.count(1):
        stand_in.clear()
        index = VespaIndex.open_for_writing(Location(stand_in.url), LexicalEncoder().fingerprint)
        root = tmp_path / str(n)
        (root / "old").mkdir(parents=True)
        write_pdf(root / "old" / "trees.pdf", list(WORDS))
        write_pdf(root / "old" / "other.pdf", ["fern"])
        sync(index, root)
        was_cut = False
        with monkeypatch.context() as cut:
            cut_off(n, cut)
            try:
                change(index, root)
            except ServerError:
                was_cut = True
        between = paths_found(index, root)
        assert all(between[word] in (old[word], new[word]) for word in WORDS)
        if not was_cut:
            assert between == new
            break
        if not is_rename:  # the file is met again, whatever was removed by then
            write_pdf(root / "old" / "trees.pdf", list(WORDS))
        sync(index, root)
        assert paths_found(index, root) == (new if is_rename else old)
        assert index.n_unfinished() == 0
        index.close()
        shutil.rmtree(root)
    assert n > 3


def test_words_first_cut_off_at_any_write(
    stand_in: StandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Words are put, a changed file is replaced, vectors follow: wherever it ends, it goes on."""
    encoder = PixelEncoder()
    for n in itertools.count(1):
        stand_in.clear()
        index = VespaIndex.open_for_writing(Location(stand_in.url), encoder.fingerprint)
        root = tmp_path / str(n)
        root.mkdir()
        write_pdf(root / "trees.pdf", ["ash"])
        sync(index, root, load_encoder=PixelEncoder)
        write_pdf(root / "trees.pdf", ["birch", "cedar"])
        was_cut = False
        with monkeypatch.context() as cut:
            cut_off(n, cut)
            try:
                sync(index, root, load_encoder=PixelEncoder, text_first=True)
            except ServerError:
                was_cut = True
        by_words = {w for w in WORDS if index.search(QueryVectors.text_only(w), BM25, 9).hits}
        assert by_words >= {"ash"} or by_words == {"birch", "cedar"}
        sync(index, root, load_encoder=PixelEncoder, text_first=bool(n % 2))
        hits = index.search(encoder.encode_query("x"), HAMMING, 9).hits
        assert {hit.text for hit in shown(index, hits)} == {"birch", "cedar"}
        assert (index.n_waiting(), index.n_unfinished()) == (0, 0)
        assert len(list(index.documents())) == 1
        index.close()
        shutil.rmtree(root)
        if not was_cut:
            break
    assert n > 6
