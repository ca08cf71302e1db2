"""Several runs write into one Vespa at once: none undoes what another does.

What two of them do is played here write by write; as processes, and killed: test_fleet.py.
"""

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace

import numpy as np
import pytest

import vespa_app.records
import vespa_app.vespa_index
from index.errors import IndexMismatchError
from index.interface import BM25
from index.location import Location
from index.pages import Document, QueryVectors
from tests.finding import shown
from tests.random_pages import FINGERPRINT, document, document_id, page, unit_vectors
from tests.vespa_java.stand_in import StandIn
from vespa_app.revisions import RECORD, Revisions, Stored
from vespa_app.vespa_index import VespaIndex
from vespa_app.wire import document_fields

OURS, THEIRS, ELSEWHERE = "/ours/x.pdf", "/theirs/x.pdf", "/theirs/y.pdf"


@pytest.fixture
def runs(stand_in: StandIn) -> Iterator[tuple[VespaIndex, VespaIndex]]:
    """Two runs over one empty index."""
    stand_in.clear()
    location = Location(stand_in.url)
    with (
        closing(VespaIndex.open_for_writing(location, FINGERPRINT)) as ours,
        closing(VespaIndex.open_for_writing(location, FINGERPRINT)) as theirs,
    ):
        yield ours, theirs


def put(index: VespaIndex, n: int, *paths: str, page_count: int = 3) -> Document:
    """A whole document, as an ingest puts it."""
    whole = document(n, *paths, page_count=page_count)
    index.put_document(replace(whole, is_complete=False))
    put_pages(index, n, *range(1, page_count + 1))
    index.put_document(whole)
    return whole


def put_pages(index: VespaIndex, n: int, *numbers: int) -> None:
    rng = np.random.default_rng(n)
    index.put([page(n, number, unit_vectors(rng, 2), text="harbour") for number in numbers])


def plan(*runs: VespaIndex) -> None:
    """Each looks at what there is, as a run does before it changes anything."""
    for index in runs:
        list(index.documents())


def paths_found(index: VespaIndex, n: int) -> list[tuple[str, ...]]:
    """What each page of a document that is found says of its paths."""
    hits = shown(index, index.search(QueryVectors.text_only("harbour"), BM25, 99).hits)
    of_it = [hit for hit in hits if hit.document_id == document_id(n)]
    return [hit.paths for hit in sorted(of_it, key=lambda hit: hit.page_number)]


def test_the_same_bytes_in_two_folders_get_both_paths(
    runs: tuple[VespaIndex, VespaIndex],
) -> None:
    ours, theirs = runs
    plan(ours, theirs)
    ours.put_document(document(1, OURS, page_count=3, is_complete=False))
    put_pages(ours, 1, 1)
    theirs.put_document(document(1, THEIRS, page_count=3, is_complete=False))
    put_pages(ours, 1, 2, 3)  # which know of our path alone
    put_pages(theirs, 1, 1, 2)
    ours.put_document(document(1, OURS, page_count=3))
    put_pages(theirs, 1, 3)
    theirs.put_document(document(1, THEIRS, page_count=3))

    (stored,) = ours.documents()
    assert stored.is_complete
    assert [file.path for file in stored.files] == [OURS, THEIRS]
    assert paths_found(ours, 1) == [(OURS, THEIRS)] * 3


def test_pages_put_after_another_run_gave_a_path_get_it_too(
    runs: tuple[VespaIndex, VespaIndex],
) -> None:
    ours, theirs = runs
    plan(ours, theirs)
    ours.put_document(document(1, OURS, page_count=3, is_complete=False))
    put_pages(ours, 1, 1)
    theirs.put_document(document(1, THEIRS, page_count=3, is_complete=False))  # and is killed
    put_pages(ours, 1, 2, 3)
    ours.put_document(document(1, OURS, page_count=3))
    assert paths_found(ours, 1) == [(OURS, THEIRS)] * 3


def test_pages_put_after_another_run_was_done_have_both_paths_whatever_becomes_of_this_one(
    runs: tuple[VespaIndex, VespaIndex],
) -> None:
    ours, theirs = runs
    plan(ours, theirs)
    ours.put_document(document(1, OURS, page_count=3, is_complete=False))
    put_pages(ours, 1, 1)
    theirs.put_document(document(1, THEIRS, page_count=3, is_complete=False))
    put_pages(theirs, 1, 1, 2, 3)
    theirs.put_document(document(1, THEIRS, page_count=3))
    put_pages(ours, 1, 2, 3)  # and is killed
    (stored,) = ours.documents()
    assert stored.is_complete
    assert paths_found(ours, 1) == [(OURS, THEIRS)] * 3


