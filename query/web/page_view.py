"""What the view of one page shows, as text, numbers and addresses; the template only sets it."""

import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from PIL import Image

from index.pages import Document, Page, page_id
from index.wording import count, file_name, printable, shown_path
from query.found import Found
from query.heat.hot_words import HotWord
from query.web.addresses import preview_href, printed_number_href
from query.web.fact import Fact
from query.web.places import Box, box_of, places
from query.web.search_form import SearchForm
from query.web.text_layer import MAX_WORDS, LayerLine, text_layer
from query.web.why_view import Why, why_view
from query.why.explain import PageExplanation

_PUNCTUATION = re.compile(r"^\W+|\W+$")

HEAT_OFF = "off"
"""Value of the parameter `heat` that shows the page without heat."""


@dataclass(frozen=True)
class Turn:
    """A way to another hit or page; the script follows it by name. "" leads nowhere."""

    name: str
    text: str
    href: str
    rel: str = ""


@dataclass(frozen=True)
class Chip:
    """A choice of whose heat is shown."""

    text: str
    href: str
    is_current: bool


@dataclass(frozen=True)
class HotWordEntry:
    """A hot word as the list has it, once for all its places.

    Attributes:
        boxes: numbers of its boxes among those of the page, from 0, separated by spaces.
        n_places: how many they are.
        doubt: that OCR may have misread it where it is hottest; "" where not.
    """

    text: str
    boxes: str
    n_places: int
    doubt: str


@dataclass(frozen=True)
class PageView:
    """The view of one page.

    Attributes:
        width_px, height_px: of the picture.
        picture_said, heat_said: what the pictures show, for those who do not see them.
        heatmap: its address; "" where there is no heat to show.
        back: address of the hits; "" where the page was not searched for.
        place_said: which hit this is.
        like: address of pages like this one; "" where the encoder saw nothing on it.
        places: where the page answers the search, strongest first.
        text: the page's words, as text over the picture.
        is_text_cut: whether they are more than are laid over it.
        file_kind: "PDF" or "image".
        original: address of the file at this page; "" where it is not there as it was indexed.
        printed_number: where the number printed on the page is told; likewise.
        download: address by which it is saved; "" as there.
        region: address of parts of the page drawn from the file; "" where nothing draws them.
        heat_region: the same with heat; "" where there is no heat to show.
        link: address of the page alone.
    """

    page_number: int
    page_count: int
    file: str
    title: str
    preview: str
    width_px: int
    height_px: int
    picture_said: str
    heatmap: str
    heat_said: str
    chips: tuple[Chip, ...]
    hot_words: tuple[HotWordEntry, ...]
    word_boxes: tuple[Box, ...]
    back: str
    place_said: str
    turns: tuple[Turn, ...]
    why: Why | None
    citation: str
    facts: tuple[Fact, ...]
    like: str
    places: tuple[Box, ...]
    text: tuple[LayerLine, ...]
    is_text_cut: bool
    file_kind: str
    original: str
    printed_number: str
    download: str
    region: str
    heat_region: str
    link: str


@dataclass(frozen=True, eq=False)
class PageInSearch:
    """A page with all that is known of it for one search.

    Attributes:
        found, explanation: None where nothing was searched for, or the search could not run.
        hot_words: of the token chosen, hottest first.
        token_index: whose heat is shown; None for all content tokens.
        has_heat: whether heat is shown at all.
        has_original: whether the file seems to be there as it was indexed.
        has_regions: whether parts of the page can be drawn from it.
    """

    page: Page
    document: Document
    found: Found | None = None
    explanation: PageExplanation | None = None
    hot_words: tuple[HotWord, ...] = ()
    token_index: int | None = None
    has_heat: bool = False
    has_original: bool = False
    has_regions: bool = False


