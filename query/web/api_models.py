"""What goes into the REST interface and what comes out: the words of `pagelens query --json`."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from query.filters import FILTER_KEYS, MAX_PATH_LENGTH, read_filters
from query.hit_words import MatchedBy
from query.operators import OPERATORS_SAID
from query.request import DEFAULT_RANKINGS_SAID, RANKINGS, SearchRequest
from query.service.service import DEFAULT_K, MAX_K, MAX_RERANK, MAX_TEXT_LENGTH

MAX_WIDTH_PX = 4096
MAX_TOKEN_INDEX = 10_000

OcrEngine = Annotated[
    str,
    Field(
        description="What read the page's words, which may hold its errors: engine, model and "
        "version. Empty where OCR read none of them."
    ),
]

PAGE_ID_PATTERN = "^[0-9a-f]{32}-[1-9][0-9]{0,8}$"


def _filter(name: str, max_length: int | None = None) -> Any:  # noqa: ANN401  as pydantic types it
    """A filter, as its grammar describes it."""
    key = FILTER_KEYS[name]
    return Field(None, max_length=max_length, pattern=f"^({key.pattern})$", description=key.meaning)


class Refinement(BaseModel):
    """How a search ranks, how much it gives, and which pages it looks at."""

    model_config = ConfigDict(extra="forbid")

    ranking: str | None = Field(
        None,
        description=f"How pages are ranked; by {DEFAULT_RANKINGS_SAID}.",
        json_schema_extra={"enum": list(RANKINGS)},
    )
    k: int = Field(DEFAULT_K, ge=1, le=MAX_K, description="How many hits.")
    rerank: int | None = Field(
        None, ge=1, le=MAX_RERANK, description="How many pages phase 2 scores."
    )
    path: str | None = _filter("path", MAX_PATH_LENGTH)
    document: str | None = _filter("document")
    pages: str | None = _filter("pages")
    language: str | None = _filter("language")
    not_path: str | None = _filter("not_path", MAX_PATH_LENGTH)
    not_document: str | None = _filter("not_document")
    not_pages: str | None = _filter("not_pages")
    not_language: str | None = _filter("not_language")
    group_by: Literal["document"] | None = Field(
        None, description="One hit for each document, with its other pages."
    )
    collapse: bool = Field(
        False,
        description="One hit for pages that look the same, the newest file's, with the others; not "
        "together with group_by.",
    )
    min_score: float | None = Field(
        None, allow_inf_nan=False, description="No hits of a lower score, as the ranking counts it."
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
            read_filters({key: getattr(self, key) for key in FILTER_KEYS}),
            self.group_by,
            self.collapse,
            min_score=self.min_score,
        )


class Search(Refinement):
    """A search by words."""

    q: str = Field(
        min_length=1,
        max_length=MAX_TEXT_LENGTH,
        description=f"What the page says or shows. {OPERATORS_SAID}",
    )


class PageSearch(Refinement):
    """A search as a page is seen by: by words, or by another page."""

    q: str = Field("", max_length=MAX_TEXT_LENGTH, description="What the page says or shows.")
    like: str | None = Field(
        None, pattern=PAGE_ID_PATTERN, description="Instead of q: the page whose like is wanted."
    )


class TokenSearch(PageSearch):
    """A search, and one of its tokens."""

    token: int | None = Field(
        None,
        ge=0,
        le=MAX_TOKEN_INDEX,
        description="One token of the query, from 0; all content tokens where it is left out.",
    )


class HeatmapSearch(TokenSearch):
    """A search, one of its tokens, and how large the picture is to be."""

    width: int = Field(
        MAX_WIDTH_PX, ge=1, le=MAX_WIDTH_PX, description="In pixels, the preview's at most."
    )


class OtherPage(BaseModel):
    """A page found beside another: of the same document, or one that looks the same."""

    page_id: str
    page_number: int
    score: float
    score_sum: float
    halves: dict[str, float] = Field(
        description="For hybrid, the score of each of its rankings that found the page."
    )
    is_waiting: bool = Field(description="Found by its words: its vectors are still to come.")
    ocr_engine: OcrEngine
    document_id: str
    paths: list[str]


class HitBody(OtherPage):
    """A page found; `ties_with_previous` where its score is too close to the one before to tell.

    `below_line` where the hits that answer the query have ended, and resemblance has begun.
    """

    rank: int
    title: str
    snippet: str = Field(description="Empty where no word of the query stands on the page.")
    matched_words: list[str]
    matched_by: MatchedBy = Field(
        description="Where words of the query stand: on the page, in its file's name or title "
        "alone, or in neither; `spelling` where the page has a word spelled nearly like one that "
        "stands nowhere."
    )
    below_line: bool
    ties_with_previous: bool
    other_pages: list[OtherPage]


class SearchBody(BaseModel):
    """What a search gave, best first."""

    query: str
    ranking: str
    n_candidates: int
    n_waiting: int = Field(description="Pages that only words find yet: vectors are to come.")
    hits: list[HitBody]
    words_nowhere: list[str] = Field(description="Words of the query that no page holds.")
    notices: list[str]
    timings_ms: dict[str, float]


Box = Annotated[
    list[float],
    Field(min_length=4, max_length=4, description="x0, y0, x1, y1, fractions of the page."),
]


class HotWordBody(BaseModel):
    """A word that stands where a page matches."""

    page_number: int
    text: str
    box: Box
    heat: float
    confidence: float | None = Field(
        description="How sure OCR is of the word, up to 1; null where it has not read it."
    )


class PageBody(BaseModel):
    """What is known of a page."""

    page_id: str
    document_id: str
    page_number: int
    width_pt: float
    height_pt: float
    language: str
    n_patches: int
    is_waiting: bool = Field(description="Whether its vectors are still to come.")
    ocr_engine: OcrEngine
    text: str


class TokenBody(BaseModel):
    """One token of the query on a page."""

    token: str
    token_index: int
    is_content: bool
    patch: int
    boxes: list[Box]
    similarity: float
    contribution: float
    share: float


class WordBody(BaseModel):
    """A word of the query, and the forms of it on a page."""

    text: str
    on_page: list[str]


class FusedBody(BaseModel):
    """What a half of `hybrid` gives to a page."""

    ranking: str
    place: int | None
    score: float | None
    contribution: float
    share: float


class ExplanationBody(BaseModel):
    """Why a page came up, or why not."""

    page_id: str
    ranking: str
    score: float | None
    score_sum: float | None
    place: int | None
    phase_1_place: int | None
    phase_1_depth: int
    n_candidates: int
    tokens: list[TokenBody]
    words: list[WordBody]
    fused: list[FusedBody]
    why_not: str | None
    ocr_engine: OcrEngine


class FailureBody(BaseModel):
    """Why a file, or pages of it, could not be read; without `page_number` it is the whole file.

    `last_page` is given where several pages in a row say the same; `has_words` where a page could
    not be drawn, but is found by its words; `is_of_ocr` where OCR could not read it, and it is
    found without the words it would have read.
    """

    page_number: int | None
    last_page: int | None
    reason: str
    is_passing: bool
    has_words: bool
    is_of_ocr: bool


class DocumentBody(BaseModel):
    """A document of the index."""

    document_id: str
    paths: list[str]
    title: str
    page_count: int
    is_complete: bool
    failures: list[FailureBody]
    not_searched: str


class EncoderBody(BaseModel):
    """What made the vectors of the index."""

    encoder: str
    model: str
    revision: str
    pooling: str
    rendering: str


class StatusBody(BaseModel):
    """What the index holds, and how far the model is."""

    state: Literal["loading", "ready", "failed"]
    message: str
    sees_images: bool
    encoder: EncoderBody
    n_documents: int
    n_pages: int
    n_pages_without_vectors: int
    n_pages_waiting: int
    n_vectors: int
    n_failed_documents: int
    n_pages_by_ocr_engine: dict[str, int] = Field(
        description="Pages of which OCR has read words, by what read them."
    )
    size_bytes: dict[str, int]
    reclaimable_bytes: int
