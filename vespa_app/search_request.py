"""What is asked of Vespa: the bodies of POST /search/.

What a user or a file system wrote stands in parameters of its own and never in the YQL, where
`@name` refers to it. Their names begin with `wanted_`, since Vespa has parameters of its own: with
`language` a search for German pages would ask for pages in "german". Knows nothing of HTTP.
"""

from collections.abc import Collection, Sequence

from index.errors import WrongUseError
from index.filters import Filters
from index.interface import BM25, FLOAT, HAMMING, HAMMING_THEN_BITS, HAMMING_THEN_FLOAT
from index.pages import VECTORS_TO_COME, QueryVectors, split_page_id
from index.words.cut import Token
from index.words.stored_text import Terms, asked_words, phrase_ways, stored_forms, word_ways
from vespa_app.path_filter import name_expression, path_expression, text_expression
from vespa_app.wire import (
    MANIFEST_ID,
    bits_input,
    float_input,
    to_wire_text,
    token_bits_inputs,
)

SCAN = "scan"
ANN = "ann"

MAX_HITS = 10_000
"""The most hits one search may ask for: maxHits of search/query-profiles/default.xml."""

MAX_OCR_ENGINES = 1_000
"""Engines pages are counted by, each version of each one: Vespa's grouping wants a limit."""

PATCHES_UP_TO_1 = "min(n_patches, 1)"
"""By what `page_stats_body` counts pages, and its name in the answer."""

FACET_FIELDS = ("language", "year", "kind", "folders")
"""What `facets_body` counts pages by."""

MAX_FACETS = 1_000
"""Values of each that are told."""

MAX_PATHS_AT_ONCE = 200
"""Paths one `owners_body` asks for: some 20 kB, which Vespa's container reads in 0.1 s."""

MAX_TEXTS_AT_ONCE = 1_000
"""Pages one `texts_body` asks for: Vespa takes 10,000 terms (maxQueryItems), and their texts are
some megabytes."""

MAX_NEAREST = 64
"""Query tokens that nominate pages: base.profile declares one input for each."""

PAGES_PER_TOKEN = 1_000
"""Pages each query token nominates by their regions. It must exceed the number of pages that show
what the token asks for; the recall at several numbers is in docs/decisions.md."""

MAX_TEXT_CHARACTERS = 4_000
"""Of a longer text the beginning is searched: a printed page, and each word is looked up in several
forms. Vespa itself refuses queries of more than 10,000 words (maxQueryItems)."""

_INPUTS = {
    HAMMING: (bits_input,),
    HAMMING_THEN_BITS: (bits_input, float_input),
    HAMMING_THEN_FLOAT: (bits_input, float_input),
    FLOAT: (float_input,),
}
"""The query tensors the phases of each ranking read."""

_TWO_PHASES = (HAMMING_THEN_BITS, HAMMING_THEN_FLOAT)
_RANKED_FIELDS = "document_id, page_number, n_patches"
"""Attributes alone: they are in memory. For one field that is none Vespa reads the whole stored
page from disk, some 327 kB of an A4 page for the 0.8 kB that are shown."""

_SHOWN_FIELDS = "document_id, page_number, paths, title, text, language, ocr_engine"
_SEARCHABLE = "n_paths > 0"
_HAS_PATH, _HAS_FAILED = 'paths matches "."', 'failures matches "."'  # of a document's record
_LARGEST_INT = 2**31 - 1


def search_body(
    query: QueryVectors,
    ranking: str,
    k: int,
    rerank: int,
    filters: Filters,
    *,
    candidates: str,
) -> dict[str, object]:
    """Ask for the best k pages.

    Args:
        query: with at least one token, unless the ranking is bm25.
        ranking: one of INDEX_RANKINGS.
        k: hits wanted.
        rerank: pages phase 2 scores; k where that is more.
        filters: which pages take part.
        candidates: SCAN ranks every page the filters let through; ANN only those that the regions
            or the words of the query nominate. Without meaning for bm25.

    Returns:
        A request whose hits have the fields of `index.pages.RankedPage`; `relevance` is their
        score_sum.

    Raises:
        WrongUseError: k is above MAX_HITS.
    """
    if k > MAX_HITS:
        raise WrongUseError(f"-k {k} is too many: Vespa gives {MAX_HITS} hits at most.")
    conditions, parameters = _filter_conditions(filters)
    if ranking == BM25:
        words = _words(query.text, parameters)
        nominated = f"({' or '.join(words)})" if words else "false"
    else:
        nominated = _maxsim_candidates(query, candidates, max(k, rerank), parameters)
        for query_input in _INPUTS[ranking]:
            parameters |= query_input(query)
    if ranking in _TWO_PHASES:
        parameters["ranking.secondPhase.totalRerankCount"] = max(k, rerank)
    where = " and ".join([_SEARCHABLE, nominated, *conditions])
    return _body("page", f"select {_RANKED_FIELDS} from page where {where}", ranking) | {
        "hits": k,
        "presentation.timing": True,
        **parameters,
    }