def page_view(seen: PageInSearch, form: SearchForm) -> PageView:
    """Lay out a page.

    Args:
        seen: the page.
        form: the search it is seen from.
    """
    page, document = seen.page, seen.document
    with Image.open(io.BytesIO(page.preview)) as picture:
        width_px, height_px = picture.size
    file = file_name(document.name)
    link = SearchForm().page_href(page.page_id)
    region = f"/api/pages/{page.page_id}/region" if seen.has_regions else ""
    return PageView(
        page_number=page.page_number,
        page_count=document.page_count,
        file=file,
        title=printable(document.title),
        preview=preview_href(page.page_id),
        width_px=width_px,
        height_px=height_px,
        picture_said=_picture_said(page, file),
        heatmap=_heatmap_href(seen, form) if seen.has_heat else "",
        heat_said=_heat_said(seen),
        chips=_chips(seen, form),
        hot_words=_hot_word_entries(seen.hot_words),
        word_boxes=tuple(box_of(word.box) for word in seen.hot_words),
        back=form.href if form.is_asked else "",
        place_said=_place_said(seen),
        turns=_turns(seen, form),
        why=None if seen.explanation is None else why_view(seen.explanation),
        citation=_citation(page, document),
        facts=_facts(page, document),
        like=SearchForm(like=page.page_id).href if len(page.vectors.vectors) else "",
        places=_places(seen),
        text=text_layer(page, width_px, height_px),
        is_text_cut=len(page.words.texts) > MAX_WORDS,
        file_kind="PDF" if _is_pdf(document) else "image",
        download=f"{link}/original?download=true" if seen.has_original else "",
        original=f"{link}/original#page={page.page_number}" if seen.has_original else "",
        printed_number=printed_number_href(page.page_id) if seen.has_original else "",
        region=region,
        heat_region=f"{region}?{_search_of_heat(seen, form)}" if region and seen.has_heat else "",
        link=link,
    )


def _citation(page: Page, document: Document) -> str:
    by_ocr = " (words read by OCR)" if page.ocr_engine else ""
    title = f"“{printable(document.title)}”, " if document.title else ""
    return f"{title}{shown_path(document.name, Path.cwd())}, page {page.page_number}{by_ocr}"


def _picture_said(page: Page, file: str) -> str:
    n = len(page.words.texts)
    text = f"with {count(n, 'word')}" if n else "without words"
    by_ocr = ", read by OCR" if page.ocr_engine else ""
    return f"Page {page.page_number} of {file}, {text}{by_ocr}"


def _heat_said(seen: PageInSearch) -> str:
    """The heatmap in words: what it is of, and where it is hottest."""
    if seen.found is None or not seen.has_heat:
        return ""
    tokens = seen.found.query.tokens
    of = "the query" if seen.token_index is None else printable(tokens[seen.token_index])
    words = ", ".join(printable(word.text) for word in seen.hot_words[:5])
    return f"Heatmap of {of}" + (f", strongest at: {words}" if words else "")


def _heatmap_href(seen: PageInSearch, form: SearchForm) -> str:
    return f"/api/pages/{seen.page.page_id}/heatmap?{_search_of_heat(seen, form)}"


def _search_of_heat(seen: PageInSearch, form: SearchForm) -> str:
    token = {} if seen.token_index is None else {"token": str(seen.token_index)}
    return form.query_string(**token)


def _places(seen: PageInSearch) -> tuple[Box, ...]:
    if seen.found is None:
        return ()
    return places(seen.page, seen.found, seen.hot_words, seen.explanation)


def _chips(seen: PageInSearch, form: SearchForm) -> tuple[Chip, ...]:
    """All content tokens at once, each alone, and none; nothing where the page has no vectors."""
    if seen.found is None or not len(seen.page.vectors.vectors) or not seen.found.query.tokens:
        return ()
    query, id_ = seen.found.query, seen.page.page_id
    is_all = seen.has_heat and seen.token_index is None
    chips = [Chip("whole query", form.page_href(id_), is_all)]
    content = [i for i in range(len(query.tokens)) if query.is_content[i]]
    if form.like:
        content = []  # dozens of places on another page: no names to choose by
    chips += [
        Chip(
            printable(query.tokens[i]),
            form.page_href(id_, token=str(i)),
            seen.has_heat and seen.token_index == i,
        )
        for i in content
    ]
    chips.append(Chip("no heat", form.page_href(id_, heat=HEAT_OFF), not seen.has_heat))
    return tuple(chips)


def _hot_word_entries(words: Sequence[HotWord]) -> tuple[HotWordEntry, ...]:
    """Hottest first; a word that stands in several places once, as it is written at the hottest."""
    shown: dict[str, HotWord] = {}
    places: dict[str, list[int]] = {}
    for i, word in enumerate(words):
        key = _bare(word.text).casefold()
        shown.setdefault(key, word)
        places.setdefault(key, []).append(i)
    return tuple(
        HotWordEntry(
            _bare(shown[key].text),
            " ".join(map(str, numbers)),
            len(numbers),
            shown[key].doubt_said,
        )
        for key, numbers in places.items()
    )


