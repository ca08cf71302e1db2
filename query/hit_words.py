"""What a hit holds of the query's words: its snippet, and by what it was found."""

from dataclasses import dataclass
from typing import Literal

from index.pages import Hit
from index.words.stored_text import place_text
from query.asked_words import content_words, text_words
from query.snippet import Snippet, snippet

MatchedBy = Literal["words", "name", "resemblance"]

WORDS: MatchedBy = "words"
NAME: MatchedBy = "name"
RESEMBLANCE: MatchedBy = "resemblance"

_WHY_NO_SNIPPET = {
    NAME: "a word of the query stands in the file's name or title",
    RESEMBLANCE: "no word of the query stands here; found by resemblance",
}


@dataclass(frozen=True)
class HitWords:
    """What a hit holds of the query's words.

    Attributes:
        snippet: without text where the page holds none of them; its first words where the query
            has none.
        matched_by: WORDS, where the page holds one of them; NAME, where only the document's title
            or a file's name does; RESEMBLANCE, where neither does.
        why_no_snippet: what a person reads in its place; "" where there is nothing to say.
    """

    snippet: Snippet
    matched_by: MatchedBy
    why_no_snippet: str = ""


def hit_words(hit: Hit, query: str) -> HitWords:
    """Look for the query's words in a hit.

    Args:
        hit: of any ranking.
        query: what the user typed; "" where that was a page or an image.
    """
    shown, words = snippet(hit.text, query, language=hit.language), content_words(query)
    if not words:
        return HitWords(shown, RESEMBLANCE)
    if shown.text:
        return HitWords(shown, WORDS)
    names = text_words(place_text(hit.title, hit.paths))
    is_named = any(names.holds(token) for word in words for token in word.tokens)
    matched_by: MatchedBy = NAME if is_named else RESEMBLANCE
    return HitWords(shown, matched_by, _WHY_NO_SNIPPET[matched_by])
