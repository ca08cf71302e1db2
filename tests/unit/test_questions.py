"""query/quality/questions.py, tables.py: what a person writes down, and its pages in an index."""

from pathlib import Path

import pytest

from index.errors import WrongUseError
from index.pages import Document, Failure, FileRecord, page_id
from query.quality.questions import (
    ONLY_PAGE,
    Question,
    QuestionSet,
    read_questions,
    resolve,
)

ROOT = Path(__file__).parents[2]


def written(folder: Path, text: str | bytes) -> Path:
    path = folder / "q.tsv"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def test_the_sample_queries_are_read_as_they_are() -> None:
    read = read_questions(ROOT / "samples" / "queries.tsv")
    assert (len(read.questions), read.origin) == (40, "")
    assert read.questions[1] == Question(
        "2",
        "carbon dioxide in the air",
        {("earth-report.pdf", 2): 1, ("earth-report.pdf", 3): 1},
        kind="text",
    )


def test_the_questions_by_which_rankings_are_chosen_are_read_as_they_are() -> None:
    read = read_questions(ROOT / "tests" / "bench" / "quality" / "queries.tsv")
    assert len(read.questions) > 200
    assert {question.language for question in read.questions} >= {"en", "de", "ja"}
    assert read.origin.startswith("Written by hand from the pages")


def test_everything_a_table_can_say(tmp_path: Path) -> None:
    text = (
        "\ufeff# Written by the library's staff,\r\n#\r\n# from their desk's log.\r\n\r\n"
        "Pages\tQUERY\tfile\tgrade\tlanguage\tkind\tid\r\n"
        "2, 3\twho paid\ta.pdf\t2\tEN\t\tq7\r\n"
        "\r\n"
        "9\twho paid\tb/a.pdf\t\t\ttable\tq7\r\n"
        '1\t"the ""old"" harbour"\tc.pdf\t\t\t\tq8\r\n'
        "4\t#1 hit\tc.pdf\t\tgerman\t\tq9"
    )
    read = read_questions(written(tmp_path, text))
    assert read.origin == "Written by the library's staff, from their desk's log."
    assert read.questions == (
        Question(
            "q7", "who paid", {("a.pdf", 2): 2, ("a.pdf", 3): 2, ("b/a.pdf", 9): 1}, "en", "table"
        ),
        Question("q8", 'the "old" harbour', {("c.pdf", 1): 1}),
        Question("q9", "#1 hit", {("c.pdf", 4): 1}, "de"),
    )


def test_rows_of_one_text_are_one_question_with_the_number_of_its_first(tmp_path: Path) -> None:
    text = "query\tfile\tpages\nold\ta.pdf\t1\nnew\ta.pdf\t2\nold\tb.pdf\t1\nold\tb.pdf\t1\n"
    assert read_questions(written(tmp_path, text)).questions == (
        Question("1", "old", {("a.pdf", 1): 1, ("b.pdf", 1): 1}),
        Question("2", "new", {("a.pdf", 2): 1}),
    )


HEADER = "query\tfile\tpages\tgrade\tlanguage\n"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "{path} holds no table. Its first line must name the columns, with tabs between: "
             "query, file, pages."),
        ("# made by hand\n\n", "{path} holds no table. Its first line must name the columns, with "
                               "tabs between: query, file, pages."),
        (HEADER, "{path} holds no question. Write one a line below the header, with tabs between: "
                 "query, file, pages."),
        ("query,file,pages\n", "{path}, line 1: no tab. This must be a header that names the "
                               "columns, with tabs between: query, file, pages."),
        ("#\nquery\tdoc\tpages\n", "{path}, line 2: the header lacks file. It names query, doc, "
                                   "pages."),
        ("query\tfile\tpages\tgarde\n", "{path}, line 1: no column is called 'garde'. There are: "
                                        "query, file, pages, grade, kind, language, id."),
        ("query\tfile\tpages\tquery\n", "{path}, line 1: the header names 'query' twice. Delete "
                                        "one of them."),
        (HEADER + "who\t\t2\n", "{path}, line 2: file is empty. Fill it in, or delete the line."),
        (HEADER + "who\ta.pdf\n", "{path}, line 2: pages is empty. Fill it in, or delete the "
                                  "line."),
        (HEADER + "\n" + "a\t" * 5 + "a\n", "{path}, line 3: 6 cells, and the header names 5 "
                  "columns. Is there a tab inside a cell? Write a space instead."),
        (HEADER + "who\ta.pdf\t2-3\n", "{path}, line 2: '2-3' are no page numbers. They count from "
                                       "1, with commas between: 2,3."),
        (HEADER + "who\ta.pdf\t0\n", "{path}, line 2: '0' are no page numbers. They count from 1, "
                                     "with commas between: 2,3."),
        (HEADER + "who\ta.pdf\t1,\n", "{path}, line 2: '1,' are no page numbers. They count from "
                                      "1, with commas between: 2,3."),
        (HEADER + "who\ta.pdf\t1\t0\n", "{path}, line 2: grade '0' is no whole number from 1 on. "
                                        "A page that does not answer has no line."),
        (HEADER + "who\ta.pdf\t1\t\tKlingon\n", "{path}, line 2: 'Klingon' is no language by its "
                                                "two letters (ISO 639-1), such as de."),
        (HEADER + "who\ta.pdf\t1\nwho\ta.pdf\t2,1\t2\n", "{path}, line 3: page 1 of a.pdf has "
                                        "grade 1 above and 2 here. Delete one of them."),
        ("query\tfile\tpages\tid\nwho\ta.pdf\t1\t7\nwhen\ta.pdf\t1\t7\n",
         "{path}, line 3: id 7 has another query here than in {path}, line 2. Give each question "
         "an id of its own."),
        ("query\tfile\tpages\tid\nwho\ta.pdf\t1\n",
         "{path}, line 2: id is empty. Fill it in, or delete the whole column."),
        (HEADER.encode() + b"Stra\xdfe\ta.pdf\t1\n",
         "{path}, line 2: not UTF-8 (byte 0xdf). Save the file as UTF-8."),
        (HEADER.encode("utf-16"), "{path}, line 1: not UTF-8 (byte 0xff). Save the file as UTF-8."),
    ],
)  # fmt: skip
def test_what_cannot_be_understood_is_one_line(
    tmp_path: Path, text: str | bytes, message: str
) -> None:
    path = written(tmp_path, text)
    with pytest.raises(WrongUseError) as error:
        read_questions(path)
    assert str(error.value) == message.format(path=path)


