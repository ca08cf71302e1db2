"""What a page says that a question could be made of: headings, captions, table heads, sentences.

Rules for any language, and modest ones: what is passed over is no loss, what is silly has to be
taken out by hand. The first words of a page are never taken: whoever searches by them knows the
page already.
"""

import functools
import itertools
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from index.cjk import n_cjk
from index.pages import Page
from query.page_lines import Line, is_below, joined, lines, paragraphs, rows, usual_height
from query.quality.words import (
    AROUND_WORDS,
    MARKS,
    content_terms,
    is_cjk,
    n_letters,
    part_of_function_words,
)

HEADING, CAPTION, TABLE, SENTENCE = "heading", "caption", "table", "sentence"
KINDS = (HEADING, CAPTION, TABLE, SENTENCE)

MOST_WORDS = 9  # content words of a draft
_LEAST_WORDS = {HEADING: 2, CAPTION: 2, TABLE: 3}
_LEAST_LETTERS = 8  # of a heading, caption or table head: the symbols of two elements have four
_LEAST_DIFFERENT = 0.7  # of its terms
_FIRST_CHARACTERS = 60  # of a page, a dozen words; a Chinese character says as much as three
_TALLER = 1.2  # than the page's usual letters
_LOOSE_GAP = 2.5  # letter heights between the lines of widely set running text
_MOST_CHARACTERS = 100
_FUNCTION_WORDS = 0.15  # of a page's words, where they are of a language whose own we know
_ONE_SCRIPT = 0.95
_LEAST_CJK_TITLE, _MOST_CJK_TITLE = 4, 40  # characters
_LONGEST_CELL = 30  # characters, of the head of a table and of its numbers

_NUMBERING = re.compile(
    r"^(?:§\s*)?(?:(?:chapter|section|part|kapitel|abschnitt|teil|chapitre|cap[ií]tulo|capitolo)\s+)?"
    r"(?:\d+(?:\.\d+)*[.:)]?|[IVXLC]+[.:)]|[A-Z][.)]|[(]\w[)])\s+(?=\S)"
    r"|^第[\d一二三四五六七八九十]+[章節节編编部]\s*",
    re.IGNORECASE,
)
_LETTERED = re.compile(r"^[B-HJ-Z]\s+(?=[^\W\d_])(?=[^a-zß-ÿ])")
_UNIT = re.compile(r"\s*(?:[(\[][^)\]]*[)\]]|,\s*\S{1,5}$)")
_LEADERS = re.compile(r"\s*(?:[.…·_]\s?){2,}\s*\d*$")
_CAPTION = re.compile(
    r"^(?:(?:fig(?:ures?|uras?|\.)?|abb(?:ildung|\.)?|tab(?:les?|elle|ella|la|leau|\.)?|chart|plate"
    r"|diagram|scheme|graph(?:ique)?|grafik|schaubild|рис\.?|таблица|그림|표)\s*"
    r"(?:[A-Z]?\d+(?:[.-]\d+)*[a-z]?|[IVX]+)(?:\s*(?P<mark>[.:|–—-])\s*|\s+)"
    r"|(?:図|图|圖|表|写真)\s*[\d０-９一二三四五六七八九十]+(?:[.-]\d+)*[\s.:：．　]+)"
    r"(?P<rest>.*)$",
    re.IGNORECASE,
)
_SMALL_START = re.compile(r"^[\W\d]*[a-zß-ÿа-я]")
_SENTENCE_END = re.compile(
    r"(?:(?<=[^\W\d]{2}[.!?])|(?<=[)”][.!?]))[\"'”’»)]*\s+(?=[\W\d]*[^\Wa-zß-ÿ\d_])|(?<=[。！？])"
)
_GOES_ON = re.compile(r"[.,;。．、，]$")
_NUMBER_CELL = re.compile(r"[-+−–±~≈<>]?\s*[\d.,\s%–-]*\d[\d.,\s%×–-]*")


@dataclass(frozen=True)
class Candidate:
    """What a draft may be made of.

    Attributes:
        kind: one of KINDS.
        text: the draft.
        terms: its content terms in order: what must stand on no other page.
    """

    kind: str
    text: str
    terms: tuple[str, ...]


def candidates(page: Page) -> list[Candidate]:
    """Everything on a page of which a draft may be made; sentences whole, see `rarest_run`."""
    page_lines = lines(page)
    upright = [line.box for line in page_lines if line.height_pt]
    top = min(upright, default=None, key=lambda box: box[1])
    if top is None:
        return []
    lengths = (len(word) + 2 * n_cjk(word) for word in page.words.texts)
    n_before = list(itertools.accumulate(lengths, initial=0))  # characters before each word

    def is_first(line: Line) -> bool:
        return n_before[line.first] < _FIRST_CHARACTERS or line.box[1] < top[3]

    usual = usual_height(page_lines)
    is_language = _Language(page.words.text).has
    found = []
    blocks = list(paragraphs(page_lines))
    for before, block, after in zip([None, *blocks], blocks, [*blocks[1:], None], strict=False):
        kept = [line for line in block if not is_first(line) and line.height_pt]
        if not kept:
            continue
        text = joined([word for line in kept for word in line.texts])
        if len(kept) < len(block):  # it begins in the midst of a sentence
            text = " ".join(list(_sentences(text))[1:])
        caption = _CAPTION.match(text)
        if caption is not None and (caption["mark"] or not _SMALL_START.match(caption["rest"])):
            found.append(_title(CAPTION, next(_sentences(caption["rest"]), "")))
        elif kept[0].height_pt >= _TALLER * usual:
            goes_on = before is not None and is_below(before[-1], block[0], _LOOSE_GAP)
            goes_on |= after is not None and is_below(block[-1], after[0], _LOOSE_GAP)
            found.append(None if goes_on or _is_part(text) else _title(HEADING, text))
        else:
            found += [Candidate(SENTENCE, s, tuple(content_terms(s))) for s in _sentences(text)]
    found += [_title(TABLE, head) for head in _table_heads(rows(page)[1:])]
    return [one for one in found if one is not None and is_language(one)]


