"""A page as far as workers bring it: all that needs neither model nor index."""

import threading
from dataclasses import dataclass, replace

from encoders.interface import Encoder, PageInput
from encoders.language import detect_language
from encoders.lexical import LexicalEncoder
from index.errors import PageFailure
from index.pages import Page, PageVectors, PageWords
from ingest.document_facts import DocumentFacts
from ingest.ocr.reader import ASKED_FOR, PageReader
from ingest.page_run import PageRun
from ingest.plan import Work
from ingest.render import RenderedPage, draw_page, render_page

NOT_SEEN = PageInput(None, PageWords.none(), is_drawn=False)
"""Of a page that gets no vectors now."""


_LEAST_LONG_EDGE_PX = 1000
"""On smaller pictures, as some models take them, letters of usual size cannot be told apart."""
_PREVIEW = LexicalEncoder()  # what a page is drawn for that no model looks at


@dataclass(frozen=True, eq=False)
class Drawn:
    """A page that only lacks its vectors.

    Attributes:
        page: without them; None where the index has it already as it is to be.
        input: what they are made of.
        not_drawn: see RenderedPage.
        has_unreadable_text: see RenderedPage.
        for_ocr: why OCR is to read the page first, with all else left undone; "" where not.
        not_read: why OCR, asked to, has not read it.
        keeps_vectors: the index has its vectors, and only its words are new.
    """

    page: Page | None
    input: PageInput = NOT_SEEN
    not_drawn: PageFailure | None = None
    has_unreadable_text: bool = False
    for_ocr: str = ""
    not_read: PageFailure | None = None
    keeps_vectors: bool = False


def draw(
    work: Work,
    page_number: int,
    encoder: Encoder,
    page_run: PageRun | None = None,
    *,
    reader: PageReader | None,
    is_to_wait: bool,
) -> Drawn:
    """Render a page, and see whether its text layer will do; if it waits already, only render.

    Args:
        work: what is done with its document.
        page_number: counted from 1.
        encoder: makes its vectors.
        page_run: of this page and those next to be drawn; None where it is alone.
        reader: whether OCR is to read it, says this; None where OCR is not wanted.
        is_to_wait: the page is put with its words, its vectors come later: its input is empty. Not
            so one that could not be drawn, which will never have any.

    Raises:
        PageFailure: this page cannot be rendered.
    """
    if page_number in work.waiting:
        return draw_again(work, page_number, encoder, page_run)
    facts = _facts(work)
    if reader is not None and reader.reads_all:
        return Drawn(None, for_ocr=ASKED_FOR)
    rendered = render_page(work.path, facts, page_number, encoder.page_size_px, page_run)
    if reader is not None and rendered.not_drawn is None:
        image = rendered.image
        if max(image.size) < _LEAST_LONG_EDGE_PX:
            image = draw_page(work.path, facts, page_number, _PREVIEW.page_size_px)
        why = reader.why(replace(rendered, image=image))
        if why:
            return Drawn(None, for_ocr=why)
    if page_number in work.kept:
        return Drawn(None)
    return _drawn(work, page_number, encoder, rendered, is_to_wait=is_to_wait)


def draw_again(
    work: Work, page_number: int, encoder: Encoder, page_run: PageRun | None = None
) -> Drawn:
    """The image of a page that the index has, and that lacks its vectors; as `draw`.

    Raises:
        PageFailure: this page cannot be drawn now.
    """
    image = draw_page(work.path, _facts(work), page_number, encoder.page_size_px, page_run)
    return Drawn(None, encoder.prepare(PageInput(image, PageWords.none())))


def read(
    work: Work,
    page_number: int,
    encoder: Encoder,
    page_run: PageRun | None = None,
    *,
    reader: PageReader,
    stop: threading.Event,
    is_to_wait: bool,
) -> Drawn:
    """Render a page that `draw` has left to OCR, and have its words read.

    Args:
        work: what is done with its document.
        page_number: counted from 1.
        encoder: makes its vectors.
        page_run: see `draw`.
        reader: OCR.
        stop: it gives up when this is set, by an exception of its own.
        is_to_wait: see `draw`.

    Raises:
        PageFailure: this page cannot be rendered.
    """
    facts = _facts(work)
    rendered = render_page(work.path, facts, page_number, encoder.page_size_px, page_run)
    if rendered.not_drawn is not None:  # now, and not when it was looked at
        return _drawn(work, page_number, encoder, rendered, is_to_wait=is_to_wait)
    try:
        image = draw_page(
            work.path, facts, page_number, reader.size_px(is_pdf=bool(facts.pdf_pages))
        )
        words = reader.read(image, rendered.words, work.for_ocr[page_number], stop)
    except PageFailure as failure:
        if page_number in work.kept:
            return Drawn(None, not_read=failure)
        drawn = _drawn(work, page_number, encoder, rendered, is_to_wait=is_to_wait)
        return replace(drawn, not_read=failure)
    if words.is_ocr.any():
        rendered = replace(rendered, words=words, has_unreadable_text=False)
    elif page_number in work.kept:
        return Drawn(None)
    drawn = _drawn(work, page_number, encoder, rendered, is_to_wait=is_to_wait)
    if not words.is_ocr.any():
        return drawn
    assert drawn.page is not None
    page = replace(drawn.page, ocr_engine=reader.engine_name)
    if page_number in work.kept and encoder.fingerprint.rendering != "words":
        return Drawn(replace(page, is_waiting=False), keeps_vectors=True)
    return replace(drawn, page=page)


def _facts(work: Work) -> DocumentFacts:
    if work.facts is None:
        raise PageFailure("the file could not be opened")
    return work.facts


def _drawn(
    work: Work, page_number: int, encoder: Encoder, rendered: RenderedPage, *, is_to_wait: bool
) -> Drawn:
    """A rendered page for the index and for the encoder."""
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
    seen = NOT_SEEN
    if not is_to_wait:
        seen = encoder.prepare(PageInput(rendered.image, rendered.words, is_drawn=is_drawn))
    return Drawn(page, seen, rendered.not_drawn, rendered.has_unreadable_text)
