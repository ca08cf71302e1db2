"""What goes into the REST interface and what comes out: the words of `pagelens query --json`."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field

from index.filters import Filters
from index.interface import HAMMING_THEN_FLOAT
from query.filters import FILTER_KEYS, MAX_PATH_LENGTH, read_filters
from query.hit_words import MatchedBy
from query.operators import OPERATORS_SAID
from query.request import DEFAULT_RANKINGS_SAID, MOST_PLACES, RANKINGS, SearchRequest
from query.service.ingest_state import Phase
from query.service.service import DEFAULT_K, MAX_K, MAX_RERANK, MAX_TEXT_LENGTH

MAX_WIDTH_PX = 4096
MAX_TOKEN_INDEX = 10_000
MAX_OFFSET = 1_000_000_000
DEFAULT_DOCUMENTS, MAX_DOCUMENTS = 100, 1000

PAGE_ID_PATTERN = "^[0-9a-f]{32}-[1-9][0-9]{0,8}$"
DOCUMENT_ID = "0" * 32
PAGE_ID = f"{DOCUMENT_ID}-1"
_PATH = "/home/you/Documents/2023/report.pdf"


def said(description: str, example: object, default: Any = ..., **limits: Any) -> Any:  # noqa: ANN401  as pydantic types it
    """A field with what people read of it."""
    return Field(default, description=description, examples=[example], **limits)


def _filter(name: str, max_length: int | None = None) -> Any:  # noqa: ANN401  as pydantic types it
    """A filter, as its grammar describes it."""
    key = FILTER_KEYS[name]
    pattern = f"^({key.pattern})$"
    example = DOCUMENT_ID if name.endswith("document") else key.example
    return said(key.meaning, example, None, max_length=max_length, pattern=pattern)


OcrEngine = Annotated[
    str,
    said(
        "What read the page's words, which may hold its errors: engine, model and version. Empty "
        "where OCR read none of them.",
        "",
    ),
]
PageIdOut = Annotated[str, said("The page: its document's id and its number.", PAGE_ID)]
DocumentIdOut = Annotated[
    str, said("The document: first 32 hex digits of the SHA-256 of the file.", DOCUMENT_ID)
]
PageNumber = Annotated[int, said("Of the page in its document, from 1.", 1)]
Paths = Annotated[list[str], said("Every place where a file with these bytes lies.", [_PATH])]
Title = Annotated[
    str, said("Of the document, as the file has it; empty where it has none.", "Report")
]
IsWaiting = Annotated[
    bool, said("Whether its vectors are still to come, and only words find it.", False)
]
Ranking = Annotated[str, said("How pages were ranked.", "hybrid")]
Score = Annotated[
    float, said("As people are shown it, higher is better; for vectors a mean cosine.", 0.7934)
]
ScoreSum = Annotated[float, said("The ranking's own sum, as it is.", 0.7934)]
Box = Annotated[
    list[float],
    said(
        "x0, y0, x1, y1, fractions of the page.", [0.1, 0.1, 0.3, 0.15], min_length=4, max_length=4
    ),
]


class Filtered(BaseModel):
    """Which pages are looked at."""

    path: str | None = _filter("path", MAX_PATH_LENGTH)
    document: str | None = _filter("document")
    pages: str | None = _filter("pages")
    language: str | None = _filter("language")
    year: str | None = _filter("year")
    kind: str | None = _filter("kind")
    not_path: str | None = _filter("not_path", MAX_PATH_LENGTH)
    not_document: str | None = _filter("not_document")
    not_pages: str | None = _filter("not_pages")
    not_language: str | None = _filter("not_language")
    not_year: str | None = _filter("not_year")
    not_kind: str | None = _filter("not_kind")

    def filters(self) -> Filters:
        """What a page must meet.

        Raises:
            WrongUseError: a filter cannot be read.
        """
        return read_filters({key: getattr(self, key) for key in FILTER_KEYS})


class Refinement(Filtered):
    """How a search ranks, how much it gives, and which pages it looks at."""

    ranking: str | None = said(
        f"How pages are ranked; by {DEFAULT_RANKINGS_SAID}.",
        HAMMING_THEN_FLOAT,
        None,
        json_schema_extra={"enum": list(RANKINGS)},
    )
    k: int = said("How many hits.", DEFAULT_K, DEFAULT_K, ge=1, le=MAX_K)
    offset: int = said(
        "How many hits are passed over: the next_offset of the answer before. While an ingest runs "
        "hits keep the places they were given, so none comes twice and none is left out.",
        0,
        0,
        ge=0,
        le=MOST_PLACES - 1,
    )
    rerank: int | None = said("How many pages phase 2 scores.", 200, None, ge=1, le=MAX_RERANK)
    group_by: Literal["document"] | None = said(
        "One hit for each document, with its other pages.", "document", None
    )
    collapse: bool = said(
        "One hit for pages that look the same, the newest file's, with the others; not together "
        "with group_by.",
        False,
        False,
    )
    min_score: float | None = said(
        "No hits of a lower score, as the ranking counts it.", 0.1, None, allow_inf_nan=False
    )

    def request(self, text: str = "") -> SearchRequest:
        """The search that is asked for.

        Raises:
            WrongUseError: a filter cannot be read.
        """
        return SearchRequest(
            text,
            self.k,
            self.ranking or "",
            self.rerank,
            self.filters(),
            self.group_by,
            self.collapse,
            min_score=self.min_score,
            offset=self.offset,
        )


class Search(Refinement):
    """A search by words."""

    q: str = said(
        f"What the page says or shows. {OPERATORS_SAID}",
        "revenue by region",
        min_length=1,
        max_length=MAX_TEXT_LENGTH,
    )


class PageSearch(Refinement):
    """A search as a page is seen by: by words, or by another page."""

    q: str = said(
        "What the page says or shows.", "revenue by region", "", max_length=MAX_TEXT_LENGTH
    )
    like: str | None = said(
        "Instead of q: the page whose like is wanted.", PAGE_ID, None, pattern=PAGE_ID_PATTERN
    )


class TokenSearch(PageSearch):
    """A search, and one of its tokens."""

    token: int | None = said(
        "One token of the query, from 0; all content tokens where it is left out.",
        0,
        None,
        ge=0,
        le=MAX_TOKEN_INDEX,
    )


class HeatmapSearch(TokenSearch):
    """A search, one of its tokens, and how large the picture is to be."""

    width: int = said("In pixels, the preview's at most.", 640, MAX_WIDTH_PX, ge=1, le=MAX_WIDTH_PX)


class UrlsBody(BaseModel):
    """Where the server has more of a page; paths on this server."""

    page: str = said("The page for people.", f"/page/{PAGE_ID}")
    original: str = said(
        "The file it is from, while that still has the bytes that were indexed.",
        f"/page/{PAGE_ID}/original",
    )
    preview: str = said("Its picture, WebP.", f"/api/pages/{PAGE_ID}/preview")
    thumbnail: str = said(
        "Its small picture, JPEG, which never changes.", f"/api/pages/{PAGE_ID}/thumbnail"
    )


class OtherPage(BaseModel):
    """A page found beside another: of the same document, or one that looks the same."""

    page_id: PageIdOut
    page_number: PageNumber
    score: Score
    score_sum: ScoreSum
    halves: dict[str, float] = said(
        "For hybrid, the score of each of its rankings that found the page.",
        {"hamming-then-float": 0.73, "bm25": 8.12},
    )
    is_waiting: IsWaiting
    ocr_engine: OcrEngine
    document_id: DocumentIdOut
    paths: Paths
    urls: UrlsBody


class HitBody(OtherPage):
    """A page found."""

    rank: int = said("Its place, from 1.", 1)
    title: Title
    snippet: str = said(
        "Of the page's text. Empty where no word of the query stands on the page.",
        "…revenue by region, in millions…",
    )
    matched_words: list[str] = said("Words of the snippet that match.", ["revenue", "region"])
    matched_by: MatchedBy = said(
        "Where words of the query stand: on the page, in its file's name or title alone, or in "
        "neither; `spelling` where the page has a word spelled nearly like one that stands "
        "nowhere.",
        "words",
    )
    below_line: bool = said(
        "Whether the hits that answer the query have ended, and resemblance has begun.", False
    )
    ties_with_previous: bool = said(
        "Whether its score is too close to that of the hit before to tell which is better.", False
    )
    other_pages: list[OtherPage] = Field(
        description="With group_by or collapse: the pages that this hit stands for too."
    )


class SearchBody(BaseModel):
    """What a search gave, best first."""

    query: str = said("What was looked for, without operators.", "revenue by region")
    phrases: list[str] = said("What must stand on the pages as it is written.", [])
    without: list[str] = said("Words that must not stand on the pages.", [])
    ranking: Ranking
    n_candidates: int = said("Pages that passed the filters and were ranked.", 306)
    n_waiting: int = said("Pages that only words find yet: vectors are to come.", 0)
    offset: int = said("How many hits were passed over.", 0)
    next_offset: int | None = said("The offset to go on with; null where that is all.", DEFAULT_K)
    hits: list[HitBody] = Field(description="The pages found, best first.")
    words_nowhere: list[str] = said("Words of the query that no page holds.", [])
    notices: list[str] = said("What to know of this answer, a line each; usually nothing.", [])
    timings_ms: dict[str, float] = said(
        "Milliseconds by stage, in the order they ran.", {"fuse": 0.2}
    )


class HotWordBody(BaseModel):
    """A word that stands where a page matches."""

    page_number: PageNumber
    text: str = said("The word, as the page has it.", "Revenue")
    box: Box
    heat: float = said("How well its place matches the query: a mean cosine.", 0.81)
    confidence: float | None = said(
        "How sure OCR is of the word, up to 1; null where it has not read it.", None
    )


class PageBody(BaseModel):
    """What is known of a page."""

    page_id: PageIdOut
    document_id: DocumentIdOut
    page_number: PageNumber
    width_pt: float = said("The page as it is seen, in points; of an image file in pixels.", 595.0)
    height_pt: float = said("The same of its height.", 842.0)
    language: str = said("ISO 639-1; empty where it is not known.", "en")
    n_patches: int = said("Vectors it has.", 832)
    is_waiting: IsWaiting
    ocr_engine: OcrEngine
    text: str = said("Its words, of the text layer or read by OCR.", "Revenue by region …")
    urls: UrlsBody


class TokenBody(BaseModel):
    """One token of the query on a page."""

    token: str = said("Its text.", "revenue")
    token_index: int = said("Which of the query's tokens it is, from 0.", 0)
    is_content: bool = said("Whether it is a part of what was typed.", True)
    patch: int = said("The vector of the page that matches it best, from 0.", 417)
    boxes: list[Box] = said("Where on the page that is.", [[0.1, 0.1, 0.3, 0.15]])
    similarity: float = said("Of the two, as the ranking counts it.", 0.81)
    contribution: float = said("What it adds to the score.", 0.27)
    share: float = said("The same as a part of all tokens' contributions.", 0.34)


class WordBody(BaseModel):
    """A word of the query, and the forms of it on a page."""

    text: str = said("The word.", "revenue")
    on_page: list[str] = said(
        "How it is written on the page; empty where it is not there.", ["Revenues"]
    )


class FusedBody(BaseModel):
    """What a half of `hybrid` gives to a page."""

    ranking: Ranking
    place: int | None = said("In that ranking, from 1; null where it did not find the page.", 1)
    score: float | None = said("In that ranking.", 8.12)
    contribution: float = said("What it gives to the score.", 0.5)
    share: float = said("The same as a part of the score.", 0.63)


class ExplanationBody(BaseModel):
    """Why a page came up, or why not."""

    page_id: PageIdOut
    ranking: Ranking
    score: float | None = said("As a hit has it; null for a page without vectors.", 0.7934)
    score_sum: float | None = said("The ranking's own sum.", 0.7934)
    place: int | None = said("In the end, from 1; null where it is not among the hits.", 1)
    phase_1_place: int | None = said("After phase 1; null where it is beyond the depth.", 3)
    phase_1_depth: int = said("How many places of phase 1 are known.", 200)
    n_candidates: int = said("Pages that passed the filters and were ranked.", 306)
    tokens: list[TokenBody] = Field(description="The query's tokens, in order.")
    words: list[WordBody] = Field(description="The query's words, in order.")
    fused: list[FusedBody] = Field(description="For hybrid, its halves; else empty.")
    why_not: str | None = said("Why the page did not come up; null where it did.", None)
    ocr_engine: OcrEngine


class FailureBody(BaseModel):
    """Why a file, or pages of it, could not be read."""

    page_number: int | None = said("The page, from 1; null where it is the whole file.", 3)
    last_page: int | None = said("The last of several pages in a row that say the same.", None)
    reason: str = said("What went wrong.", "The page could not be drawn.")
    is_passing: bool = said("Whether another try may do.", False)
    has_words: bool = said("Whether it could not be drawn, but is found by its words.", True)
    is_of_ocr: bool = said("Whether it is found, without the words OCR would have read.", False)


class DocumentBody(BaseModel):
    """A document of the index."""

    document_id: DocumentIdOut
    paths: Paths
    title: Title
    page_count: int = said("Pages it has; 0 where the file could not be opened.", 12)
    is_complete: bool = said("Whether all of it is in the index, or has failed.", True)
    failures: list[FailureBody] = Field(description="What of it could not be read.")
    not_searched: str = said("What the file holds beside its pages, such as attachments.", "")


class DocumentsBody(BaseModel):
    """A part of the documents, in order of id."""

    total: int = said("Documents of the index.", 10000)
    offset: int = said("How many were passed over.", 0)
    limit: int = said("How many were asked for at most.", DEFAULT_DOCUMENTS)
    documents: list[DocumentBody] = Field(description="The documents of this part.")


class FacetsBody(BaseModel):
    """How many pages pass the filters, in all and by what they have, the most first."""

    n_pages: int = said("In all.", 306)
    languages: dict[str, int] = said(
        "By ISO 639-1 code; empty where it is not known.", {"en": 214, "de": 92}
    )
    years: dict[int, int] = said("By the year in which the file was last changed.", {2023: 306})
    kinds: dict[str, int] = said("By how the file's name ends.", {"pdf": 290, "png": 16})
    folders: dict[str, int] = said(
        "By every folder below which the document lies; Vespa names the 1,000 with most pages.",
        {"/home/you/Documents": 306, "/home/you/Documents/2023": 120},
    )


class EncoderBody(BaseModel):
    """What made the vectors of the index."""

    encoder: str = said("Its kind.", "colsmol")
    model: str = said("A hub id or a folder.", "vidore/colSmol-256M")
    revision: str = said("Of the weights.", "a59110fdf114638b8018e6c9a018907e12f14855")
    pooling: str = said("How patches were made fewer.", "none")
    rendering: str = said('How pages were drawn; "words" where words became vectors.', "words")


class IngestBody(BaseModel):
    """How far an ingest into the index is, as far as the server knows."""

    phase: Phase = said(
        "looking through folders or reading pages of them; elsewhere: another process writes to "
        "the index; ended: folders are no longer followed that should be.",
        "reading",
    )
    n_done: int = said("Pages of this run that are done.", 12)
    n_pages: int = said("Pages of this run.", 306)
    n_read: int = said("Pages read since the server started, by earlier runs.", 0)
    since: str = said("When the other process began, local time of the server.", "")
    said: str = said(
        "The same in a sentence; empty where there is nothing to say.", "12 of 306 pages read."
    )


class StatusBody(BaseModel):
    """What the index holds, and how far the model and an ingest are."""

    state: Literal["loading", "ready", "failed"] = said("Of the model.", "ready")
    message: str = said("Why it failed and what to do; else empty.", "")
    sees_images: bool = said("Whether an image can be searched for.", True)
    encoder: EncoderBody
    ingest: IngestBody
    n_documents: int = said("Documents with a page that can be found.", 65)
    n_pages: int = said("Pages that can be found.", 306)
    n_pages_without_vectors: int = said("Pages on which the encoder saw nothing.", 0)
    n_pages_waiting: int = said("Pages whose vectors are still to come.", 0)
    n_vectors: int = said("Vectors of all pages.", 254592)
    n_failed_documents: int = said("Documents of which something could not be read.", 0)
    n_pages_by_ocr_engine: dict[str, int] = said(
        "Pages of which OCR has read words, by what read them.", {}
    )
    size_bytes: dict[str, int] = said("Bytes stored, by kind.", {"vectors": 65175552})
    reclaimable_bytes: int = said("Bytes of deleted pages.", 0)
