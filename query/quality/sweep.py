"""Every query by every setting: each is encoded once, and pages are ranked, not read."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace

from encoders.interface import Encoder
from index.interface import BM25, PageIndex
from index.pages import QueryVectors
from index.timing import StageTimer
from query.halves import ranked
from query.quality.run_file import Answer, RunFile
from query.quality.settings import Setting
from query.request import SearchRequest, check_request
from query.search import encode, more_to_come

_READING_HITS = "hits"
"""The stage of a search in which a folder looks its hits up: people ask for five, not a hundred."""


def missing(
    texts: Iterable[str], settings: Sequence[Setting], runs: RunFile
) -> dict[str, list[Setting]]:
    """What is still to be searched for: the settings by query."""
    todo = {text: [s for s in settings if (s, text) not in runs.answers] for text in texts}
    return {text: left for text, left in todo.items() if left}


def sweep(
    index: PageIndex,
    encoder: Callable[[], Encoder],
    todo: Mapping[str, Sequence[Setting]],
    runs: RunFile,
    on_answer: Callable[[], object] = lambda: None,
) -> tuple[str, ...]:
    """Search, and keep each answer as it comes.

    Args:
        index: where to look.
        encoder: as for `query.search.find`.
        todo: as `missing` gives it.
        runs: takes the answers. One with a notice is not kept in the file, so that the next sweep
            asks again.
        on_answer: called after each.

    Returns:
        The notices: what the user must know of these answers, each once.
    """
    notices: dict[str, None] = {}
    for text, settings in todo.items():
        timer = StageTimer()
        asked = SearchRequest(text, 1)
        check_request(asked)
        query = QueryVectors.text_only(asked.text)
        if any(setting.ranking != BM25 for setting in settings):
            query = encode(asked, encoder, timer)
        for setting in settings:
            request = replace(
                asked, query=query, k=setting.depth, ranking=setting.ranking, rerank=setting.rerank
            )
            result = ranked(index, query, request)
            ms = sum(t for stage, t in result.timings_ms.items() if stage != _READING_HITS)
            if setting.ranking != BM25:
                ms += timer.timings_ms["encode"]
            n_unfinished = index.n_unfinished()
            more = more_to_come(n_unfinished, index.n_waiting() if n_unfinished else 0)
            result = replace(result, notices=(*result.notices, *more))
            answer = Answer(tuple(hit.page_id for hit in result.hits), round(ms, 3))
            runs.add(setting, text, answer, is_kept=not result.notices)
            notices |= dict.fromkeys(result.notices)
            on_answer()
    return tuple(notices)
