"""Small documents that once went wrong, each in a way of its own; made for this project."""

from pathlib import Path

CASES = Path(__file__).parent