def _bare(word: str) -> str:
    """A word without punctuation around it, as it may be shown."""
    return printable(_PUNCTUATION.sub("", word) or word)


def _hit_ids(found: Found | None) -> list[str]:
    """Ids of the hits in the order in which they are shown."""
    if found is None:
        return []
    return [hit.page_id for group in found.groups for hit in (group.best, *group.others)]


def _place_said(seen: PageInSearch) -> str:
    ids = _hit_ids(seen.found)
    if seen.page.page_id not in ids:
        return ""
    before = seen.found.request.offset if seen.found else 0
    return f"hit {before + ids.index(seen.page.page_id) + 1} of {before + len(ids)}"


def _turns(seen: PageInSearch, form: SearchForm) -> tuple[Turn, ...]:
    """Previous and next hit, previous and next page that the index holds; some lead nowhere."""
    turns = []
    ids = _hit_ids(seen.found)
    if seen.page.page_id in ids:
        at = ids.index(seen.page.page_id)
        for name, text, to in (("previous-hit", "← Hit", at - 1), ("next-hit", "Hit →", at + 1)):
            is_there = 0 <= to < len(ids)
            shown = f"← Hit {to + 1}" if to < at else f"Hit {to + 1} →"
            href = form.page_href(ids[to]) if is_there else ""
            turns.append(Turn(name, shown if is_there else text, href))
    before, after = _neighbours(seen.document, seen.page.page_number)
    id_ = seen.document.document_id
    if before is None:
        turns.append(Turn("previous-page", "‹ Page", ""))
    else:
        href = form.page_href(page_id(id_, before))
        turns.append(Turn("previous-page", f"‹ Page {before}", href, "prev"))
    if after is None:
        turns.append(Turn("next-page", "Page ›", ""))
    else:
        href = form.page_href(page_id(id_, after))
        turns.append(Turn("next-page", f"Page {after} ›", href, "next"))
    return tuple(turns)


def _neighbours(document: Document, number: int) -> tuple[int | None, int | None]:
    """The nearest readable pages before and after a page."""
    before = [n for n in document.readable_pages if n < number]
    after = [n for n in document.readable_pages if n > number]
    return (before[-1] if before else None), (after[0] if after else None)


def _facts(page: Page, document: Document) -> tuple[Fact, ...]:
    n_vectors = len(page.vectors.vectors)
    facts = [Fact("path", printable(path)) for path in document.paths]
    facts.append(Fact("size", f"{page.width_pt:.0f} × {page.height_pt:.0f} {_unit(document)}"))
    facts.append(Fact("words", _words_said(page)))
    if page.language:
        facts.append(Fact("language", page.language))
    without = "still to come" if page.is_waiting else "none: the encoder saw nothing"
    facts.append(Fact("vectors", f"{n_vectors:,}" if n_vectors else without))
    why_not_drawn = document.why_not_drawn(page.page_number)
    if why_not_drawn:
        facts.append(Fact("not drawn", printable(why_not_drawn)))
    why_not_read = document.why_not_read(page.page_number)
    if why_not_read:
        facts.append(Fact("not read by OCR", printable(why_not_read)))
    if document.not_searched:
        facts.append(Fact("not searched", printable(document.not_searched)))
    facts.append(Fact("page id", page.page_id))
    return tuple(facts)


def _words_said(page: Page) -> str:
    """How many words the page has, and who has read them, where that was OCR."""
    n, n_ocr = len(page.words.texts), int(page.words.is_ocr.sum())
    if not n:
        return "none"
    if not n_ocr:
        return f"{n:,}"
    which = "" if n_ocr == n else f"{n_ocr:,} of them "
    return f"{n:,}, {which}read by OCR ({printable(page.ocr_engine)})"


def _unit(document: Document) -> str:
    """Points for a PDF, pixels for an image file."""
    return "pt" if _is_pdf(document) else "px"


def _is_pdf(document: Document) -> bool:
    return all(PurePosixPath(file.path).suffix.lower() == ".pdf" for file in document.files)
