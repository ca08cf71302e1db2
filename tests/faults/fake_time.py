"""Time that passes only where somebody waits, so that a minute of retries takes none."""

from vespa_app.patience import READING_S, Patience


class FakeTime:
    """A clock and a sleep.

    Attributes:
        now_s: what the clock shows.
        waits_s: every wait so far.
    """

    def __init__(self) -> None:
        self.now_s = 0.0
        self.waits_s: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.waits_s.append(seconds)
        self.now_s += seconds

    def patience(self, limit_s: float = READING_S) -> Patience:
        return Patience(limit_s, clock=lambda: self.now_s, sleep=self.sleep)
