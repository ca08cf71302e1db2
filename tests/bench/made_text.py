"""Any number of pages of text, made of the words of real ones, whose vocabulary goes on growing.

A page is put together from passages of real pages in one language, so that common words are as
frequent as they are. What makes real text hard for an index is its rare words, which never end:
words that the real pages have once or twice are replaced, some of them by words made up. How many
follows Heaps' law with the exponent of the real pages, V = K * N ** beta (Heaps, Information
Retrieval, 1978); any other is one that was made up before, the likelier the more often it was
(Simon, On a Class of Skew Distribution Functions, 1955), which gives them frequencies that fall off
as those of a language do.
"""

import math
import random
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from index.pages import Page, PageWords

RARE_UP_TO = 2
FEWEST_WORDS = 20
PASSAGE_WORDS = (15, 60)
STEEPEST = 0.8  # a few pages of many languages would give more


@dataclass(frozen=True)
class MadePage:
    """A page of text.

    Attributes:
        language: ISO 639-1, "" where unknown.
        words: with the boxes they have on the real pages.
    """

    language: str
    words: PageWords


@dataclass(frozen=True)
class Growth:
    """How the vocabulary of the real pages grows.

    Attributes:
        n_words: words of the real pages.
        n_distinct: those that differ.
        beta: exponent of Heaps' law, from half of the pages to all of them.
    """

    n_words: int
    n_distinct: int
    beta: float

    def new_share(self, n: int) -> float:
        """The share of words that are new, where there are n words before them."""
        rate = self.beta * self.n_distinct / self.n_words
        return rate * max(1.0, n / self.n_words) ** (self.beta - 1)


class TextMaker:
    """Makes pages, one after the other; the same ones from the same seed.

    Args:
        pages: real ones.
        seed: of the random numbers.
    """

    def __init__(self, pages: Sequence[Page], seed: int = 7) -> None:
        self._random = random.Random(seed)
        self._sources = [page for page in pages if len(page.words.texts) >= FEWEST_WORDS]
        self._by_language: dict[str, list[Page]] = {}
        for page in self._sources:
            self._by_language.setdefault(page.language, []).append(page)
        self.counts = Counter(text for page in self._sources for text in page.words.texts)
        self._rare = {text for text, n in self.counts.items() if n <= RARE_UP_TO}
        self._rare_share = sum(self.counts[t] for t in self._rare) / self.counts.total()
        self.growth = self._measured()
        self._n_words = self.growth.n_words
        self._made: dict[str, list[str]] = {language: [] for language in self._by_language}
        self._patterns = {
            language: [t for page in pages for t in page.words.texts if t in self._rare]
            for language, pages in self._by_language.items()
        }

    def _measured(self) -> Growth:
        mixed = self._random.sample(self._sources, len(self._sources))
        half = Counter(text for page in mixed[::2] for text in page.words.texts)
        n, v = self.counts.total(), len(self.counts)
        beta = math.log(v / len(half)) / math.log(n / half.total())
        return Growth(n, v, min(STEEPEST, beta))

    def pages(self, n: int) -> Iterator[MadePage]:
        """The next n pages."""
        for _ in range(n):
            yield self._page()

    def _page(self) -> MadePage:
        like = self._random.choice(self._sources)
        language, n_words = like.language, len(like.words.texts)
        texts: list[str] = []
        boxes = []
        while len(texts) < n_words:
            page = self._random.choice(self._by_language[language])
            length = min(self._random.randint(*PASSAGE_WORDS), n_words - len(texts))
            start = self._random.randrange(max(1, len(page.words.texts) - length))
            texts += page.words.texts[start : start + length]
            boxes.append(page.words.boxes[start : start + length])
        new = self.growth.new_share(self._n_words) / self._rare_share
        self._n_words += len(texts)
        texts = [self._rare_word(language, new) if t in self._rare else t for t in texts]
        return MadePage(language, PageWords(tuple(texts), np.concatenate(boxes)))

    def _rare_word(self, language: str, new: float) -> str:
        made = self._made[language]
        word = self._random.choice(made) if made and self._random.random() >= new else None
        made.append(word or self._made_up(language))
        return made[-1]

    def _made_up(self, language: str) -> str:
        """Digits become others; a word of letters goes on as another one ends."""
        word, other = self._random.choices(self._patterns[language], k=2)
        if any(map(str.isdigit, word)):
            return "".join(str(self._random.randrange(10)) if c.isdigit() else c for c in word)
        return word[: (len(word) + 1) // 2] + other[len(other) // 2 :]
