"""The ways to search an index that are compared."""

from collections.abc import Iterable
from dataclasses import dataclass

from index.interface import BM25
from query.quality.measures import DEPTH
from query.why.phases import TWO_PHASES


@dataclass(frozen=True)
class Setting:
    """One way to search an index.

    Attributes:
        rerank: pages that phase 2 scores; None for the index's own number, or one phase.
        pool: patches that a vector stands for; None for the index as it is, or no vectors at all.
    """

    ranking: str
    rerank: int | None = None
    pool: int | None = None

    @property
    def name(self) -> str:
        """As tables and pictures show it.

        >>> Setting("hamming-then-float").name, Setting("hamming-then-float", 50).name
        ('hamming-then-float', 'hamming-then-float, rerank 50')
        >>> Setting("hamming", pool=3).name
        'hamming, pool 3'
        """
        own = self.rerank is None
        name = self.ranking if own else f"{self.ranking}, rerank {self.rerank}"
        return name if self.pool is None else f"{name}, pool {self.pool}"

    @property
    def depth(self) -> int:
        """Pages asked for: no more than phase 2 is to score, for it scores all that are asked for.

        >>> Setting("hamming-then-float", 50).depth, Setting("bm25").depth
        (50, 100)
        """
        return DEPTH if self.rerank is None else min(DEPTH, self.rerank)


def settings_of(
    rankings: Iterable[str], reranks: Iterable[int | None], pools: Iterable[int | None] = (None,)
) -> tuple[Setting, ...]:
    """Every ranking with every `--rerank` and `--pool` that makes a difference to it; each once.

    >>> [setting.name for setting in settings_of(["bm25", "hybrid"], [None, 50])]
    ['bm25', 'hybrid', 'hybrid, rerank 50']
    >>> [setting.name for setting in settings_of(["bm25", "hamming"], [None], [None, 3])]
    ['bm25', 'hamming', 'hamming, pool 3']
    """
    reranks, pools = tuple(reranks), tuple(pools)
    settings = [
        Setting(ranking, rerank, pool)
        for ranking in rankings
        for rerank in (reranks if ranking in TWO_PHASES else (None,))
        for pool in (pools if ranking != BM25 else (None,))
    ]
    return tuple(dict.fromkeys(settings))
