"""What was found, and why, as types JSON has: the same at the command line and over HTTP."""

import json
import math
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from index.pages import Hit
from query.found import Found
from query.hit_words import HitWords

if TYPE_CHECKING:  # a query without reasons needs none of them
    from query.heat.hot_words import HotWord
    from query.token_matches import TokenMatch
    from query.why.explain import PageExplanation


def found_as_json(
    found: Found,
    reasons: Mapping[str, object],
    more_of: Callable[[str], dict[str, object]] = lambda _: {},
) -> str:
    """One JSON object, on one line, in ASCII: it survives any terminal, pipe and log.

    Args:
        found: to be shown.
        reasons: what else the object is to hold, of types JSON has; see pagelens/query_reasons.py.
        more_of: what else each page is to hold, by its id.
    """
    result = found.result
    hits = zip(found.groups, found.hit_words, found.ties, strict=True)
    answer = {
        "query": found.query.text,
        "phrases": list(found.request.filters.phrases),
        "without": list(found.request.filters.without),
        "ranking": found.request.ranking,
        "n_candidates": result.n_candidates,
        "n_waiting": found.n_waiting,
        "offset": found.request.offset,
        "next_offset": found.next_offset,
        "hits": [
            _hit_as_json(found.request.offset + place, words, group.best)
            | {
                "below_line": place > found.n_above_line,
                "ties_with_previous": tie,
                "other_pages": [
                    _other_as_json(other) | more_of(other.page_id) for other in group.others
                ],
            }
            | more_of(group.best.page_id)
            for place, (group, words, tie) in enumerate(hits, 1)
        ],
        "words_nowhere": list(found.words_nowhere),
        "notices": list(found.notices),
        "timings_ms": {stage: round(ms, 3) for stage, ms in result.timings_ms.items()},
        **reasons,
    }
    return json.dumps(answer, allow_nan=False)


def _hit_as_json(rank: int, words: HitWords, hit: Hit) -> dict[str, object]:
    return {
        "rank": rank,
        **_score_as_json(hit),
        "document_id": hit.document_id,
        "paths": list(hit.paths),
        "title": hit.title,
        "snippet": words.snippet.text,
        "matched_words": list(words.snippet.matched_words),
        "matched_by": words.matched_by,
    }


def _other_as_json(hit: Hit) -> dict[str, object]:
    return {**_score_as_json(hit), "document_id": hit.document_id, "paths": list(hit.paths)}


def _score_as_json(hit: Hit) -> dict[str, object]:
    return {
        "page_id": hit.page_id,
        "page_number": hit.page_number,
        "score": hit.score,
        "score_sum": hit.score_sum,
        "halves": dict(hit.halves),
        "is_waiting": hit.is_waiting,
        "ocr_engine": hit.ocr_engine,
    }


def explanation_as_json(explanation: "PageExplanation") -> dict[str, object]:
    """What an explanation says, of types JSON has; a score of -inf (no vectors) is null."""
    return {
        "page_id": explanation.page_id,
        "ranking": explanation.ranking,
        "score": _finite(explanation.score),
        "score_sum": _finite(explanation.score_sum),
        "place": explanation.place,
        "phase_1_place": explanation.phase_1_place,
        "phase_1_depth": explanation.phase_1_depth,
        "n_candidates": explanation.n_candidates,
        "tokens": [_token_as_json(match) for match in explanation.tokens],
        "words": [{"text": word.text, "on_page": list(word.on_page)} for word in explanation.words],
        "fused": [
            {
                "ranking": part.ranking,
                "place": part.place,
                "score": part.score,
                "contribution": part.contribution,
                "share": part.share,
            }
            for part in explanation.fused
        ],
        "why_not": explanation.why_not,
        "ocr_engine": explanation.ocr_engine,
    }


def _token_as_json(match: "TokenMatch") -> dict[str, object]:
    return {
        "token": match.token,
        "token_index": match.token_index,
        "is_content": match.is_content,
        "patch": match.patch,
        "boxes": [[round(edge, 5) for edge in box] for box in match.boxes.tolist()],
        "similarity": match.similarity,
        "contribution": match.contribution,
        "share": match.share,
    }


def _finite(score: float) -> float | None:
    return score if math.isfinite(score) else None


def hot_words_as_json(words: "Sequence[HotWord]") -> list[dict[str, object]]:
    """Words that stand where a page is hot, of types JSON has."""
    return [
        {
            "page_number": word.page_number,
            "text": word.text,
            "box": [round(edge, 5) for edge in word.box],
            "heat": word.heat,
            "confidence": None if word.confidence is None else round(word.confidence, 3),
        }
        for word in words
    ]
