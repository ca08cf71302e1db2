"""What inflection takes away: the stem of a word, beside the word and never instead of it.

The stemmers are Snowball's (https://snowballstem.org). They take derivation away as well, which
joins words of different meaning ("experience" and "experiment"), so a stem is used only where what
went is an ending of inflection; else the plural alone goes. A stem names its language
("rechnung~de"), because the same letters are an ending in one language and part of the word in
another ("Kinder", "corner"). English stems do not: most words are their own, and need not be stored
twice.
"""

import functools
import os
import threading
from collections.abc import Mapping
from dataclasses import dataclass

import Stemmer

from index.words.spelling import canonical
from index.words.stop_words import is_stop_word

LONGEST_WORD = 40
"""No inflected word is longer; what is longer is a code or an attack, and stemmers take time."""


@dataclass(frozen=True)
class _Inflection:
    """What a language's stemmer may take away.

    Attributes:
        algorithm: Snowball's name of it.
        shortest_of: the letters that must stay for each ending that may go.
        plurals: what is taken, and put in its place, where the stemmer took too much; first come.
        longest_ending, shortest_stem: where `shortest_of` is empty, any ending of so few letters
            may go that leaves so many.
        derived: words that end so have their plural taken and no more.
    """

    algorithm: str
    shortest_of: Mapping[str, int]
    plurals: tuple[tuple[str, str], ...] = ()
    longest_ending: int = 4
    shortest_stem: int = 4
    derived: tuple[str, ...] = ()


def _endings(**endings_by_length: str) -> dict[str, int]:
    """Endings by the letters that must stay: n3="s es" for three."""
    return {"": 0} | {
        ending: int(length.removeprefix("n"))
        for length, endings in endings_by_length.items()
        for ending in endings.split()
    }


_INFLECTIONS = {
    "en": _Inflection(
        "english",
        _endings(n3="s es e ed ing ings d y ies ied", n6="ly", n5="ic ical ically"),
        (("ings", ""), ("ing", ""), ("ies", "i"), ("ied", "i"), ("ss", "ss"), ("us", "us"),
         ("is", "is"), ("es", ""), ("ed", ""), ("s", ""), ("e", "")),
    ),
    "de": _Inflection(
        "german",
        _endings(n3="e en em es s n ern er"),
        (("ern", ""), ("en", ""), ("em", ""), ("es", ""), ("e", ""), ("n", ""), ("s", "")),
    ),
    "fr": _Inflection(
        "french",
        _endings(n3="s x ux", n4="er ez ons ent", n5="e es le les ne nes"),
        (("aux", "al"), ("ees", "e"), ("ee", "e"), ("s", ""), ("x", "")),
    ),
    "es": _Inflection(
        "spanish",
        _endings(n3="s", n6="o a os as es"),
        (("ces", "z"), ("des", "d"), ("res", "r"), ("les", "l"), ("nes", "n"), ("s", "")),
    ),
    "it": _Inflection(
        "italian",
        _endings(n5="a e i o he hi"),
        (("chi", "co"), ("ghi", "go"), ("che", "ca"), ("ghe", "ga"), ("oni", "one"),
         ("ori", "ore"), ("ali", "ale"), ("enti", "ente"), ("one", "one"), ("ore", "ore"),
         ("ale", "ale"), ("ente", "ente"), ("i", "o"), ("e", "a")),
    ),
    "pt": _Inflection(
        "portuguese",
        _endings(n3="s", n6="o a os as es"),
        (("oes", "ao"), ("aes", "ao"), ("ais", "al"), ("eis", "el"), ("ns", "m"), ("res", "r"),
         ("zes", "z"), ("s", "")),
    ),
    "nl": _Inflection(
        "dutch",
        {},
        (("heden", "heid"), ("ingen", "ing"), ("ings", "ing")),
        derived=("ing", "ings", "ingen", "heid", "heden"),
        shortest_stem=3,
    ),
    "sv": _Inflection("swedish", {}, shortest_stem=3),
    "da": _Inflection("danish", {}, shortest_stem=3),
    "no": _Inflection("norwegian", {}, shortest_stem=3),
    "fi": _Inflection("finnish", {}, longest_ending=5),
    "hu": _Inflection("hungarian", {}, longest_ending=5),
    "pl": _Inflection("polish", {}, shortest_stem=3),
    "cs": _Inflection("czech", {}, shortest_stem=3),
    "ro": _Inflection("romanian", {}),
    "tr": _Inflection(  # Snowball's takes away the last letter of many a word that has no ending
        "turkish",
        {},
        (("larinin", ""), ("lerinin", ""), ("larin", ""), ("lerin", ""), ("lari", ""),
         ("leri", ""), ("lar", ""), ("ler", "")),
        longest_ending=0,
    ),
    "el": _Inflection("greek", {}, shortest_stem=3),
    "ru": _Inflection("russian", {}, shortest_stem=3),
    "hi": _Inflection("hindi", {}, shortest_stem=3),
    "ar": _Inflection("arabic", {}, shortest_stem=3),
    "ta": _Inflection("tamil", {}, shortest_stem=3),
    "hy": _Inflection("armenian", {}),
}  # fmt: skip

_LATIN = tuple(code for code in _INFLECTIONS if code not in ("el", "ru", "hi", "ar", "ta", "hy"))
UNKNOWN = ("de",)
"""What a page in Latin letters may be in besides English where its language is not known.

The plural of most others is an s, as in English, and each further one finds forms that are none. A
German noun has a capital, and without one "plane" would find "plan" as "Pläne" does.
"""