def texts_body(page_ids: Collection[str]) -> dict[str, object]:
    """Ask for what is shown of pages.

    Args:
        page_ids: 1 to MAX_TEXTS_AT_ONCE.

    Returns:
        A request whose hits have the fields of `index.pages.PageTexts`.
    """
    numbers: dict[str, list[int]] = {}
    for id_ in page_ids:
        document_id, number = split_page_id(id_)
        numbers.setdefault(document_id, []).append(number)
    conditions = [
        f"(document_id contains @wanted_document{n} and page_number in ({', '.join(map(str, of))}))"
        for n, of in enumerate(numbers.values())
    ]
    parameters = {f"wanted_document{n}": document_id for n, document_id in enumerate(numbers)}
    where = " or ".join(conditions)
    return _body("page", f"select {_SHOWN_FIELDS} from page where {where}") | {
        "hits": len(page_ids),
        **parameters,
    }


def owners_body(paths: Sequence[str]) -> dict[str, object]:
    """Ask which documents' records hold any of these paths.

    Args:
        paths: 1 to MAX_PATHS_AT_ONCE.

    Returns:
        A request whose hits have the field document_id.
    """
    names = [f"wanted_path{number}" for number in range(len(paths))]
    holds_any = " or ".join(f"paths contains @{name}" for name in names)
    parameters = {name: to_wire_text(path) for name, path in zip(names, paths, strict=True)}
    return _body("pdf", f"select document_id from pdf where {holds_any}") | {
        "hits": MAX_HITS,
        **parameters,
    }


def documents_body(offset: int, limit: int) -> dict[str, object]:
    """Ask for documents' records, in order of id.

    Args:
        offset: how many are passed over.
        limit: how many are wanted at most, up to MAX_HITS; with 0 the totalCount alone.

    Returns:
        A request whose hits have the fields of a record.
    """
    where = "true and !(document_id contains @manifest)"
    return _body("pdf", f"select * from pdf where {where} order by document_id") | {
        "hits": limit,
        "offset": offset,
        "manifest": MANIFEST_ID,
    }


def documents_by_path_body(
    offset: int, limit: int, find: str = "", *, only_failed: bool = False
) -> dict[str, object]:
    """Ask for the records of documents that have a path, in order of the first one.

    Args:
        offset: how many are passed over.
        limit: how many are wanted at most, up to MAX_HITS; the totalCount is of all.
        find: what must stand in their title or in one of their paths, whatever the case.
        only_failed: whether something of them must have failed.

    Returns:
        A request whose hits have the fields of a record; nothing is read of other documents.
    """
    conditions, parameters = [_HAS_PATH], {}
    if find:
        conditions.append("(title matches @wanted_part or paths matches @wanted_part)")
        parameters["wanted_part"] = f"(?i){text_expression(find)}"
    if only_failed:
        conditions.append(_HAS_FAILED)
    where = " and ".join(conditions)
    # of an array its least value counts; raw, so that the order is that of the characters' numbers
    order = '{function: "raw"}paths'
    return _body("pdf", f"select * from pdf where {where} order by {order}") | {
        "hits": limit,
        "offset": offset,
        **parameters,
    }


def documents_at_body(name: str) -> dict[str, object]:
    """Ask for the records of documents that lie at a name, as `index.paths.lies_at` has it.

    Returns:
        A request whose hits, MAX_HITS at most, have the fields of a record, in order of id.
    """
    yql = "select * from pdf where paths matches @wanted_name order by document_id"
    return _body("pdf", yql) | {"hits": MAX_HITS, "wanted_name": name_expression(name)}


def count_found_body() -> dict[str, object]:
    """Ask of how many documents a page can be found: the totalCount of the answer."""
    where = f"{_HAS_PATH} and is_without_pages = false"
    return _body("pdf", f"select * from pdf where {where} limit 0")


def count_failed_body() -> dict[str, object]:
    """Ask of how many documents something could not be read: the totalCount of the answer."""
    return _body("pdf", f"select * from pdf where {_HAS_FAILED} limit 0")


def count_body(filters: Filters | None = None) -> dict[str, object]:
    """Ask how many pages can be found, and how many patches they have.

    A grouping visits every page, so both are exact.

    Args:
        filters: which pages are counted; None counts all.
    """
    conditions, parameters = _filter_conditions(filters or Filters())
    where = " and ".join([_SEARCHABLE, *conditions])
    every = "all(output(count(), sum(n_patches)))"
    return {
        "yql": f"select * from page where {where} limit 0 | {every}",
        "model.restrict": "page",
        "ranking": "unranked",
        **parameters,
    }


