"""pagelens/__init__.py and python_door.py: what a program gets is what a person sees."""

import json
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

import pagelens
import pagelens.python_door
from encoders.lexical import LexicalEncoder
from index.embedded.embedded_index import EmbeddedIndex
from index.errors import WrongUseError
from pagelens.main import load_command
from pagelens.python_door import Index, Progress
from tests.documents import write_pdf
from tests.library import JAPANESE, NEW_REPORT, OLD_REPORT, SCAN, fill, make_index, put_copy


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("door") / "index"
    index = EmbeddedIndex.open_for_writing(folder, LexicalEncoder().fingerprint)
    fill(index)
    index.close()
    return folder


@pytest.fixture
def index(folder: Path):
    with pagelens.open(folder) as index:
        yield index


def test_a_search_gives_what_the_command_line_gives(index: Index, folder: Path) -> None:
    options = ["harbour report", "--index", str(folder), "-k", "3", "--json"]
    ran = CliRunner().invoke(load_command("query"), options)
    said = json.loads(ran.output)["hits"]
    hits = index.search("harbour report", k=3)
    assert len(hits) == len(said) == 3
    for hit, other in zip(hits, said, strict=True):
        assert (hit.page_id, hit.score_sum) == (other["page_id"], other["score_sum"])
        assert hit.score == round(min(1.0, other["score"]), 4)
        assert (hit.path, hit.paths) == (other["paths"][0], tuple(other["paths"]))
        assert (hit.page_number, hit.title) == (other["page_number"], other["title"])
        assert hit.snippet == other["snippet"]
        assert hit.halves.keys() == other["halves"].keys()
    assert hits[0].halves == {
        "hamming-then-float": round(min(1.0, said[0]["halves"]["hamming-then-float"]), 4),
        "bm25": round(said[0]["halves"]["bm25"], 4),
    }
    assert index.search("harbour report", k=1, ranking="bm25")[0].halves == {}
    assert hits[0] is list(hits)[0]
    assert hits.n_candidates == 8


def test_filters_and_groups_are_asked_for_by_name(index: Index) -> None:
    found = index.search("harbour", path="2022/*", pages="2-", language="en")
    assert {(hit.document_id, hit.page_number >= 2) for hit in found} == {(OLD_REPORT, True)}
    kept = index.search("harbour", document=OLD_REPORT, not_pages="2-", not_language="ja")
    assert [hit.page_number for hit in kept] == [1]
    assert not index.search("harbour", path="2022/*", not_path="report.pdf")
    assert [hit.document_id for hit in index.search("機械学習", k=1, document="4")] == [JAPANESE]
    best, _ = index.search("harbour", k=2, group_by="document")
    assert best.document_id == OLD_REPORT
    assert {other.document_id for other in best.other_pages} == {OLD_REPORT}


def test_what_stands_nowhere_and_where_resemblance_begins(index: Index) -> None:
    found = index.search("quay xyzzyqq", k=3)
    assert found.words_nowhere == ("xyzzyqq",)
    assert "No page holds xyzzyqq; these are the most similar." in found.notices
    assert [hit.below_line for hit in found] == [False, False, True]
    assert [hit.matched_by for hit in found] == ["words", "words", "resemblance"]
    assert found[2].snippet == ""
    assert len(index.search("quay xyzzyqq", k=3, min_score=found[1].score)) == 2


def test_an_answer_goes_on_while_an_ingest_runs(tmp_path: Path) -> None:
    folder = make_index(tmp_path / "index")
    with pagelens.open(folder) as index:
        first = index.search("containers by quay", k=2)
        assert first.next_offset == 2
        with closing(EmbeddedIndex.open_for_writing(folder, LexicalEncoder().fingerprint)) as it:
            put_copy(it, "0" * 32, OLD_REPORT, 2)
        second = index.search("containers by quay", k=2, offset=2)
        assert second[0].document_id == "0" * 32, "as good as the first, and not passed over"
        seen = [hit.page_id for hit in (*first, *second)]
        assert len(set(seen)) == 4
        assert index.search("containers by quay", k=9, offset=8).next_offset is None
        with pytest.raises(pagelens.PagelensError, match="The offset -1 must be at least 0"):
            index.search("containers by quay", offset=-1)


def test_pages_that_look_the_same_are_one_hit(tmp_path: Path) -> None:
    folder = make_index(tmp_path / "index")
    with closing(EmbeddedIndex.open_for_writing(folder, LexicalEncoder().fingerprint)) as writer:
        put_copy(writer, "6" * 32, OLD_REPORT, 2)
    with pagelens.open(folder) as index:
        plain = index.search("containers by quay", k=3, ranking="float")
        assert [hit.ties_with_previous for hit in plain] == [False, True, True]
        (hit,) = index.search("containers by quay", k=1, collapse=True)
        assert hit.document_id == "6" * 32
        assert [other.path for other in hit.other_pages] == ["/library/2022/report.pdf"]


@pytest.mark.parametrize("ranking", ["hamming-then-float", "bm25"])
def test_a_hit_shows_its_page_and_where_it_matches(index: Index, ranking: str) -> None:
    hit = index.search("cranes", k=1, ranking=ranking)[0]
    page, heat = hit.image(), hit.heatmap()
    assert isinstance(page, Image.Image)
    assert page.size == heat.size
    assert (page.mode, heat.mode) == ("RGB", "RGB")
    channels = np.asarray(heat).astype(int)
    assert (channels.max(axis=2) - channels.min(axis=2)).max() > 50  # colour means heat
    explanation = hit.explain()
    assert (explanation.page_id, explanation.place) == (hit.page_id, 1)


