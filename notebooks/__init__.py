"""Notebooks that teach late interaction on pages, what they share, and what renders them."""
