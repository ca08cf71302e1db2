"""Where the frequent terms of an FTS5 table stand, read from FTS5's own blocks.

Asked by SQL, each place of a term costs a row. A term that stands everywhere fills many blocks, and
as each says where its first text begins, numpy goes through all of them at once.

https://www.sqlite.org/fts5.html, appendix "FTS5 Data Structures", says how they are laid out:
segments, new ones over old ones, of leaves in order of term; a term's list may go on over leaves.
"""

from collections.abc import Iterator, Sequence
from os.path import commonprefix
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from index.embedded.database import Database

STRUCTURE_ID = 10  # of the row that names the segments
_SEGMENT_SHIFT = 37  # of a segment's number in the ids of its leaves
_COOKIE_BYTES = 4
_WITH_ORIGINS = b"\xff\x00\x00\x01"  # behind the cookie: another layout, of tables we do not make
_MAIN_INDEX = b"0"  # before each term; others are of prefixes
_HEADER_BYTES = 4
_FILLS_LEAVES = 1  # in a leaf's number: the list of its last term goes on for four leaves or more
_NEXT_COLUMN = 1  # between the places of one column and those of the next
_SEVEN_BITS = 0x7F
_GOES_ON = 0x80
_LONGEST_VARINT = 8  # nine bytes would be numbers of 2 ** 56 and more

FEWEST_LEAVES = 48
"""Of a list that is read here. A step through all leaves at once takes as long for fewer."""

Bytes = NDArray[np.uint8]
Integers = NDArray[np.int64]


class TermCounts(NamedTuple):
    """How often a term stands in the texts that hold it.

    Attributes:
        keys: int64 (n,), ascending: rowids.
        words: int64 (n,), times in the column `words`.
        also: int64 (n,), times in the column `also`.
    """

    keys: Integers
    words: Integers
    also: Integers


class _Segment(NamedTuple):
    """A segment, and the numbers of its leaves."""

    id: int
    first: int
    last: int


class _List(NamedTuple):
    """The list of a term in one segment.

    Attributes:
        data: what the leaves have of it, one after the other.
        starts: where in it a leaf's first text begins; its rowid is whole there, else what is added
            to the one before.
    """

    data: bytes
    starts: list[int]


def counts_of_frequent(
    database: Database, table: str, terms: Sequence[str]
) -> dict[str, TermCounts]:
    """Where those of some terms stand that fill leaves; the others are quicker asked by SQL.

    What is damaged is left to SQL too, for SQLite says what is wrong with it.

    Args:
        database: holds the table, of which all is committed.
        table: FTS5, with the columns `words` and `also`.
        terms: any number of them.
    """
    try:
        leaves = _Leaves(database, table)
        found = {term: lists for term in leaves.filled_by(terms) if (lists := leaves.lists(term))}
        return dict(zip(found, _counts(list(found.values())), strict=True)) if found else {}
    except (IndexError, ValueError):
        return {}


