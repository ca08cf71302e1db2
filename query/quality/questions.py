"""Questions with the pages that answer them: read from a table, and found again in an index."""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from index.errors import WrongUseError
from index.pages import Document, page_id
from index.paths import Names
from index.wording import count
from query.quality.tables import Row, read_table

ONLY_PAGE = 0
"""Stands for the page number where a set names a file alone, which must then have one page."""

_REQUIRED = ("query", "file", "pages")
_OPTIONAL = ("grade", "kind", "language", "id")
_NUMBER = re.compile("[1-9][0-9]{0,8}")
_LANGUAGE = re.compile("[a-z]{2}")
_ENGLISH_NAMES = {
    "chinese": "zh",
    "english": "en",
    "french": "fr",
    "german": "de",
    "italian": "it",
    "japanese": "ja",
    "korean": "ko",
    "portuguese": "pt",
    "spanish": "es",
}
_SHOWN_PROBLEMS = 5


@dataclass(frozen=True)
class Question:
    """One question and the pages that answer it.

    Attributes:
        id: within its set.
        text: as it is asked.
        grades: (file as the set names it, page number from 1 or ONLY_PAGE) to how well that page
            answers, 1 or more; pages that are not here do not.
        language: ISO 639-1 code, "" where unknown.
        kind: a free word for what the answer is: text, table, picture, scan; "" where unknown.
    """

    id: str
    text: str
    grades: Mapping[tuple[str, int], int]
    language: str = ""
    kind: str = ""


@dataclass(frozen=True)
class QuestionSet:
    """Questions that are asked together.

    Attributes:
        questions: at least one, their ids different.
        origin: how they were made, in one sentence; "" where the set does not say.
    """

    questions: tuple[Question, ...]
    origin: str


@dataclass(frozen=True)
class Collection:
    """Questions, and a folder with the pages they are asked of: a test collection.

    Attributes:
        questions: files are named as `resolve` finds them once the folder is in an index.
        folder: to be ingested.
    """

    questions: QuestionSet
    folder: Path


def read_questions(path: Path) -> QuestionSet:
    """Read questions from a table with tabs (`read_table`).

    Columns: `query`, `file` (its name or any longer end of its path) and `pages` ("2,3"); where
    wanted also `grade` (1), `kind`, `language` and `id` (the number of the question's first row).
    Rows of one id, or without ids of one query, are one question; kind and language are those of
    its first row that has one. Lines above the header that begin with # say how the questions were
    made.

    Raises:
        WrongUseError: there is no question in it, or a row cannot be understood.
    """
    table = read_table(path, _REQUIRED, _OPTIONAL)
    if not table.rows:
        raise WrongUseError(
            f"{path} holds no question. Write one a line below the header, with tabs between: "
            "query, file, pages."
        )
    rows: dict[str, list[tuple[str, Row]]] = defaultdict(list)  # (id, row) of each question
    for number, row in enumerate(table.rows, 1):
        if "id" not in table.columns:
            rows[row.cells["query"]].append((str(number), row))
        elif row.cells["id"]:
            rows[row.cells["id"]].append((row.cells["id"], row))
        else:
            raise WrongUseError(
                f"{row.place}: id is empty. Fill it in, or delete the whole column."
            )
    questions = (_question(of_one[0][0], [row for _, row in of_one]) for of_one in rows.values())
    return QuestionSet(tuple(questions), table.comment)


def _question(id_: str, rows: Sequence[Row]) -> Question:
    text = rows[0].cells["query"]
    grades: dict[tuple[str, int], int] = {}
    for row in rows:
        if row.cells["query"] != text:
            raise WrongUseError(
                f"{row.place}: id {id_} has another query here than in {rows[0].place}. "
                "Give each question an id of its own."
            )
        grade = _grade(row)
        for number in _page_numbers(row):
            page = row.cells["file"], number
            if grades.setdefault(page, grade) != grade:
                raise WrongUseError(
                    f"{row.place}: page {number} of {page[0]} has grade {grades[page]} above and "
                    f"{grade} here. Delete one of them."
                )
    languages = [language for row in rows if (language := _language(row))]
    kinds = [kind for row in rows if (kind := row.cells.get("kind"))]
    return Question(id_, text, grades, (languages or [""])[0], (kinds or [""])[0])


