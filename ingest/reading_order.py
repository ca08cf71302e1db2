"""Lines of text in the order they are read, from lines as they are seen.

Poppler gives the characters of a line from left to right, whatever their script. Hebrew and Arabic
are read the other way, their numbers and Latin words are not: the rules of Unicode's bidirectional
algorithm (UAX 9) are undone here; its names of rules (W2, N1, ...) stand where one is followed.
Text layers have no embeddings and no isolates, so those rules are left out.

Two lines that are read differently can look the same. Then the more usual one is meant: "PDF 2024"
as it is seen between Hebrew words is that, and not "2024 PDF".
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import NamedTuple

RIGHT_TO_LEFT = re.compile("[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc\U00010800-\U00010fff]")
"""A letter, mark or digit of a script that is written from right to left."""

_TYPES = {
    **{"L": "L", "R": "R", "AL": "A", "EN": "E", "AN": "N"},
    **{"ES": "+", "ET": "%", "CS": ",", "WS": " ", "B": " ", "S": " "},
}
_NEUTRAL = "o"
_BRACKET = "b"
_BRACKETS = {"(": ")", "[": "]", "{": "}"}
_MIRRORED = str.maketrans("()[]{}<>«»‹›", ")(][}{><»«›‹")
_PAIRS = {**_BRACKETS, "<": ">", "«": "»", "‹": "›"}

_AT_THE_END = "\u05da\u05dd\u05df\u05e3\u05e5\u0629"
"""The five final letters of Hebrew and the Arabic ta marbuta: no word begins with one."""

_TWO_ALEFS = re.compile(
    "([\u0622\u0623\u0625\u0627\u0671])([\u0622\u0623\u0625\u0627\u0671])\u0644"
)


class Piece(NamedTuple):
    """Characters that stay together: a letter with its marks, or a word given as it is read.

    Attributes:
        text: one character and its marks; or all that was given in the order it is read, which may
            be several words.
        word: number of the word of the line it lies in; -1 for the space between two words.
        start, end: the part of the word it stands in, from 0 to 1 from left to right.
    """

    text: str
    word: int
    start: float
    end: float


def is_right_to_left(lines: Sequence[Sequence[str]]) -> bool:
    """Whether most words of a page are of scripts written from right to left."""
    directions = [_direction(word) for words in lines for word in words]
    return directions.count("R") > directions.count("L")


def is_given_as_read(lines: Sequence[Sequence[str]]) -> bool:
    """Whether a page gives its right-to-left words as they are read and not as they are seen.

    Poppler takes a replacement text (ActualText) as it is, and that is in the order it is read.
    """
    signs = [_sign_of_order(word) for words in lines for word in words]
    return signs.count("read") > signs.count("seen")


def in_reading_order(
    words: Sequence[str], *, page_is_right_to_left: bool, page_is_as_read: bool
) -> list[list[Piece]]:
    """The words of one line in the order they are read, each in pieces.

    Args:
        words: as poppler gives them, from left to right.
        page_is_right_to_left: says in which direction a line is read that holds both kinds.
        page_is_as_read: what `is_given_as_read` says of the page.

    >>> line = ["2024", "\u05d7\u05d5\u05d3"]
    >>> read = in_reading_order(line, page_is_right_to_left=True, page_is_as_read=False)
    >>> ["".join(piece.text for piece in word) for word in read]
    ['\u05d3\u05d5\u05d7', '2024']
    """
    pieces = list(_pieces(words, page_is_as_read))
    directions = [direction for direction in map(_direction, words) if direction]
    if "R" in directions:
        pieces = _undone(pieces, _base(directions, page_is_right_to_left))
    return [list(word) for is_space, word in groupby(pieces, _is_space) if not is_space]


def _base(directions: Sequence[str], page_is_right_to_left: bool) -> str:
    """The direction in which a line with right-to-left words is read, L or R."""
    ends = {directions[0], directions[-1]}
    has_less = 2 * directions.count("R") < len(directions)
    if ends == {"R"} or (ends == {"L"} and has_less):
        return directions[0]
    # a line of a page in Hebrew may hold more English than Hebrew, and is read from the right
    return "R" if page_is_right_to_left or not has_less else "L"


def with_ligatures_mended(word: str) -> str:
    """An Arabic word whose lam-alef ligatures were given as two letters, as far as is certain.

    Poppler sets the two letters of a ligature in the order they are read, among letters in the
    order they are seen: turned round, alef comes first. Two alefs in a row occur in no word, nor
    does the article alone; elsewhere both orders make words, and it stays as it is.

    >>> with_ligatures_mended("\u0627\u0623\u0644\u0648\u0644") == "\u0627\u0644\u0623\u0648\u0644"
    True
    """
    if word == "\u0627\u0644":
        return "\u0644\u0627"
    return _TWO_ALEFS.sub("\\1\u0644\\2", word)


def _pieces(words: Sequence[str], page_is_as_read: bool) -> Iterator[Piece]:
    """Every word in pieces, a space between two words."""
    for i, word in enumerate(words):
        if i:
            yield Piece(" ", -1, 0, 0)
        if RIGHT_TO_LEFT.search(word) and _is_as_read(word, page_is_as_read):
            yield Piece(word, i, 0, 1)
            continue
        start = 0
        for end in range(1, len(word) + 1):
            if end == len(word) or not unicodedata.combining(word[end]):
                yield Piece(word[start:end], i, start / len(word), end / len(word))
                start = end


def _is_space(piece: Piece) -> bool:
    return piece.text.isspace()


def _direction(word: str) -> str:
    """L or R by the first letter of a word; "" for a word without letters."""
    for character in word:
        kind = unicodedata.bidirectional(character)
        if kind in ("L", "R", "AL"):
            return "L" if kind == "L" else "R"
    return ""


def _is_as_read(word: str, page_is_as_read: bool) -> bool:
    # poppler parts words at spaces: only a replacement text can hold one
    sign = "read" if " " in word else _sign_of_order(word)
    return sign == "read" if sign else page_is_as_read


def _sign_of_order(word: str) -> str:
    """Whether a letter that only ends words stands first ("seen") or last ("read"); "" if none."""
    letters = [c for c in unicodedata.normalize("NFKC", word) if c.isalpha()]
    if len(letters) < 2 or (letters[0] in _AT_THE_END) == (letters[-1] in _AT_THE_END):
        return ""
    return "seen" if letters[0] in _AT_THE_END else "read"


def _undone(pieces: Sequence[Piece], base: str) -> list[Piece]:
    """The pieces, given from left to right, as they are read; base is L or R."""
    kinds = _resolved([_kind(piece.text) for piece in pieces], pieces, base)
    order = list(range(len(pieces)))
    if base == "R":
        order.reverse()
        left_to_right = [kind != "R" for kind in kinds]
    else:
        order = _turned(order, [kind != "L" for kind in kinds])
        left_to_right = [kind in "EN" for kind in kinds]
    order = _turned(order, left_to_right)
    return _with_brackets([(pieces[i], kinds[i] == "R") for i in order])


def _turned(order: Sequence[int], is_turned: Sequence[bool]) -> list[int]:
    """The order with every run of turned places back to front (L2)."""
    turned: list[int] = []
    for is_run, run in groupby(order, lambda i: is_turned[i]):
        places = list(run)
        turned += reversed(places) if is_run else places
    return turned


def _kind(text: str) -> str:
    """One letter for the bidirectional type of a piece."""
    if len(text) == 1 and text in "()[]{}":
        return _BRACKET
    if len(text) > 1 and _direction(text):
        text = next(c for c in text if unicodedata.bidirectional(c) in ("L", "R", "AL"))
    return _TYPES.get(unicodedata.bidirectional(text[0]), _NEUTRAL)


def _resolved(kinds: Sequence[str], pieces: Sequence[Piece], base: str) -> str:
    """L, R, E or N for every piece, from left to right."""
    seen = "".join(kinds)
    read = seen[::-1] if base == "R" else seen
    read = re.sub("A[^LRA]+", lambda m: m[0].replace("E", "N"), read)  # W2
    read = re.sub("(?<=E)[+,](?=E)", "E", read)  # W4
    read = re.sub("(?<=N),(?=N)", "N", read)
    read = re.sub("%+(?=E)|(?<=E)%+", lambda m: "E" * len(m[0]), read)  # W5
    read = re.sub("[+%,]", _NEUTRAL, read).replace("A", "R")  # W6
    if base == "R":
        # a number on the right of a Latin word belongs to it: "Windows 10"
        seen = re.sub("L(?:o* *E+)+", lambda m: "L" * len(m[0]), read[::-1])
    else:
        seen = re.sub("(?:^|L)[^RN]*", lambda m: m[0].replace("E", "L"), read)  # W7
    seen = _with_bracket_kinds(seen, pieces, base)
    sided = f"{base}{seen.replace('b', _NEUTRAL)}{base}"
    sided = re.sub("[o ]+", lambda m: _between(sided, m.start(), m.end(), base), sided)  # N1 and N2
    return sided[1:-1]


def _between(kinds: str, start: int, end: int, base: str) -> str:
    """What neutral pieces become: like both their neighbours, numbers counting as R, or base."""
    before, after = ("L" if kinds[i] == "L" else "R" for i in (start - 1, end))
    return (before if before == after else base) * (end - start)


def _with_bracket_kinds(kinds: str, pieces: Sequence[Piece], base: str) -> str:
    """Brackets in pairs go with what they hold where that goes on outside, else with base (N0)."""
    other = "L" if base == "R" else "R"
    resolved = list(kinds)
    left: list[int] = []
    for i in (i for i, kind in enumerate(kinds) if kind == _BRACKET):
        if not left or {pieces[left[-1]].text, pieces[i].text} not in (
            {"(", ")"},
            {"[", "]"},
            {"{", "}"},
        ):
            left.append(i)
            continue
        first = left.pop()
        inside = kinds[first:i].strip("o b")
        goes_on = kinds[:first].rstrip("o b").endswith(other) or kinds[i:].lstrip("o b").startswith(
            other
        )
        holds_only_other = other in inside and base not in inside
        resolved[first] = resolved[i] = other if holds_only_other and goes_on else base
    return "".join(resolved)


def _with_brackets(read: Sequence[tuple[Piece, bool]]) -> list[Piece]:
    """The pieces with brackets that open before they close.

    Of a bracket among right-to-left letters some programs give what is seen and some what is meant,
    its mirror image.
    """
    as_given = [piece for piece, _ in read]
    mirrored = [
        piece._replace(text=piece.text.translate(_MIRRORED)) if is_rtl else piece
        for piece, is_rtl in read
    ]
    return mirrored if _n_pairs(mirrored) >= _n_pairs(as_given) else as_given


def _n_pairs(pieces: Sequence[Piece]) -> int:
    """How many brackets open and close, one inside another."""
    n_pairs = 0
    wanted: list[str] = []
    for piece in pieces:
        if piece.text in _PAIRS:
            wanted.append(_PAIRS[piece.text])
        elif wanted and piece.text == wanted[-1]:
            wanted.pop()
            n_pairs += 1
    return n_pairs
