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

from encoders.stopwords import is_stop_word
from encoders.words import split_word
from index.broken_words import CJK_CHARACTERS
from index.pages import Page
from query.quality.page_lines import Line, is_below, joined, lines, paragraphs, rows, usual_height

HEADING, CAPTION, TABLE, SENTENCE = "heading", "caption", "table", "sentence"
KINDS = (HEADING, CAPTION, TABLE, SENTENCE)

MOST_WORDS = 9  # content words of a draft
_SENTENCE_WORDS = 6  # content words of a sentence, at most
_LEAST_WORDS = {HEADING: 2, CAPTION: 2, TABLE: 3, SENTENCE: 4}
_LEAST_LETTERS = 8  # of a heading, caption or table head: the symbols of two elements have four
_LEAST_DIFFERENT = 0.7  # of its terms
_LEAST_LEFT_OUT = 2  # content words of a sentence that a draft does without
_FIRST_CHARACTERS = 60  # of a page, a dozen words; a Chinese character says as much as three
_TALLER = 1.2  # than the page's usual letters
_LOOSE_GAP = 2.5  # letter heights between the lines of widely set running text
_MOST_CHARACTERS = 100
_FUNCTION_WORDS = 0.15  # of a page's words, where they are of a language whose own we know
_ONE_SCRIPT = 0.95
_CJK_PART = 0.3
_CJK_RUN = (6, 20)  # characters: as long as 3 to 9 words
_LEAST_CJK_TITLE = 4

_CJK = re.compile(f"[{CJK_CHARACTERS}]")
_HAS_LETTER = re.compile(r"[^\W\d_]")
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
    r"(?:[A-Z]?\d+(?:[.-]\d+)*[a-z]?|[IVX]+)\s*(?:[.:|–—-]\s*|\s(?=[\W\d]*[A-ZÀ-ÞА-Я가-힣]))"
    r"|(?:図|图|圖|表|写真)\s*[\d０-９一二三四五六七八九十]+(?:[.-]\d+)*[\s.:：．　]+)"
    r"(?P<rest>.*)$",
    re.IGNORECASE,
)
_SMALL_START = re.compile(r"^[\W\d]*[a-zß-ÿа-я]")
_SENTENCE_END = re.compile(
    r"(?:(?<=[^\W\d]{2}[.!?])|(?<=[)”][.!?]))[\"'”’»)]*\s+(?=[\W\d]*[^\Wa-zß-ÿ\d_])|(?<=[。！？])"
)
_CLAUSE_END = re.compile(r"[、，。；：！？,;:!?()（）「」『』“”\s]+")
_CJK_CHUNK = re.compile(r"[^ぁ-ゟ]+[ぁ-ゟ]*|^[ぁ-ゟ]+")
_JAPANESE_END = re.compile(
    "(?:(?:し|され)?(?:て(?:い(?:る|た|ます|ました)|おり)|た|ます|ました)|する|される|で(?:す|した|ある|あった)"
    "|だった|だ|に?(?:は|も)|[がをにでとへ]|(?<!も)の|から|まで|より|について)$"
)
_JAPANESE_START = re.compile("^[ぁ-ゟ]+(?=[^ぁ-ゟ])")
_MARKS = re.compile(r"[@_={}]|://|www\.|\S{29}|(?=\S*\d)(?=\S*[^\W\d])\S{11}")
"""What no question has in it: addresses, formulas, code, gaps to fill in, account numbers."""
_GOES_ON = re.compile(r"[.,;。．、，]$")
_AROUND_WORD = "\"'`´“”„‚‘’«»‹›()[]{}<>.,;:!?…*•·–—-|/\\=+~^°※●■◆○□▲▼★☆→⇒"
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


def content_terms(text: str) -> list[str]:
    """The terms of a text without function words, in reading order.

    >>> content_terms("The salt of the seas")
    ['salt', 'seas']
    """
    terms = (term.text for word in text.split() for term in split_word(word))
    return [term for term in terms if not is_stop_word(term)]