def _page_numbers(row: Row) -> list[int]:
    numbers = [part.strip() for part in row.cells["pages"].split(",")]
    for number in numbers:
        if _NUMBER.fullmatch(number) is None:
            raise WrongUseError(
                f"{row.place}: {row.cells['pages']!r} are no page numbers. They count from 1, with "
                "commas between: 2,3."
            )
    return [int(number) for number in numbers]


def _grade(row: Row) -> int:
    grade = row.cells.get("grade") or "1"
    if _NUMBER.fullmatch(grade) is None:
        raise WrongUseError(
            f"{row.place}: grade {grade!r} is no whole number from 1 on. A page that does not "
            "answer has no line."
        )
    return int(grade)


def _language(row: Row) -> str:
    language = row.cells.get("language", "")
    if language and not language_code(language):
        raise WrongUseError(
            f"{row.place}: {language!r} is no language by its two letters (ISO 639-1), such as de."
        )
    return language_code(language)


def language_code(language: str) -> str:
    """ISO 639-1 code of a language by its code or, where data sets use it, its English name.

    >>> language_code("DE"), language_code("french"), language_code("Klingon")
    ('de', 'fr', '')
    """
    small = language.strip().casefold()
    return small if _LANGUAGE.fullmatch(small) else _ENGLISH_NAMES.get(small, "")


def resolve(questions: QuestionSet, documents: Iterable[Document]) -> dict[str, dict[str, int]]:
    """Find the pages that answer in an index.

    A page that is not there, and one that could not be read, is an error: what is measured over
    the rest would look like a figure for all.

    Args:
        questions: files named by any end of their path, from the file's name on.
        documents: of the index.

    Returns:
        Question id to page id to grade, in the order of the questions.

    Raises:
        WrongUseError: pages are missing, or a name can mean several files; with how many, and the
            first few.
    """
    names = Names(documents)
    asked_for = {page for question in questions.questions for page in question.grades}
    found: dict[tuple[str, int], str] = {}
    problems: dict[tuple[str, int], str] = {}
    for page in sorted(asked_for):
        id_, problem = _find(names, *page)
        if problem:
            problems[page] = problem
        else:
            found[page] = id_
    if problems:
        reasons = list(dict.fromkeys(problems.values()))
        more = len(reasons) - _SHOWN_PROBLEMS
        raise WrongUseError(
            f"{len(problems):,} of {count(len(asked_for), 'page')} that the questions ask for "
            f"cannot be found in the index: {'; '.join(reasons[:_SHOWN_PROBLEMS])}"
            + (f"; and {more:,} more" if more > 0 else "")
            + ". Ingest them, write more of a path, or take these questions out: figures over the "
            "rest would mislead."
        )
    resolved: dict[str, dict[str, int]] = {}
    for question in questions.questions:
        grades = resolved.setdefault(question.id, {})
        for page, grade in question.grades.items():
            grades[found[page]] = max(grade, grades.get(found[page], 0))
    return resolved


def _find(names: Names, file: str, number: int) -> tuple[str, str]:
    """The id of a page, and the reason why there is none; one of both is ""."""
    named = names.find(file)
    if not named:
        return "", f"no file {file}"
    if len(named) > 1:
        return "", f"{file} may be any of {', '.join(sorted(one.path for one in named))}"
    document = named[0].document
    n_pages = document.page_count
    if number == ONLY_PAGE and n_pages > 1:
        return "", f"{file} has {n_pages:,} pages, write {file}/1 or another of them"
    number = number or 1
    if number in document.readable_pages:
        if not document.is_complete:
            return "", f"{file} is not yet wholly in the index"
        return page_id(document.document_id, number), ""
    if number > n_pages > 0:
        return "", f"{file} has {count(n_pages, 'page')}, not {number:,}"
    failures = (f for f in document.failures if not f.page_numbers or number in f.page_numbers)
    reason = next((failure.reason for failure in failures), "no reason is known")
    return "", f"page {number:,} of {file} could not be read ({reason})"
