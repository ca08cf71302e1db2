"""Which hits are too close to call: stored exactly, they might stand in another order.

Vectors are stored rounded, as bfloat16 or as signs, so scores are off, and two pages' scores are
off by different amounts. Hits whose scores differ by less than that, one standard deviation of the
difference, tie. What phase 1 passes over is another matter.
"""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from math import sqrt

from index.interface import FLOAT, HAMMING, HAMMING_THEN_BITS, HAMMING_THEN_FLOAT

NOISE_OF_ONE_TOKEN: Mapping[str, float] = {
    HAMMING_THEN_FLOAT: 2.2e-4,
    FLOAT: 2.2e-4,
    HAMMING_THEN_BITS: 0.22,
    HAMMING: 1.4e-3,
}
"""By ranking, the standard deviation of what rounding does to the difference of two pages' scores,
for a query of one token; its errors being independent of the next one's, that of n tokens is
sqrt(n) times smaller. Measured (tests/bench/bench_noise.py; docs/decisions.md)."""

SETTLED_BY_FLOAT = (HAMMING, HAMMING_THEN_BITS)
"""Rankings whose ties the ranking `float` settles. Those of bfloat16 vectors nothing does: the
index holds none that are more exact."""


def noise(ranking: str, n_tokens: int) -> float:
    """By how much two pages' scores must differ to be told apart; 0 where nothing is rounded.

    Args:
        ranking: its name.
        n_tokens: of the query.

    >>> round(noise("hamming-then-float", 16), 6), noise("bm25", 16)
    (5.5e-05, 0.0)
    """
    return NOISE_OF_ONE_TOKEN.get(ranking, 0.0) / sqrt(max(1, n_tokens))


def ties_with_previous(scores: Sequence[float], least_gap: float) -> tuple[bool, ...]:
    """For each hit, whether it ties with the one before it; several in a row may.

    Args:
        scores: best first.
        least_gap: by `noise`.

    >>> ties_with_previous([0.9, 0.8, 0.7999, 0.7999, 0.7], 0.001)
    (False, False, True, True, False)
    """
    return tuple([False, *(a - b < least_gap for a, b in pairwise(scores))][: len(scores)])


def close_call_notices(ranking: str, ties: Sequence[bool], least_gap: float) -> tuple[str, ...]:
    """Say which hits tie where another ranking can tell them apart.

    Args:
        ranking: that found the hits.
        ties: by `ties_with_previous`.
        least_gap: by `noise`.

    Returns:
        One line, or none.

    >>> close_call_notices("hamming", [False, False, True, True, False, True], 0.0005)[0][:49]
    'Hits 2 to 4 and 5 to 6 are too close to call: ham'
    """
    if ranking not in SETTLED_BY_FLOAT or not any(ties):
        return ()
    runs: list[list[int]] = []
    for place, ties_with_one_before in enumerate(ties, 1):
        if not ties_with_one_before:
            runs.append([])
        runs[-1].append(place)
    said = " and ".join(f"{run[0]} to {run[-1]}" for run in runs if len(run) > 1)
    return (
        f"Hits {said} are too close to call: {ranking} cannot tell pages apart whose scores differ "
        f"by less than {least_gap:.2g}. The ranking {FLOAT} compares them exactly.",
    )