def count_waiting_body() -> dict[str, object]:
    """Ask how many pages wait for their vectors: the totalCount of the answer."""
    waiting = f"n_patches = {VECTORS_TO_COME}"
    return _body("page", f"select * from page where {_SEARCHABLE} and {waiting} limit 0")


def facets_body(filters: Filters) -> dict[str, object]:
    """Ask how many pages there are of each language, year and kind, and below each folder.

    Args:
        filters: which pages are counted.

    Returns:
        One request of several groupings. A page put before there were years, kinds and folders is
        counted in none of those.
    """
    conditions, parameters = _filter_conditions(filters)
    where = " and ".join([_SEARCHABLE, *conditions])
    most = f"max({MAX_FACETS}) order(-count()) each(output(count()))"
    groupings = " ".join(f"all(group({field}) {most})" for field in FACET_FIELDS)
    yql = f"select * from page where {where} limit 0 | all({groupings})"
    return _body("page", yql) | parameters


def page_stats_body() -> dict[str, object]:
    """Ask how many pages have vectors, have none and wait for them, and what OCR has read.

    Returns:
        One request of two groupings: by n_patches, all from 1 on as 1, with their sum; by engine,
        those that none has read under "".
    """
    by_patches = f"all(group({PATCHES_UP_TO_1}) each(output(count(), sum(n_patches))))"
    by_engine = f"all(group(ocr_engine) max({MAX_OCR_ENGINES}) each(output(count())))"
    every = f"all({by_patches} {by_engine})"
    return _body("page", f"select * from page where {_SEARCHABLE} limit 0 | {every}")


def ocr_engines_body(document_id: str, first_page: int) -> dict[str, object]:
    """Ask which pages of a document OCR has read, and what did.

    Args:
        document_id: the document's, whether or not it can be found.
        first_page: of the MAX_HITS pages that are asked for.

    Returns:
        A request whose hits have the fields page_number and ocr_engine.
    """
    conditions, parameters = _filter_conditions(
        Filters(document_id=document_id, first_page=first_page, last_page=first_page + MAX_HITS - 1)
    )
    where = " and ".join([*conditions, 'ocr_engine matches "."'])
    return _body("page", f"select page_number, ocr_engine from page where {where}") | {
        "hits": MAX_HITS,
        **parameters,
    }


def count_unfinished_body() -> dict[str, object]:
    """Ask how many documents' pages are not all there: the totalCount of the answer."""
    return _body("pdf", "select * from pdf where is_complete = false limit 0")


def count_with_word_body(token: Token) -> dict[str, object]:
    """Ask how many pages have a word, or their document's title or file name: the totalCount."""
    parameters: dict[str, object] = {}
    word = _any_of("default", stored_forms(token), "wanted_word", parameters)
    return _body("page", f"select * from page where {_SEARCHABLE} and {word} limit 0") | parameters


def _body(schema: str, yql: str, ranking: str = "unranked") -> dict[str, object]:
    """What every request has; "unranked" is Vespa's own profile that computes nothing.

    The YQL names the schema too, but the inputs are typed before it is read.
    """
    return {"yql": yql, "model.restrict": schema, "ranking": ranking}


def _words(text: str, parameters: dict[str, object]) -> list[str]:
    """A condition for each word of a text; adds the parameters they refer to."""
    words = asked_words(text[:MAX_TEXT_CHARACTERS])
    return [
        _any_of("default", word.forms, f"wanted_{n}", parameters) for n, word in enumerate(words)
    ]


def _any_of(field: str, terms: Sequence[str], name: str, parameters: dict[str, object]) -> str:
    """Any of these terms; adds the parameters.

    To `equiv` they are one word: its bm25 counts where any of them stands, and is not the sum of
    theirs.
    """
    names = [f"{name}_{n}" for n in range(len(terms))]
    parameters |= zip(names, terms, strict=True)
    if len(terms) == 1:
        return f"{field} contains @{names[0]}"
    return f"{field} contains equiv({', '.join(f'@{name}' for name in names)})"


def _phrases(ways: Sequence[Terms], name: str, parameters: dict[str, object]) -> list[str]:
    """A condition for each way a phrase may stand; adds the parameters."""
    conditions = []
    for n, terms in enumerate(ways):
        names = [f"{name}_{n}_{m}" for m in range(len(terms))]
        parameters |= zip(names, terms, strict=True)
        phrase = ", ".join(f"@{name}" for name in names)
        is_one = len(terms) == 1
        conditions.append(f"text_words contains {phrase if is_one else f'phrase({phrase})'}")
    return conditions


