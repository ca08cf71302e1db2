"""A table as a text file with tabs, as an editor or a spreadsheet saves it."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from index.errors import WrongUseError

_LINE_END = re.compile(r"\r\n|\r|\n")
_QUOTED = re.compile(r'"((?:[^"]|"")*)"')


@dataclass(frozen=True)
class Row:
    """One row.

    Attributes:
        place: where it stands, as an error begins: "queries.tsv, line 7".
        cells: by name of the column, without spaces around; "" where there is nothing.
    """

    place: str
    cells: Mapping[str, str]


@dataclass(frozen=True)
class Table:
    """What a file holds.

    Attributes:
        comment: the lines above the header that begin with #, as one line of text.
        columns: those it has, in its order.
        rows: those that are not empty, in its order.
    """

    comment: str
    columns: tuple[str, ...]
    rows: tuple[Row, ...]


def read_table(path: Path, required: Sequence[str], optional: Sequence[str] = ()) -> Table:
    """Read a table in UTF-8 whose first line, after lines that begin with #, names the columns.

    Rows may lack their last cells, as spreadsheets leave empty ones out. A cell that a spreadsheet
    has put in quotes loses them.

    Args:
        path: the file.
        required: names of columns that must be there, in any order.
        optional: those that may be.

    Raises:
        WrongUseError: it cannot be read, or is not such a table; with file, line and what to do.
    """
    lines = _LINE_END.split(read_text(path))
    is_header = (line.strip() and not line.lstrip().startswith("#") for line in lines)
    header = next((i for i, is_it in enumerate(is_header) if is_it), None)
    if header is None:
        raise WrongUseError(
            f"{path} holds no table. Its first line must name the columns, with tabs between: "
            f"{_names(required)}."
        )
    comments = (line.strip().lstrip("#").strip() for line in lines[:header])
    columns = _columns(f"{path}, line {header + 1}", lines[header], required, optional)
    rows = []
    for number, line in enumerate(lines[header + 1 :], header + 2):
        place = f"{path}, line {number}"
        cells = [_unquoted(cell.strip()) for cell in line.split("\t")]
        while cells and not cells[-1]:
            cells.pop()
        if not cells:
            continue
        if len(cells) > len(columns):
            raise WrongUseError(
                f"{place}: {len(cells)} cells, and the header names {len(columns)} columns. "
                "Is there a tab inside a cell? Write a space instead."
            )
        cells += [""] * (len(columns) - len(cells))
        row = Row(place, dict(zip(columns, cells, strict=True)))
        for name in required:
            if not row.cells[name]:
                raise WrongUseError(f"{place}: {name} is empty. Fill it in, or delete the line.")
        rows.append(row)
    return Table(" ".join(filter(None, comments)), columns, tuple(rows))


def read_text(path: Path) -> str:
    """The text of a file in UTF-8, with or without a byte order mark.

    Raises:
        WrongUseError: it cannot be read, or is in another encoding.
    """
    try:
        data = path.read_bytes()
    except OSError as e:
        raise WrongUseError(f"Cannot read {path} ({e.strerror}). Check the name.") from e
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as e:
        line = data.count(b"\n", 0, e.start) + 1
        raise WrongUseError(
            f"{path}, line {line}: not UTF-8 (byte 0x{data[e.start]:02x}). Save the file as UTF-8."
        ) from e


def _columns(
    place: str, line: str, required: Sequence[str], optional: Sequence[str]
) -> tuple[str, ...]:
    """The names in a header, in small letters."""
    columns = tuple(_unquoted(name.strip()).casefold() for name in line.rstrip("\t").split("\t"))
    missing = [name for name in required if name not in columns]
    unknown = [name for name in columns if name not in (*required, *optional)]
    if missing and len(columns) == 1:
        raise WrongUseError(
            f"{place}: no tab. This must be a header that names the columns, with tabs between: "
            f"{_names(required)}."
        )
    if missing:
        raise WrongUseError(
            f"{place}: the header lacks {_names(missing)}. It names {_names(columns)}."
        )
    if unknown:
        raise WrongUseError(
            f"{place}: no column is called {unknown[0]!r}. "
            f"There are: {_names((*required, *optional))}."
        )
    if len(set(columns)) < len(columns):
        twice = next(name for name in columns if columns.count(name) > 1)
        raise WrongUseError(f"{place}: the header names {twice!r} twice. Delete one of them.")
    return columns


def _names(columns: Sequence[str]) -> str:
    return ", ".join(columns)


def _unquoted(cell: str) -> str:
    quoted = _QUOTED.fullmatch(cell)
    return quoted[1].replace('""', '"').strip() if quoted else cell
