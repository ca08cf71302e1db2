"""Text and page images to vectors; knows nothing of indexes."""
