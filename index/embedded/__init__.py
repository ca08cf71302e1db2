"""EmbeddedIndex: an index of pages in one folder, without a server."""

from index.embedded.embedded_index import EmbeddedIndex

__all__ = ["EmbeddedIndex"]
