"""ViDoRe's data sets, by hub id or folder: questions, and the pages as image files.

They come in two structures. Since version 2 in three parts, as BEIR's: corpus (with an image each),
queries and qrels; version 3 writes `corpus_id` for `corpus-id`. Version 1 is one table, each row an
image and perhaps a query that it answers.
"""

import hashlib
import os
import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

from encoders.image_decoder import SIGNATURES, decoded_frame
from index.errors import MissingDependencyError, PageFailure, WrongUseError
from query.quality.questions import Collection, Question, QuestionSet, language_code

if TYPE_CHECKING:
    from datasets import Dataset

_PARTS = {"corpus", "queries", "qrels"}
_SUFFIXES = {"PNG": ".png", "JPEG": ".jpg", "TIFF": ".tif", "WEBP": ".webp"}
"""Images that are kept as they are; others become PNG."""
_MAX_PIXELS = 150_000_000  # as much as an ingest takes
_LONGEST_NAME = 60  # characters, 240 bytes in any script


@dataclass(frozen=True, eq=False)
class DataSet:
    """A data set that was loaded; its images are read when they are asked for.

    Attributes:
        name: hub id or folder.
        questions: each page named by its id in the set, with page number 1.
        page_ids: every page of the corpus.
        images: the pages in that order, each its id and the bytes of an image file.
    """

    name: str
    questions: QuestionSet
    page_ids: Sequence[str]
    images: Callable[[], Iterator[tuple[str, bytes]]]


def load_data_set(name: str) -> DataSet:
    """Load a data set: its test split, or its only one. Downloads it where it is not here yet.

    Args:
        name: a hub id such as vidore/tabfquad_test_subsampled, or a folder with the same files.

    Raises:
        MissingDependencyError: the package `datasets` is missing, or the set cannot be downloaded.
        WrongUseError: there is no such set, or it has another structure.
    """
    try:
        import datasets
    except ImportError as e:
        raise MissingDependencyError(
            f"To read the data set {name} the package datasets is needed. "
            "Install it: pip install 'pagelens[eval]'"
        ) from e
    try:
        parts = datasets.get_dataset_config_names(name)
        if set(parts) >= _PARTS:
            return _in_parts(name, *(_table(name, part) for part in ("corpus", "queries", "qrels")))
        return _as_one_table(name, _table(name, None))
    except FileNotFoundError as e:
        raise WrongUseError(
            f"{name} is neither a folder with a data set nor one that the hub shows you. Check "
            'the spelling; a private one needs "hf auth login".'
        ) from e
    except OSError as e:
        raise MissingDependencyError(
            f"The data set {name} is not on this machine and could not be downloaded "
            f"({_short_reason(e)}). Run this once with a network connection, or name a folder "
            "that holds it."
        ) from e
    except (KeyError, ValueError, datasets.exceptions.DatasetsError) as e:
        raise WrongUseError(
            f"{name} is no data set in ViDoRe's structure ({_short_reason(e)}): neither corpus, "
            "queries and qrels nor one table with query and image."
        ) from e


def write_corpus(
    data_set: DataSet, folder: Path, on_page: Callable[[], object] = lambda: None
) -> Collection:
    """Write each page once as an image file, ready to be ingested.

    A file's name says which page of the set it is and what its bytes are, so what an interrupted
    run has written is kept and nothing is written twice.

    Args:
        data_set: what to write.
        folder: made where it does not exist; for this set alone.
        on_page: called after each page.

    Returns:
        The questions, pages named by their files, and the folder.

    Raises:
        WrongUseError: the folder cannot be written to or holds other files, an image cannot be
            read, or a question asks for a page that the set does not have.
    """
    names: dict[str, str] = {}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for page_id, data in data_set.images():
            names[page_id] = _write_image(data_set.name, folder, page_id, data)
            on_page()
        others = {path.name for path in folder.iterdir() if path.name[0] != "."} - {*names.values()}
    except OSError as e:
        raise WrongUseError(
            f"Cannot write the pages of {data_set.name} to {folder} ({e.strerror}). Check the "
            "folder and its free space, or name another."
        ) from e
    if others:
        raise WrongUseError(
            f"{folder} holds {min(others)} and {len(others) - 1} more that are not of "
            f"{data_set.name} as it is now, and would be searched too. Name an empty folder."
        )
    questions = []
    for question in data_set.questions.questions:
        lacking = [page for page, _ in question.grades if page not in names]
        if lacking:
            raise WrongUseError(
                f"{data_set.name}: the question {question.text!r} asks for page {lacking[0]}, "
                "which its corpus lacks."
            )
        grades = {(names[page], 1): grade for (page, _), grade in question.grades.items()}
        questions.append(replace(question, grades=grades))
    return Collection(QuestionSet(tuple(questions), data_set.questions.origin), folder)


