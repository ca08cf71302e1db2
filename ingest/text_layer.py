"""What poppler writes about a page's text, made into clean words and titles.

Knows nothing of files or processes. What comes in may be any bytes: a PDF can map any glyph to any
code point, and poppler's XML is not always well formed, so it is read word by word.
"""

import html
import re
import unicodedata

import numpy as np

from index.pages import PageWords

MAX_TITLE_CHARACTERS = 200

_WORD = re.compile(
    r'<word xMin="([-.\d]+)" yMin="([-.\d]+)" xMax="([-.\d]+)" yMax="([-.\d]+)">([^<]*)</word>'
)
"""One word of `pdftotext -bbox`. A coordinate that is no number (nan, inf) drops the word."""

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
_GLYPH_SHAPES = re.compile("[\ufb00-\ufb06\ufb13-\ufb17\ufb50-\ufdcf\ufdf0-\ufdfb\ufe70-\ufefc]+")
"""Ligatures and Arabic letter forms: how a letter is drawn, which nobody types in a query."""

_MADE_BY = re.compile(r"^microsoft (?:office )?(?:word|excel|powerpoint) - ", re.IGNORECASE)
_FILE_ENDING = re.compile(r"\.(?:docx?|xlsx?|pptx?|odt|rtf|indd|tex|dvi|pdf|html?)$", re.IGNORECASE)
_NO_TITLE = re.compile(
    r"(?:untitled|unbenannt|no ?title|title|document|dokument|pr[eä]sentation|presentation"
    r"|slide|book|workbook|mappe)[ _-]?\d*",
    re.IGNORECASE,
)


def parse_words(markup: bytes, width_pt: float, height_pt: float) -> PageWords:
    """The words of one page.

    A word broken at a line's end stays two words, "docu-" and "ments": each has its own place on
    the page to be shown at. Joining them for search is the work of whoever cuts text into terms.

    Args:
        markup: what `pdftotext -bbox -cropbox` wrote, perhaps cut short.
        width_pt: width of the page as seen, to which poppler's coordinates refer.
        height_pt: its height.

    Returns:
        Words in poppler's reading order. Left out are those wholly outside the page, and those of
        mostly control characters: the glyph numbers of a font that does not tell its letters.

    >>> line = b'<word xMin="5" yMin="10" xMax="15" yMax="20">R&amp;D</word>'
    >>> words = parse_words(line, 20, 40)
    >>> words.text, words.boxes.tolist()
    ('R&D', [[0.25, 0.25, 0.75, 0.5]])
    """
    texts: list[str] = []
    boxes: list[tuple[float, ...]] = []
    for *corners, text in _WORD.findall(markup.decode("utf-8", "ignore")):
        try:
            x0, y0, x1, y1 = map(float, corners)
        except ValueError:
            continue
        box = (
            min(x0, x1) / width_pt,
            min(y0, y1) / height_pt,
            max(x0, x1) / width_pt,
            max(y0, y1) / height_pt,
        )
        if box[0] >= 1 or box[1] >= 1 or box[2] <= 0 or box[3] <= 0:
            continue
        raw = html.unescape(text)
        clean = clean_text(raw)
        if 2 * len(clean) < len(raw):
            continue
        words = clean.split()  # several where a font maps one glyph to words; they share its place
        texts += words
        boxes += [box] * len(words)
    clipped = np.clip(np.array(boxes, np.float64).reshape(-1, 4), 0, 1)  # (n_words, 4)
    return PageWords(tuple(texts), clipped.astype(np.float32))


def clean_text(text: str) -> str:
    r"""The text without what cannot be seen or stored, letters in their usual spelling.

    A soft hyphen inside a word is invisible and dropped; at its end it is the hyphen one sees.

    >>> clean_text("e\ufb03\u00adcient\x00 docu\u00ad")
    'efficient docu-'
    """
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
