"""`pagelens copy` and `pagelens export` as a user types them, from folder to folder."""

import json
import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from encoders.pooling import pool
from index.embedded.check import check_index
from index.embedded.embedded_index import EmbeddedIndex
from index.pages import Fingerprint, Page, page_id
from index.quantize import from_bfloat16, to_bfloat16
from pagelens.main import main
from tests.library import TEXTS, fill
from tests.random_pages import FINGERPRINT

N_DOCUMENTS, N_PAGES = len(TEXTS), sum(map(len, TEXTS.values()))

Run = Callable[..., str]


@pytest.fixture
def run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Run]:
    """Runs `pagelens` in a folder with the index `source`; gives what it said."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("PAGELENS_INDEX", raising=False)
    make_index(Path("source"))

    def command(*arguments: str, expect: int = 0) -> str:
        with pytest.raises(SystemExit) as exit_:
            main(arguments)
        out, err = capsys.readouterr()
        assert exit_.value.code == expect, out + err
        return err + out if expect else out

    yield command


def make_index(folder: Path, fingerprint: Fingerprint = FINGERPRINT) -> None:
    with closing(EmbeddedIndex.open_for_writing(folder, fingerprint)) as index:
        fill(index)


def hits(run: Run, index: str) -> Any:
    answer = run("query", "harbour", "--index", index, "--ranking", "bm25", "--json")
    return json.loads(answer)["hits"]


# -- copy


def test_copy_says_what_it_did(run: Run) -> None:
    said = run("copy", "source", "target")
    assert said.startswith(f"Copied {N_DOCUMENTS} documents ({N_PAGES} pages), skipped 0 documents")
    assert check_index(Path("target")).problems == ()
    assert hits(run, "target") == hits(run, "source")
    assert run("copy", "source", "target").startswith("Copied 0 documents (0 pages), skipped 4 ")


def test_copy_as_json(run: Run) -> None:
    report = json.loads(run("copy", "source", "target", "--json"))
    assert report.pop("seconds") > 0
    assert report == {
        "copied": {"documents": N_DOCUMENTS, "pages": N_PAGES},
        "skipped": {"documents": 0},
        "interrupted": False,
    }


def test_help_says_what_stays_in_the_target(run: Run) -> None:
    assert "what vanished from SOURCE stays in TARGET" in " ".join(run("copy", "--help").split())


@pytest.mark.parametrize(
    ("source", "target"),
    [
        ("source", "source"),
        ("source", "./source/"),
        ("link", "source"),
        ("http://localhost:8080", "HTTP://LocalHost:8080/"),
    ],
)
def test_an_index_is_not_copied_onto_itself(run: Run, source: str, target: str) -> None:
    Path("link").symlink_to("source")
    assert run("copy", source, target, expect=2) == (
        f"Error: SOURCE and TARGET are both {source}. Name two indexes.\n"
    )


def test_a_missing_source_makes_no_target(run: Run) -> None:
    said = run("copy", "nowhere", "target", expect=2)
    assert said.startswith("Error: No index at nowhere. Make one with")
    assert len(said.splitlines()) == 1
    assert not Path("target").exists()


def test_vectors_of_another_kind_are_refused_with_both(run: Run) -> None:
    make_index(Path("other"), Fingerprint("colsmol", "a/model", "2", "none", "2048 px"))
    assert run("copy", "source", "other", expect=5) == (
        "Error: Cannot copy source into other: the latter was made with encoder colsmol, not "
        "lexical; model a/model, not lexical; revision 2, not test; rendering 2048 px, not words. "
        "Vectors of the two cannot be compared. Name a new folder or an empty Vespa as TARGET.\n"
    )


def test_a_target_among_other_files_is_refused(run: Run) -> None:
    Path("letters").mkdir()
    Path("letters/one.txt").write_text("Dear")
    said = run("copy", "source", "letters", expect=2)
    assert said.startswith("Error: letters holds other files (one.txt) and no index.")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_stops_after_the_batch_and_says_how_to_go_on(
    run: Run, monkeypatch: pytest.MonkeyPatch, number: signal.Signals
) -> None:
    page, read = EmbeddedIndex.page, []

    def page_and_interrupt(index: EmbeddedIndex, page_id: str) -> Page:
        read.append(page_id)
        if len(read) == 2:
            signal.raise_signal(number)
        return page(index, page_id)

    with monkeypatch.context() as interrupted:
        interrupted.setattr(EmbeddedIndex, "page", page_and_interrupt)
        said = run("copy", "source", "target", expect=130)
    assert "Stopping after this batch of pages. Ctrl-C again stops at once." in said
    assert "Copied 0 documents (2 pages), skipped 0 documents" in said
    assert (
        "Stopped with 6 pages left; what was copied is kept. Run the same command again to go on."
    ) in said
    rest = json.loads(run("copy", "source", "target", "--json"))
    assert rest["copied"] == {"documents": N_DOCUMENTS, "pages": N_PAGES - 2}
    assert hits(run, "target") == hits(run, "source")


def test_ctrl_c_twice_stops_at_once_and_loses_nothing(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt_twice(index: EmbeddedIndex, pages: Sequence[Page]) -> None:
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGINT)

    with monkeypatch.context() as interrupted:
        interrupted.setattr(EmbeddedIndex, "put", interrupt_twice)
        said = run("copy", "source", "target", expect=130)
    assert "Stopping after this batch of pages. Ctrl-C again stops at once." in said
    rest = json.loads(run("copy", "source", "target", "--json"))
    assert rest["copied"] == {"documents": N_DOCUMENTS, "pages": N_PAGES}
    assert check_index(Path("target")).problems == ()


# -- export


def operations(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_export_says_what_it_wrote_and_how_to_feed_it(run: Run) -> None:
    said = run("export", "feed.jsonl", "--index", "source")
    assert said.startswith(f"Wrote {N_DOCUMENTS} documents ({N_PAGES} pages), ")
    assert said.endswith('Feed it with "vespa feed feed.jsonl".\n')
    written = operations(Path("feed.jsonl"))
    assert len(written) == N_PAGES + N_DOCUMENTS + 1
    assert written[-1]["put"] == "id:pagelens:pdf::manifest"


def test_export_as_json(run: Run) -> None:
    report = json.loads(run("export", "feed.jsonl", "--index", "source", "--json"))
    assert report.pop("seconds") > 0
    size_bytes = Path("feed.jsonl").stat().st_size
    assert report == {"documents": N_DOCUMENTS, "pages": N_PAGES, "size_bytes": size_bytes}


def test_an_export_replaces_a_file_and_leaves_nothing_else(run: Run) -> None:
    Path("feed.jsonl").write_text("old")
    before = sorted(Path().iterdir())
    run("export", "feed.jsonl", "--index", "source")
    assert len(operations(Path("feed.jsonl"))) == N_PAGES + N_DOCUMENTS + 1
    assert sorted(Path().iterdir()) == before


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_export_leaves_what_was_there(
    run: Run, monkeypatch: pytest.MonkeyPatch, number: signal.Signals
) -> None:
    Path("feed.jsonl").write_text("old")
    before = sorted(Path().iterdir())
    monkeypatch.setattr(EmbeddedIndex, "page", lambda *_: signal.raise_signal(number))
    run("export", "feed.jsonl", "--index", "source", expect=130)
    assert Path("feed.jsonl").read_text() == "old"
    assert sorted(Path().iterdir()) == before


def test_mistakes_get_one_line(run: Run, tmp_path: Path) -> None:
    for arguments, message in {
        ("feed.jsonl", "--index", "nowhere"): "Error: No index at nowhere. Make one with",
        ("source", "--index", "source"): f"Error: Cannot write {tmp_path}/source: it is there and",
        ("no/feed.jsonl", "--index", "source"): f"Error: Cannot write {tmp_path}/no/feed.jsonl (No",
    }.items():
        said = run("export", *arguments, expect=2)
        assert said.startswith(message)
        assert len(said.splitlines()) == 1


def test_a_copy_is_pooled_as_an_ingest_would_have_done(run: Run) -> None:
    assert run("copy", "source", "pooled", "--pool", "2").startswith(
        f"Copied {N_DOCUMENTS} documents ({N_PAGES} pages), skipped 0 documents"
    )
    assert check_index(Path("pooled")).problems == ()
    with (
        closing(EmbeddedIndex.open(Path("source"))) as source,
        closing(EmbeddedIndex.open(Path("pooled"))) as pooled,
    ):
        assert pooled.fingerprint == replace(source.fingerprint, pooling="ward-2")
        for document in source.documents():
            for number in source.page_numbers(document.document_id):
                page = source.page(page_id(document.document_id, number))
                got, expected = pooled.page(page.page_id), pool(page.vectors, 2)
                assert (got.words.texts, got.preview) == (page.words.texts, page.preview)
                np.testing.assert_array_equal(
                    got.vectors.vectors, from_bfloat16(to_bfloat16(expected.vectors))
                )
                np.testing.assert_array_equal(
                    got.vectors.patch_map.vector_index, expected.patch_map.vector_index
                )
    assert run("copy", "source", "pooled", "--pool", "2").startswith("Copied 0 documents (0 pages)")
    assert run("copy", "pooled", "again").startswith(f"Copied {N_DOCUMENTS} documents")
    assert run("copy", "source", "pooled", expect=5) == (
        "Error: Cannot copy source into pooled: the latter was made with pooling ward-2, not none. "
        "Vectors of the two cannot be compared. Name a new folder or an empty Vespa as TARGET.\n"
    )
    assert run("copy", "pooled", "plain", "--pool", "1", expect=2) == (
        "Error: Index pooled has pooling ward-2, and --pool 1 starts from the vectors of every "
        "patch. Name an index with pooling none, or leave out --pool.\n"
    )
    assert not Path("plain").exists()
