"""What poppler writes about a page's text, made into clean words and titles.

Knows nothing of files or processes. What comes in may be any bytes: a PDF can map any glyph to any
code point, and poppler's XML is not always well formed, so it is read word by word.
"""

import html
import re
import unicodedata
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from index.pages import PageWords
from ingest.reading_order import (
    RIGHT_TO_LEFT,
    Piece,
    in_reading_order,
    is_given_as_read,
    is_right_to_left,
    with_ligatures_mended,
)

MAX_TITLE_CHARACTERS = 200

MOST_LOST = 0.5
"""What names no letter with more than this part of its characters is no text: a word is left out,
and a text layer cannot be decoded."""

_WORD_OR_LINE = re.compile(
    r'<word xMin="([-.\d]+)" yMin="([-.\d]+)" xMax="([-.\d]+)" yMax="([-.\d]+)">([^<]*)</word>'
    "|<line "
)
"""One word of `pdftotext -bbox-layout`, or where a line begins. A coordinate that is no number
(nan, inf) drops the word."""

_LETTER_GAP = 0.03
"""Letters nearer than this, in heights of the line, are of one word: what poppler itself takes
(maxCharSpacing) when it writes text without boxes. With boxes, a change of font parts a word."""
_SAME_BASELINE = 0.2  # in heights: small capitals stand on the line, footnote marks do not

_CONTROL = re.compile("[\x01-\x1f\x7f-\x9f]")
"""It parts words: where one stands between letters, a font has mapped its space to it."""
_IN_PIECES = re.compile(rf"\s|\u200f|[\U0001e800-\U0001efff]|{RIGHT_TO_LEFT.pattern}")
"""What makes a line be read in another order than it is seen, or be parted in other words."""
_DROPPED = re.compile(
    "["
    "\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f"  # control characters; those that are spaces stay here
    "\u200b\u2060\ufeff"  # zero-width space, word joiner, byte order mark
    "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"  # direction marks: boxes say where a word stands
    "\ufff9-\ufffb"  # interlinear annotation
    "\ud800-\udfff"  # lone surrogates: they cannot be written as UTF-8
    "\ufdd0-\ufdef"  # noncharacters, these and the last two of each plane
    + "".join(
        f"{chr(plane + 0xFFFE)}{chr(plane + 0xFFFF)}" for plane in range(0, 0x110000, 0x10000)
    )
    + "]"
)
_INNER_SOFT_HYPHENS = re.compile("\u00ad+(?=.)", re.DOTALL)
_GLYPH_SHAPES = re.compile(
    "[\ufb00-\ufb06\ufb13-\ufb17\ufb20-\ufb29\ufb4f-\ufdcf\ufdf0-\ufdfb\ufe70-\ufefc]+"
)
"""Ligatures, wide Hebrew and all Arabic letter forms: how a letter is drawn, which nobody types."""

_MADE_BY = re.compile(r"^microsoft (?:office )?(?:word|excel|powerpoint) - ", re.IGNORECASE)
_FILE_ENDING = re.compile(r"\.(?:docx?|xlsx?|pptx?|odt|rtf|indd|tex|dvi|pdf|html?)$", re.IGNORECASE)
_NO_TITLE = re.compile(
    r"(?:untitled|unbenannt|no ?title|title|document|dokument|pr[eä]sentation|presentation"
    r"|slide|book|workbook|mappe)[ _-]?\d*",
    re.IGNORECASE,
)


class TextLayer(NamedTuple):
    """What a page's text layer holds.

    Attributes:
        words: in reading order, those that can be decoded.
        is_unreadable: whether most of the text cannot: it is glyph numbers, private characters or
            replacement characters, as a font does not tell which letters it draws.
    """

    words: PageWords
    is_unreadable: bool


class _Word(NamedTuple):
    """A word as poppler gives it; the box in points."""

    text: str
    x0: float
    y0: float
    x1: float
    y1: float


def parse_text_layer(markup: bytes, width_pt: float, height_pt: float) -> TextLayer:
    """The words of one page.

    A word broken at a line's end stays two words, "docu-" and "ments": each has its own place on
    the page to be shown at. Joining them for search is the work of whoever cuts text into terms.

    Args:
        markup: what `pdftotext -bbox-layout -cropbox` wrote, perhaps cut short.
        width_pt: width of the page as seen, to which poppler's coordinates refer.
        height_pt: its height.

    Returns:
        Lines in poppler's reading order, and their words in the order they are read. Left out are
        words wholly outside the page, and those that cannot be decoded.

    >>> line = b'<word xMin="5" yMin="10" xMax="15" yMax="20">R&amp;D</word>'
    >>> words = parse_text_layer(line, 20, 40).words
    >>> words.text, words.boxes.tolist()
    ('R&D', [[0.25, 0.25, 0.75, 0.5]])
    """
    lines = list(_lines(markup, width_pt, height_pt))
    texts: list[str] = []
    boxes: list[tuple[float, ...]] = []
    for text, box in _words_as_read(lines):
        clean = clean_text(text).split()  # several where a font maps one glyph to words
        texts += clean
        boxes += [box] * len(clean)
    page = np.array([width_pt, height_pt, width_pt, height_pt])
    fractions = np.array(boxes, np.float64).reshape(-1, 4) / page  # (n_words, 4)
    clipped = np.clip(fractions, 0, 1).astype(np.float32)
    is_unreadable = _is_mostly_lost("".join(word.text for line in lines for word in line))
    return TextLayer(PageWords(tuple(texts), clipped), is_unreadable)