class _Leaves:
    """The leaves of a table as they are now."""

    def __init__(self, database: Database, table: str) -> None:
        self._db, self._table = database, table
        self._segments = list(self._read_segments())

    def _read_segments(self) -> Iterator[_Segment]:
        """Those that hold something, the newest first."""
        rows = self._db.rows(f"SELECT block FROM {self._table}_data WHERE id = {STRUCTURE_ID}")
        block = rows[0][0][_COOKIE_BYTES:] if rows else b""
        if block.startswith(_WITH_ORIGINS):
            return
        numbers = varints(block).tolist()
        at = 3  # behind how many levels, segments and writes
        for _ in range(numbers[0]):
            n_segments = numbers[at + 1]
            at += 2
            level = [_Segment(*numbers[at + 3 * n : at + 3 * n + 3]) for n in range(n_segments)]
            at += 3 * n_segments
            yield from (segment for segment in reversed(level) if segment.last)

    def filled_by(self, terms: Sequence[str]) -> list[str]:
        """Terms whose list may go on for several leaves in some segment."""
        if not (terms and self._segments):
            return []
        rows = self._db.rows(
            f"WITH asked(term, key) AS (VALUES {', '.join(['(?, ?)'] * len(terms))}) "
            f"SELECT term FROM asked WHERE EXISTS (SELECT 1 FROM (VALUES "
            f"{', '.join(f'({segment.id})' for segment in self._segments)}) "
            f"WHERE (SELECT pgno FROM {self._table}_idx AS i WHERE i.segid = column1 "
            f"AND i.term <= asked.key ORDER BY i.term DESC LIMIT 1) & {_FILLS_LEAVES})",
            [value for term in terms for value in (term, _key(term))],
        )
        return [term for (term,) in rows]

    def lists(self, term: str) -> list[_List]:
        """The lists of a term, of the newest segment first; none where they fill few leaves."""
        key = _key(term)
        largest = max(self._segments, key=lambda segment: segment.last - segment.first)
        in_largest = self._list(largest, key)
        if in_largest is None or len(in_largest.starts) == 1:  # another of its leaf goes on
            return []
        rest = (self._list(one, key) if one != largest else in_largest for one in self._segments)
        found = [one for one in rest if one is not None]
        return found if sum(len(one.starts) for one in found) >= FEWEST_LEAVES else []

    def _list(self, segment: _Segment, key: bytes) -> _List | None:
        first, last = self._leaves_around(segment, key)
        base = segment.id << _SEGMENT_SHIFT
        leaves = self._db.rows(
            f"SELECT block FROM {self._table}_data WHERE id BETWEEN ? AND ? ORDER BY id",
            (base + first, base + last),
        )
        place = _place_of(key, leaves[0][0]) if leaves else None
        if place is None:
            return None
        start, end, goes_on = place
        parts, starts = [leaves[0][0][start:end]], [0]
        length = end - start
        for (leaf,) in leaves[1:] if goes_on else ():
            end = _first_term(leaf) or _content_end(leaf)
            first_text = int.from_bytes(leaf[:2], "big")
            if _HEADER_BYTES <= first_text < end:
                starts.append(length + first_text - _HEADER_BYTES)
            parts.append(leaf[_HEADER_BYTES:end])
            length += end - _HEADER_BYTES
        return _List(b"".join(parts), starts)

    def _leaves_around(self, segment: _Segment, key: bytes) -> tuple[int, int]:
        """The leaf a term is in if anywhere, and the last its list can go on to."""
        of_segment = f"FROM {self._table}_idx WHERE segid = ? AND term"
        ((before, after),) = self._db.rows(
            f"SELECT (SELECT pgno >> 1 {of_segment} <= ? ORDER BY term DESC LIMIT 1), "
            f"(SELECT pgno >> 1 {of_segment} > ? ORDER BY term LIMIT 1)",
            (segment.id, key, segment.id, key),
        )
        # a merge that goes on step by step leaves rows of leaves that are gone
        first = max(before or 0, segment.first)
        return first, max(first, after) if after is not None else segment.last


class _Entries(NamedTuple):
    """The texts of some lists, in their order.

    Attributes:
        rowids: int64 (n,).
        begins, ends: int64 (n,): where the places of the term lie, nowhere for a text taken out.
        n_before: int64 (n_starts + 1,), how many texts come before each start, and how many in all.
    """

    rowids: Integers
    begins: Integers
    ends: Integers
    n_before: Integers


def _counts(found: Sequence[Sequence[_List]]) -> list[TermCounts]:
    """From the lists of each term, of the newest segment first."""
    lists = [one for of_term in found for one in reversed(of_term)]
    data = np.frombuffer(b"".join([*(one.data for one in lists), bytes(_LONGEST_VARINT)]), np.uint8)
    lengths = [len(one.data) for one in lists]
    offsets = np.cumsum([0, *lengths])
    starts = [at + start for at, one in zip(offsets, lists, strict=False) for start in one.starts]
    entries = _entries(data, np.array(starts, np.int64), int(offsets[-1]))
    words, also = _places(data, entries)
    n_starts = np.cumsum([0, *(sum(len(one.starts) for one in of_term) for of_term in found)])
    of_terms = entries.n_before[n_starts]
    return [
        _merged(entries.rowids[part], words[part], also[part])
        for part in map(slice, of_terms[:-1].tolist(), of_terms[1:].tolist())
    ]


def _entries(data: Bytes, starts: Integers, length: int) -> _Entries:
    """Go through all parts at once, from each start to the next: a step is a text of each."""
    at, ends, parts = starts, np.append(starts[1:], length), np.arange(len(starts))
    rowids = np.zeros(len(starts), np.int64)
    steps = []
    n_texts = np.zeros(len(starts), np.int64)
    while len(at):
        more, at = _varints_at(data, at)
        size, at = _varints_at(data, at)
        rowids = rowids + more
        begins, at = at, at + (size >> 1)  # the last bit: whether an older entry is taken out
        steps.append((parts, rowids, begins, at))
        n_texts[parts] += 1
        goes_on = at < ends
        if not goes_on.all():
            at, ends, parts, rowids = at[goes_on], ends[goes_on], parts[goes_on], rowids[goes_on]
    n_before = np.concatenate([[0], np.cumsum(n_texts)])
    ordered = np.empty((3, n_before[-1]), np.int64)
    for n, (parts, *values) in enumerate(steps):
        ordered[:, n_before[parts] + n] = values
    rowids, begins, ends = ordered
    return _Entries(rowids, begins, ends, n_before)


