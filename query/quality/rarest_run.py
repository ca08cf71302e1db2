"""Which part of a sentence a person could remember it by."""

import re
from collections.abc import Iterator, Mapping

from query.quality.words import AROUND_WORDS, MARKS, content_terms, is_cjk, n_letters

_LEAST_WORDS, _MOST_WORDS = 4, 6  # content words
_LEAST_LEFT_OUT = 2  # content words of a sentence that a draft does without
_CJK_RUN = (6, 20)  # characters: as long as 3 to 9 words
_CLAUSE_END = re.compile(r"[、，。；：！？,;:!?()（）「」『』“”\s]+")
_CJK_CHUNK = re.compile(r"[^ぁ-ゟ]+[ぁ-ゟ]*|^[ぁ-ゟ]+")
_JAPANESE_END = re.compile(
    "(?:(?:し|され)?(?:て(?:い(?:る|た|ます|ました)|おり)|た|ます|ました)|する|される|で(?:す|した|ある|あった)"
    "|だった|だ|に?(?:は|も)|[がをにでとへ]|(?<!も)の|から|まで|より|について)$"
)
_JAPANESE_START = re.compile("^[ぁ-ゟ]+(?=[^ぁ-ゟ])")


def rarest_run(sentence: str, rarity: Mapping[str, float]) -> tuple[str, float] | None:
    """The part of a sentence by which a person could remember it, and how rare its terms are.

    Content words alone, 4 to 6 of them, and never all; of a text without spaces a clause, or the
    end of one.

    Args:
        sentence: as it stands on the page.
        rarity: of each term; the mean over a run decides.

    Returns:
        None where the sentence is too short, or is no sentence.
    """
    if is_cjk(sentence):
        runs = list(_cjk_runs(sentence))
    else:
        words = [
            word
            for word in (w.strip(AROUND_WORDS) for w in sentence.split())
            if content_terms(word)
        ]
        length = min(_MOST_WORDS, len(words) - _LEAST_LEFT_OUT)
        if length < _LEAST_WORDS:
            return None
        runs = [" ".join(words[i : i + length]) for i in range(1, len(words) - length + 1)]
    scored = [(run, _mean_rarity(run, rarity)) for run in runs if _reads_well(run)]
    return max(scored, key=lambda one: one[1], default=None)


def _mean_rarity(text: str, rarity: Mapping[str, float]) -> float:
    terms = content_terms(text)
    return sum(rarity.get(term, 0.0) for term in terms) / max(1, len(terms))


def _reads_well(run: str) -> bool:
    """Whether a run of a sentence is words and not a formula, an address or a list."""
    words = run.split()
    if "(" in run or ")" in run or (MARKS.search(run) and not is_cjk(run)):
        return False
    if len(set(map(str.casefold, words))) < len(words):
        return False
    if any(len(word) == 1 and word.isalpha() for word in words) and not is_cjk(run):
        return False
    n_plain = sum(n_letters(word) >= 3 or is_cjk(word) for word in words)
    return n_plain >= 0.75 * len(words)


def _cjk_runs(sentence: str) -> Iterator[str]:
    """Clauses of fitting length; of longer Japanese ones the last parts, cut before a word."""
    least, most = _CJK_RUN
    clauses = [clause for clause in _CLAUSE_END.split(sentence) if clause]
    if len(clauses) < 2 and len(sentence) <= most:
        return  # it would be the sentence whole
    for clause in clauses:
        chunks = _CJK_CHUNK.findall(clause)
        while len(chunks) > 1 and sum(map(len, chunks)) > most:
            chunks = chunks[1:]
        run = _JAPANESE_START.sub("", _JAPANESE_END.sub("", "".join(chunks)))
        if least <= len(run) <= most and is_cjk(run):
            yield run
