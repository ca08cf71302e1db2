"""Similarity on the page: how heat is merged, coloured, drawn, and read as words."""
