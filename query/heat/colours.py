"""The colours of heat: from the page's own white over yellow and orange to magenta.

Chosen for what lies below and for who looks:

- lightness falls steadily with heat, so the order is seen without seeing hue: in grey print, and
  with any kind of colour blindness; the hue turns from yellow to blue's side of red, which
  red-green blindness still tells apart;
- the hottest colour is light enough that black text on it keeps a contrast of 4.5 : 1, the
  accessibility guidelines' measure (WCAG 2.2, 1.4.3).
"""

import numpy as np
from numpy.typing import NDArray

_STOPS = ("#fffbe0", "#ffe98a", "#ffc561", "#ff9a62", "#f57f9f", "#e377c8")
"""At equal steps of heat, from the lowest to the highest."""

OUTLINE = (16, 58, 140)
"""Blue, which no heat has, dark enough for white pages; its halo shows it on dark ones."""


def heat_colours(heat: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Colour for each heat.

    Args:
        heat: float32 of any shape, 0 for the lowest to 1 for the highest; what lies outside is
            taken for the nearer end.

    Returns:
        uint8 (..., 3), sRGB.

    >>> heat_colours(np.float32([0, 1])).tolist()
    [[255, 251, 224], [227, 119, 200]]
    """
    rows = np.rint(np.clip(heat, 0, 1) * (len(_TABLE) - 1)).astype(np.intp)
    colours: NDArray[np.uint8] = _TABLE[rows]
    return colours


def _table() -> NDArray[np.uint8]:
    """256 colours between the stops, (256, 3)."""
    stops = np.array([[int(stop[i : i + 2], 16) for i in (1, 3, 5)] for stop in _STOPS])
    at = np.linspace(0, len(stops) - 1, 256)
    channels = [np.interp(at, np.arange(len(stops)), channel) for channel in stops.T]
    table: NDArray[np.uint8] = np.rint(np.stack(channels, axis=1)).astype(np.uint8)
    return table


_TABLE = _table()
