"""Fact: what pages list of a page, a search or an index."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Fact:
    """A name and a value, side by side."""

    name: str
    value: str
