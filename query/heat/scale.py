"""Which heat has which colour: where likeness by chance ends, where a strong match begins."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from encoders.lexical import CHANCE_COSINE
from index.pages import Fingerprint

SAME_WORD_COSINE = 0.8
"""From here on two lexical vectors are one word, or one letter apart; all of it has the hottest
colour."""

_ONE_DEVIATION_BELOW = 100 * NormalDist().cdf(-1)  # percent
_BY_CHANCE = 0.01
"""In so many queries that nothing matches, some cell is painted as a strong match all the same."""

_TIMES_CHANCE = 2
"""A model's scale reaches at least so many times as far above the middle as chance does, so that
chance stays in its lower half."""


@dataclass(frozen=True)
class Scale:
    """Which heat has the first colour and which the last: one for all pages of a query.

    Attributes:
        low: at and below it a page is left as it is.
        high: the hottest colour.
    """

    low: float
    high: float

    def position(self, heat: NDArray[np.float32]) -> NDArray[np.float32]:
        """Where heats lie on the scale: 0 at `low` and below, 1 at `high` and above; NaN stays."""
        share = (heat - np.float32(self.low)) / np.float32(self.high - self.low)
        position: NDArray[np.float32] = np.clip(share, 0, 1)
        return position

    def is_hot(self, heat: float) -> bool:
        """Whether a heat is in the upper half: a strong match, which a picture outlines."""
        return 2 * heat >= self.low + self.high


def common_scale(heats: Sequence[NDArray[np.float32]], made_with: Fingerprint) -> Scale:
    """The scale that pages of one query share, so that equal colours mean equal similarity.

    What words resemble each other by is known, so an index made of words has one scale for all
    queries. What a model's vectors resemble each other by is not. Its scale begins at the middle
    heat: half of all cells have nothing to do with any query, and stay uncoloured. It ends at the
    highest heat, but no nearer than twice as far as the highest of as many cells comes by chance,
    if they spread upwards as the lower half does downwards, by a normal distribution.

    Args:
        heats: of each page, its cells' or its map's, of any shape; NaN is left out.
        made_with: what made the index's vectors.

    >>> vision = Fingerprint("colsmol", "a/model", "1", "none", "2048 px")
    >>> common_scale([np.float32([0, 0.25, 0.25, 0.25]), np.float32([1.0, np.nan, 0.25])], vision)
    Scale(low=0.25, high=1.0)
    """
    if made_with.rendering == "words":
        return Scale(CHANCE_COSINE, SAME_WORD_COSINE)
    known = [heat[~np.isnan(heat)] for heat in heats]
    together = np.concatenate(known) if known else np.zeros(0, np.float32)
    if len(together) == 0:
        return Scale(0.0, 1.0)
    low = float(np.median(together))
    deviation = low - float(np.percentile(together, _ONE_DEVIATION_BELOW))
    chance = deviation * NormalDist().inv_cdf(1 - _BY_CHANCE / len(together))
    high = max(float(together.max()), low + _TIMES_CHANCE * chance)
    return Scale(low, high) if high - low > 1e-6 else Scale(high - 1, high)