def test_words_put_after_another_run_was_done_take_no_vectors_away(
    runs: tuple[VespaIndex, VespaIndex],
) -> None:
    ours, theirs = runs
    plan(ours, theirs)
    ours.put_document(document(1, OURS, page_count=3, is_complete=False))
    put(theirs, 1, THEIRS)
    waiting = page(1, 2, unit_vectors(np.random.default_rng(1), 0), text="harbour")
    ours.put([replace(waiting, is_waiting=True)])  # and is killed
    (stored,) = ours.documents()
    assert stored.is_complete
    assert (ours.n_waiting(), paths_found(ours, 1)) == (0, [(OURS, THEIRS)] * 3)


def test_a_path_another_run_has_dropped_does_not_come_back(
    runs: tuple[VespaIndex, VespaIndex],
) -> None:
    ours, theirs = runs
    whole = put(ours, 1, OURS, THEIRS)
    plan(ours, theirs)
    theirs.put_document(document(1, OURS, page_count=3))
    ours.put_document(replace(whole, title="New"))
    (stored,) = ours.documents()
    assert (stored.title, [file.path for file in stored.files]) == ("New", [OURS])
    assert paths_found(ours, 1) == [(OURS,)] * 3


def test_what_was_moved_to_another_run_s_folder_is_not_removed(
    runs: tuple[VespaIndex, VespaIndex],
) -> None:
    ours, theirs = runs
    put(ours, 1, OURS)
    plan(ours, theirs)
    theirs.put_document(document(1, OURS, THEIRS, page_count=3))
    ours.delete([document_id(1)])
    (stored,) = ours.documents()
    assert (stored.is_complete, [file.path for file in stored.files]) == (True, [THEIRS])
    assert paths_found(ours, 1) == [(THEIRS,)] * 3


def test_what_was_removed_before_it_is_moved_is_not_complete(
    runs: tuple[VespaIndex, VespaIndex],
) -> None:
    """So that the next run puts its pages back: a complete one would lack them for ever."""
    ours, theirs = runs
    put(ours, 1, OURS)
    plan(ours, theirs)
    ours.delete([document_id(1)])
    theirs.put_document(document(1, THEIRS, page_count=3))
    (stored,) = ours.documents()
    assert (stored.is_complete, [file.path for file in stored.files]) == (False, [THEIRS])


def test_what_is_moved_while_it_is_removed_is_not_complete(
    runs: tuple[VespaIndex, VespaIndex], monkeypatch: pytest.MonkeyPatch
) -> None:
    ours, theirs = runs
    put(ours, 1, OURS)
    plan(ours, theirs)
    before(
        monkeypatch,
        "remove",
        lambda: theirs.put_document(document(1, OURS, THEIRS, page_count=3)),
    )
    ours.delete([document_id(1)])
    (stored,) = ours.documents()
    assert not stored.is_complete
    assert THEIRS in [file.path for file in stored.files]


def test_pages_another_run_has_removed_leave_a_document_incomplete(
    runs: tuple[VespaIndex, VespaIndex],
) -> None:
    ours, theirs = runs
    ours.put_document(document(1, OURS, page_count=3, is_complete=False))
    put_pages(ours, 1, 1, 2)
    plan(ours, theirs)
    ours.delete([document_id(1)])
    theirs.put_document(document(1, THEIRS, page_count=3, is_complete=False))
    put_pages(theirs, 1, 3)  # the others were there when it looked
    theirs.put_document(document(1, THEIRS, page_count=3))
    (stored,) = ours.documents()
    assert not stored.is_complete
    put_pages(theirs, 1, 1, 2)
    theirs.put_document(document(1, THEIRS, page_count=3))
    (stored,) = ours.documents()
    assert stored.is_complete


