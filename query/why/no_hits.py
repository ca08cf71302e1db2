"""Why a search found nothing, and what to do: the same at every door."""

from dataclasses import dataclass

from index.interface import BM25, HAMMING_THEN_FLOAT
from index.wording import count, score_text
from query.found import Found


@dataclass(frozen=True)
class NoHits:
    """Why nothing was found, and what helps; each a sentence or two."""

    why: str
    what_to_do: str

    def __str__(self) -> str:
        return f"{self.why} {self.what_to_do}"


def why_no_hits(found: Found, n_pages: int, index_name: str | None = None) -> NoHits:
    """Say why a search found nothing.

    Args:
        found: without hits.
        n_pages: pages in the index.
        index_name: as the user named it; None where it is not theirs to name.
    """
    n_candidates = found.result.n_candidates
    if n_pages == 0 and index_name is not None:
        return NoHits(
            f"Index {index_name} is empty.",
            f"Fill it: pagelens ingest FOLDER --index {index_name}",
        )
    if n_pages == 0:
        return NoHits("The index is empty.", "Fill it: pagelens ingest FOLDER")
    filters = found.request.filters
    if n_candidates == 0 and (filters.phrases or filters.without):
        wanted = [f'holds "{phrase}"' for phrase in filters.phrases]
        wanted += [f'is without "{word}"' for word in filters.without]
        return NoHits(
            f"None of the {count(n_pages, 'page')} {' and '.join(wanted)}, and passes all filters.",
            "Leave one of these out.",
        )
    if n_candidates == 0:
        return NoHits(f"None of the {count(n_pages, 'page')} passes the filters.", "Leave one out.")
    least, best = found.request.min_score, found.best_score
    if least is not None and best is not None:
        said = score_text(best, found.request.ranking)
        return NoHits(
            f"None of the {count(n_candidates, 'page')} has a score of {least:g} or more: the best "
            f"has {said}.",
            "Ask for a lower one.",
        )
    if found.request.ranking == BM25:
        return NoHits(
            f"None of the {count(n_candidates, 'page')} holds one of these words.",
            f"Try others, or the ranking {HAMMING_THEN_FLOAT}, which finds similar ones too.",
        )
    return NoHits(
        f"None of the {count(n_candidates, 'page')} has words, and this index was made from words.",
        "To search by looks, make another: pagelens ingest FOLDER --encoder colsmol --index NEW",
    )