def _is_part(text: str) -> bool:
    """Whether lines in tall letters are a part of sentences, as running text may be tall."""
    words = text.split()
    ends_openly = bool(words) and len(words[-1]) <= 3 and not content_terms(words[-1])
    is_cut = bool(_SMALL_START.match(text) or _GOES_ON.search(text)) or ends_openly
    return is_cut or len(list(_sentences(text))) > 1


def _title(kind: str, text: str) -> Candidate | None:
    """A heading, caption or table head as a draft, None where it says too little or too much."""
    text = _LETTERED.sub("", _NUMBERING.sub("", _LEADERS.sub("", text))).strip(AROUND_WORDS + " ")
    if is_cjk(text):
        if not _LEAST_CJK_TITLE <= len(text) <= _MOST_CJK_TITLE:
            return None
    else:
        words = text.split()
        content = [i for i, word in enumerate(words) if content_terms(word)]
        if kind == CAPTION and len(content) > MOST_WORDS:
            text = " ".join(words[: content[MOST_WORDS - 1] + 1]).rstrip(AROUND_WORDS)
        elif not _LEAST_WORDS[kind] <= len(content) <= MOST_WORDS:
            return None
        if n_letters(text) < _LEAST_LETTERS:
            return None
    terms = tuple(content_terms(text))
    signs = Counter(text)
    is_cut = signs["("] != signs[")"] or signs["["] != signs["]"]
    is_list = len(set(terms)) < _LEAST_DIFFERENT * len(terms)
    is_code = MARKS.search(text) is not None and not is_cjk(text)
    return None if is_cut or is_list or is_code else Candidate(kind, text, terms)


class _Language:
    """What the text of a page is like, so that what is no part of it is seen."""

    def __init__(self, text: str) -> None:
        scripts = Counter(_script(c) for c in text if c.isalpha()).most_common(1)
        self._scripts = {scripts[0][0], "LATIN"} if scripts else set()
        self._knows_function_words = part_of_function_words(text) >= _FUNCTION_WORDS

    def has(self, candidate: Candidate) -> bool:
        """Whether words in the page's script make most of it, in a sentence function words too."""
        words = candidate.text.split()
        n_lettered = sum(n_letters(word) >= 2 or is_cjk(word) for word in words)
        letters = [c for c in candidate.text if c.isalpha()]
        n_fitting = sum(_script(c) in self._scripts for c in letters)
        return (
            bool(candidate.terms)
            and n_lettered >= 0.6 * len(words)
            and n_fitting >= _ONE_SCRIPT * len(letters)
            and (candidate.kind == SENTENCE or len(candidate.text) <= _MOST_CHARACTERS)
            and (
                candidate.kind != SENTENCE
                or not self._knows_function_words
                or part_of_function_words(candidate.text) > 0
            )
        )


@functools.cache
def _script(letter: str) -> str:
    """LATIN, GREEK, CYRILLIC and so on; CJK for all that is written between Chinese characters."""
    first = unicodedata.name(letter, "").split(" ")[0]
    return "CJK" if first in {"HIRAGANA", "KATAKANA", "KATAKANA-HIRAGANA", "IDEOGRAPHIC"} else first


def _sentences(text: str) -> Iterator[str]:
    """What ends with a full stop, and what a block without one holds."""
    for part in _SENTENCE_END.split(text):
        if part.strip():
            yield part.strip()


def _table_heads(page_rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Rows of short words above at least two rows of numbers."""
    for head, *below in zip(page_rows, page_rows[1:], page_rows[2:], strict=False):
        is_head = len(head) >= 3 and all(
            len(cell) <= _LONGEST_CELL and len(cell.split()) <= 4 and not _is_number(cell)
            for cell in head
        )
        if is_head and all(_is_row_of_numbers(row, len(head)) for row in below):
            yield " ".join(" ".join(_UNIT.sub("", cell) for cell in head).split())


def _is_row_of_numbers(row: Sequence[str], n_columns: int) -> bool:
    n_numbers = sum(map(_is_number, row))
    return abs(len(row) - n_columns) <= 1 and n_numbers >= max(2, len(row) / 2)


def _is_number(cell: str) -> bool:
    return len(cell) <= _LONGEST_CELL and _NUMBER_CELL.fullmatch(cell) is not None