def _table(name: str, part: str | None) -> "Dataset":
    import datasets

    splits = datasets.load_dataset(name, part)
    return splits["test"] if "test" in splits else next(iter(splits.values()))


def _in_parts(name: str, corpus: "Dataset", queries: "Dataset", qrels: "Dataset") -> DataSet:
    """Version 2 and later."""
    grades: dict[str, dict[tuple[str, int], int]] = defaultdict(dict)
    kinds: dict[str, str] = {}
    qrels = _with_hyphens(qrels)
    for row in qrels:
        if int(row["score"]) > 0:
            query_id = str(row["query-id"])
            grades[query_id][str(row["corpus-id"]), 1] = int(row["score"])
            kinds.setdefault(query_id, _kind(row.get("content_type")))
    questions = tuple(
        Question(
            id_,
            str(row["query"]),
            grades[id_],
            language_code(str(row.get("language") or "")),
            kinds[id_],
        )
        for row in _with_hyphens(queries)
        if (id_ := str(row["query-id"])) in grades
    )
    pages = _with_hyphens(corpus).select_columns(["corpus-id", "image"])
    page_ids = [str(id_) for id_ in pages["corpus-id"]]
    return _data_set(name, questions, page_ids, pages, range(len(page_ids)))


def _as_one_table(name: str, table: "Dataset") -> DataSet:
    """Version 1: rows of one query are one question, rows of one file name one page."""
    first_rows: dict[str, int] = {}
    asked: dict[str, dict[tuple[str, int], int]] = defaultdict(dict)
    for i, row in enumerate(table.select_columns(["query", "image_filename"])):
        page = str(row["image_filename"])
        first_rows.setdefault(page, i)
        if row["query"]:
            asked[str(row["query"])][page, 1] = 1
    questions = tuple(
        Question(str(number), text, grades)
        for number, (text, grades) in enumerate(asked.items(), 1)
    )
    return _data_set(name, questions, list(first_rows), table, list(first_rows.values()))


def _data_set(
    name: str,
    questions: tuple[Question, ...],
    page_ids: list[str],
    table: "Dataset",
    rows: Sequence[int],
) -> DataSet:
    """Put together what was found.

    Args:
        name: of the set.
        questions: their pages by id.
        page_ids: in the order of `rows`.
        table: with the column "image".
        rows: where in it each page stands.
    """
    import datasets

    if not questions:
        raise WrongUseError(f"The data set {name} has no question with a right page.")
    images = table.cast_column("image", datasets.Image(decode=False))

    def read_images() -> Iterator[tuple[str, bytes]]:
        for page_id, row in zip(page_ids, rows, strict=True):
            image = images[row]["image"]
            data = image["bytes"]
            yield page_id, Path(image["path"]).read_bytes() if data is None else data

    return DataSet(name, QuestionSet(questions, ""), page_ids, read_images)


def _with_hyphens(table: "Dataset") -> "Dataset":
    """Its ids as version 2 calls them."""
    renamed = {f"{what}_id": f"{what}-id" for what in ("query", "corpus")}
    return table.rename_columns({k: v for k, v in renamed.items() if k in table.column_names})


def _kind(content: object) -> str:
    """Version 3 says what kinds of content answer a question: the first of them."""
    first = content[0] if isinstance(content, list) and content else content
    return str(first).casefold() if isinstance(first, str) else ""


def _write_image(name: str, folder: Path, page_id: str, data: bytes) -> str:
    """Write a page's image unless it is there; gives the file's name."""
    suffix, data = _as_file(name, page_id, data)
    readable = re.sub(r"[^\w.-]+", "_", page_id).lstrip("._")[-_LONGEST_NAME:]
    path = folder / f"{readable}-{hashlib.sha256(data).hexdigest()[:12]}{suffix}"
    if not (path.exists() and path.stat().st_size == len(data)):  # a power cut may empty it
        draft = path.with_name(f".{path.name}.{os.getpid()}.part")
        try:
            draft.write_bytes(data)
            draft.replace(path)
        finally:
            draft.unlink(missing_ok=True)
    return path.name


def _as_file(name: str, page_id: str, data: bytes) -> tuple[str, bytes]:
    """The ending and bytes of an image file that an ingest reads."""
    for kind, suffix in _SUFFIXES.items():
        if data.startswith(SIGNATURES[kind]):
            return suffix, data
    encoded = BytesIO()
    try:
        with decoded_frame(data, tuple(SIGNATURES), _MAX_PIXELS) as image:
            image.save(encoded, "PNG")
    except PageFailure as e:
        raise WrongUseError(f"{name}: the image of page {page_id} cannot be read ({e}).") from e
    return ".png", encoded.getvalue()


def _short_reason(error: Exception) -> str:
    """The innermost cause, in one line."""
    cause: BaseException = error
    while cause.__cause__ is not None:
        cause = cause.__cause__
    return (str(cause) or type(cause).__name__).splitlines()[0].rstrip(".")
