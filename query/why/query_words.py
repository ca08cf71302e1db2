"""Which words of a query stand on a page: why a ranking that reads text finds it."""

from dataclasses import dataclass

from encoders.stopwords import is_stop_word
from encoders.words import split_word
from query.snippet import snippet


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


def query_words_on(text: str, query: str) -> tuple[QueryWord, ...]:
    """Look for each word of a query in a page's text.

    Words match as in snippets: forms of a word count too ("traces" for "trace"). An index's text
    search may be stricter.

    Args:
        text: the page's words.
        query: what the user typed.

    Returns:
        In the order typed. Function words only where none of the others stands on the page: they
        are then all that text search can have found.

    >>> query_words_on("We show nested traces of a tree.", "the trace of rivers")
    (QueryWord(text='trace', on_page=('traces',)), QueryWord(text='rivers', on_page=()))
    """
    words = [word for word in dict.fromkeys(query.split()) if split_word(word)]
    whole = 2 * len(text) + 1  # a snippet's length is halved for Chinese and Japanese
    looked_for = [QueryWord(word, snippet(text, word, whole).matched_words) for word in words]
    content = [word for word in looked_for if not _is_function_word(word.text)]
    if any(word.on_page for word in content):
        return tuple(content)
    return tuple(word for word in looked_for if word in content or word.on_page)


def _is_function_word(word: str) -> bool:
    return all(is_stop_word(term.text) for term in split_word(word))
