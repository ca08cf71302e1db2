"""MemoryIndex: what an index of pages does, in the plainest form; the others are held against it.

Every score is the definition in index/maxsim.py, one page at a time. Only `bm25` is free to differ
from index to index in its scores; the pages it finds are the same.
"""

import math
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import PurePosixPath

from index.errors import WrongUseError
from index.facets import Facets, kind_of, year_of
from index.filters import Filters, path_matches
from index.interface import (
    BM25,
    FLOAT,
    FOLDER_RERANK_COUNT,
    HAMMING,
    HAMMING_THEN_BITS,
    HAMMING_THEN_FLOAT,
    check_search_arguments,
)
from index.maxsim import bits_maxsim, float_maxsim, hamming_maxsim
from index.pages import (
    Document,
    DocumentPart,
    Fingerprint,
    IndexStats,
    Page,
    PageTexts,
    PageVectors,
    QueryVectors,
    RankedPage,
    SearchResult,
    split_page_id,
)
from index.paths import Names
from index.quantize import from_bfloat16, pack_sign_bits, to_bfloat16
from index.timing import StageTimer
from index.words.cut import Token
from index.words.stored_text import (
    StoredText,
    Terms,
    asked_words,
    phrase_ways,
    place_text,
    stored_forms,
    stored_text,
    word_ways,
)

BM25_K1, BM25_B = 1.2, 0.75
PLACE_WEIGHT = 0.5

Score = Callable[[QueryVectors, Page], float]


def _hamming(query: QueryVectors, page: Page) -> float:
    return hamming_maxsim(pack_sign_bits(query.vectors), pack_sign_bits(page.vectors.vectors))


def _bits(query: QueryVectors, page: Page) -> float:
    return bits_maxsim(query.vectors, pack_sign_bits(page.vectors.vectors))


def _float(query: QueryVectors, page: Page) -> float:
    return float_maxsim(query.vectors, page.vectors.vectors)


PHASES: dict[str, tuple[Score, ...]] = {
    HAMMING: (_hamming,),
    HAMMING_THEN_BITS: (_hamming, _bits),
    HAMMING_THEN_FLOAT: (_hamming, _float),
    FLOAT: (_float,),
}


