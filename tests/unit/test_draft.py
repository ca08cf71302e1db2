"""draft.py, candidates.py and rarest_run.py of query/quality, query/page_lines.py: questions."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest

from index.interface import PageIndex
from index.pages import Document, FileRecord, Page, PageVectors, PageWords
from query.quality.candidates import (
    CAPTION,
    HEADING,
    SENTENCE,
    TABLE,
    Candidate,
    candidates,
)
from query.quality.draft import ORIGIN, Draft, draft_questions, drafts_as_table
from query.quality.questions import read_questions
from query.quality.rarest_run import rarest_run
from query.quality.words import content_terms
from tests.memory_index import MemoryIndex
from tests.random_pages import FINGERPRINT

WIDTH, HEIGHT = 600.0, 800.0


class At(NamedTuple):
    """A line of text on a page; all in points."""

    text: str
    y: float
    size: float = 10
    x: float = 50


def page(lines: Iterable[At], number: int = 1, document_id: str = "1" * 32, language: str = "en"):
    """A page whose letters are half as wide as they are high; Chinese ones as wide."""
    texts, boxes = [], []
    for line in lines:
        x = line.x
        for word in line.text.split():
            width = sum(line.size * (1.0 if c > "⺀" else 0.5) for c in word)
            texts.append(word)
            boxes.append((x, line.y, x + width, line.y + line.size))
            x += width + line.size * 0.25
    fractions = np.array(boxes).reshape(-1, 4) / np.array([WIDTH, HEIGHT] * 2)
    return Page(
        document_id,
        number,
        WIDTH,
        HEIGHT,
        language,
        PageWords(tuple(texts), fractions.astype(np.float32)),
        PageVectors.none(),
        b"",
    )


TITLE = At(
    "Yearly report of the harbour of Lindenau and its many old quays for the year of 1987", 20
)
"""The first words of a page, which are never taken."""


def found(*lines: At) -> list[tuple[str, str]]:
    return [(one.kind, one.text) for one in candidates(page([TITLE, *lines]))]


def block(text: str, y: float = 200, per_line: int = 8) -> list[At]:
    words = text.split()
    return [
        At(" ".join(words[i : i + per_line]), y + 12 * (i // per_line))
        for i in range(0, len(words), per_line)
    ]


PROSE = block(
    "Dredging began late because the steam crane had been sold to the town of Ansbach.", 500
)
PROSE_FOUND = (SENTENCE, " ".join(line.text for line in PROSE))


def test_letters_taller_than_usual_are_a_heading_over_its_lines() -> None:
    lines = [At("3.2 Cranes on the", 100, 16), At("northern quay", 118, 16)]
    assert found(*lines, *PROSE) == [(HEADING, "Cranes on the northern quay"), PROSE_FOUND]


@pytest.mark.parametrize(
    "heading",
    [
        "Introduction",
        "12 345 678",
        "Cranes ....... 12",
        "a b c d e f",
        "7.2 On the",
        "x = y + z = 2",
    ],
)
def test_what_says_too_little_is_no_heading(heading: str) -> None:
    assert found(At(heading, 100, 16), *PROSE) == [PROSE_FOUND]


@pytest.mark.parametrize(
    ("caption", "text"),
    [
        ("Figure 3: Coal landed at each quay", "Coal landed at each quay"),
        ("Fig. 12a Coal landed at quays. Source: port office", "Coal landed at quays"),
        ("Abb. 2: Kohle an jedem Kai", "Kohle an jedem Kai"),
        ("Tabelle 4 Umschlag nach Ware", "Umschlag nach Ware"),
        ("Figure 7: coal landed at each quay", "coal landed at each quay"),
        ("Table IV. Ships, crews and masters", "Ships, crews and masters"),
        ("Рис. 5. Уголь на каждом причале", "Уголь на каждом причале"),
        ("図1 港別の石炭陸揚げ量", "港別の石炭陸揚げ量"),
        ("表２：各码头的煤炭卸货量", "各码头的煤炭卸货量"),
    ],
)
def test_a_line_that_begins_as_captions_do_is_one(caption: str, text: str) -> None:
    first_words = At("。".join([text] * 8), 20)  # in the same script
    drafts = candidates(page([first_words, At(caption, 100), *PROSE]))
    assert drafts[0] == Candidate(CAPTION, text, tuple(content_terms(text)))


@pytest.mark.parametrize(
    "sentence",
    ["Figure 3 shows that coal was landed at quays.", "Abb. 2 zeigt Kohle an jedem Kai."],
)
def test_a_sentence_about_a_figure_is_no_caption(sentence: str) -> None:
    assert [kind for kind, _ in found(At(sentence, 100))] == [SENTENCE]


def table(head: Sequence[str], *rows: Sequence[str]) -> list[At]:
    return [
        At(cell, 100 + 14 * i, x=50 + 120 * j)
        for i, row in enumerate((head, *rows))
        for j, cell in enumerate(row)
    ]


def test_short_words_above_rows_of_numbers_are_a_table_head() -> None:
    rows = (("North quay", "12", "3,4"), ("South quay", "9", "1,250"))
    lines = table(("Quay", "Cranes", "Coal (tons)"), *rows)
    assert (TABLE, "Quay Cranes Coal") in found(*lines, *PROSE)
    by_columns = [line for j in range(3) for line in lines[j::3]]
    assert (TABLE, "Quay Cranes Coal") in found(*by_columns, *PROSE)


def test_words_above_words_and_numbers_above_numbers_are_none() -> None:
    words = table(("Quay", "Cranes", "Coal"), ("North", "old", "black"), ("South", "new", "red"))
    numbers = table(("1901", "1902", "1903"), ("1", "2", "3"), ("4", "5", "6"))
    assert TABLE not in {kind for kind, _ in (*found(*words), *found(*numbers))}


def test_the_first_words_and_the_topmost_line_are_never_taken() -> None:
    lines = [At("Coal and cranes of the old harbour", 100, 16), *PROSE]
    assert candidates(page(lines)) == []
    assert [one.kind for one in candidates(page([*lines, *block(SENTENCES[1], 600)]))] == [SENTENCE]
    assert candidates(page([PROSE[0]])) == []
    header_last = [*PROSE, At("Harbour office monthly gazette", 5, 16)]
    assert HEADING not in {one.kind for one in candidates(page([TITLE, *header_last]))}


def test_turned_letters_are_no_heading() -> None:
    turned = page([TITLE, *PROSE])
    words = turned.words
    axis = np.float32([[0.02, 0.0, 0.04, 0.5], [0.02, 0.55, 0.04, 0.7]])
    words = PageWords((*words.texts, "Temperature", "degrees"), np.concatenate([words.boxes, axis]))
    assert [one.kind for one in candidates(replace(turned, words=words))] == [SENTENCE]


@pytest.mark.parametrize(
    "tall",
    [
        ["Coal was landed at each quay by", "one crane"],  # a sentence, cut where it is widely set
        ["the cranes of each quay"],
        ["Coal of each quay and"],
        ["Coal at each quay. Timber at none"],
        ["Coal of each quay (and"],
        ["coal@harbour.example for each quay"],
        ["Quay Crane Quay Crane Quay Crane"],
        ["Уголь на каждом причале"],
    ],
)
def test_running_text_in_tall_letters_and_what_is_no_text_are_no_heading(tall: list[str]) -> None:
    assert found(*(At(line, 90 + 45 * i, 20) for i, line in enumerate(tall)), *PROSE) == [
        PROSE_FOUND
    ]


def test_where_function_words_are_usual_a_list_without_any_is_no_sentence() -> None:
    quays = block("North quay, south quay, coal quay, timber quay, salt quay, grain quay.", 300)
    assert found(*quays, *PROSE) == [PROSE_FOUND]
    no_function_words = [
        At("Północne nabrzeże portu miejskiego przy starym moście kolejowym 1987", 20)
    ]
    polish = block("Żuraw parowy sprzedano miastu Poznań przed zimą roku tysiąc dziewięćset.", 300)
    assert [one.kind for one in candidates(page([*no_function_words, *polish]))] == [SENTENCE]


def test_the_rarer_half_of_a_pages_sentences_may_be_drawn(index: MemoryIndex) -> None:
    common = "The report of this harbour says what the report of that harbour says of quays again."
    other = put(index, "2" * 32, [block(common), block(common.replace("again", "twice"))])
    pages = [*block(SENTENCES[0], 200), *block(common.replace("again", "thrice"), 400)]
    document = put(index, "1" * 32, [pages])
    assert [d.text for d in draft_questions(index, [document], 9)] == [
        "began late steam crane sold town"
    ]
    assert other.page_count == 2


def test_words_broken_at_a_line_end_are_whole() -> None:
    lines = [At("Figure 1: Coal and tim-", 100), At("ber at each quay", 112)]
    assert found(*lines) == [(CAPTION, "Coal and timber at each quay")]


# -- a run of a sentence


def test_of_a_sentence_its_rarest_content_words_are_kept_and_never_all() -> None:
    rarity = {"crane": 3.0, "steam": 3.0, "ansbach": 5.0, "sold": 1.0}
    run = rarest_run(PROSE_FOUND[1], rarity)
    assert run is not None
    assert run[0] == "late steam crane sold town Ansbach"


@pytest.mark.parametrize(
    "sentence",
    [
        "",
        "The crane was sold.",
        "Write to harbour@lindenau.example or buyer@ansbach.example or agent@zwenkau.example.",
        "12 13 14 15 16 17 18 19 20 21",
    ],
)
def test_what_is_no_sentence_gives_none(sentence: str) -> None:
    assert rarest_run(sentence, {}) is None


def test_japanese_and_chinese_give_a_clause() -> None:
    rarity = {"蒸気": 3.0, "気起": 3.0}
    japanese = rarest_run("港の北の岸壁では、古い蒸気起重機が石炭を陸揚げしていました。", rarity)
    assert japanese is not None
    assert japanese[0] == "古い蒸気起重機が石炭を陸揚げ"
    chinese = rarest_run("北码头的旧蒸汽起重机，于一九八七年卖给安斯巴赫市。", {})
    assert chinese is not None
    assert chinese[0] in ("北码头的旧蒸汽起重机", "于一九八七年卖给安斯巴赫市")


# -- from an index

SENTENCES = (
    "Dredging began late because the steam crane had been sold to the town of Ansbach.",
    "Every pilot carried a brass lantern whose wick was trimmed by a boy from Meissen.",
    "Fog signals were given with gunpowder until the bishop complained about broken windows.",
    "The ferry to Zwenkau sank twice while its captain was buying herrings at the market.",
)


def put(index: PageIndex, document_id: str, pages: Sequence[Sequence[At]]) -> Document:
    path = f"/harbour/{document_id[0]}.pdf"
    document = Document(document_id, (FileRecord(path, 9, 1),), "", len(pages), True)
    index.put_document(document)
    index.put([page([TITLE, *lines], n, document_id) for n, lines in enumerate(pages, 1)])
    return document


@pytest.fixture
def index() -> MemoryIndex:
    return MemoryIndex(FINGERPRINT)


def test_what_stands_on_two_pages_is_no_draft(index: MemoryIndex) -> None:
    shared = [At("Figure 1: Coal at the northern quay", 100)]
    heading = [At("Coal at a northern quay", 60, 16)]
    one = put(index, "1" * 32, [[*shared, *block(SENTENCES[0])], block(SENTENCES[1])])
    put(index, "2" * 32, [[*heading, *block(SENTENCES[2])]])
    kinds = [draft.kind for draft in draft_questions(index, [one], 9)]
    assert kinds == [SENTENCE, SENTENCE]


def test_drafts_come_from_many_pages_and_all_kinds_up_to_the_number_asked_for(
    index: MemoryIndex,
) -> None:
    pages = [
        [At("Cranes and their masters", 60, 16), *block(SENTENCES[0])],
        [At("Table 2: Coal of every month", 100), *block(SENTENCES[1])],
        block(SENTENCES[2]),
        block(SENTENCES[3]),
    ]
    document = put(index, "1" * 32, pages)
    drafts = draft_questions(index, [document], 4)
    assert [draft.page_number for draft in drafts] == [1, 2, 3, 4]
    assert {draft.kind for draft in drafts} == {HEADING, CAPTION, SENTENCE}
    assert draft_questions(index, [document], 4) == drafts
    assert len(draft_questions(index, [document], 2)) == 2
    assert all(draft.language == "en" for draft in drafts)


def test_only_the_documents_asked_for_and_every_page_is_read_once(index: MemoryIndex) -> None:
    put(index, "1" * 32, [block(SENTENCES[0])])
    two = put(index, "2" * 32, [block(SENTENCES[1]), []])
    read: list[None] = []
    drafts = draft_questions(index, [two], 5, lambda: read.append(None))
    assert [(draft.document_id, draft.page_number) for draft in drafts] == [("2" * 32, 1)]
    assert len(read) == 3


def test_what_is_written_is_read_again_and_says_what_it_is(tmp_path: Path) -> None:
    drafts = [
        Draft("cranes sold", "1" * 32, 3, HEADING, "en"),
        Draft("kohle", "2" * 32, 1, TABLE, ""),
    ]
    path = tmp_path / "q.tsv"
    path.write_text(drafts_as_table(drafts, {"1" * 32: "a.pdf", "2" * 32: "b/a.pdf"}))
    read = read_questions(path)
    assert [(q.text, dict(q.grades), q.kind, q.language) for q in read.questions] == [
        ("cranes sold", {("a.pdf", 3): 1}, HEADING, "en"),
        ("kohle", {("b/a.pdf", 1): 1}, TABLE, ""),
    ]
    assert read.origin == ORIGIN
    assert "nobody has asked them" in read.origin
