"""How far an ingest is that goes on beside the server, and how that is said. Knows no ingest."""

from dataclasses import dataclass
from typing import Literal

from index.wording import count

Phase = Literal["idle", "looking", "reading", "elsewhere", "ended"]


@dataclass(frozen=True)
class IngestState:
    """What is known of an ingest into the index that is served.

    Attributes:
        phase: "looking" through the folders followed, or "reading" pages of them; "elsewhere" where
            another process writes to the index; "idle" where nothing goes on; "ended" where folders
            are to be followed and, for the moment, are not.
        n_done, n_pages: pages of this run, where it is "reading"; else 0.
        n_read: pages read since the server started, by the runs that are over.
        since: when the other process began, local time, where it is "elsewhere"; else "".
    """

    phase: Phase = "idle"
    n_done: int = 0
    n_pages: int = 0
    n_read: int = 0
    since: str = ""

    @property
    def is_running(self) -> bool:
        """Whether the index may change at any moment."""
        return self.phase in ("looking", "reading", "elsewhere")

    @property
    def said(self) -> str:
        """The state in a sentence; "" where there is nothing to say.

        >>> IngestState("reading", 12, 340).said
        'New files are being read: 12 of 340 pages.'
        """
        if self.phase == "reading":
            done = f"{self.n_done:,} of {count(self.n_pages, 'page')}"
            return f"New files are being read: {done}."
        if self.phase == "elsewhere":
            return f"Another process has been adding to this index since {self.since[11:16]}."
        if self.phase == "ended":
            return "New files are not looked for at the moment: the server's terminal says why."
        return ""
