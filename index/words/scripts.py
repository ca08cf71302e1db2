"""Scripts that do not part words by spaces, and what stands for words there: pairs of characters.

Chinese and Japanese in pairs of characters; Thai, Lao, Khmer and Myanmar in pairs of characters
with their marks. Korean parts its words, but hangs particles on them and makes compounds of them.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

from index.cjk import CJK_CHARACTERS

_UNSPACED = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\uaa60-\uaa7f"
"""Thai and Lao, Myanmar, Khmer, Myanmar's additions; digits are written 0 to 9 by then."""

_FIRST_UNSPACED = "\u0e00"  # the first of all characters that take no spaces

_REGION = (
    f"(?P<cjk>[{CJK_CHARACTERS}]+)|(?P<unspaced>[{_UNSPACED}]+)|[^{CJK_CHARACTERS}{_UNSPACED}]+"
)

_MARKS = "\u0e31\u0e33-\u0e3a\u0e47-\u0e4e\u0eb1\u0eb3-\u0ebc\u0ec8-\u0ece"
_FOLLOWING = f"[{_MARKS}\u102b-\u103e\u1056-\u1059\u105e-\u1060\u17b4-\u17d1\u17d3\u17dd]"
_CLUSTER = re.compile(f"(?:\u17d2.|{_FOLLOWING})*.(?:{_FOLLOWING}|\u17d2.)*", re.DOTALL)
_THAI_PUNCTUATION = "\u0e2f\u0e3f\u0e46\u0e4f\u0e5a\u0e5b\u104a-\u104f\u17d4-\u17da"
_PUNCTUATION = re.compile(f"[{_THAI_PUNCTUATION}]")

_HANGUL_WORD = re.compile("[\uac00-\ud7a3]{2,}")
LONGEST_HANGUL = 12
"""Syllables of a Korean word that are looked into; longer ones are sentences without spaces."""
_PARTICLES = """
에서는 에서도 으로는 으로도 이라는 에게서 으로서 으로써 까지 부터 에서 에게 으로 이나 처럼 보다
마다 조차 라는 하고 와는 과는 은 는 이 가 을 를 의 에 로 와 과 도 만 나
"""


class Region(NamedTuple):
    """A part of a text, from one place to another, that parts its words in one way."""

    start: int
    end: int
    is_spaced: bool
    is_cjk: bool


def regions(text: str) -> Iterator[Region]:
    """The parts of a text in scripts that part words by spaces, and in those that do not.

    >>> [text[a:b] for text in ["東京2024"] for a, b, is_spaced, is_cjk in regions(text)]
    ['東京', '2024']
    """
    if text and max(text) < _FIRST_UNSPACED:
        yield Region(0, len(text), True, False)
        return
    for match in re.finditer(_REGION, text):
        yield Region(*match.span(), match.lastgroup is None, match.lastgroup == "cjk")


def pairs(run: str, is_cjk: bool) -> Iterator[tuple[int, int, tuple[int, ...]]]:
    """Overlapping pairs of a run's characters; the only one where it has but one.

    Returns:
        For each where it starts and ends in the run, and where the single characters end that it
        alone stands for: its first, and in the last pair also its second one.
    """
    edges = list(range(len(run) + 1)) if is_cjk else _cluster_edges(run)
    if len(edges) == 2:
        yield edges[0], edges[1], ()
    for i in range(len(edges) - 2):
        last = (edges[i + 2],) if i == len(edges) - 3 else ()
        yield edges[i], edges[i + 2], (edges[i + 1], *last)


def _cluster_edges(run: str) -> list[int]:
    edges = [match.start() for match in _CLUSTER.finditer(run)]
    return [*edges, len(run)]


def hangul_parts(word: str) -> tuple[str, ...]:
    """A Korean word's parts of two to four syllables, and its longer beginnings.

    >>> hangul_parts("보고서를")
    ('보고', '고서', '서를', '보고서', '고서를')
    """
    if not _HANGUL_WORD.fullmatch(word) or len(word) > LONGEST_HANGUL:
        return ()
    return tuple(
        word[i : i + n] for n in range(2, min(len(word), 5)) for i in range(len(word) - n + 1)
    ) + tuple(word[:n] for n in range(5, len(word)))


def without_particle(word: str) -> tuple[str, ...]:
    """A Korean word as typed without the particle that may hang on it.

    >>> without_particle("보고서를"), without_particle("회의")
    (('보고서',), ())
    """
    if not _HANGUL_WORD.fullmatch(word):
        return ()
    return tuple(
        word.removesuffix(particle)
        for particle in _PARTICLES.split()
        if word.endswith(particle) and len(word) - len(particle) >= 2
    )[:2]