def _varints_at(data: Bytes, at: Integers) -> tuple[Integers, Integers]:
    """The numbers that begin somewhere, and what follows each."""
    byte = data[at]
    value = (byte & _SEVEN_BITS).astype(np.int64)
    at = at + 1
    more = np.flatnonzero(byte >= _GOES_ON)
    for _ in range(_LONGEST_VARINT - 1):
        if not len(more):
            break
        byte = data[at[more]]
        value[more] = value[more] << 7 | byte & _SEVEN_BITS
        at[more] += 1
        more = more[byte >= _GOES_ON]
    return value, at


def _places(data: Bytes, entries: _Entries) -> tuple[Integers, Integers]:
    """How many places each text has in either column, int64 (n,) each."""
    is_end = data < _GOES_ON
    n_numbers = np.cumsum(is_end, dtype=np.int32)  # up to each byte, that one included
    marks = data == _NEXT_COLUMN
    marks[1:] &= is_end[:-1]
    n_marks = np.cumsum(marks, dtype=np.int32)
    mark_at = np.append(np.flatnonzero(marks), len(data))
    _, begins, ends, _ = entries
    middle = np.minimum(mark_at[n_marks[begins - 1]], ends)
    in_front, until_middle, in_all = (n_numbers[at - 1] for at in (begins, middle, ends))
    also = in_all - until_middle - 2 * (middle < ends)  # the mark, and which column
    return (until_middle - in_front).astype(np.int64), also.astype(np.int64)


def _merged(rowids: Integers, words: Integers, also: Integers) -> TermCounts:
    """One entry of each text: that of the newest segment, which comes last."""
    if len(rowids) and not (np.diff(rowids) > 0).all():
        _, newest = np.unique(rowids[::-1], return_index=True)
        last = len(rowids) - 1 - newest
        rowids, words, also = rowids[last], words[last], also[last]
    stands = words + also > 0
    return TermCounts(rowids[stands], words[stands], also[stands])


def _key(term: str) -> bytes:
    return _MAIN_INDEX + term.encode()


def _content_end(leaf: bytes) -> int:
    return int.from_bytes(leaf[2:_HEADER_BYTES], "big")


def _first_term(leaf: bytes) -> int:
    """Where the first term of a leaf stands in it; 0 where none does."""
    end = _content_end(leaf)
    return _varint(leaf, end)[0] if end < len(leaf) else 0


def _place_of(key: bytes, leaf: bytes) -> tuple[int, int, bool] | None:
    """From where to where a leaf has a term's list, and whether that may go on in the next leaf."""
    content_end = _content_end(leaf)
    offsets = np.cumsum(varints(leaf[content_end:])).tolist()
    n_same = 0  # first bytes that the term before and the one looked for have in common
    for n, offset in enumerate(offsets):
        n_kept, at = _varint(leaf, offset) if n else (0, offset)  # the first term is whole
        if n_kept < n_same:
            return None  # terms are in order
        if n_kept > n_same:
            continue
        n_new, at = _varint(leaf, at)
        rest, new = key[n_same:], leaf[at : at + n_new]
        if new == rest:
            is_last = n == len(offsets) - 1
            return at + n_new, content_end if is_last else offsets[n + 1], is_last
        n_same += len(commonprefix([new, rest]))
    return None


def _varint(data: bytes, at: int) -> tuple[int, int]:
    """A number, and what follows it."""
    byte = data[at]
    value = byte & _SEVEN_BITS
    while byte >= _GOES_ON:
        at += 1
        byte = data[at]
        value = value << 7 | byte & _SEVEN_BITS
    return value, at + 1


def varints(data: bytes) -> Integers:
    """Numbers one after the other, seven bits a byte, the highest first."""
    bytes_ = np.frombuffer(data, np.uint8)
    ends = np.flatnonzero(bytes_ < _GOES_ON)  # the last byte of each number
    values = bytes_[ends].astype(np.int64)
    n_bytes = np.diff(ends, prepend=-1)
    for n_behind in range(1, int(n_bytes.max(initial=1))):
        longer = np.flatnonzero(n_bytes > n_behind)
        byte = bytes_[ends[longer] - n_behind] & _SEVEN_BITS
        values[longer] |= byte.astype(np.int64) << 7 * n_behind
    return values
