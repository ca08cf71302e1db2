"""The Vespa application, and the index that lives in it."""
