"""Text to ranked pages, and why."""
