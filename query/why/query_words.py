"""Which words of a query stand on a page: why a ranking that reads text finds it."""

from dataclasses import dataclass

from query.asked_words import asked_words, text_words


@dataclass(frozen=True)
class QueryWord:
    """One word of the query.

    Attributes:
        text: as typed.
        on_page: the words of the page that it matches, as they stand there, each once, in order;
            none where the page does not have it.
    """

    text: str
    on_page: tuple[str, ...]


def query_words_on(text: str, query: str, language: str = "") -> tuple[QueryWord, ...]:
    """Look for each word of a query in a page's text, as text search does.

    Args:
        text: the page's words.
        query: what the user typed.
        language: of the page, "" where unknown.

    Returns:
        In the order typed. Function words only where none of the others stands on the page: they
        are then all that text search can have found.

    >>> query_words_on("We show nested traces of a tree.", "the traces of rivers")
    (QueryWord(text='traces', on_page=('traces',)), QueryWord(text='rivers', on_page=()))
    """
    on_page = text_words(text, language)
    found = [(word, QueryWord(word.text, on_page.words_of(word))) for word in asked_words(query)]
    content = tuple(said for word, said in found if word.is_content)
    if any(said.on_page for said in content):
        return content
    return tuple(said for word, said in found if word.is_content or said.on_page)