def test_what_another_run_is_about_to_put_in_another_s_place_stays(
    runs: tuple[VespaIndex, VespaIndex], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Out of sight until it is whole, it has no path by which a run could tell whose it is."""
    ours, theirs = runs
    put(theirs, 1, THEIRS)
    theirs.put_document(document(2, page_count=3, is_complete=False))
    put_pages(theirs, 2, 1, 2)
    plan(ours)
    ours.delete([document_id(2)])
    put_pages(theirs, 2, 3)
    theirs.put_document(document(2, THEIRS, page_count=3))
    theirs.delete([document_id(1)])
    assert paths_found(ours, 2) == [(THEIRS,)] * 3
    (stored,) = ours.documents()
    assert stored.is_complete

    theirs.put_document(document(3, page_count=3, is_complete=False))
    plan(ours)
    monkeypatch.setattr(vespa_app.records, "ABANDONED_S", 0)
    ours.delete([document_id(3)])
    assert [d.document_id for d in ours.documents()] == [document_id(2)]


def test_a_second_run_does_not_hide_what_the_first_has_just_put(
    runs: tuple[VespaIndex, VespaIndex],
) -> None:
    """Both replace the same document by the same."""
    ours, theirs = runs
    put(ours, 1, OURS)
    plan(ours, theirs)
    ours.put_document(document(2, page_count=3, is_complete=False))
    put_pages(ours, 2, 1, 2, 3)
    ours.put_document(document(2, OURS, page_count=3))
    ours.delete([document_id(1)])
    theirs.put_document(document(2, page_count=3, is_complete=False))
    assert paths_found(ours, 2) == [(OURS,)] * 3
    theirs.put_document(document(2, OURS, page_count=3))
    theirs.delete([document_id(1)])
    (stored,) = ours.documents()
    assert stored == document(2, OURS, page_count=3)


def test_a_renamed_file_keeps_its_new_name_while_another_takes_the_old_one(
    runs: tuple[VespaIndex, VespaIndex], monkeypatch: pytest.MonkeyPatch
) -> None:
    """x.pdf became y.pdf, and there is a new x.pdf: one run has the one, another the other."""
    ours, theirs = runs
    put(ours, 1, THEIRS)
    plan(ours, theirs)
    before(
        monkeypatch,
        "write",
        lambda: theirs.put_document(document(1, ELSEWHERE, page_count=3)),
        of=document_id(1),
    )
    put(ours, 2, THEIRS)
    assert [[f.path for f in d.files] for d in ours.documents()] == [[ELSEWHERE], [THEIRS]]
    assert paths_found(ours, 1) == [(ELSEWHERE,)] * 3
    assert paths_found(ours, 2) == [(THEIRS,)] * 3


@pytest.mark.parametrize("pooling", ["none", "factor 3"])
def test_of_two_that_make_an_index_at_once_the_second_has_the_first_s(
    stand_in: StandIn, monkeypatch: pytest.MonkeyPatch, pooling: str
) -> None:
    stand_in.clear()
    location, fingerprint = Location(stand_in.url), replace(FINGERPRINT, pooling=pooling)
    VespaIndex.open_for_writing(location, FINGERPRINT).close()
    looked_before = [None]  # when there was no index yet
    read = vespa_app.vespa_index._read_manifest
    monkeypatch.setattr(
        vespa_app.vespa_index,
        "_read_manifest",
        lambda client: looked_before.pop() if looked_before else read(client),
    )
    if fingerprint == FINGERPRINT:
        VespaIndex.open_for_writing(location, fingerprint).close()
    else:
        with pytest.raises(IndexMismatchError, match="was made with pooling none, not factor 3"):
            VespaIndex.open_for_writing(location, fingerprint)
    assert not looked_before
    assert VespaIndex.stored_fingerprint(location) == FINGERPRINT


def test_a_write_whose_answer_was_lost_is_known_for_its_own(
    runs: tuple[VespaIndex, VespaIndex], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is sent again, and then the record is no longer the one that was read."""
    ours, _ = runs
    put_once = ours._client.put

    def twice(*arguments: object, **named: object) -> bool:
        put_once(*arguments, **named)  # type: ignore[arg-type]
        return put_once(*arguments, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(ours._client, "put", twice)
    ours.put_document(document(1, OURS))
    ours.put_document(document(1, THEIRS))
    (stored,) = ours.documents()
    assert [file.path for file in stored.files] == [THEIRS]


def test_a_record_that_another_program_has_fed_is_written_to_and_removed(
    runs: tuple[VespaIndex, VespaIndex],
) -> None:
    ours, _ = runs
    for n in (1, 2):  # without a revision, as records of before are
        fields = document_fields(document(n, f"/{n}.pdf", page_count=0))
        ours._client.put("feed a record", RECORD, document_id(n), fields)
    plan(ours)
    ours.put_document(document(1, OURS, page_count=0))
    ours.delete([document_id(2)])
    assert list(ours.documents()) == [document(1, OURS, page_count=0)]


def before(
    monkeypatch: pytest.MonkeyPatch, name: str, act: Callable[[], object], of: str = ""
) -> None:
    """Have another run act once, just before a record is written or removed."""
    undisturbed = getattr(Revisions, name)

    def disturbed(self: Revisions, *arguments: Document | Stored, **named: bool) -> object:
        first = arguments[0]
        written = first.document if isinstance(first, Stored) else first
        if of in ("", written.document_id):
            monkeypatch.setattr(Revisions, name, undisturbed)
            act()
        return undisturbed(self, *arguments, **named)

    monkeypatch.setattr(Revisions, name, disturbed)
