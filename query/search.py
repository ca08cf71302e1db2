"""A request to ranked pages: encode, two phases, fuse, group. The whole path on one screen.

Every door makes a SearchRequest (request.py) and shows a Found (found.py); what explains or draws a
Found takes the query vectors it holds, and encodes nothing again. The two phases run inside the
index; `hybrid` is made here, from two rankings of any index.
"""

import functools
import math
from collections.abc import Callable, Sequence
from dataclasses import replace

from encoders.interface import Encoder
from encoders.lexical import CHANCE_COSINE
from index.interface import BM25, HAMMING_THEN_FLOAT, PageIndex
from index.pages import Fingerprint, QueryVectors, SearchResult
from index.timing import StageTimer
from index.wording import COSINE_RANKINGS, count
from query.close_calls import close_call_notices
from query.found import Found
from query.fusion import HYBRID
from query.groups import HitGroup, Pages, collapse_near_duplicates, group_by_document
from query.halves import Halves
from query.language_guard import language_notices
from query.request import SearchRequest, check_request
from query.resemblance import Line, line_of_chance, scores_at_random
from query.texts import Texts
from query.words_nowhere import nowhere_notices, words_nowhere


def find(
    index: PageIndex,
    encoder: Callable[[], Encoder],
    request: SearchRequest,
    given: tuple[str, ...] = (),
) -> Found:
    """Find pages.

    Args:
        index: where to look.
        encoder: gives the encoder the index was made with; not called for `bm25`, so that a search
            of words never waits for a model, nor where the request has vectors.
        request: what to look for.
        given: hits that keep their places, as an earlier answer to the request has them.

    Raises:
        WrongUseError: an empty text, an unknown ranking, k or rerank below 1, or an offset below 0.
    """
    timer = StageTimer()
    check_request(request)
    n_unfinished = functools.cache(index.n_unfinished)
    n_waiting = functools.cache(lambda: index.n_waiting() if n_unfinished() else 0)
    if not request.ranking:
        # without words, such as of a picture, those of pages that wait are of no use
        n_found_by_words = n_waiting() if request.text.strip() else 0
        ranking = default_ranking(index.fingerprint, n_found_by_words)
        request = replace(request, ranking=ranking)
    if request.ranking == BM25 and isinstance(request.query, str):
        query = QueryVectors.text_only(request.query)
    else:
        query = encode(request, encoder, timer)

    texts = Texts(index)
    result, line, nowhere, alike = _rank(index, query, request, texts, timer)
    while (further := request.further(result.hits)) is not None:
        request = further
        result, line, nowhere, alike = _rank(index, query, request, texts, timer)
    best_score = result.hits[0].score if result.hits else None
    hits = tuple(hit for hit in result.hits if not request.is_too_low(hit.score))
    found_groups: tuple[Pages, ...] = tuple((hit,) for hit in hits)
    if request.group_by:
        found_groups = group_by_document(hits)
    elif request.collapse:
        with timer.stage("collapse"):
            found_groups = collapse_near_duplicates(hits, request.offset + request.k, index)
    found_groups, given = _part_asked_for(found_groups, request, given)
    with timer.stage("hits"):
        groups, n_gone = _shown(found_groups, texts)
    notices = (*result.notices, *_gone(n_gone), *more_to_come(n_unfinished(), n_waiting()))
    result = replace(result, hits=hits, notices=notices)
    found_by = _found_by(request.ranking, index.fingerprint)
    found = Found(
        request,
        query,
        result,
        groups,
        given,
        nowhere,
        alike,
        line,
        found_by,
        best_score,
        n_waiting=n_waiting(),
    )
    return replace(found, advice=_advice(index.fingerprint.model, found))


def _part_asked_for(
    groups: Sequence[Pages], request: SearchRequest, given: tuple[str, ...]
) -> tuple[tuple[Pages, ...], tuple[str, ...]]:
    """The hits to show, and what names all to the last of them.

    One that was given and is not there any more leaves its place empty.
    """
    by_name = {
        pages[0].document_id if request.group_by else pages[0].page_id: pages for pages in groups
    }
    names = tuple(dict.fromkeys((*given, *by_name)))[: request.offset + request.k]
    shown = (by_name.get(name) for name in names[request.offset :])
    return tuple(pages for pages in shown if pages is not None), names


def _shown(groups: Sequence[Pages], texts: Texts) -> tuple[tuple[HitGroup, ...], int]:
    """The groups as they are shown, and how many pages are left out: removed since found."""
    there = {hit.page_id: hit for hit in texts.hits(page for pages in groups for page in pages)}
    shown = [[there[page.page_id] for page in pages if page.page_id in there] for pages in groups]
    n_gone = sum(map(len, groups)) - len(there)
    return tuple(HitGroup(best, tuple(others)) for best, *others in filter(None, shown)), n_gone


def _gone(n_pages: int) -> tuple[str, ...]:
    """That pages were found and could not be read, if it is so."""
    if not n_pages:
        return ()
    were = (
        "was found and is not shown: it" if n_pages == 1 else "were found and are not shown: they"
    )
    return (f"{count(n_pages, 'page')} {were} could not be read any more. Search again.",)


