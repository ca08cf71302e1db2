"""What the text index stores of a page, and what it is asked: words, and bigrams for CJK.

Chinese and Japanese are written without spaces and Korean glues particles to its words, so runs of
their characters are indexed as overlapping pairs; a query's run must then occur as a phrase.
Every character also begins some token, so that a single one is found as a prefix.
"""

import re
import unicodedata

from index.broken_words import without_spaces_in_cjk
from index.spellings import also_found_by, without_points

CJK_RUN = re.compile(
    "[\u3005-\u3007\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff]+"
)
_WORD = re.compile(r"\w+")


def indexed_text(text: str) -> str:
    """The text as the tokenizer is to see it.

    In NFKC, without vowel points; what else it is found by too; CJK runs as pairs.

    >>> indexed_text("ﬁne 東京都"), indexed_text("just com- piled")
    ('fine 東京 京都 都', 'just com- piled compiled')
    """
    plain = without_points(unicodedata.normalize("NFKC", text))
    runs = without_spaces_in_cjk(" ".join([plain, *also_found_by(plain)]))
    return " ".join(CJK_RUN.sub(lambda m: f" {_pairs(m[0])} ", runs).split())


def match_expression(query: str) -> str:
    """A query as an FTS5 expression: any of its words; "" where it holds none.

    Only quoted strings and OR are ever put out, so nothing a user types is read as FTS5 syntax.

    >>> match_expression('cats OR "東京都" 茶')
    '"cats" OR "OR" OR "東京 京都" OR "茶" *'
    """
    terms = []
    for word in _WORD.findall(without_points(unicodedata.normalize("NFKC", query))):
        position = 0
        for run in CJK_RUN.finditer(word):
            terms += _quoted(word[position : run.start()])
            terms.append(f'"{run[0]}" *' if len(run[0]) == 1 else f'"{_phrase(run[0])}"')
            position = run.end()
        terms += _quoted(word[position:])
    return " OR ".join(terms)


def _quoted(word: str) -> list[str]:
    return [f'"{word}"'] if word else []


def _pairs(run: str) -> str:
    """Overlapping pairs, and the last character alone."""
    return " ".join(run[i : i + 2] for i in range(len(run)))


def _phrase(run: str) -> str:
    """Overlapping pairs only: the run may go on in the page's text."""
    return " ".join(run[i : i + 2] for i in range(len(run) - 1))
