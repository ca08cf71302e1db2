"""query/quality/data_sets.py over real files of both of ViDoRe's structures."""

import io
import re
import sys
from pathlib import Path
from typing import NoReturn

import datasets
import pytest
from PIL import Image

import pagelens
from index.errors import MissingDependencyError, WrongUseError
from query.quality.data_sets import load_data_set, write_corpus
from query.quality.questions import Question, resolve
from tests.data_sets import QRELS, QUERIES, images, write_as_one_table, write_in_parts, write_table


@pytest.fixture(autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path_factory.mktemp("cache"))


@pytest.fixture
def source(tmp_path: Path) -> Path:
    (tmp_path / "set").mkdir()
    return tmp_path / "set"


def first_pixels(folder: Path) -> dict[str, object]:
    """Each file's name without its hash, and the colour at its corner."""
    found = {}
    for path in sorted(folder.iterdir()):
        with Image.open(path) as image:
            found[re.sub(r"-[0-9a-f]{12}", "", path.name)] = image.convert("RGB").getpixel((0, 0))
    return found


def test_a_set_in_parts(source: Path, tmp_path: Path) -> None:
    data_set = load_data_set(str(write_in_parts(source)))
    assert data_set.questions.questions == (
        Question("7", "a dark page", {("1", 1): 2, ("2", 1): 1}),
    )
    written = write_corpus(data_set, tmp_path / "pages")
    assert first_pixels(tmp_path / "pages") == {
        "0.png": (255,) * 3,
        "1.png": (0,) * 3,
        "2.png": (128,) * 3,
    }
    (question,) = written.questions.questions
    files = {Path(file).name[0]: grade for (file, _), grade in question.grades.items()}
    assert files == {"1": 2, "2": 1}


def test_version_3_says_language_and_kind_and_writes_ids_with_an_underscore(source: Path) -> None:
    queries = {
        "query_id": [7],
        "query": ["une page sombre"],
        "language": ["french"],
        "content_type": [["Text"]],
    }
    qrels = {
        "query_id": [7, 7],
        "corpus_id": [1, 2],
        "score": [2, 1],
        "content_type": [["Table", "Text"], ["Text"]],
    }
    corpus = {"corpus_id": [0, 1, 2], "image": images(), "doc_id": ["a", "a", "b"]}
    data_set = load_data_set(str(write_in_parts(source, queries, qrels, corpus)))
    assert data_set.questions.questions == (
        Question("7", "une page sombre", {("1", 1): 2, ("2", 1): 1}, "fr", "table"),
    )


def test_a_set_of_one_table(source: Path, tmp_path: Path) -> None:
    """A page nobody asks for is searched too, and the rows of one query are one question."""
    data_set = load_data_set(str(write_as_one_table(source)))
    assert data_set.questions.questions == (
        Question("1", "a dark page", {("data/dark.png", 1): 1, ("grey.png", 1): 1}),
        Question("2", "the second query", {("data/dark.png", 1): 1}),
    )
    write_corpus(data_set, tmp_path / "pages")
    assert first_pixels(tmp_path / "pages") == {
        "data_dark.png.png": (255,) * 3,
        "grey.png.png": (128,) * 3,
        "nothing.png.png": (0,) * 3,
    }


def test_what_is_written_is_ingested_and_found_again(source: Path, tmp_path: Path) -> None:
    written = write_corpus(load_data_set(str(write_in_parts(source))), tmp_path / "pages")
    pagelens.ingest(written.folder, index=tmp_path / "index", encoder="lexical")
    with pagelens.open(tmp_path / "index") as index:
        grades = resolve(written.questions, index.documents())
    assert sorted(grades["7"].values()) == [1, 2]


def test_an_interrupted_run_goes_on_and_writes_nothing_twice(source: Path, tmp_path: Path) -> None:
    data_set, pages = load_data_set(str(write_in_parts(source))), tmp_path / "pages"

    def stop() -> NoReturn:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_corpus(data_set, pages, stop)
    (first,) = pages.iterdir()
    times = first.stat().st_mtime_ns
    write_corpus(data_set, pages)
    assert len(list(pages.iterdir())) == 3
    assert first.stat().st_mtime_ns == times


