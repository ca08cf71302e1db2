"""Chinese, Japanese and Korean text as overlapping pairs of characters, for Vespa's text search.

Vespa makes one token of a run of these characters, so that a word inside it is never found. Its
setting for Chinese cuts by a dictionary and does nothing for Japanese. Pairs need no dictionary and
no guess at the language, and the embedded index has the same ones.
"""

import unicodedata

from index.broken_words import without_spaces_in_cjk
from index.embedded.text_search import CJK_RUN


def pairs_to_index(text: str) -> str:
    """Every pair and every single character of each run; "" for a text in other scripts.

    >>> pairs_to_index("the 東京都 office")
    '東京 京都 東 京 都'
    """
    runs = _runs(text)
    return " ".join(part for run in runs for part in (*_pairs(run), *run))


def pairs_to_find(text: str) -> str:
    """A query in which each run stands as its pairs; a single character as itself.

    >>> pairs_to_find("cats in 東京都, 茶")
    'cats in  東京 京都 ,  茶 '
    """
    return CJK_RUN.sub(
        lambda run: f" {' '.join(_pairs(run[0])) or run[0]} ", unicodedata.normalize("NFKC", text)
    )


def _runs(text: str) -> list[str]:
    return CJK_RUN.findall(without_spaces_in_cjk(unicodedata.normalize("NFKC", text)))


def _pairs(run: str) -> list[str]:
    return [run[i : i + 2] for i in range(len(run) - 1)]
