"""File to page image, words and facts. The only importer of pdf2image.

A page is rendered straight to the pixels its encoder takes, as one of a run of pages, or where that
fails in a process of its own: a page that makes poppler crash or hang fails alone. Every function
may be called from many threads. Why a file or page cannot be had is the text of a PageFailure.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from pdf2image.parsers import parse_buffer_to_ppm
from PIL import Image

from index.errors import PageFailure
from index.pages import PageWords
from index.preview import preview_of
from ingest.document_facts import DocumentFacts, PdfPage, parse_pdfinfo
from ingest.image_files import IMAGE_SUFFIXES, count_and_size, render_frame
from ingest.not_searched import not_searched
from ingest.page_run import PageRun
from ingest.page_shape import check_pdf_page
from ingest.poppler import run, run_as_far_as_it_comes
from ingest.poppler_complaints import why_page_is_blank, why_pdf_failed
from ingest.source_file import read_head
from ingest.text_layer import parse_text_layer
from ingest.undrawn import words_as_bars

DOCUMENT_SUFFIXES = frozenset({".pdf"}) | IMAGE_SUFFIXES

PREVIEW_LONG_EDGE_PX = 1280  # 10-point text of an A4 page is still read, 150 KB instead of 400
MAX_TEXT_BYTES = 16_000_000  # 100,000 words on one page; beyond, the first of them will do

_TEXT_OPTIONS = ("-enc", "UTF-8", "-bbox-layout", "-cropbox")
_WHITE = ((255, 255),) * 3


@dataclass(frozen=True, eq=False)
class RenderedPage:
    """A page as encoder and reader get it.

    Attributes:
        image: RGB, of exactly the size the encoder asked for; it may be stretched.
        words: the text layer; none where the page has none, or poppler failed on it.
        has_unreadable_text: whether most of the text layer cannot be decoded.
        width_pt, height_pt: the page as seen, in points; in pixels for an image file.
        preview: see `preview_of`; in the page's shape, long edge at most PREVIEW_LONG_EDGE_PX.
        not_drawn: why image and preview show only where the words stand; usually None.
    """

    image: Image.Image
    words: PageWords
    has_unreadable_text: bool
    width_pt: float
    height_pt: float
    preview: bytes
    not_drawn: PageFailure | None = None


def read_facts(path: Path) -> DocumentFacts:
    """Title, number of pages and their shapes; poppler opens the file without a password.

    Raises:
        PageFailure: the file cannot be opened, or has no pages.
    """
    if path.suffix.lower() in IMAGE_SUFFIXES:
        n_frames, size_px = count_and_size(path)
        return DocumentFacts("", n_frames, image_size_px=size_px)
    read_head(path)
    done = run("pdfinfo", "-enc", "UTF-8", "-f", "1", "-l", "-1", str(path.absolute()))
    output = done.output.decode("utf-8", "ignore")
    facts = parse_pdfinfo(output)
    if done.returncode or facts is None:
        raise PageFailure(why_pdf_failed(path, done))
    return replace(facts, not_searched=not_searched(path, output))


def render_page(
    path: Path,
    facts: DocumentFacts,
    page_number: int,
    page_size_px: Callable[[float, float], tuple[int, int]],
    page_run: PageRun | None = None,
) -> RenderedPage:
    """Render one page; one that cannot be drawn is still found by its words, if it has some.

    Args:
        path: the document.
        facts: what `read_facts` said of it.
        page_number: counted from 1.
        page_size_px: `Encoder.page_size_px`; called with width and height of the page as seen.
        page_run: of this page and those next to be rendered; None where it is alone.

    Raises:
        PageFailure: this page cannot be rendered, and has no words.
    """
    if not facts.pdf_pages:
        frame = render_frame(path, page_number, page_size_px)
        preview = _preview(frame.image, frame.width_px, frame.height_px)
        return RenderedPage(
            frame.image, PageWords.none(), False, frame.width_px, frame.height_px, preview
        )
    page = facts.pdf_pages[page_number - 1]
    check_pdf_page(page.width_pt, page.height_pt)
    size_px, not_drawn = page_size_px(page.width_pt, page.height_pt), None
    try:
        image = _pdf_image(path, page, page_number, size_px, page_run)
    except PageFailure as error:
        not_drawn = error
    words, is_unreadable = parse_text_layer(
        _text_layer(path, page_number, page_run), page.width_pt, page.height_pt
    )
    if not_drawn is not None:
        if not words.texts:
            raise not_drawn
        image = words_as_bars(words, size_px)
    elif not (words.texts or is_unreadable) and image.getextrema() == _WHITE:
        _check_blank_page(path, page_number)
    preview = _preview(image, page.width_pt, page.height_pt)
    return RenderedPage(
        image, words, is_unreadable, page.width_pt, page.height_pt, preview, not_drawn
    )


def draw_page(
    path: Path,
    facts: DocumentFacts,
    page_number: int,
    page_size_px: Callable[[float, float], tuple[int, int]],
    page_run: PageRun | None = None,
) -> Image.Image:
    """The image alone of a page that `render_page` has drawn before: the same pixels.

    Args:
        path: the document.
        facts: what `read_facts` said of it.
        page_number: counted from 1.
        page_size_px: `Encoder.page_size_px`.
        page_run: see `render_page`.

    Raises:
        PageFailure: this page cannot be drawn now.
    """
    if not facts.pdf_pages:
        return render_frame(path, page_number, page_size_px).image
    page = facts.pdf_pages[page_number - 1]
    size_px = page_size_px(page.width_pt, page.height_pt)
    return _pdf_image(path, page, page_number, size_px, page_run)


def _pdf_image(
    path: Path,
    page: PdfPage,
    page_number: int,
    size_px: tuple[int, int],
    page_run: PageRun | None,
) -> Image.Image:
    """The page in exactly this size.

    Poppler scales both axes on their own, so even a stretched page is drawn at its size and never
    resampled. It does so wrongly on a page turned by a quarter, losing part of it (seen in 22.12):
    such a page is drawn in its own shape, and then stretched.
    """
    if not page.is_turned:
        return _exact_size(_drawn(path, page_number, size_px, page_run), size_px)
    scale = max(size_px[0] / page.width_pt, size_px[1] / page.height_pt)  # pixels per point
    long_edge_px = round(scale * max(page.width_pt, page.height_pt))
    return _exact_size(_drawn(path, page_number, long_edge_px, page_run), size_px)


def _exact_size(image: Image.Image, size_px: tuple[int, int]) -> Image.Image:
    """The image in this size; the one pixel by which poppler rounds up is cut off, not blurred."""
    if image.size == size_px:
        return image
    if all(0 <= have - want <= 1 for have, want in zip(image.size, size_px, strict=True)):
        return image.crop((0, 0, *size_px))
    return image.resize(size_px, Image.Resampling.LANCZOS)


def _drawn(
    path: Path, page_number: int, size_px: tuple[int, int] | int, page_run: PageRun | None
) -> Image.Image:
    """The page as poppler draws it: both sides given, or only the long edge."""
    if isinstance(size_px, int):
        scale = ["-scale-to", str(size_px)]
    else:
        scale = ["-scale-to-x", str(size_px[0]), "-scale-to-y", str(size_px[1])]
    options = ["-cropbox", *scale]
    picture = page_run.picture(page_number, options) if page_run is not None else None
    if picture is not None:
        return _parsed(picture)
    done = run("pdftoppm", *options, *_one_page(path, page_number))
    try:
        return _parsed(done.output)
    except (LookupError, OSError, ValueError) as error:
        raise PageFailure(why_pdf_failed(path, done)) from error


def _parsed(ppm: bytes) -> Image.Image:
    image: Image.Image = parse_buffer_to_ppm(ppm)[0]
    image.load()  # a copy of 9 MB less than convert() where it is RGB already, as it is
    return image if image.mode == "RGB" else image.convert("RGB")


def _check_blank_page(path: Path, page_number: int) -> None:
    """Tell a page that is empty from one that poppler cannot draw: both come out white.

    Raises:
        PageFailure: nothing is on the page, and poppler met errors in it.
    """
    done = run("pdftoppm", "-cropbox", "-scale-to", "16", *_one_page(path, page_number))
    reason = why_page_is_blank(done)
    if reason:
        raise PageFailure(reason)


def _text_layer(path: Path, page_number: int, page_run: PageRun | None) -> bytes:
    """What `pdftotext -bbox-layout` writes of a page, cut at MAX_TEXT_BYTES.

    A text layer that makes poppler crash or hang is treated as if it ended there: the page can
    still be seen.
    """
    text = page_run.text(page_number, _TEXT_OPTIONS) if page_run is not None else None
    if text is not None:
        return text
    arguments = (*_TEXT_OPTIONS, *_one_page(path, page_number), "-")
    return run_as_far_as_it_comes("pdftotext", *arguments, max_output_bytes=MAX_TEXT_BYTES).output


def _preview(image: Image.Image, width: float, height: float) -> bytes:
    """The page in its own shape, made from the same pixels the encoder sees."""
    scale = min(PREVIEW_LONG_EDGE_PX, max(image.size)) / max(width, height)
    size_px = (max(1, round(width * scale)), max(1, round(height * scale)))
    small = image if image.size == size_px else image.resize(size_px, Image.Resampling.HAMMING)
    return preview_of(small)


def _one_page(path: Path, page_number: int) -> list[str]:
    """Arguments that name a page; the path absolute, so that it never begins with a dash."""
    return ["-f", str(page_number), "-l", str(page_number), str(path.absolute())]