def _lines(markup: bytes, width_pt: float, height_pt: float) -> Iterator[list[_Word]]:
    """The words of each line, from left to right, those outside the page left out."""
    line: list[_Word] = []
    for match in _WORD_OR_LINE.finditer(markup.decode("utf-8", "ignore")):
        if match[5] is None:
            yield _with_parts_joined(line)
            line = []
            continue
        try:
            x0, y0, x1, y1 = map(float, match.groups()[:4])
        except ValueError:
            continue
        word = _Word(html.unescape(match[5]), min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1))
        if word.x0 < width_pt and word.y0 < height_pt and word.x1 > 0 and word.y1 > 0:
            line.append(word)
    yield _with_parts_joined(line)


def _with_parts_joined(line: Sequence[_Word]) -> list[_Word]:
    """The words of a line, those made one again that only a change of font has parted."""
    whole: list[_Word] = []
    for word in line:
        if whole and _is_one_word(whole[-1], word):
            first = whole.pop()
            word = _Word(
                first.text + word.text,
                first.x0,
                min(first.y0, word.y0),
                max(first.x1, word.x1),
                max(first.y1, word.y1),
            )
        whole.append(word)
    return whole


def _is_one_word(first: _Word, second: _Word) -> bool:
    height = max(first.y1 - first.y0, second.y1 - second.y0)
    touches = abs(second.x0 - first.x1) < _LETTER_GAP * height
    return touches and abs(first.y1 - second.y1) < _SAME_BASELINE * height


def _is_mostly_lost(text: str) -> bool:
    """Whether most characters name no letter: control, private-use and replacement characters."""
    if text.isprintable() and "\ufffd" not in text:
        return False
    n_lost = sum(unicodedata.category(c) in ("Cc", "Co") or c == "\ufffd" for c in text)
    return n_lost > MOST_LOST * len(text)


def _words_as_read(lines: Sequence[Sequence[_Word]]) -> Iterator[tuple[str, tuple[float, ...]]]:
    """Words with their boxes in points, in reading order."""
    texts = [[_CONTROL.sub(" ", word.text) for word in line] for line in lines]
    has_pieces = [bool(_IN_PIECES.search("".join(words))) for words in texts]
    page_is_rtl = any(has_pieces) and is_right_to_left(texts)
    page_is_as_read = any(has_pieces) and is_given_as_read(texts)
    for line, given, is_in_pieces in zip(lines, texts, has_pieces, strict=True):
        kept = [i for i, word in enumerate(line) if given[i] and not _is_mostly_lost(word.text)]
        if not is_in_pieces:  # as most lines of most pages: no need to look at every letter
            for i in kept:
                yield given[i], _box_around([line[i]], [Piece(given[i], i, 0, 1)])
            continue
        read = in_reading_order(
            [given[i] for i in kept],
            page_is_right_to_left=page_is_rtl,
            page_is_as_read=page_is_as_read,
        )
        for pieces in read:
            text = "".join(piece.text for piece in pieces)
            if RIGHT_TO_LEFT.search(text):
                text = with_ligatures_mended(text)
            yield text, _box_around([line[kept[piece.word]] for piece in pieces], pieces)


def _box_around(words: Sequence[_Word], pieces: Sequence[Piece]) -> tuple[float, ...]:
    """The box of some pieces, each with the word it lies in.

    A part of a word has its part of the word's box; all of it where the box is taller than wide,
    as one cannot tell in which direction vertical text is read.
    """
    parts = []
    for word, piece in zip(words, pieces, strict=True):
        width = word.x1 - word.x0
        start, end = (piece.start, piece.end) if width > word.y1 - word.y0 else (0.0, 1.0)
        parts.append((word.x0 + start * width, word.y0, word.x0 + end * width, word.y1))
    x0, y0, x1, y1 = zip(*parts, strict=True)
    return min(x0), min(y0), max(x1), max(y1)


def clean_text(text: str) -> str:
    r"""The text without what cannot be seen or stored, letters in their usual spelling.

    A soft hyphen inside a word is invisible and dropped; at its end it is the hyphen one sees.

    >>> clean_text("e\ufb03\u00adcient\x00 docu\u00ad")
    'efficient docu-'
    """
    if text.isascii() and text.isprintable():
        return " ".join(text.split())
    text = _DROPPED.sub("", text)
    text = _GLYPH_SHAPES.sub(lambda match: unicodedata.normalize("NFKC", match[0]), text)
    words = (_INNER_SOFT_HYPHENS.sub("", word).replace("\u00ad", "-") for word in text.split())
    return unicodedata.normalize("NFC", " ".join(words))


def clean_title(text: str) -> str:
    """A title worth showing, or "" where a program filled the field in by itself.

    >>> clean_title("Microsoft Word - Annual report.doc"), clean_title("untitled")
    ('Annual report', '')
    """
    title = _MADE_BY.sub("", clean_text(text))
    title = _FILE_ENDING.sub("", title).strip()
    if _NO_TITLE.fullmatch(title) or not any(map(str.isalnum, title)):
        return ""
    return title[:MAX_TITLE_CHARACTERS].rstrip()