class MemoryIndex:
    """A PageIndex of dictionaries."""

    def __init__(self, fingerprint: Fingerprint) -> None:
        self.fingerprint = fingerprint
        self._documents: dict[str, Document] = {}
        self._pages: dict[str, Page] = {}

    def put(self, pages: Sequence[Page]) -> None:
        for page in pages:
            if page.document_id not in self._documents:
                raise WrongUseError(f"Page {page.page_id} was put before its document.")
            rounded = from_bfloat16(to_bfloat16(page.vectors.vectors))
            vectors = PageVectors(rounded, page.vectors.patch_map)
            self._pages[page.page_id] = replace(page, vectors=vectors)

    def put_vectors(self, vectors: Mapping[str, PageVectors]) -> None:
        self.put(
            [replace(self.page(id_), vectors=v, is_waiting=False) for id_, v in vectors.items()]
        )

    def put_document(self, document: Document) -> None:
        taken = {file.path for file in document.files}
        for other in self._documents.values():
            left = tuple(file for file in other.files if file.path not in taken)
            self._documents[other.document_id] = replace(other, files=left)
        self._documents[document.document_id] = document

    def delete(self, document_ids: Collection[str]) -> None:
        for document_id in document_ids:
            self._documents.pop(document_id, None)
        self._pages = {i: p for i, p in self._pages.items() if p.document_id in self._documents}

    def documents(self, offset: int = 0, limit: int | None = None) -> Iterator[Document]:
        in_order = sorted(self._documents.values(), key=lambda d: d.document_id)
        return iter(in_order[offset:][:limit])

    def documents_by_path(
        self, offset: int, limit: int, *, find: str = "", only_failed: bool = False
    ) -> DocumentPart:
        def is_wanted(document: Document) -> bool:
            texts = [document.title, *(file.path for file in document.files)]
            holds = any(find.lower() in text.lower() for text in texts)
            return holds and bool(document.files) and (bool(document.failures) or not only_failed)

        found = sorted(filter(is_wanted, self.documents()), key=lambda d: d.files[0].path)
        return DocumentPart(tuple(found[offset : offset + limit]), len(found))

    def documents_at(self, name: str) -> list[Document]:
        named = Names(self.documents()).find(name)
        return [found.document for found in named]

    def document_count(self) -> int:
        return len(self._documents)

    def document(self, document_id: str) -> Document | None:
        return self._documents.get(document_id)

    def page_numbers(self, document_id: str) -> frozenset[int]:
        pages = self._pages.values()
        return frozenset(p.page_number for p in pages if p.document_id == document_id)

    def waiting_pages(self, document_id: str) -> frozenset[int]:
        pages = self._pages.values()
        return frozenset(
            p.page_number for p in pages if p.document_id == document_id and p.is_waiting
        )

    def ocr_engines(self, document_id: str) -> dict[int, str]:
        pages = [p for p in self._pages.values() if p.document_id == document_id]
        return {p.page_number: p.ocr_engine for p in pages if p.ocr_engine}

    def search(
        self,
        query: QueryVectors,
        ranking: str,
        k: int,
        *,
        rerank: int | None = None,
        filters: Filters | None = None,
    ) -> SearchResult:
        rerank = self.rerank_count if rerank is None else rerank
        check_search_arguments(ranking, k, rerank)
        timer = StageTimer()
        candidates = [p for p in self._searchable() if self._passes(p, filters or Filters())]
        if ranking == BM25:
            with timer.stage("bm25"):
                ranked = _best(self._bm25(query.text, candidates), k)
        else:
            ranked = [(0.0, page) for page in candidates if len(page.vectors.vectors)]
            for number, score in enumerate(PHASES[ranking], 1):
                is_last = number == len(PHASES[ranking])
                with timer.stage(f"phase_{number}"):
                    scored = [(score(query, page), page) for _, page in ranked]
                    ranked = _best(scored, k if is_last else max(k, rerank))
        n_tokens = 1 if ranking == BM25 else max(1, len(query.tokens))
        hits = tuple(_ranked(page, score, n_tokens) for score, page in ranked)
        return SearchResult(hits, len(candidates), timer.timings_ms)

    def texts(self, page_ids: Collection[str]) -> dict[str, PageTexts]:
        return {id_: self._texts(self._pages[id_]) for id_ in page_ids if id_ in self._pages}

    def page(self, page_id: str) -> Page:
        split_page_id(page_id)
        if page_id not in self._pages:
            raise WrongUseError(f"The index holds no page {page_id}.")
        return self._pages[page_id]

    def image(self, page_id: str) -> bytes:
        return self.page(page_id).preview

    def holds(self, token: Token) -> bool:
        forms = stored_forms(token)
        return any(
            _count(forms, text) > 0
            for page in self._searchable()
            for text in (_text(page), self._place(page.document_id))
        )

    def facets(self, filters: Filters | None = None) -> Facets:
        pages = [p for p in self._searchable() if self._passes(p, filters or Filters())]
        of = [self._documents[p.document_id] for p in pages]
        return Facets(
            n_pages=len(pages),
            languages=Counter(p.language for p in pages),
            years=Counter(year_of(file.mtime_ns for file in d.files) for d in of),
            kinds=Counter(kind_of(d.files[0].path) for d in of),
            folders=Counter(
                str(folder)
                for d in of
                for folder in {f for file in d.files for f in PurePosixPath(file.path).parents}
                if str(folder) != "/"
            ),
        )

    def n_unfinished(self) -> int:
        return sum(not document.is_complete for document in self._documents.values())

    def n_waiting(self) -> int:
        return sum(page.is_waiting for page in self._searchable())

    def stats(self) -> IndexStats:
        pages = self._searchable()
        n_vectors = sum(len(p.vectors.vectors) for p in pages)
        documents = self._documents.values()
        return IndexStats(
            n_documents=len({p.document_id for p in pages}),
            n_pages=len(pages),
            n_pages_without_vectors=sum(
                not len(p.vectors.vectors) and not p.is_waiting for p in pages
            ),
            n_pages_waiting=self.n_waiting(),
            n_vectors=n_vectors,
            n_failed_documents=sum(bool(d.failures) for d in documents),
            size_bytes={"vectors": 512 * n_vectors},
            reclaimable_bytes=0,
            n_pages_by_ocr_engine=dict(Counter(p.ocr_engine for p in pages if p.ocr_engine)),
        )

    @property
    def rerank_count(self) -> int:
        return FOLDER_RERANK_COUNT

    def state(self) -> object:
        return object()

    def refresh(self) -> None:
        pass

    def close(self) -> None:
        pass

    def _bm25(self, text: str, candidates: list[Page]) -> list[tuple[float, Page]]:
        """Okapi BM25 over page texts; a word of the title or a file name counts a little.

        A word stands where any of its forms does.
        """
        pages = self._searchable()
        text_of = {page.page_id: _text(page) for page in pages}
        length_of = {page_id: len(stored.words.split()) for page_id, stored in text_of.items()}
        mean_length = sum(length_of.values()) / max(1, len(pages))
        asked = [word.forms for word in asked_words(text)]
        n_with = [sum(_count(forms, it) > 0 for it in text_of.values()) for forms in asked]
        scored = []
        for page in candidates:
            place = self._place(page.document_id)
            share = length_of[page.page_id] / max(1.0, mean_length)
            damping = BM25_K1 * (1 - BM25_B + BM25_B * share)
            score = 0.0
            for forms, n_pages in zip(asked, n_with, strict=True):
                rarity = math.log(1 + (len(pages) - n_pages + 0.5) / (n_pages + 0.5))
                n = _count(forms, text_of[page.page_id])
                score += rarity * n * (BM25_K1 + 1) / (n + damping)
                score += PLACE_WEIGHT * rarity * (_count(forms, place) > 0)
            if score > 0:
                scored.append((score, page))
        return scored

    def _place(self, document_id: str) -> StoredText:
        document = self._documents[document_id]
        return stored_text(place_text(document.title, [file.path for file in document.files]))

    def _searchable(self) -> list[Page]:
        return [p for p in self._pages.values() if self._documents[p.document_id].files]

    def _passes(self, page: Page, filters: Filters) -> bool:
        document = self._documents[page.document_id]
        paths = [file.path for file in document.files]
        n, id_ = page.page_number, page.document_id

        def is_of(first: int | None, last: int | None) -> bool:
            return (first or 0) <= document.year <= (last or document.year)

        def is_in(first: int | None, last: int | None) -> bool:
            return (first is None or n >= first) and (last is None or n <= last)

        def is_at(glob: str) -> bool:
            return any(path_matches(path, glob) for path in paths)

        not_years = (filters.not_first_year, filters.not_last_year)
        not_pages = (filters.not_first_page, filters.not_last_page)
        return (
            (filters.path_glob is None or is_at(filters.path_glob))
            and id_.startswith(filters.document_id or "")
            and is_in(filters.first_page, filters.last_page)
            and (filters.language is None or page.language == filters.language)
            and (filters.not_path_glob is None or not is_at(filters.not_path_glob))
            and not (filters.not_document_id and id_.startswith(filters.not_document_id))
            and (not_pages == (None, None) or not is_in(*not_pages))
            and (filters.not_language is None or page.language != filters.not_language)
            and is_of(filters.first_year, filters.last_year)
            and (not_years == (None, None) or not is_of(*not_years))
            and filters.kind in (None, document.kind)
            and filters.not_kind != document.kind
            and all(_has_any(phrase_ways(phrase), page) for phrase in filters.phrases)
            and not any(_has_word(word, page) for word in filters.without)
        )

    def _texts(self, page: Page) -> PageTexts:
        document = self._documents[page.document_id]
        return PageTexts(
            paths=tuple(sorted(file.path for file in document.files)),
            title=document.title,
            text=page.words.text,
            language=page.language,
            ocr_engine=page.ocr_engine,
        )


def _ranked(page: Page, score: float, n_tokens: int) -> RankedPage:
    return RankedPage(
        page.page_id,
        page.document_id,
        page.page_number,
        score / n_tokens,
        score,
        is_waiting=page.is_waiting,
    )


def _text(page: Page) -> StoredText:
    return stored_text(page.words.text, page.language)


def _count(forms: Terms, text: StoredText) -> int:
    """How often a word stands in a text: as it is typed, or by the form that is there most."""
    terms = text.all.split()
    return max(terms.count(form) for form in forms)


def _has_any(ways: Sequence[Terms], page: Page) -> bool:
    words = f" {_text(page).words} "
    return any(f" {' '.join(way)} " in words for way in ways)


def _has_word(word: str, page: Page) -> bool:
    ways, forms = word_ways(word)
    return _has_any(ways, page) or bool(forms and _count(forms, _text(page)))


def _best(scored: list[tuple[float, Page]], k: int) -> list[tuple[float, Page]]:
    return sorted(scored, key=lambda s: (-s[0], s[1].document_id, s[1].page_number))[:k]
