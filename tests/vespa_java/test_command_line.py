"""The commands a user types, with a Vespa server's URL where an index is named.

The server is the stand-in: what it stores, reads and scores is Vespa's own, its matching and
sorting are not. What an embedded index says of the same folder is what it must say.
"""

import json
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from encoders.lexical import LexicalEncoder
from index.embedded.embedded_index import EmbeddedIndex
from index.interface import BM25, INDEX_RANKINGS, PageIndex
from index.location import Location
from pagelens.main import main
from pagelens.open_index import CANDIDATES
from query.request import RANKINGS
from tests.changing_folder import (
    CHANGES,
    N_DOCUMENTS_AFTER,
    QUERIES,
    write_first_state,
    write_second_state,
)
from tests.finding import shown
from tests.vespa_java.stand_in import StandIn
from vespa_app.client import VespaClient
from vespa_app.vespa_index import VespaIndex

MAXSIM_RANKINGS = [ranking for ranking in INDEX_RANKINGS if ranking != BM25]

Run = Callable[..., Any]


@pytest.fixture
def url(stand_in: StandIn) -> str:
    stand_in.clear()
    return stand_in.url


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs a command with --json and gives what it printed."""

    def command(*arguments: str | Path, expect: int = 0) -> Any:
        with pytest.raises(SystemExit) as exit_:
            main([*map(str, arguments), "--json"])
        out, err = capsys.readouterr()
        assert exit_.value.code == expect, out + err
        return json.loads(out)

    return command


def hits_of(index: PageIndex) -> list[list[tuple[str, float, tuple[str, ...]]]]:
    """Every hit of every query and ranking by vectors: page, score, paths."""
    encoder = LexicalEncoder()
    return [
        [(hit.page_id, hit.score_sum, hit.paths) for hit in shown(index, result.hits)]
        for text in QUERIES
        for ranking in MAXSIM_RANKINGS
        for result in [index.search(encoder.encode_query(text), ranking, 100, rerank=100)]
    ]


def assert_same_index(url: str, folder: Path) -> None:
    """Equal documents, equal hits in equal order, scores equal to a float's rounding."""
    with (
        closing(VespaIndex.open(Location(url))) as vespa,
        closing(EmbeddedIndex.open(folder)) as embedded,
    ):
        assert list(vespa.documents()) == list(embedded.documents())
        for found, expected in zip(hits_of(vespa), hits_of(embedded), strict=True):
            assert [(hit[0], hit[2]) for hit in found] == [(hit[0], hit[2]) for hit in expected]
            assert [hit[1] for hit in found] == pytest.approx([hit[1] for hit in expected], 1e-5)
        ours, theirs = vespa.stats(), embedded.stats()
        for count in ("n_documents", "n_pages", "n_vectors", "n_pages_without_vectors"):
            assert getattr(ours, count) == getattr(theirs, count)


def test_ingest_and_sync_make_the_index_an_embedded_one_would_be(
    run: Run, url: str, tmp_path: Path
) -> None:
    folder, embedded = tmp_path / "pdfs", tmp_path / "index"
    write_first_state(folder)
    for index in (url, embedded):
        run("ingest", folder, "--index", index, "--encoder", "lexical")
    assert_same_index(url, embedded)

    write_second_state(folder)
    reports = [run("ingest", folder, "--index", index) for index in (url, embedded)]
    for report in reports:
        assert {kind: report[kind]["documents"] for kind in CHANGES} == CHANGES
    assert_same_index(url, embedded)
    again = run("ingest", folder, "--index", url)
    assert again["skipped"]["documents"] == N_DOCUMENTS_AFTER
    assert again["added"]["pages"] == again["replaced"]["pages"] == 0


def test_broken_files_are_recorded_and_retried(run: Run, url: str, tmp_path: Path) -> None:
    folder = tmp_path / "pdfs"
    write_first_state(folder)
    (folder / "broken.pdf").write_text("<html>")
    first = run("ingest", folder, "--index", url, "--encoder", "lexical", expect=3)
    assert [failure["reason"] for failure in first["failed"]] == [
        "not a PDF (starts with b'<html>')"
    ]
    status = run("status", "--index", url)
    assert status["index"] == url
    assert (status["n_failed_documents"], status["n_documents"]) == (1, 8)
    assert [failure["path"] for failure in status["failed"]] == [str(folder / "broken.pdf")]
    retried = run("ingest", folder, "--index", url, "--retry-failed", expect=3)
    assert retried["added"]["pages"] == 0
    (folder / "broken.pdf").unlink()
    assert run("ingest", folder, "--index", url)["failed"] == []


@pytest.mark.parametrize("candidates", CANDIDATES)
def test_a_query_finds_the_page_and_says_how(
    run: Run, url: str, tmp_path: Path, candidates: str
) -> None:
    write_first_state(tmp_path / "pdfs")
    run("ingest", tmp_path / "pdfs", "--index", url, "--encoder", "lexical")
    for ranking in RANKINGS:
        options = ("--ranking", ranking, "--candidates", candidates)
        found = run("query", "dogwood", "--index", url, "-k", "1", *options)
        (hit,) = found["hits"]
        assert (Path(hit["paths"][0]).name, hit["page_number"]) == ("3.pdf", 1), ranking
        assert found["notices"] == []
        assert all(ms >= 0 for ms in found["timings_ms"].values())


