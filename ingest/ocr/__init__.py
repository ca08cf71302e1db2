"""Words of pages that have none of their own: which pages, what is read there, what is kept."""