def candidates(page: Page) -> list[Candidate]:
    """Everything on a page of which a draft may be made; sentences whole, see `rarest_run`."""
    page_lines = lines(page)
    if not page_lines:
        return []
    top = min(page_lines, key=lambda line: line.box[1])
    lengths = (len(word) + 2 * len(_CJK.findall(word)) for word in page.words.texts)
    n_before = list(itertools.accumulate(lengths, initial=0))  # characters before each word

    def is_first(line: Line) -> bool:
        return n_before[line.first] < _FIRST_CHARACTERS or line.box[1] < top.box[3]

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
        if caption is not None and not _SMALL_START.match(caption["rest"]):
            found.append(_title(CAPTION, next(_sentences(caption["rest"]), "")))
        elif kept[0].height_pt >= _TALLER * usual:
            goes_on = before is not None and is_below(before[-1], block[0], _LOOSE_GAP)
            goes_on |= after is not None and is_below(block[-1], after[0], _LOOSE_GAP)
            found.append(None if goes_on or _is_part(text) else _title(HEADING, text))
        else:
            found += [Candidate(SENTENCE, s, tuple(content_terms(s))) for s in _sentences(text)]
    found += [_title(TABLE, head) for head in _table_heads(rows(page)[1:])]
    return [one for one in found if one is not None and is_language(one)]


def rarest_run(sentence: str, rarity: dict[str, float]) -> tuple[str, float] | None:
    """The part of a sentence by which a person could remember it, and how rare its terms are.

    Content words alone, 4 to 6 of them, and never all; of a text without spaces a clause, or the
    end of one.

    Args:
        sentence: as it stands on the page.
        rarity: of each term; the mean over a run decides.

    Returns:
        None where the sentence is too short, or is no sentence.
    """
    if _is_cjk(sentence):
        runs = list(_cjk_runs(sentence))
    else:
        words = [word for word in map(_plain_word, sentence.split()) if content_terms(word)]
        length = min(_SENTENCE_WORDS, len(words) - _LEAST_LEFT_OUT)
        if length < _LEAST_WORDS[SENTENCE]:
            return None
        runs = [" ".join(words[i : i + length]) for i in range(1, len(words) - length + 1)]
    scored = [(run, _mean_rarity(run, rarity)) for run in runs if _reads_well(run)]
    return max(scored, key=lambda one: one[1], default=None)


def _is_part(text: str) -> bool:
    """Whether lines in tall letters are a part of sentences, as running text may be tall."""
    words = text.split()
    ends_openly = bool(words) and len(words[-1]) <= 3 and not content_terms(words[-1])
    is_cut = bool(_SMALL_START.match(text) or _GOES_ON.search(text)) or ends_openly
    return is_cut or len(list(_sentences(text))) > 1


def _mean_rarity(text: str, rarity: dict[str, float]) -> float:
    terms = content_terms(text)
    return sum(rarity.get(term, 0.0) for term in terms) / max(1, len(terms))


def _title(kind: str, text: str) -> Candidate | None:
    """A heading, caption or table head as a draft, None where it says too little or too much."""
    text = _LETTERED.sub("", _NUMBERING.sub("", _LEADERS.sub("", text))).strip(_AROUND_WORD + " ")
    if _is_cjk(text):
        if not _LEAST_CJK_TITLE <= len(text) <= 2 * _CJK_RUN[1]:
            return None
    else:
        words = text.split()
        content = [i for i, word in enumerate(words) if content_terms(word)]
        if kind == CAPTION and len(content) > MOST_WORDS:
            text = " ".join(words[: content[MOST_WORDS - 1] + 1]).rstrip(_AROUND_WORD)
        elif not _LEAST_WORDS[kind] <= len(content) <= MOST_WORDS:
            return None
        if len(_HAS_LETTER.findall(text)) < _LEAST_LETTERS:
            return None
    terms = tuple(content_terms(text))
    signs = Counter(text)
    is_cut = signs["("] != signs[")"] or signs["["] != signs["]"]
    is_list = len(set(terms)) < _LEAST_DIFFERENT * len(terms)
    is_code = _MARKS.search(text) is not None and not _is_cjk(text)
    return None if is_cut or is_list or is_code else Candidate(kind, text, terms)