_LANGUAGES_OF_SCRIPT = (
    ("\u0000", "\u024f", _LATIN),
    ("\u0370", "\u03ff", ("el",)),
    ("\u0400", "\u04ff", ("ru",)),
    ("\u0530", "\u058f", ("hy",)),
    ("\u0600", "\u06ff", ("ar",)),
    ("\u0900", "\u097f", ("hi",)),
    ("\u0b80", "\u0bff", ("ta",)),
)

_SEEMING_FORMS = """
united during evening morning according means news goods customs arms series species wedding being
nothing something anything everything hundred glasses physics mathematics economics politics ethics
statistics lens gas bus plus alias atlas chaos
"""
_NOT_INFLECTED = frozenset(_SEEMING_FORMS.split())
"""English words that look like a form of another, or whose other form means something else."""

_PLURALS = """
children/child men/man women/woman feet/foot teeth/tooth mice/mouse leaves/leaf lives/life
wives/wife knives/knife halves/half shelves/shelf thieves/thief indices/index matrices/matrix
vertices/vertex appendices/appendix analyses/analysis theses/thesis hypotheses/hypothesis
crises/crisis axes/axis bases/basis diagnoses/diagnosis buses/bus gases/gas criteria/criterion
phenomena/phenomenon
"""
_IRREGULAR = dict(pair.split("/") for pair in _PLURALS.split())
"""English plurals that no ending shows."""

_GERMAN_ER = (
    "kinder", "bilder", "felder", "lieder", "glieder", "kleider", "schilder", "gelder", "rinder",
    "geister", "lichter", "gesichter", "bretter", "nester", "eier", "weiber", "leiber",
    "iger", "licher", "ischer", "barer", "samer", "loser",
)  # fmt: skip
"""German words end in -er for the most part because that is their name (Messer, not Messe)."""


def stems(word: str, term: str, language: str, is_query: bool) -> tuple[str, ...]:
    """The stems of a word in the languages it may be in; none of a function word.

    Args:
        word: with its accents, in the case it is written in; letters only.
        term: the same in canonical spelling.
        language: of the page it stands on, "" where unknown; "en" of a long query.
        is_query: whether it is typed.

    >>> stems("invoices", "invoices", "en", False), stems("Häuser", "hauser", "de", False)
    (('invoic', 'invoice'), ('haus~de',))
    """
    if not 3 <= len(term) <= LONGEST_WORD or is_stop_word(term):
        return ()
    found: list[str] = []
    languages = _languages(term[0], language, is_query)
    if not is_query and language not in languages and word[0].islower():
        languages = tuple(code for code in languages if code not in UNKNOWN)
    word = word.lower()
    for code in languages:
        found += _english_stems(word, term) if code == "en" else (stem_in(word, term, code),)
    return tuple(dict.fromkeys(stem for stem in found if stem != term))


def _languages(letter: str, language: str, is_query: bool) -> tuple[str, ...]:
    """The languages whose forms a word may have, by its first letter and its page's language."""
    for first, last, languages in _LANGUAGES_OF_SCRIPT:
        if first <= letter <= last:
            if "en" not in languages:
                return languages
            if is_query:  # "en" is said of a long one
                return ("en",) if language == "en" else languages
            own = (language,) if language in languages else UNKNOWN
            return tuple(dict.fromkeys(("en", *own)))
    return ()


def _english_stems(word: str, term: str) -> tuple[str, ...]:
    """The stem, and where an ending may have taken an e with it, the stem with the e.

    A word that ends in e is not cut: paste would be past.
    """
    stem = stem_in(word, term, "en")
    if term.endswith("e") and stem == term[:-1]:
        return ()
    takes_e = term.endswith(("ing", "ings", "ed", "es")) and not stem.endswith(("e", "i"))
    return (stem, stem + "e") if takes_e and term.startswith(stem) and term != stem else (stem,)


def stem_in(word: str, term: str, language: str) -> str:
    """The stem of a word in one language, with the language's name but for English."""
    inflection = _INFLECTIONS[language]
    if language == "en" and term in _IRREGULAR:
        word = term = _IRREGULAR[term]
    stem = canonical(_stemmer(inflection.algorithm, threading.get_ident()).stemWord(word))
    if not _is_inflection(term, stem, word, language):
        stem = _without_plural(term, inflection)
    return stem if language == "en" else f"{stem}~{language}"


def _is_inflection(term: str, stem: str, word: str, language: str) -> bool:
    """Whether all that a stemmer took away is inflection."""
    if language == "en" and term in _NOT_INFLECTED:
        return False
    inflection = _INFLECTIONS[language]
    if language == "ar":  # its article and prepositions stand before the word
        return stem in term and len(stem) >= 3 and len(term) - len(stem) <= 4
    n_common = len(os.path.commonprefix([term, stem]))
    ending = term[n_common:]
    if term.endswith(inflection.derived):
        return False
    if not inflection.shortest_of:
        return len(ending) <= inflection.longest_ending and len(stem) >= inflection.shortest_stem
    if language == "de" and ending == "er" and word == term and not term.endswith(_GERMAN_ER):
        return False
    if ending and ending not in inflection.shortest_of and ending[0] == term[n_common - 1]:
        ending = ending[1:]  # the doubled letter of "running"
    return len(stem) >= inflection.shortest_of.get(ending, LONGEST_WORD)


def _without_plural(term: str, inflection: _Inflection) -> str:
    if inflection.algorithm == "english" and term in _NOT_INFLECTED:
        return term
    for ending, instead in inflection.plurals:
        if term.endswith(ending) and len(term) - len(ending) + len(instead) >= 3:
            return term.removesuffix(ending) + instead
    return term


@functools.lru_cache(256)
def _stemmer(algorithm: str, _thread: int) -> Stemmer.Stemmer:
    """A stemmer holds the word it works on, so each thread has its own; `relatives` remembers."""
    return Stemmer.Stemmer(algorithm, 0)
