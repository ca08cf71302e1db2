"""How well pages were ranked, query by query, and how sure a mean of it is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import ModuleType

import numpy as np
from numpy.typing import NDArray

from index.errors import MissingDependencyError

DEPTH = 100
"""Pages of a ranking that are looked at: the deepest that a measure asks for."""

NDCG_AT_5 = "nDCG@5"
"""The measure that settings are compared by: five pages are what a person sees at once, and the
benchmarks of this kind of model report it."""

_MEASURES = {
    NDCG_AT_5: ("nDCG@5", 5),
    "nDCG@10": ("nDCG@10", 10),
    "recall@1": ("R@1", 1),
    "recall@5": ("R@5", 5),
    "recall@10": ("R@10", 10),
    "recall@100": ("R@100", 100),
    "MRR": ("RR", 1),
}
"""Each as ir-measures calls it, and how many pages a ranking must go down for it; what is further
down than one went adds little to MRR."""

MEASURES = tuple(_MEASURES)

N_RESAMPLES = 10_000
CONFIDENCE = 0.95
_SEED = 0
_NUMBERS_AT_ONCE = 4_000_000  # of a bootstrap: 32 MB


def load_ir_measures() -> ModuleType:
    """The library that measures, which is not needed to search.

    Raises:
        MissingDependencyError: it is not installed.
    """
    try:
        import ir_measures
    except ImportError as e:
        raise MissingDependencyError(
            "To measure, the package ir-measures is needed. "
            "Install it: pip install 'pagelens[eval]'"
        ) from e
    return ir_measures


def measure(
    grades: Sequence[Mapping[str, int]], rankings: Sequence[Sequence[str]], depth: int = DEPTH
) -> NDArray[np.float64]:
    """Each query's measures, by ir-measures.

    nDCG takes the grade as the gain and divides it by log2(1 + place); recall is the share of the
    right pages among the first; MRR is one divided by the place of the first right page.

    Args:
        grades: of each query, right page to grade, 1 or more; any other page is wrong.
        rankings: of each query, the pages found, best first.
        depth: how many pages were asked for.

    Returns:
        float64 (n_queries, n_measures) in the order of MEASURES; NaN where a measure looks further
        down than was asked for.
    """
    ir = load_ir_measures()
    right = [
        ir.Qrel(str(i), page, grade)
        for i, pages in enumerate(grades)
        for page, grade in pages.items()
    ]
    run = [
        # it orders by score alone: the place stands in, so that ties stay as we broke them
        ir.ScoredDoc(str(i), page, -place)
        for i, pages in enumerate(rankings)
        for place, page in enumerate(pages)
    ]
    columns = {ir.parse_measure(name): n for n, (name, _) in enumerate(_MEASURES.values())}
    values = np.zeros((len(grades), len(MEASURES)))
    for found in ir.iter_calc(list(columns), right, run):
        values[int(found.query_id), columns[found.measure]] = found.value
    too_deep = [at > depth for _, at in _MEASURES.values()]
    values[:, too_deep] = np.nan
    return values


@dataclass(frozen=True)
class Interval:
    """A mean over queries, and where it would lie for other queries of the same kind.

    Attributes:
        low, high: the middle 95% of the means of resampled queries; NaN where one query alone
            tells nothing of others.
    """

    mean: float
    low: float
    high: float


def intervals(values: NDArray[np.float64]) -> tuple[list[Interval], list[Interval]]:
    """Means with their intervals, by the paired percentile bootstrap.

    Every resample draws as many queries as there are, with replacement, the same for each column,
    so that what is hard for all of them cancels out in a difference (Efron and Tibshirani: An
    Introduction to the Bootstrap, 1993). The draws are the same in every run.

    Args:
        values: float64 (n_queries, n_columns), a column for each of what is compared; at least one
            query.

    Returns:
        Of each column its mean, and of each its mean difference to the first column.
    """
    means = values.mean(axis=0)  # (n_columns,)
    resampled = _resampled_means(values)  # (N_RESAMPLES, n_columns)
    gains = means - means[0]
    return _around(means, resampled), _around(gains, resampled - resampled[:, :1])


def _resampled_means(values: NDArray[np.float64]) -> NDArray[np.float64]:
    n_queries, n_columns = values.shape
    if n_queries < 2:
        return np.full((N_RESAMPLES, n_columns), np.nan)
    rng = np.random.default_rng(_SEED)
    n_at_once = max(1, _NUMBERS_AT_ONCE // values.size)
    means = []
    for start in range(0, N_RESAMPLES, n_at_once):
        n_now = min(n_at_once, N_RESAMPLES - start)
        drawn = rng.integers(n_queries, size=(n_now, n_queries))
        means.append(values[drawn].mean(axis=1))
    return np.concatenate(means)


def _around(means: NDArray[np.float64], resampled: NDArray[np.float64]) -> list[Interval]:
    edge = 100 * (1 - CONFIDENCE) / 2
    low, high = np.percentile(resampled, [edge, 100 - edge], axis=0)
    return [Interval(*map(float, of_one)) for of_one in zip(means, low, high, strict=True)]