def _maxsim_candidates(
    query: QueryVectors, candidates: str, n_ranked: int, parameters: dict[str, object]
) -> str:
    """Which pages phase 1 looks at: a condition; adds the parameters it refers to.

    Args:
        query: whose tokens and words nominate.
        candidates: SCAN or ANN.
        n_ranked: pages phase 2 takes. All words together nominate as many, each token no fewer.
        parameters: of the request.
    """
    with_vectors = "n_patches > 0"
    if candidates == SCAN:
        return with_vectors
    limit = f"totalTargetHits: {max(PAGES_PER_TOKEN, n_ranked)}"
    tokens = dict(list(token_bits_inputs(query).items())[:MAX_NEAREST])
    parameters |= tokens
    nominators = [
        f"({{{limit}}}nearestNeighbor(region_bits, rq{token}))" for token in range(len(tokens))
    ]
    words = _words(query.text, parameters)
    if words:  # weakAnd: a common word would nominate every page
        nominators.append(f"({{totalTargetHits: {n_ranked}}}weakAnd({', '.join(words)}))")
    return f"{with_vectors} and ({' or '.join(nominators)})"


def _filter_conditions(filters: Filters) -> tuple[list[str], dict[str, object]]:
    """What the filters ask, and the parameters it refers to."""
    conditions = []
    parameters: dict[str, object] = {}
    if filters.path_glob is not None:
        conditions.append("filter_paths matches @wanted_path")
        parameters["wanted_path"] = path_expression(filters.path_glob)
    if filters.document_id:  # every id begins with ""
        conditions.append("document_id contains ({prefix: true}@wanted_document)")
        parameters["wanted_document"] = to_wire_text(filters.document_id)
    if filters.first_page is not None:
        conditions.append(f"page_number >= {_as_int(filters.first_page)}")
    if filters.last_page is not None:
        conditions.append(f"page_number <= {_as_int(filters.last_page)}")
    if filters.language:
        conditions.append("language contains @wanted_language")
        parameters["wanted_language"] = to_wire_text(filters.language)
    elif filters.language is not None:  # Vespa cannot look for "", the unknown language
        conditions.append('!(language matches ".")')
    if filters.first_year is not None:
        conditions.append(f"year >= {_as_int(filters.first_year)}")
    if filters.last_year is not None:
        conditions.append(f"year <= {_as_int(filters.last_year)}")
    if filters.kind is not None:
        conditions.append("kind contains @wanted_kind")
        parameters["wanted_kind"] = to_wire_text(filters.kind)
    for n, phrase in enumerate(filters.phrases):
        ways = _phrases(phrase_ways(phrase), f"wanted_phrase{n}", parameters)
        conditions.append(f"({' or '.join(ways)})" if ways else "false")
    conditions += _negative_conditions(filters, parameters)
    return conditions, parameters


def _negative_conditions(filters: Filters, parameters: dict[str, object]) -> list[str]:
    """What must not hold; adds the parameters it refers to."""
    conditions = []
    if filters.not_path_glob is not None:
        conditions.append("!(filter_paths matches @wanted_not_path)")
        parameters["wanted_not_path"] = path_expression(filters.not_path_glob)
    if filters.not_document_id:
        conditions.append("!(document_id contains ({prefix: true}@wanted_not_document))")
        parameters["wanted_not_document"] = to_wire_text(filters.not_document_id)
    if filters.leaves_pages_out:
        below, above = filters.not_first_page, filters.not_last_page
        outside = [f"page_number < {_as_int(1 if below is None else below)}"]
        if above is not None:
            outside.append(f"page_number > {_as_int(above)}")
        conditions.append(f"({' or '.join(outside)})")
    if filters.not_language:
        conditions.append("!(language contains @wanted_not_language)")
        parameters["wanted_not_language"] = to_wire_text(filters.not_language)
    elif filters.not_language is not None:
        conditions.append('language matches "."')
    if filters.leaves_years_out:
        below, above = filters.not_first_year, filters.not_last_year
        outside = [f"year < {_as_int(0 if below is None else below)}"]
        if above is not None:
            outside.append(f"year > {_as_int(above)}")
        conditions.append(f"({' or '.join(outside)})")
    if filters.not_kind is not None:
        conditions.append("!(kind contains @wanted_not_kind)")
        parameters["wanted_not_kind"] = to_wire_text(filters.not_kind)
    for n, word in enumerate(filters.without):
        phrases, forms = word_ways(word)
        ways = _phrases(phrases, f"wanted_not_phrase{n}", parameters)
        if forms:
            ways.append(_any_of("text_forms", forms, f"wanted_not_word{n}", parameters))
        conditions += [f"!({way})" for way in ways]
    return conditions


def _as_int(number: int) -> int:
    """The same page number or year as far as Vespa's 32 bits go: no page has a higher one."""
    return max(-_LARGEST_INT, min(int(number), _LARGEST_INT))
