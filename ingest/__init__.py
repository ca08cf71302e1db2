"""PDF folder to index."""
