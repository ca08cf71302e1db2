"""Known-item questions drafted from what pages say, for a person to edit.

Nobody has asked them. They are made of the page's own words, which flatters rankings that look for
words; a person's questions do not. The same index gives the same drafts.
"""

import hashlib
import io
import math
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from index.interface import PageIndex
from index.pages import Document, page_id
from query.page_lines import joined
from query.quality.candidates import (
    KINDS,
    SENTENCE,
    Candidate,
    candidates,
)
from query.quality.rarest_run import rarest_run
from query.quality.words import content_terms

ORIGIN = (
    "Drafted by rule from the pages' own headings, captions, table heads and rarest words; nobody "
    "has asked them, and rankings that look for words do better here than with what people type."
)
"""How drafts are made, as the file says it above its header."""

COLUMNS = ("query", "file", "pages", "kind", "language")


@dataclass(frozen=True)
class Draft:
    """One question.

    Attributes:
        text: the question.
        document_id, page_number: the one page it stands on.
        kind: what it was made of, one of KINDS.
        language: ISO 639-1 code of the page, or else of most of its document; "" where unknown.
        is_ocr: whether OCR has read words of the page. What it misread is rare, and rare words are
            what sentences are cut to.
    """

    text: str
    document_id: str
    page_number: int
    kind: str
    language: str
    is_ocr: bool = False


@dataclass(frozen=True, eq=False)
class _PageText:
    """What is kept of a page: its content terms in order, and what may become a draft."""

    document_id: str
    page_number: int
    language: str
    is_ocr: bool
    terms: tuple[str, ...]
    candidates: tuple[Candidate, ...]


def draft_questions(
    index: PageIndex,
    documents: Sequence[Document],
    per_document: int,
    on_page: Callable[[], object] = lambda: None,
) -> list[Draft]:
    """Draft questions that one page of an index answers.

    Every page of the index is read once, as what stands on two pages is no known item.

    Args:
        index: where the pages are.
        documents: those to draft questions for.
        per_document: at most so many for each.
        on_page: called after each page read.

    Returns:
        In the order of `documents`, and of pages.
    """
    wanted = {document.document_id for document in documents}
    pages = [
        text
        for document in index.documents()
        if document.files
        for text in _read(index, document, wanted, on_page)
    ]
    n_pages_with = Counter(term for page in pages for term in set(page.terms))
    rarity = {term: math.log(len(pages) / n) for term, n in n_pages_with.items()}
    by_document: dict[str, list[tuple[_PageText, Candidate]]] = defaultdict(list)
    for page in pages:
        by_document[page.document_id] += [(page, one) for one in _as_drafts(page, rarity)]
    unique = _on_one_page(pages, [one for found in by_document.values() for one in found])
    drafts = []
    for document in documents:
        found = [(page, one) for page, one in by_document[document.document_id] if one in unique]
        drafts += _chosen(found, per_document)
    return drafts


def drafts_as_table(drafts: Sequence[Draft], files: Mapping[str, str]) -> str:
    """The drafts as a file that `read_questions` reads.

    Args:
        drafts: in the order in which they are to stand.
        files: document id to the name that the file is to go by.
    """
    written = io.StringIO()
    written.write(f"# {ORIGIN}\n")
    written.write("\t".join(COLUMNS) + "\n")
    for draft in drafts:
        name, number = files[draft.document_id], str(draft.page_number)
        written.write("\t".join((draft.text, name, number, draft.kind, draft.language)) + "\n")
    return written.getvalue()


def _read(
    index: PageIndex, document: Document, wanted: set[str], on_page: Callable[[], object]
) -> list[_PageText]:
    """The pages of a document."""
    texts = []
    for number in sorted(index.page_numbers(document.document_id)):
        page = index.page(page_id(document.document_id, number))
        terms = tuple(content_terms(joined(page.words.texts)))
        found = tuple(candidates(page)) if document.document_id in wanted else ()
        texts.append(
            _PageText(
                document.document_id, number, page.language, bool(page.ocr_engine), terms, found
            )
        )
        on_page()
    languages = Counter(text.language for text in texts if text.language).most_common(1)
    usual = languages[0][0] if languages else ""
    return [replace(text, language=text.language or usual) for text in texts]


def _as_drafts(page: _PageText, rarity: dict[str, float]) -> list[Candidate]:
    """A page's candidates, and of its sentences the rarer half, each cut to its rarest run."""
    runs = [rarest_run(one.text, rarity) for one in page.candidates if one.kind == SENTENCE]
    by_rarity = sorted((run for run in runs if run), key=lambda run: (-run[1], run[0]))
    rare = [text for text, _ in by_rarity[: (len(by_rarity) + 1) // 2]]
    return [one for one in page.candidates if one.kind != SENTENCE] + [
        Candidate(SENTENCE, text, tuple(content_terms(text))) for text in rare
    ]


def _on_one_page(
    pages: Sequence[_PageText], found: Sequence[tuple[_PageText, Candidate]]
) -> set[Candidate]:
    """Those whose terms stand in this order on no other page than their own."""
    own_pages: dict[tuple[str, ...], set[int]] = defaultdict(set)
    by_first: dict[str, set[tuple[str, ...]]] = defaultdict(set)
    for page, one in found:
        own_pages[one.terms].add(id(page))
        by_first[one.terms[0]].add(one.terms)
    for page in pages:
        for i, term in enumerate(page.terms):
            for terms in by_first.get(term, ()):
                if page.terms[i : i + len(terms)] == terms:
                    own_pages[terms].add(id(page))
    return {one for _, one in found if len(own_pages[one.terms]) == 1}


def _chosen(found: Sequence[tuple[_PageText, Candidate]], n: int) -> list[Draft]:
    """Up to n of a document's candidates: of all kinds, from many pages, no two alike."""
    waiting = sorted(found, key=lambda of: (_hash(of[1].text), of[0].page_number))
    chosen: list[tuple[_PageText, Candidate]] = []
    while waiting and len(chosen) < n:
        of_page = Counter(page.page_number for page, _ in chosen)
        of_kind = Counter(one.kind for _, one in chosen)
        best = min(
            waiting,
            key=lambda of: (
                of_page[of[0].page_number],
                of_kind[of[1].kind],
                KINDS.index(of[1].kind),
            ),
        )
        chosen.append(best)
        waiting = [of for of in waiting if not _are_alike(of[1], best[1])]
    chosen.sort(key=lambda of: of[0].page_number)
    return [
        Draft(one.text, page.document_id, page.page_number, one.kind, page.language, page.is_ocr)
        for page, one in chosen
    ]


def _are_alike(one: Candidate, other: Candidate) -> bool:
    """Whether they share half of the terms of the shorter one."""
    shared = set(one.terms) & set(other.terms)
    return 2 * len(shared) >= min(len(set(one.terms)), len(set(other.terms)))


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