def test_filters_and_pictures(run: Run, url: str, tmp_path: Path) -> None:
    write_first_state(tmp_path / "pdfs")
    run("ingest", tmp_path / "pdfs", "--index", url, "--encoder", "lexical")
    found = run("query", "page", "--index", url, "-k", "20", "--filter", "path=[23].pdf")
    assert {Path(hit["paths"][0]).name for hit in found["hits"]} == {"2.pdf", "3.pdf"}
    found = run("query", "page", "--index", url, "-k", "20", "--filter", "pages=3")
    assert {hit["page_number"] for hit in found["hits"]} == {3}
    pictures = tmp_path / "pictures"
    run("query", "cedar", "--index", url, "-k", "2", "--save-pages", pictures)
    assert (pictures / "contact-sheet.png").read_bytes().startswith(b"\x89PNG")


def test_another_encoder_is_refused(
    capsys: pytest.CaptureFixture[str],
    run: Run,
    url: str,
    tmp_path: Path,
    tiny_colsmol_folder: Path,
) -> None:
    write_first_state(tmp_path / "pdfs")
    run("ingest", tmp_path / "pdfs", "--index", url, "--encoder", "lexical")
    with pytest.raises(SystemExit) as exit_:
        main(
            ["ingest", str(tmp_path / "pdfs"), "--index", url, "--encoder", "colsmol"]
            + ["--model", str(tiny_colsmol_folder)]
        )
    assert exit_.value.code == 5
    error = capsys.readouterr().err
    assert f"Index {url} was made with encoder lexical, not colsmol" in error


def test_a_copy_there_and_back_is_the_same_index(run: Run, url: str, tmp_path: Path) -> None:
    folder, embedded, back = tmp_path / "pdfs", tmp_path / "index", tmp_path / "back"
    write_first_state(folder)
    (folder / "broken.pdf").write_text("<html>")
    run("ingest", folder, "--index", embedded, "--encoder", "lexical", expect=3)
    copied = run("copy", embedded, url)
    assert copied["copied"] == {"documents": 9, "pages": 15}
    assert_same_index(url, embedded)
    assert run("copy", embedded, url)["skipped"] == {"documents": 9}
    run("copy", url, back)
    assert_same_index(url, back)
    with (
        closing(EmbeddedIndex.open(embedded)) as before,
        closing(EmbeddedIndex.open(back)) as after,
    ):
        assert hits_of(before) == hits_of(after)
        for document in before.documents():
            for number in before.page_numbers(document.document_id):
                id_ = f"{document.document_id}-{number}"
                assert before.image(id_) == after.image(id_)
                assert before.page(id_).words.texts == after.page(id_).words.texts
    assert run("ingest", folder, "--index", back, expect=3)["skipped"]["documents"] == 9


class Killed(BaseException):
    """What ends a process at once: nothing may catch it."""


@pytest.mark.parametrize("command", ["ingest", "copy"])
def test_a_killed_run_goes_on_to_the_same_index(
    run: Run, url: str, tmp_path: Path, command: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Cut after the n-th write, n all over the run: it answers, and the next run ends it."""
    folder, embedded = tmp_path / "pdfs", tmp_path / "index"
    write_first_state(folder)
    run("ingest", folder, "--index", url, "--encoder", "lexical")
    write_second_state(folder)
    run("ingest", folder, "--index", embedded, "--encoder", "lexical")
    arguments = {"ingest": ("ingest", folder, "--index", url), "copy": ("copy", embedded, url)}
    with closing(VespaIndex.open(Location(url))) as vespa:
        first_state = [(d, [vespa.page(f"{d.document_id}-{n}") for n in sorted(
            vespa.page_numbers(d.document_id))]) for d in vespa.documents()]  # fmt: skip

    def restore() -> None:
        with closing(VespaIndex.open_for_writing(Location(url), LexicalEncoder().fingerprint)) as v:
            v.delete([document.document_id for document in v.documents()])
            for document, pages in first_state:
                v.put_document(document)
                v.put(pages)

    n_writes = 0
    last_write = 10**9
    send = VespaClient._do

    def counted(self: VespaClient, operation: str, request: Callable[[], Any]) -> Any:
        nonlocal n_writes
        if operation.startswith(("put", "update", "remove")):
            n_writes += 1
            if n_writes > last_write:
                raise Killed
        return send(self, operation, request)

    monkeypatch.setattr(VespaClient, "_do", counted)
    run(*arguments[command])
    total, n_writes = n_writes, 0
    assert total > 60
    if command == "ingest":
        assert_same_index(url, embedded)

    for cut in range(1, total, total // 7):
        last_write = 10**9
        restore()
        n_writes, last_write = 0, cut
        with pytest.raises(Killed):
            main([*map(str, arguments[command])])
        last_write = 10**9
        with closing(VespaIndex.open(Location(url))) as vespa:
            hits_of(vespa)
        run(*arguments[command])
        if command == "ingest":
            assert_same_index(url, embedded)
        else:
            with closing(VespaIndex.open(Location(url))) as vespa:
                there = {document.document_id: document for document in vespa.documents()}
            with closing(EmbeddedIndex.open(embedded)) as source:
                for document in source.documents():
                    assert there[document.document_id] == document, f"after a cut at {cut}"