def _advice(model: str, found: Found) -> tuple[str, ...]:
    """What another query or ranking would do better."""
    request, question = found.request, found.query.text
    ties = (
        *nowhere_notices(
            found.words_nowhere, request.ranking, len(found.groups), found.spelled_alike
        ),
        *close_call_notices(request.ranking, found.ties, found.least_gap),
    )
    asks_the_model_alone = request.ranking not in (BM25, HYBRID)
    if not asks_the_model_alone or request.except_page_id or not question.strip():
        return ties
    return (*language_notices(model, question, found.shown), *ties)


def _found_by(ranking: str, fingerprint: Fingerprint) -> str:
    """What brings up a page without a word of the query."""
    if ranking == BM25:
        return "function words or parts of words"
    return "resemblance" if fingerprint.rendering == "words" else "looks"


def default_ranking(fingerprint: Fingerprint, n_waiting: int) -> str:
    """The ranking that suits an index where none is asked for; the evidence is docs/decisions.md.

    Vectors of words find forms of a word and weigh all of a query's words alike, text search the
    opposite: both together find more. Of a model's vectors no such thing is known here; but while
    pages wait for theirs, only a ranking that reads words too finds all pages.

    Args:
        fingerprint: what made the index's vectors.
        n_waiting: pages that wait for them.
    """
    return HYBRID if fingerprint.rendering == "words" or n_waiting else HAMMING_THEN_FLOAT


def more_to_come(n_unfinished: int, n_waiting: int) -> tuple[str, ...]:
    """That the index does not hold everything yet, if it is so."""
    if n_waiting:
        waits = "waits for its" if n_waiting == 1 else "wait for their"
        them = "it" if n_waiting == 1 else "them"
        return (
            f"{count(n_waiting, 'page')} {waits} vectors, and only words find {them} "
            f"({BM25}, {HYBRID}): an ingest is running, or it was stopped and the same command "
            "goes on.",
        )
    if not n_unfinished:
        return ()
    verb = "is" if n_unfinished == 1 else "are"
    return (
        f"{count(n_unfinished, 'document')} {verb} not yet wholly in the index: an ingest is "
        "running and more will be found, or it was stopped and the same command goes on.",
    )


def encode(
    request: SearchRequest, encoder: Callable[[], Encoder], timer: StageTimer | None = None
) -> QueryVectors:
    """The query's vectors: for what needs them, whatever the ranking.

    Args:
        request: whose vectors are given as they are, where it has some.
        encoder: as for `find`.
        timer: takes the stages "load" and "encode".

    Raises:
        WrongUseError: as `find`, before anything is loaded.
    """
    check_request(request)
    if not isinstance(request.query, str):
        return request.query
    timer = timer or StageTimer()
    with timer.stage("load"):
        loaded = encoder()
    with timer.stage("encode"):
        return loaded.encode_query(request.query)


def _rank(
    index: PageIndex,
    query: QueryVectors,
    request: SearchRequest,
    texts: Texts,
    timer: StageTimer,
) -> tuple[SearchResult, Line | None, tuple[str, ...], tuple[str, ...]]:
    """Rank, and read what will be shown; adds the stages to `timer`.

    A word that stands nowhere and is spelled nearly like one that does is looked for as that one
    by the half of `hybrid` that goes by words.

    Returns:
        The hits, where among them resemblance begins, which words stand nowhere, and what is
        spelled like them.
    """
    halves = Halves(index, query, request, timer)
    with timer.stage("hits"):
        part = halves.hits[request.offset : request.offset + request.k]
        likely = [hit for hit in part if not request.is_too_low(hit.score)]
        texts.hits((*halves.by_words, *likely))  # all that will be shown, in one go
    with timer.stage("words"):
        nowhere = words_nowhere(index, request.words, texts.hits(halves.by_words))
        alike = halves.spelled_alike(nowhere, texts)
    halves.ask_for(alike)
    line = _line(index, query, request, halves.first.n_candidates, timer)
    return halves.result(), line, nowhere, alike


def _line(
    index: PageIndex, query: QueryVectors, request: SearchRequest, n_pages: int, timer: StageTimer
) -> Line | None:
    """The line below which hits are found by chance, where one can be drawn."""
    if n_pages == 0:
        return None
    if request.ranking == BM25:  # finds the parts of a code too
        return Line(math.inf, words_do=True) if request.words else None
    if index.fingerprint.rendering != "words":
        by_vectors = HAMMING_THEN_FLOAT if request.ranking == HYBRID else request.ranking
        with timer.stage("line"):
            score = line_of_chance(scores_at_random(index, query, by_vectors, n_pages), n_pages)
        return None if score is None else Line(score, words_do=request.ranking == HYBRID)
    if not request.words:
        return None
    is_cosine = request.ranking in (*COSINE_RANKINGS, HYBRID)
    return Line(CHANCE_COSINE if is_cosine else math.inf, words_do=True)
