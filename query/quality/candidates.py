"""What a page says that a question could be made of: headings, captions, table heads, sentences.

Rules for any language, and modest ones: what is passed over is no loss, what is silly has to be
taken out by hand. The first words of a page are never taken: whoever searches by them knows the
page already.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from encoders.stopwords import is_stop_word
from encoders.words import split_word
from index.broken_words import CJK_CHARACTERS
from index.pages import Page
from query.quality.page_lines import Line, joined, lines, paragraphs, rows, usual_height

HEADING, CAPTION, TABLE, SENTENCE = "heading", "caption", "table", "sentence"
KINDS = (HEADING, CAPTION, TABLE, SENTENCE)

MOST_WORDS = 9  # content words of a draft
_LEAST_WORDS = {HEADING: 2, CAPTION: 2, TABLE: 3, SENTENCE: 4}
_LEAST_LEFT_OUT = 2  # content words of a sentence that a draft does without
_FIRST_WORDS = 12
_TALLER = 1.2  # than the page's usual letters
_MOST_CHARACTERS = 100
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
    r"(?<=[^\W\d]{2}[.!?])[\"'”’»)]*\s+(?=[\W\d]*[^\Wa-zß-ÿ\d_])|(?<=[。！？])"
)
_CLAUSE_END = re.compile(r"[、，。；：！？,;:!?()（）「」『』“”\s]+")
_CJK_CHUNK = re.compile(r"[^ぁ-ゟ]+[ぁ-ゟ]*|^[ぁ-ゟ]+")
_JAPANESE_END = re.compile(
    "(?:(?:し|され)?(?:て(?:い(?:る|た|ます|ました)|おり)?|た|ます|ました)|する|される|で(?:す|した|ある|あった)"
    "|だった|だ|に?(?:は|も|て)|[がをにでとへの]|から|まで|より|について)$"
)
_AROUND_WORD = "\"'`´“”„‚‘’«»‹›()[]{}<>.,;:!?…*•·–—-|/\\=+~^°"
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

    def is_first(line: Line) -> bool:
        return line.first < _FIRST_WORDS or line.box[1] < top.box[3]

    usual = usual_height(page_lines)
    found = []
    for block in paragraphs(page_lines):
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
            found.append(_title(HEADING, text))
        else:
            found += [Candidate(SENTENCE, s, tuple(content_terms(s))) for s in _sentences(text)]
    found += [_title(TABLE, head) for head in _table_heads(rows(page)[1:])]
    return [one for one in found if one is not None and _is_language(one)]


def rarest_run(sentence: str, rarity: dict[str, float]) -> tuple[str, float] | None:
    """The part of a sentence by which a person could remember it, and how rare its terms are.

    Content words alone, 4 to MOST_WORDS of them, and never all; of a text without spaces a clause,
    or the end of one.

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
        length = min(MOST_WORDS, len(words) - _LEAST_LEFT_OUT, 6)
        if length < _LEAST_WORDS[SENTENCE]:
            return None
        runs = [" ".join(words[i : i + length]) for i in range(1, len(words) - length + 1)]
    scored = [(run, _mean_rarity(run, rarity)) for run in runs if _reads_well(run)]
    return max(scored, key=lambda one: one[1], default=None)


def _mean_rarity(text: str, rarity: dict[str, float]) -> float:
    terms = content_terms(text)
    return sum(rarity.get(term, 0.0) for term in terms) / max(1, len(terms))


def _title(kind: str, text: str) -> Candidate | None:
    """A heading, caption or table head as a draft, None where it says too little or too much."""
    text = _NUMBERING.sub("", _LEADERS.sub("", text)).strip(_AROUND_WORD + " ")
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
    return Candidate(kind, text, tuple(content_terms(text)))


def _is_language(candidate: Candidate) -> bool:
    """Whether words make most of it, and it fits a line."""
    words = candidate.text.split()
    n_lettered = sum(len(_HAS_LETTER.findall(word)) >= 2 or _is_cjk(word) for word in words)
    is_short = len(candidate.text) <= _MOST_CHARACTERS or candidate.kind == SENTENCE
    return is_short and bool(candidate.terms) and n_lettered >= 0.6 * len(words)


def _reads_well(run: str) -> bool:
    """Whether a run of a sentence is words and not a formula, an address or a list of numbers."""
    words = run.split()
    if any(mark in run for mark in ("@", "://", "www.", "_", "=")):
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
        run = _JAPANESE_END.sub("", "".join(chunks))
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
            yield " ".join(re.sub(r"\s*[(\[][^)\]]*[)\]]", "", cell) for cell in head)


def _is_row_of_numbers(row: Sequence[str], n_columns: int) -> bool:
    n_numbers = sum(_NUMBER_CELL.fullmatch(cell) is not None for cell in row)
    return abs(len(row) - n_columns) <= 1 and n_numbers >= max(2, len(row) / 2)


def _plain_word(word: str) -> str:
    return word.strip(_AROUND_WORD)


def _is_cjk(text: str) -> bool:
    return 2 * len(_CJK.findall(text)) > len(text)
