"""What is shown of the pages found: read late, for few of them, and of each page once."""

from collections.abc import Iterable

from index.interface import PageIndex
from index.pages import Hit, PageTexts, RankedPage


class Texts:
    """The texts of pages of one answer, as far as they have been read.

    A ranking says which pages they are, from memory; their texts may lie on a server's disk.
    """

    def __init__(self, index: PageIndex) -> None:
        """Start with none read."""
        self._index = index
        self._read: dict[str, PageTexts | None] = {}

    def hits(self, pages: Iterable[RankedPage]) -> tuple[Hit, ...]:
        """The pages as they are shown; reads what was not read yet, in one go.

        Pages that were removed since they were found are left out.
        """
        pages = tuple(pages)
        missing = dict.fromkeys(p.page_id for p in pages if p.page_id not in self._read)
        if missing:
            self._read |= missing
            self._read |= self._index.texts(missing)
        shown = ((page, self._read[page.page_id]) for page in pages)
        return tuple(Hit.of(page, texts) for page, texts in shown if texts is not None)
