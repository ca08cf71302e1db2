"""A page as far as workers bring it: all that needs neither model nor index."""

from dataclasses import dataclass

from encoders.interface import Encoder, PageInput
from encoders.language import detect_language
from index.errors import PageFailure
from index.pages import Page, PageVectors, PageWords
from ingest.plan import Work
from ingest.render import draw_page, render_page


@dataclass(frozen=True, eq=False)
class Drawn:
    """A page that only lacks its vectors.

    Attributes:
        page: without them; None where the index has it already.
        input: what they are made of.
        not_drawn: see RenderedPage.
        has_unreadable_text: see RenderedPage.
    """

    page: Page | None
    input: PageInput
    not_drawn: PageFailure | None = None
    has_unreadable_text: bool = False


def draw(work: Work, page_number: int, encoder: Encoder, *, is_to_wait: bool) -> Drawn:
    """Render a page; of one that waits in the index already only the image.

    Args:
        work: what is done with its document.
        page_number: counted from 1.
        encoder: makes its vectors.
        is_to_wait: the page is put with its words, its vectors come later: its input is empty. Not
            so one that could not be drawn, which will never have any.

    Raises:
        PageFailure: this page cannot be rendered.
    """
    if work.facts is None:
        raise PageFailure("the file could not be opened")
    if page_number in work.waiting:
        image = draw_page(work.path, work.facts, page_number, encoder.page_size_px)
        return Drawn(None, encoder.prepare(PageInput(image, PageWords.none())))
    rendered = render_page(work.path, work.facts, page_number, encoder.page_size_px)
    is_drawn = rendered.not_drawn is None
    page = Page(
        document_id=work.document.document_id,
        page_number=page_number,
        width_pt=rendered.width_pt,
        height_pt=rendered.height_pt,
        language=detect_language(rendered.words.text),
        words=rendered.words,
        vectors=PageVectors.none(),
        preview=rendered.preview,
        is_waiting=is_to_wait and is_drawn,
    )
    seen = PageInput(None, PageWords.none(), is_drawn=False)
    if not is_to_wait:
        seen = encoder.prepare(PageInput(rendered.image, rendered.words, is_drawn=is_drawn))
    return Drawn(page, seen, rendered.not_drawn, rendered.has_unreadable_text)
