"""The ways to search an index that are compared."""

from collections.abc import Iterable
from dataclasses import dataclass

from index.interface import RERANK_COUNT
from query.quality.measures import DEPTH
from query.why.phases import TWO_PHASES


@dataclass(frozen=True)
class Setting:
    """One way to search an index.

    Attributes:
        rerank: pages that phase 2 scores; None where there is one phase.
    """

    ranking: str
    rerank: int | None = None

    @property
    def name(self) -> str:
        """As tables and pictures show it.

        >>> Setting("hamming-then-float", 200).name, Setting("hamming-then-float", 50).name
        ('hamming-then-float', 'hamming-then-float, rerank 50')
        """
        is_usual = self.rerank in (None, RERANK_COUNT)
        return self.ranking if is_usual else f"{self.ranking}, rerank {self.rerank}"

    @property
    def depth(self) -> int:
        """Pages asked for: no more than phase 2 is to score, for it scores all that are asked for.

        >>> Setting("hamming-then-float", 50).depth, Setting("bm25").depth
        (50, 100)
        """
        return DEPTH if self.rerank is None else min(DEPTH, self.rerank)


def settings_of(rankings: Iterable[str], reranks: Iterable[int]) -> tuple[Setting, ...]:
    """Every ranking with every `--rerank`, where it has a second phase; each once.

    >>> [setting.name for setting in settings_of(["bm25", "hybrid"], [200, 50])]
    ['bm25', 'hybrid', 'hybrid, rerank 50']
    """
    reranks = tuple(reranks)
    settings = [
        Setting(ranking, rerank)
        for ranking in rankings
        for rerank in (reranks if ranking in TWO_PHASES else (None,))
    ]
    return tuple(dict.fromkeys(settings))