def test_a_file_that_is_not_there_or_a_folder(tmp_path: Path) -> None:
    for path, why in ((tmp_path / "no.tsv", "No such file or directory"), (tmp_path, "Is a dir")):
        with pytest.raises(WrongUseError, match=rf"^Cannot read {path} \({why}.*\. Check the name"):
            read_questions(path)


# -- in an index

REPORT, OTHER, HALF, BROKEN, UNFINISHED = (str(n) * 32 for n in range(1, 6))
DOCUMENTS = (
    Document(REPORT, (FileRecord("/a/2022/report.pdf", 9, 1),), "", 7, True),
    Document(
        OTHER,
        (FileRecord("/a/2023/report.pdf", 9, 1), FileRecord("/a/copy.pdf", 9, 1)),
        "",
        1,
        True,
    ),
    Document(
        HALF, (FileRecord("/a/half.pdf", 9, 1),), "", 3, True, (Failure(2, "page is absurd"),)
    ),
    Document(BROKEN, (FileRecord("/a/broken.pdf", 9, 1),), "", 0, True, (Failure(None, "empty"),)),
    Document(UNFINISHED, (FileRecord("/a/new.pdf", 9, 1),), "", 2, False),
)


def asked(*pages: tuple[str, int]) -> QuestionSet:
    return QuestionSet(tuple(Question(f"q{p}", "?", {p: 1}) for p in pages), "")


def test_pages_are_found_by_any_end_of_their_path() -> None:
    grades = {("2022/report.pdf", 7): 1, ("copy.pdf", ONLY_PAGE): 3, ("2023/report.pdf", 1): 2}
    first, second = Question("1", "who", grades), Question("2", "when", {("half.pdf", 3): 1})
    assert resolve(QuestionSet((first, second), ""), DOCUMENTS) == {
        "1": {page_id(REPORT, 7): 1, page_id(OTHER, 1): 3},
        "2": {page_id(HALF, 3): 1},
    }


@pytest.mark.parametrize(
    ("page", "why"),
    [
        (("gone.pdf", 1), "no file gone.pdf"),
        (("report.pdf", 1), "report.pdf may be any of /a/2022/report.pdf, /a/2023/report.pdf"),
        (("2022/report.pdf", 8), "2022/report.pdf has 7 pages, not 8"),
        (("copy.pdf", 2), "copy.pdf has 1 page, not 2"),
        (
            ("2022/report.pdf", ONLY_PAGE),
            "2022/report.pdf has 7 pages, write 2022/report.pdf/1 or another of them",
        ),
        (("half.pdf", 2), "page 2 of half.pdf could not be read (page is absurd)"),
        (("broken.pdf", 1), "page 1 of broken.pdf could not be read (empty)"),
        (("new.pdf", 1), "new.pdf is not yet wholly in the index"),
    ],
)
def test_a_page_that_cannot_be_found_is_named_with_the_reason(
    page: tuple[str, int], why: str
) -> None:
    with pytest.raises(WrongUseError) as error:
        resolve(asked(page, ("copy.pdf", 1)), DOCUMENTS)
    assert str(error.value) == (
        f"1 of 2 pages that the questions ask for cannot be found in the index: {why}. Ingest "
        "them, write more of a path, or take these questions out: figures over the rest would "
        "mislead."
    )


def test_of_many_the_first_few_are_named_and_all_are_counted() -> None:
    pages = [(f"{n}.pdf", page) for n in range(9) for page in (1, 2)]
    with pytest.raises(WrongUseError) as error:
        resolve(asked(*pages, ("copy.pdf", 1)), DOCUMENTS)
    assert str(error.value).startswith("18 of 19 pages that the questions ask for cannot be found")
    assert "no file 4.pdf; and 4 more. Ingest them" in str(error.value)
