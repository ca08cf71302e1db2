"""What a hit holds of the query's words: its snippet, and by what it was found."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Literal

from index.pages import Hit
from index.words.stored_text import place_text
from query.asked_words import AskedWord, content_words, text_words
from query.snippet import Snippet, snippet

MatchedBy = Literal["words", "name", "spelling", "resemblance"]

WORDS: MatchedBy = "words"
NAME: MatchedBy = "name"
SPELLING: MatchedBy = "spelling"
RESEMBLANCE: MatchedBy = "resemblance"


@dataclass(frozen=True)
class HitWords:
    """What a hit holds of the query's words.

    Attributes:
        snippet: without text where the page holds none of them; its first words where the query
            has none.
        matched_by: WORDS, where the page holds one of them; NAME, where only the document's title
            or a file's name does; SPELLING, where the page has a word that is spelled nearly like
            one that stands on no page; RESEMBLANCE, where there is none of these.
        why_no_snippet: what a person reads in its place; "" where there is nothing to say.
    """

    snippet: Snippet
    matched_by: MatchedBy
    why_no_snippet: str = ""


def hit_words(
    hit: Hit, query: str, misspelt: Collection[str] = (), found_by: str = "resemblance"
) -> HitWords:
    """Look for the query's words in a hit.

    Parts of a code that the page does not have whole are shown, and are not the word.

    Args:
        hit: of any ranking.
        query: what the user typed; "" where that was a page or an image.
        misspelt: words of the query, as typed, for which what is spelled alike does too.
        found_by: what brings up a page without a word of the query, as people read it.
    """
    words = content_words(query)
    shown = snippet(hit.text, query, language=hit.language, misspelt=misspelt)
    if not words:
        return HitWords(shown, RESEMBLANCE)
    matched_by = _matched_by(hit, words, misspelt)
    why = f"no word of the query stands here; found by {found_by}"
    if matched_by == NAME:
        why = "a word of the query stands in the file's name or title"
    return HitWords(shown, matched_by, "" if shown.text else why)


def _matched_by(hit: Hit, words: Sequence[AskedWord], misspelt: Collection[str]) -> MatchedBy:
    on_page = text_words(hit.text, hit.language)
    if any(word.is_held(on_page.holds) for word in words):
        return WORDS
    names = text_words(place_text(hit.title, hit.paths))
    if any(word.is_held(names.holds) for word in words):
        return NAME
    is_alike = on_page.places_alike(word for word in words if word.text in misspelt)
    return SPELLING if is_alike else RESEMBLANCE