class _Language:
    """What the text of a page is like, so that what is no part of it is seen."""

    def __init__(self, text: str) -> None:
        scripts = Counter(_script(c) for c in text if c.isalpha()).most_common(1)
        self._scripts = {scripts[0][0], "LATIN"} if scripts else set()
        self._knows_function_words = _part_of_function_words(text) >= _FUNCTION_WORDS

    def has(self, candidate: Candidate) -> bool:
        """Whether words in the page's script make most of it, in a sentence function words too."""
        words = candidate.text.split()
        n_lettered = sum(len(_HAS_LETTER.findall(word)) >= 2 or _is_cjk(word) for word in words)
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
                or _part_of_function_words(candidate.text) > 0
            )
        )


@functools.cache
def _script(letter: str) -> str:
    """LATIN, GREEK, CYRILLIC and so on; CJK for all that is written between Chinese characters."""
    first = unicodedata.name(letter, "").split(" ")[0]
    return "CJK" if first in {"HIRAGANA", "KATAKANA", "KATAKANA-HIRAGANA", "IDEOGRAPHIC"} else first


def _part_of_function_words(text: str) -> float:
    terms = [term.text for word in text.split() for term in split_word(word)]
    return sum(map(is_stop_word, terms)) / max(1, len(terms))


def _reads_well(run: str) -> bool:
    """Whether a run of a sentence is words and not a formula, an address or a list."""
    words = run.split()
    if "(" in run or ")" in run or (_MARKS.search(run) and not _is_cjk(run)):
        return False
    if len(set(map(str.casefold, words))) < len(words):
        return False
    if any(len(word) == 1 and word.isalpha() for word in words) and not _is_cjk(run):
        return False
    n_plain = sum(len(_HAS_LETTER.findall(word)) >= 3 or _is_cjk(word) for word in words)
    return n_plain >= 0.75 * len(words)


def _sentences(text: str) -> Iterator[str]:
    """What ends with a full stop, and what a block without one holds."""
    for part in _SENTENCE_END.split(text):
        if part.strip():
            yield part.strip()


def _cjk_runs(sentence: str) -> Iterator[str]:
    """Clauses of fitting length; of longer Japanese ones the last parts, cut before a word."""
    least, most = _CJK_RUN
    clauses = [clause for clause in _CLAUSE_END.split(sentence) if clause]
    if len(clauses) < 2 and len(sentence) <= most:
        return  # it would be the sentence whole
    for clause in clauses:
        chunks = _CJK_CHUNK.findall(clause)
        while len(chunks) > 1 and sum(map(len, chunks)) > most:
            chunks = chunks[1:]
        run = _JAPANESE_START.sub("", _JAPANESE_END.sub("", "".join(chunks)))
        if least <= len(run) <= most and _is_cjk(run):
            yield run


def _table_heads(page_rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Rows of short words above at least two rows of numbers."""
    for head, *below in zip(page_rows, page_rows[1:], page_rows[2:], strict=False):
        is_head = len(head) >= 3 and all(
            len(cell) <= 30 and len(cell.split()) <= 4 and not _NUMBER_CELL.fullmatch(cell)
            for cell in head
        )
        if is_head and all(_is_row_of_numbers(row, len(head)) for row in below):
            yield " ".join(" ".join(_UNIT.sub("", cell) for cell in head).split())


def _is_row_of_numbers(row: Sequence[str], n_columns: int) -> bool:
    n_numbers = sum(_NUMBER_CELL.fullmatch(cell) is not None for cell in row)
    return abs(len(row) - n_columns) <= 1 and n_numbers >= max(2, len(row) / 2)


def _plain_word(word: str) -> str:
    return word.strip(_AROUND_WORD)


def _is_cjk(text: str) -> bool:
    """Whether spaces do not part its words, as where Chinese or Japanese names things in Latin."""
    return len(_CJK.findall(text)) > _CJK_PART * len(text)
