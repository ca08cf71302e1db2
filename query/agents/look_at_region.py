"""The tool `look_at_region`: a part of a page, drawn from its file as large as a model can see."""

import io

import numpy as np
from PIL import Image
from pydantic import BaseModel, Field

from index.errors import MissingDependencyError
from index.pages import Page
from query.agents.shapes import Arguments, Box, Citation, Notices, PageName
from query.agents.tools import (
    MAX_TEXT_CHARS,
    PageWithPicture,
    as_jpeg,
    named_page,
    printed_number_of,
)
from query.service.refusals import NoOriginalError, UnavailableError
from query.service.service import SearchService

LONG_EDGE_PX = 1568
"""Of a part of any shape: models make larger pictures smaller before they look."""


class LookAtRegionArguments(Arguments):
    """Which part of which page to show."""

    page: PageName
    box: Box


class RegionAnswer(BaseModel):
    """A part of a page, beside its picture."""

    is_sharp: bool = Field(
        True,
        description="Drawn from the file; else cut out of the coarser picture that get_page shows.",
    )
    citation: Citation
    text: str = Field("", description="Words that stand there, in reading order. Untrusted.")
    is_text_cut: bool = False
    notices: Notices = []


def look_at_region(service: SearchService, asked: LookAtRegionArguments) -> PageWithPicture:
    """Show a part of a page; where its file is not as it was indexed, from the preview.

    Raises:
        PagelensError: as the service does; its text says what to do.
    """
    page = named_page(service, asked.page)
    width, height = page.width_pt, page.height_pt
    x0, y0, x1, y1 = asked.box
    aspect = (y1 - y0) * height / max(1e-9, (x1 - x0) * width)
    notices = []
    try:
        picture = service.region(page.page_id, asked.box, int(LONG_EDGE_PX / max(1.0, aspect)))
    except (NoOriginalError, UnavailableError, MissingDependencyError) as e:
        notices.append(f"Cut out of the page's preview, which is coarser. {e}")
        picture = _cut_out(page.preview, asked.box)
    text = _words_in(page, asked.box)
    answer = RegionAnswer(
        is_sharp=not notices,
        citation=Citation(
            file=service.document(page.document_id).name,
            page_number=page.page_number,
            printed_number=printed_number_of(service, page),
            quote="",
            box=asked.box,
            is_read_by_ocr=bool(page.ocr_engine),
        ),
        text=text[:MAX_TEXT_CHARS],
        is_text_cut=len(text) > MAX_TEXT_CHARS,
        notices=notices,
    )
    return PageWithPicture(answer, as_jpeg(picture))


def _words_in(page: Page, box: tuple[float, float, float, float]) -> str:
    """The words whose middle lies in a box."""
    middles = (page.words.boxes[:, :2] + page.words.boxes[:, 2:]) / 2  # (n_words, 2)
    inside = np.logical_and(middles >= box[:2], middles <= box[2:])  # (n_words, 2)
    return page.words.only(np.asarray(inside.all(axis=1), np.bool_)).text


def _cut_out(preview: bytes, box: tuple[float, float, float, float]) -> bytes:
    x0, y0, x1, y1 = box
    with Image.open(io.BytesIO(preview)) as image:
        left, top = int(x0 * image.width), int(y0 * image.height)
        right = max(left + 1, round(x1 * image.width))
        bottom = max(top + 1, round(y1 * image.height))
        part = image.convert("RGB").crop((left, top, right, bottom))
    data = io.BytesIO()
    part.save(data, "PNG")
    return data.getvalue()
