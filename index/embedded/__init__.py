"""An index of pages in one folder, without a server."""
