"""The one place that knows every kind of index: a folder is embedded, a URL is Vespa."""

from index.embedded.embedded_index import EmbeddedIndex
from index.embedded.manifest import MANIFEST_NAME, read_manifest
from index.errors import WrongUseError
from index.interface import PageIndex
from index.location import Location
from index.pages import Fingerprint

CANDIDATES = ("auto", "scan", "ann")
"""How Vespa comes by the pages it ranks: see `vespa_index.py`. The embedded index always scans."""


def stored_fingerprint(location: Location) -> Fingerprint | None:
    """What made the vectors of the index there; None where there is no index yet.

    Raises:
        IndexMismatchError: an index of another format version.
        ServerError: no server answers there, or it refuses.
    """
    if location.is_server:
        from vespa_app.vespa_index import VespaIndex  # imports pyvespa

        return VespaIndex.stored_fingerprint(location)
    if not (location.folder / MANIFEST_NAME).exists():
        return None
    return read_manifest(location.folder)


def open_index(
    location: Location, candidates: str = "auto", *, searches_once: bool = False
) -> PageIndex:
    """Open an index for reading.

    Args:
        location: where it lies.
        candidates: one of CANDIDATES.
        searches_once: whether the process ends after one search.

    Raises:
        WrongUseError: there is none, or `candidates` was chosen for a folder.
        ServerError: no server answers there, or it refuses.
    """
    if location.is_server:
        from vespa_app.vespa_index import VespaIndex

        return VespaIndex.open(location, candidates)
    if candidates == "ann":
        raise WrongUseError(
            f"--candidates ann needs a Vespa server, and {location} is a folder: there every page "
            "is scanned. Leave it out."
        )
    return EmbeddedIndex.open(location.folder, searches_once=searches_once)


def open_index_for_writing(location: Location, fingerprint: Fingerprint) -> PageIndex:
    """Open an index as its one writer; makes it where there is none.

    Raises:
        IndexBusyError: another process writes to it.
        IndexMismatchError: it holds vectors of another fingerprint, or has another format.
        WrongUseError: the folder holds something else than an index.
        ServerError: no server answers there, or it refuses.
    """
    if location.is_server:
        from vespa_app.vespa_index import VespaIndex

        return VespaIndex.open_for_writing(location, fingerprint)
    return EmbeddedIndex.open_for_writing(location.folder, fingerprint)