def test_images_keep_their_bytes_unless_an_ingest_could_not_read_them(
    source: Path, tmp_path: Path
) -> None:
    encoded = []
    for image, kind in zip(images(), ("JPEG", "BMP", "WEBP"), strict=True):
        data = io.BytesIO()
        image.save(data, kind)
        encoded.append({"bytes": data.getvalue(), "path": None})
    corpus = {"corpus-id": [0, 1, 2], "image": encoded}
    write_corpus(load_data_set(str(write_in_parts(source, corpus=corpus))), tmp_path / "pages")
    jpeg, png, webp = sorted((tmp_path / "pages").iterdir())
    assert (jpeg.suffix, png.suffix, webp.suffix) == (".jpg", ".png", ".webp")
    assert [jpeg.read_bytes(), webp.read_bytes()] == [encoded[0]["bytes"], encoded[2]["bytes"]]
    with Image.open(png) as image:
        assert (image.format, image.getpixel((0, 0))) == ("PNG", (0, 0, 0))


def test_a_folder_with_other_files_is_refused(source: Path, tmp_path: Path) -> None:
    data_set, pages = load_data_set(str(write_in_parts(source))), tmp_path / "pages"
    pages.mkdir()
    (pages / "a.pdf").touch()
    with pytest.raises(WrongUseError, match=rf"^{pages} holds a\.pdf and 0 more that are not of"):
        write_corpus(data_set, pages)


def test_a_damaged_image_is_named(source: Path, tmp_path: Path) -> None:
    damaged = [{"bytes": data, "path": None} for data in (b"\x89PNG", b"<html>")]
    corpus = {"corpus-id": [0, 1], "image": damaged}
    data_set = load_data_set(str(write_in_parts(source, corpus=corpus)))
    with pytest.raises(WrongUseError, match=r": the image of page 1 cannot be read \("):
        write_corpus(data_set, tmp_path / "pages")


def test_a_page_that_the_corpus_lacks_is_named(source: Path, tmp_path: Path) -> None:
    qrels = {"query-id": [7], "corpus-id": [9], "score": [1]}
    data_set = load_data_set(str(write_in_parts(source, qrels=qrels)))
    message = r": the question 'a dark page' asks for page 9, which its corpus lacks\.$"
    with pytest.raises(WrongUseError, match=message):
        write_corpus(data_set, tmp_path / "pages")


def test_a_set_of_another_structure_is_refused(source: Path) -> None:
    write_table(source / "test.parquet", {"text": ["a"], "label": [1]})
    with pytest.raises(WrongUseError, match=r"is no data set in ViDoRe's structure \("):
        load_data_set(str(source))


def test_a_set_without_right_pages_is_refused(source: Path) -> None:
    qrels = {**QRELS, "score": [0, 0, 0]}
    with pytest.raises(WrongUseError, match=r"has no question with a right page\.$"):
        load_data_set(str(write_in_parts(source, QUERIES, qrels)))


def test_a_set_that_cannot_be_had_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_network(name: str) -> NoReturn:
        raise ConnectionError(f"Couldn't reach '{name}' on the Hub")

    monkeypatch.setattr(datasets, "get_dataset_config_names", no_network)
    message = (
        r"^The data set vidore/x is not on this machine and could not be downloaded \(Couldn't "
        r"reach 'vidore/x' on the Hub\)\. Run this once with a network connection, or name a "
        r"folder that holds it\.$"
    )
    with pytest.raises(MissingDependencyError, match=message):
        load_data_set("vidore/x")

    def no_set(name: str) -> NoReturn:
        raise datasets.exceptions.DatasetNotFoundError("not found")

    monkeypatch.setattr(datasets, "get_dataset_config_names", no_set)
    with pytest.raises(WrongUseError, match=r"^vidore/x is neither a folder with a data set nor"):
        load_data_set("vidore/x")


def test_a_folder_that_is_not_there_or_holds_nothing(tmp_path: Path) -> None:
    for folder in (tmp_path, tmp_path / "nowhere"):
        with pytest.raises(WrongUseError, match=rf"^{folder} is neither a folder with a data set"):
            load_data_set(str(folder))


def test_without_the_package_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "datasets", None)
    message = r"the package datasets is needed\. Install it: pip install 'pagelens\[eval\]'$"
    with pytest.raises(MissingDependencyError, match=message):
        load_data_set("vidore/x")
