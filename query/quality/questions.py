"""Questions with their right pages."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Question:
    """A query and its right pages."""

    id: str
    text: str
    grades: Mapping[tuple[str, int], int]
    language: str = ""
    kind: str = ""


@dataclass(frozen=True)
class QuestionSet:
    """Questions, and how they were made."""

    questions: tuple[Question, ...]
    origin: str
