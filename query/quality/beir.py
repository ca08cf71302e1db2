"""A folder laid out as BEIR's data sets are, with pages instead of texts as corpus.

queries.jsonl (`_id`, `text`, and in `metadata` perhaps `language` and `kind`) or queries.tsv
(`query-id`, `text`); qrels/test.tsv or qrels.tsv (`query-id`, `corpus-id`, `score`, with a header);
corpus/ with PDFs or page images. A corpus id is FILE/PAGE, or for a file of one page FILE; the
file's ending may be left out. A score of 0 or less is no right page, and a query without any is not
asked.
"""

import json
import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path

from index.errors import WrongUseError
from query.quality.questions import (
    ONLY_PAGE,
    Collection,
    Question,
    QuestionSet,
    language_code,
)
from query.quality.tables import read_table, read_text

QUERY_FILES = ("queries.jsonl", "queries.tsv")
_QRELS_FILES = ("qrels/test.tsv", "qrels.tsv")
_CORPUS = "corpus"
_FILE_AND_PAGE = re.compile("(.+)/([1-9][0-9]{0,8})")
_SCORE = re.compile("-?[0-9]{1,9}")


def is_beir_folder(folder: Path) -> bool:
    """Whether a folder looks like one, so that what it lacks is worth an error."""
    return any((folder / name).is_file() for name in QUERY_FILES)


def read_beir(folder: Path) -> Collection:
    """Read the questions of such a folder.

    Raises:
        WrongUseError: something is missing, or cannot be understood; with file, line and what to
            do.
    """
    asked = {question.id: question for question in _queries(_one_of(folder, QUERY_FILES))}
    corpus = folder / _CORPUS
    if not corpus.is_dir():
        raise WrongUseError(f"{folder} lacks the folder {_CORPUS} with the PDFs or page images.")
    grades: dict[str, dict[tuple[str, int], int]] = defaultdict(dict)
    pages = _Pages(corpus)
    qrels = _one_of(folder, _QRELS_FILES)
    for row in read_table(qrels, ("query-id", "corpus-id", "score")).rows:
        query_id, corpus_id, score = (row.cells[n] for n in ("query-id", "corpus-id", "score"))
        if query_id not in asked:
            raise WrongUseError(
                f"{row.place}: no query has the id {query_id}. Add it to the queries, or delete "
                "the line."
            )
        if _SCORE.fullmatch(score) is None:
            raise WrongUseError(f"{row.place}: score {score!r} is no whole number.")
        if int(score) > 0:
            grades[query_id][pages.find(row.place, corpus_id)] = int(score)
    if not grades:
        raise WrongUseError(f"{qrels} names no right page. Give some a score of 1 or more.")
    questions = tuple(
        Question(id_, question.text, grades[id_], question.language, question.kind)
        for id_, question in asked.items()
        if id_ in grades
    )
    return Collection(QuestionSet(questions, ""), corpus)


def _one_of(folder: Path, names: tuple[str, ...]) -> Path:
    for name in names:
        if (folder / name).is_file():
            return folder / name
    raise WrongUseError(f"{folder} lacks {' or '.join(names)}.")


def _queries(path: Path) -> Iterator[Question]:
    """The queries without right pages; ids are not empty and differ."""
    places: dict[str, str] = {}
    for place, question in _lines(path) if path.suffix == ".jsonl" else _rows(path):
        if not question.id or not question.text.strip():
            raise WrongUseError(f"{place}: a query needs an id and a text that are not empty.")
        if question.id in places:
            raise WrongUseError(
                f"{place}: the id {question.id} is that of {places[question.id]} too. "
                "Give each query an id of its own."
            )
        places[question.id] = place
        yield question


def _rows(path: Path) -> Iterator[tuple[str, Question]]:
    for row in read_table(path, ("query-id", "text"), ("language", "kind")).rows:
        language, kind = row.cells.get("language", ""), row.cells.get("kind", "")
        question = Question(
            row.cells["query-id"], row.cells["text"], {}, language_code(language), kind
        )
        yield row.place, question


def _lines(path: Path) -> Iterator[tuple[str, Question]]:
    for number, line in enumerate(read_text(path).split("\n"), 1):
        if not line.strip():
            continue
        place = f"{path}, line {number}"
        try:
            record = json.loads(line)
        except ValueError as e:
            raise WrongUseError(f"{place}: not JSON ({e}). Write one object a line.") from e
        if not isinstance(record, dict) or not {"_id", "text"} <= record.keys():
            raise WrongUseError(
                f'{place}: not a query. Write an object such as {{"_id": "1", "text": "..."}}.'
            )
        metadata = record.get("metadata")
        about: Mapping[str, object] = metadata if isinstance(metadata, dict) else {}
        language, kind = (about.get(name) or "" for name in ("language", "kind"))
        yield (
            place,
            Question(
                str(record["_id"]), str(record["text"]), {}, language_code(str(language)), str(kind)
            ),
        )


class _Pages:
    """Which page of the corpus an id means."""

    def __init__(self, corpus: Path) -> None:
        self._corpus = corpus
        self._files: dict[str, list[str]] = defaultdict(list)  # by path with and without its ending
        self._ends: set[str] = set()  # of paths of files in a folder below: names of several files
        for path in sorted(corpus.rglob("*")):
            name = path.relative_to(corpus)
            if path.is_file() and not any(part.startswith(".") for part in name.parts):
                self._ends |= {Path(*name.parts[i:]).as_posix() for i in range(1, len(name.parts))}
                for key in {name, name.with_suffix("")}:
                    self._files[_same_spelling(key.as_posix())].append(name.as_posix())

    def find(self, place: str, corpus_id: str) -> tuple[str, int]:
        """The file, by as much of its path as makes it clear, and the page; see ONLY_PAGE."""
        candidates = [(corpus_id, ONLY_PAGE)]
        if split := _FILE_AND_PAGE.fullmatch(corpus_id):
            candidates.append((split[1], int(split[2])))
        for name, number in candidates:
            files = self._files.get(_same_spelling(name), [])
            if len(files) > 1:
                raise WrongUseError(
                    f"{place}: {corpus_id} may be any of {', '.join(files)} in {self._corpus}. "
                    "Write the file's whole name."
                )
            if files:
                file = f"{_CORPUS}/{files[0]}" if files[0] in self._ends else files[0]
                return file, number
        raise WrongUseError(
            f"{place}: {self._corpus} has no file {corpus_id}. Write FILE/PAGE, as in "
            "report.pdf/3, or for a file of one page FILE."
        )


def _same_spelling(name: str) -> str:
    return unicodedata.normalize("NFC", name)
