"""index/paths.py over every index: documents taken out or renamed by path, whole at all times."""

import itertools
from pathlib import Path

import pytest

from encoders.lexical import LexicalEncoder
from index.errors import ServerError
from index.interface import BM25, HAMMING, PageIndex
from index.paths import relocation, removal
from query.request import SearchRequest
from query.search import find
from tests.documents import write_pdf
from tests.index_contract.test_replacing import FailsAtWrite
from tests.syncing import sync

WORDS = ("ash", "birch", "cedar")


@pytest.fixture
def folder(empty_index: PageIndex, tmp_path: Path) -> Path:
    """Three documents in a folder, "ash" a second time elsewhere."""
    folder = tmp_path / "trees"
    folder.mkdir()
    for word in WORDS:
        write_pdf(folder / f"{word}.pdf", [word])
    (tmp_path / "copies").mkdir()
    write_pdf(tmp_path / "copies" / "ash.pdf", ["ash"])
    sync(empty_index, tmp_path)
    return folder


def paths_found(index: PageIndex, word: str) -> list[tuple[str, ...]]:
    """The same by words and by vectors."""
    found = [
        [hit.paths for hit in find(index, LexicalEncoder, request).shown if hit.text == word]
        for request in (SearchRequest(word, 10, ranking) for ranking in (BM25, HAMMING))
    ]
    assert found[0] == found[1]
    return found[0]


def test_a_folder_that_is_gone_is_taken_out(empty_index: PageIndex, folder: Path) -> None:
    changes = removal(empty_index.documents(), [str(folder)], "/")
    changes.apply(empty_index)
    assert paths_found(empty_index, "ash") == [(str(folder.parent / "copies" / "ash.pdf"),)]
    assert paths_found(empty_index, "birch") == paths_found(empty_index, "cedar") == []
    assert len(list(empty_index.documents())) == 1


@pytest.mark.parametrize(
    ("wanted", "left"),
    [
        ("trees/birch.pdf", {"ash", "cedar"}),
        ("trees/", {"ash"}),
        ("*r.pdf", {"ash", "birch"}),
        ("trees/[bc]*", {"ash"}),
        ("tree", {"ash", "birch", "cedar"}),
        ("..", set()),
    ],
)
def test_paths_are_read_as_a_shell_has_them(
    empty_index: PageIndex, folder: Path, wanted: str, left: set[str]
) -> None:
    here = folder if wanted == ".." else folder.parent
    changes = removal(empty_index.documents(), [wanted], str(here))
    changes.apply(empty_index)
    assert {word for word in WORDS if paths_found(empty_index, word)} == left


def test_a_folder_with_another_name_is_found_under_it(empty_index: PageIndex, folder: Path) -> None:
    woods = folder.rename(folder.with_name("woods"))
    changes = relocation(list(empty_index.documents()), str(folder), str(woods))
    changes.apply(empty_index)
    copy = str(folder.parent / "copies" / "ash.pdf")
    assert paths_found(empty_index, "ash") == [(copy, str(woods / "ash.pdf"))]
    assert paths_found(empty_index, "birch") == [(str(woods / "birch.pdf"),)]
    report = sync(empty_index, folder.parent)
    assert report.skipped.documents == 3  # nothing is hashed, moved or encoded


def test_a_place_that_is_taken_keeps_its_document(empty_index: PageIndex, folder: Path) -> None:
    woods = folder.with_name("woods")
    woods.mkdir()
    write_pdf(woods / "birch.pdf", ["another birch"])
    sync(empty_index, woods)
    changes = relocation(list(empty_index.documents()), str(folder), str(woods))
    assert changes.taken == (str(folder / "birch.pdf"),)
    changes.apply(empty_index)
    assert paths_found(empty_index, "birch") == [(str(folder / "birch.pdf"),)]
    assert paths_found(empty_index, "another birch") == [(str(woods / "birch.pdf"),)]
    assert paths_found(empty_index, "cedar") == [(str(woods / "cedar.pdf"),)]


@pytest.mark.parametrize("change", ["removal", "relocation"])
def test_cut_short_each_document_is_as_it_was_or_will_be(
    empty_index: PageIndex, folder: Path, change: str
) -> None:
    woods = folder.with_name("woods")

    def planned():
        documents = list(empty_index.documents())
        if change == "removal":
            return removal(documents, [str(folder)], "/")
        return relocation(documents, str(folder), str(woods))

    before = {word: paths_found(empty_index, word) for word in WORDS}
    states = []
    for n in itertools.count(1):
        try:
            planned().apply(FailsAtWrite(empty_index, n))
            break
        except ServerError:
            states.append({word: paths_found(empty_index, word) for word in WORDS})
    after = {word: paths_found(empty_index, word) for word in WORDS}
    assert states
    assert after != before
    for state in states:
        for word in WORDS:
            assert state[word] in (before[word], after[word])