def test_a_text_is_encoded_once(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    encoded: list[str] = []

    class Counting(LexicalEncoder):
        def encode_query(self, text: str):
            encoded.append(text)
            return super().encode_query(text)

    monkeypatch.setattr(pagelens.python_door, "load_encoder", lambda *_: Counting())
    with pagelens.open(folder) as index:
        hits = index.search("cranes", k=2, ranking="bm25")
        assert encoded == []
        for hit in hits:
            hit.heatmap()
            hit.heatmap()
            hit.explain()
    assert encoded == ["cranes"]


def test_errors_are_those_of_the_command_line(tmp_path: Path, index: Index) -> None:
    with pytest.raises(pagelens.PagelensError, match="There are: hamming-then-float"):
        index.search("cranes", ranking="colbert")
    with pytest.raises(pagelens.PagelensError, match="The query is empty"):
        index.search(" ")
    with pytest.raises(WrongUseError, match="The filter pages=x is not a page range"):
        index.search("cranes", pages="x")
    with pytest.raises(pagelens.PagelensError, match="^No index at"):
        pagelens.open(tmp_path / "nothing")
    with pytest.raises(pagelens.PagelensError, match="No folder"):
        pagelens.ingest(tmp_path / "nothing", index=tmp_path / "index")


def test_what_is_passed_over_is_in_the_report(tmp_path: Path) -> None:
    pdfs, other = tmp_path / "pdfs", tmp_path / "other"
    for folder in (pdfs / "drafts", other):
        folder.mkdir(parents=True)
    write_pdf(pdfs / "a.pdf", ["alpha"])
    write_pdf(pdfs / "drafts" / "b.pdf", ["beta"])
    write_pdf(other / "c.pdf", ["gamma"])
    (pdfs / "link").symlink_to(other)
    where = {"index": tmp_path / "index", "encoder": "lexical"}
    report = pagelens.ingest(pdfs, exclude="drafts/", **where)
    assert report.added.documents == 1
    assert report.left_out.excluded == (pdfs / "drafts",)
    assert report.left_out.links == (pdfs / "link",)
    report = pagelens.ingest(pdfs, exclude=["drafts/"], follow_links=True, **where)
    assert (report.added.documents, report.left_out.links) == (1, ())
    with pytest.raises(WrongUseError, match="--exclude '!' is no pattern"):
        pagelens.ingest(pdfs, exclude=["!"], **where)


def test_what_the_index_holds_is_told(index: Index) -> None:
    assert index.stats().n_pages == 8
    assert [document.document_id for document in index.documents()] == [
        OLD_REPORT,
        NEW_REPORT,
        SCAN,
        JAPANESE,
    ]


def test_pages_are_counted_by_what_they_have(index: Index) -> None:
    counted = index.facets()
    assert (counted.n_pages, counted.languages["en"], counted.kinds) == (8, 5, {"pdf": 8})
    narrowed = index.facets(path="2022/*", not_pages="1")
    assert (narrowed.n_pages, narrowed.folders["/library/2022"]) == (2, 2)
    with pytest.raises(pagelens.PagelensError, match="^No filter 'lang'. There are: path, "):
        index.facets(lang="en")


def test_folders_are_ingested(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    pdfs = tmp_path / "pdfs"
    pdfs.mkdir()
    write_pdf(pdfs / "cranes.pdf", ["seven cranes", "the quay"])
    (pdfs / "broken.pdf").write_bytes(b"no PDF")
    steps: list[Progress] = []
    report = pagelens.ingest(
        str(pdfs), index=tmp_path / "index", encoder="lexical", on_progress=steps.append
    )
    assert (report.added.documents, report.added.pages) == (1, 2)
    assert [path for path, _ in report.failed] == [str(pdfs / "broken.pdf")]
    assert [str(step) for step in steps] == ["1 of 2 pages", "2 of 2 pages"]
    assert steps[-1].n_searchable == 1
    with pagelens.open(tmp_path / "index") as index:
        assert index.search("cranes", k=1)[0].page_number == 1
        (pdfs / "cranes.pdf").rename(pdfs / "birds.pdf")
        assert pagelens.ingest([pdfs], index=tmp_path / "index").moved.documents == 1
        assert index.search("cranes", k=1)[0].path == str(pdfs / "birds.pdf")
    assert capfd.readouterr() == ("", "")


def test_importing_it_imports_nothing_heavy() -> None:
    code = "import sys, pagelens; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    heavy = {"numpy", "PIL", "torch", "click", "rich", "sqlite3", "numba", "query", "ingest"}
    assert not heavy & set(done.stdout.split())


def test_pooling_is_the_folders_own_or_is_said(tmp_path: Path) -> None:
    (tmp_path / "pdfs").mkdir()
    write_pdf(tmp_path / "pdfs" / "a.pdf", ["one two three four five six seven"])
    folder = tmp_path / "index"
    pagelens.ingest(tmp_path / "pdfs", index=folder, encoder="lexical", pool=3)
    pagelens.ingest(tmp_path / "pdfs", index=folder)
    with pytest.raises(pagelens.PagelensError, match="with pooling ward-3, not ward-2"):
        pagelens.ingest(tmp_path / "pdfs", index=folder, pool=2)
    with pytest.raises(pagelens.PagelensError, match="--pool 0 must be at least 1"):
        pagelens.ingest(tmp_path / "pdfs", index=tmp_path / "new", encoder="lexical", pool=0)
    assert not (tmp_path / "new").exists()
    with pagelens.open(folder) as index:
        assert index.stats().n_vectors == 3
        hit = index.search("one two three four five six seven", ranking="float")[0]
        places = {match.patch: len(match.boxes) for match in hit.explain().tokens}
        assert sum(places.values()) == 7  # every word, in one of the three
        assert hit.heatmap().size[1] > 0
