"""Pages of a PDF that follow each other, from one call of each of poppler's programs.

To start a program and open the file takes it a third of a page's time, on a long file more. Pages
do not suffer from each other: what a run does not give, for whatever reason, is asked for page by
page. Pictures come one by one, so that no more than one is held.
"""

import io
import re
from collections.abc import Generator, Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from index.errors import PageFailure
from ingest.document_facts import DocumentFacts
from ingest.poppler import LARGE_BYTES, Running

RUN_CPU_LIMIT_S = 5.0
"""For a page, or for the texts of a run. What takes longer is begun anew, page by page, with the
limits of a page."""

_MAX_TEXT_BYTES = 4_000_000  # 25,000 words; more are read page by page
_TEXT_OF_PAGE = re.compile(rb'^  <page width="[^"]*" height="[^"]*">$', re.MULTILINE)
_PPM_HEADER = re.compile(rb"P6\n(\d+) (\d+)\n255\n")
_MIN_HEADER_BYTES, _MAX_HEADER_BYTES = len(b"P6\n1 1\n255\n"), len(b"P6\n100000 100000\n255\n")


def page_runs(
    facts: DocumentFacts | None, page_numbers: Sequence[int], longest: int
) -> Iterator[tuple[int, ...]]:
    """Part pages into runs: without a gap, and of one shape, for they are drawn in one size.

    Args:
        facts: of their document; an image file has none but runs of one page.
        page_numbers: ascending.
        longest: how many pages a run may have.
    """
    shapes = facts.pdf_pages if facts is not None else ()
    run: list[int] = []
    for number in page_numbers:
        goes_on = (
            0 < len(run) < longest
            and shapes
            and number == run[-1] + 1
            and shapes[number - 1] == shapes[number - 2]
        )
        if run and not goes_on:
            yield tuple(run)
            run = []
        run.append(number)
    if run:
        yield tuple(run)


class PageRun:
    """Gives the pages of a run to one thread that asks for them in their order.

    Poppler draws the next while the thread is busy with this one. To be left in the end.
    """

    def __init__(self, path: Path, page_numbers: Sequence[int]) -> None:
        """Start nothing yet.

        Args:
            path: the document.
            page_numbers: as `page_runs` gives them.
        """
        self._path = path
        self._last = page_numbers[-1]
        self._texts: dict[int, bytes] | None = None
        self._pictures: Generator[bytes, None, None] | None = None
        self._expected: tuple[int, Sequence[str]] | None = None

    def __enter__(self) -> "PageRun":
        """Nothing more."""
        return self

    def __exit__(self, *_: object) -> None:
        """End the program that draws."""
        if self._pictures is not None:
            self._pictures.close()

    def text(self, page_number: int, options: Sequence[str]) -> bytes | None:
        """What pdftotext writes of a page; None if the page is to be read alone.

        Args:
            page_number: one of the run.
            options: for pdftotext, the same each time.
        """
        if self._texts is None:
            self._texts = {}
            if page_number < self._last:
                with suppress(PageFailure):
                    self._texts = self._read_texts(page_number, options)
        return self._texts.get(page_number)

    def _read_texts(self, first: int, options: Sequence[str]) -> dict[int, bytes]:
        """The text of each page; nothing if one made poppler fail, or write without end."""
        output = io.BytesIO()
        running = self._start("pdftotext", *options, *self._from(first), "-")
        with running:
            running.read(_MAX_TEXT_BYTES, output)
        markup, numbers = output.getvalue(), range(first, self._last + 1)
        starts = [match.start() for match in _TEXT_OF_PAGE.finditer(markup)]
        if running.returncode or len(starts) != len(numbers):
            return {}
        ends = [*starts[1:], len(markup)]
        return {n: markup[a:b] for n, a, b in zip(numbers, starts, ends, strict=True)}

    def picture(self, page_number: int, options: Sequence[str]) -> bytes | None:
        """What pdftoppm writes of a page; None if the page is to be drawn alone.

        Args:
            page_number: one of the run.
            options: for pdftoppm, with the size; another size than before ends the run.
        """
        if self._pictures is None:
            if page_number == self._last:
                return None
            self._pictures = self._draw(page_number, options)
        elif self._expected != (page_number, options):
            self._pictures.close()
        self._expected = page_number + 1, options
        with suppress(PageFailure):
            return next(self._pictures, None)
        return None

    def _draw(self, first: int, options: Sequence[str]) -> Generator[bytes, None, None]:
        """A picture for each page, as far as all goes well."""
        with self._start("pdftoppm", *options, *self._from(first)) as running:
            for _ in range(first, self._last + 1):
                picture = _read_ppm(running)
                if picture is None:
                    return
                yield picture
                running.begin_again()

    def _start(self, program: str, *arguments: str) -> Running:
        return Running(
            program, *arguments, cpu_limit_s=RUN_CPU_LIMIT_S, memory_limit_bytes=LARGE_BYTES
        )

    def _from(self, first: int) -> tuple[str, ...]:
        return "-f", str(first), "-l", str(self._last), str(self._path.absolute())


def _read_ppm(running: Running) -> bytes | None:
    """The next picture; None if what comes is none, or not all of one."""
    picture = io.BytesIO()
    running.read(_MIN_HEADER_BYTES, picture)
    while not (header := _PPM_HEADER.fullmatch(picture.getvalue())):
        n_bytes = picture.tell()
        running.read(1, picture)
        if picture.tell() == n_bytes or n_bytes == _MAX_HEADER_BYTES:
            return None
    n_pixels = int(header[1]) * int(header[2])
    running.read(3 * n_pixels, picture)
    is_whole = picture.tell() == len(header[0]) + 3 * n_pixels
    return picture.getvalue() if is_whole else None
