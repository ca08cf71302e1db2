"""The pages a person sees: search and hits, one page with its heat, and what to do when it fails.

Every address is a deep link and works without script. What is shown is laid out in answer_view.py,
page_view.py and problem_view.py; this file asks the service, and chooses the template.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import Annotated, Any

from fastapi import APIRouter, File, Request, Response, UploadFile
from fastapi.templating import Jinja2Templates

from index.errors import PagelensError, ServerError, WrongUseError
from index.facets import Facets
from index.interface import BM25
from index.pages import Document, split_page_id
from index.wording import file_name
from query.found import Found
from query.request import SearchRequest
from query.service.original import may_be_original
from query.service.refusals import BusyError, NoSuchPageError
from query.service.service import SearchService
from query.service.uploaded_image import MAX_UPLOAD_BYTES
from query.web.addresses import thumbnail_href
from query.web.answer_view import SHELF_LOOK, NamedPage, answer_view, shelf_view
from query.web.narrow_view import NarrowView, narrow_view
from query.web.original import original_response
from query.web.page_view import HEAT_OFF, PageInSearch, page_view
from query.web.problem_view import view_of_error, view_of_problem
from query.web.problems import Problem, problem_of
from query.web.ranking_choices import OF_PICTURES, OF_WORDS, RankingChoice
from query.web.search_form import SearchForm
from query.web.strip_view import strip_view
from query.why.no_hits import why_no_hits


def make_router(service: SearchService, templates: Jinja2Templates) -> APIRouter:
    """The addresses of all pages but the overview.

    Args:
        service: answers the searches.
        templates: of the folder `templates`.
    """
    pages = _Pages(service, templates)
    router = APIRouter(include_in_schema=False)
    router.add_api_route("/", pages.search, methods=["GET", "HEAD"])
    router.add_api_route("/image", pages.search_by_image, methods=["POST"])
    router.add_api_route("/page/{page_id}", pages.page, methods=["GET", "HEAD"])
    router.add_api_route("/page/{page_id}/original", pages.original, methods=["GET", "HEAD"])
    return router


def make_problem_page(templates: Jinja2Templates) -> Callable[[Request, Problem], Response]:
    """What shows a problem that arose outside of these pages.

    Args:
        templates: of the folder `templates`.
    """

    def show(request: Request, problem: Problem) -> Response:
        context = {"problem": view_of_problem(problem, _address(request)), "here": ""}
        return templates.TemplateResponse(request, "problem.html", context, problem.status)

    return show


class _Pages:
    """Answers requests for pages; FastAPI runs each in a thread."""

    def __init__(self, service: SearchService, templates: Jinja2Templates) -> None:
        self._service = service
        self._templates = templates

    def search(self, request: Request) -> Response:
        """The search box, and below it the hits of what the address asks for."""
        form = SearchForm.read(request.query_params)
        try:
            if not form.is_asked:
                return self._start(request, form)
            return self._answer(request, form, self._wanted(form))
        except PagelensError as e:
            return self._failed(request, form, e)

    def search_by_image(self, request: Request, image: Annotated[UploadFile, File()]) -> Response:
        """The hits of an image that was sent."""
        form = SearchForm()
        try:
            data = image.file.read(MAX_UPLOAD_BYTES + 1)
            wanted = self._service.like_image(data, form.request())
            return self._answer(request, form, wanted, by_image=True)
        except PagelensError as e:
            return self._failed(request, form, e)

    def page(self, request: Request, page_id: str) -> Response:
        """One page, with the heat of the search it was found by."""
        form = SearchForm.read(request.query_params)
        try:
            return self._page(request, form, page_id)
        except PagelensError as e:
            return self._problem(request, form, e)

    def original(self, request: Request, page_id: str, download: bool = False) -> Response:
        """The file the page is of."""
        try:
            _document_id(page_id)
            return original_response(self._service, page_id, is_download=download)
        except PagelensError as e:
            return self._problem(request, SearchForm(), e)

    def _start(self, request: Request, form: SearchForm) -> Response:
        stats = self._service.stats()
        shelf = shelf_view(self._service.documents(0, SHELF_LOOK)) if stats.n_pages else ()
        is_loading = self._service.state.name == "loading" and bool(stats.n_pages)
        return self._search_page(
            request, form, is_start=True, is_loading=is_loading, stats=stats, shelf=shelf
        )

    def _wanted(self, form: SearchForm) -> SearchRequest:
        wanted = form.request()
        return self._service.like_page(form.like, wanted) if form.like else wanted

    def _answer(
        self, request: Request, form: SearchForm, wanted: SearchRequest, *, by_image: bool = False
    ) -> Response:
        found = self._service.search(wanted)
        like = None
        if form.like:
            id_, number = split_page_id(form.like)
            file = file_name(self._service.document(id_).name)
            href, preview = SearchForm().page_href(form.like), thumbnail_href(form.like)
            like = NamedPage(file, number, href, preview)
        why_none = ""
        if not found.groups and not found.request.offset:
            stats = self._service.stats()
            if stats.n_pages == 0:
                return self._search_page(request, form, is_start=True, stats=stats)
            why_none = why_no_hits(found, stats.n_pages).why
        answer = answer_view(
            found, form, self._rankings, like, by_image=by_image, why_none=why_none
        )
        narrow = None if by_image else self._narrow(found, form)  # an image has no address
        return self._search_page(request, form, answer=answer, narrow=narrow)

    def _narrow(self, found: Found, form: SearchForm) -> NarrowView:
        facets: Facets | str
        try:
            facets = self._service.facets(found.request.filters)
        except ServerError as e:  # the hits are there all the same
            facets = str(e)
        hits = [hit for group in found.groups for hit in (group.best, *group.others)]
        names = {hit.document_id: file_name(hit.name) for hit in hits}
        for document_id in {form.document, form.not_document} - names.keys() - {""}:
            with suppress(NoSuchPageError):
                names[document_id] = file_name(self._service.document(document_id).name)
        return narrow_view(facets, hits, form, names)

    def _failed(self, request: Request, form: SearchForm, error: PagelensError) -> Response:
        """The search box as it was filled in with what is wrong; a page of its own for worse."""
        if not self._is_passing(error):
            return self._problem(request, form, error)
        problem = problem_of(error)
        is_loading = self._is_loading(error)
        without_model = "" if isinstance(error, WrongUseError) else _bm25_href(form)
        response = self._search_page(
            request,
            form,
            status=problem.status,
            is_loading=is_loading,
            problem="" if is_loading else problem.detail,
            bm25_href=without_model,
        )
        response.headers.update(problem.headers)
        return response

    def _is_loading(self, error: PagelensError | None) -> bool:
        return isinstance(error, BusyError) and self._service.state.name == "loading"

    def _is_passing(self, error: PagelensError) -> bool:
        """Whether all else can be shown: another query, a moment or another ranking will do."""
        if isinstance(error, WrongUseError | BusyError):
            return not isinstance(error, NoSuchPageError)
        return self._service.state.name == "failed" and self._is_open()

    def _is_open(self) -> bool:
        """Whether the index can be read, so that it was the model alone that failed."""
        try:
            self._service.stats()
        except PagelensError:
            return False
        return True

    def _search_page(
        self,
        request: Request,
        form: SearchForm,
        *,
        status: int = 200,
        is_start: bool = False,
        **more: Any,  # noqa: ANN401  what a template shows is of any type
    ) -> Response:
        context = {
            "here": "search" if is_start else "",
            "form": form,
            "rankings": self._rankings,
            "default_ranking": self._service.default_ranking,
            "is_start": is_start,
            "sees_images": self._service.sees_images,
            **more,
        }
        return self._templates.TemplateResponse(request, "search.html", context, status)

    @property
    def _rankings(self) -> tuple[RankingChoice, ...]:
        return OF_PICTURES if self._service.sees_images else OF_WORDS

    def _page(self, request: Request, form: SearchForm, page_id: str) -> Response:
        document_id = _document_id(page_id)
        document = self._service.document(document_id)
        has_original = may_be_original(document)
        seen = PageInSearch(
            self._service.page(page_id),
            document,
            has_original=has_original,
            has_regions=has_original and self._service.draws_regions,
        )
        failure: PagelensError | None = None
        inside: Found | None = None
        if form.is_asked:
            try:
                seen = self._searched(request, form, seen)
                inside = self._inside(form, seen.document)
            except PagelensError as e:
                if not self._is_passing(e):
                    raise
                failure = e
        is_loading = self._is_loading(failure)
        context = {
            "here": "",
            "form": form,
            "rankings": self._rankings,
            "default_ranking": self._service.default_ranking,
            "view": page_view(seen, form),
            "strip": strip_view(seen.document, seen.page.page_number, inside, form),
            "is_loading": is_loading,
            "problem": "" if failure is None or is_loading else str(failure),
        }
        status = 200 if failure is None else problem_of(failure).status
        return self._templates.TemplateResponse(request, "page.html", context, status)

    def _inside(self, form: SearchForm, document: Document) -> Found | None:
        """What the same search finds in the document alone; None where it has one page."""
        if document.page_count < 2:
            return None
        of = replace(
            form.without_filters(), document=document.document_id, group_by="", collapse=""
        )
        return self._service.search(self._wanted(of))

    def _searched(self, request: Request, form: SearchForm, seen: PageInSearch) -> PageInSearch:
        """The page as a search sees it: its place, the reasons, and the heat wanted."""
        page_id = seen.page.page_id
        found = self._service.search(self._wanted(form))
        can_be_hot = bool(found.query.tokens) and len(seen.page.vectors.vectors) > 0
        has_heat = can_be_hot and request.query_params.get("heat") != HEAT_OFF
        token_index = _token_index(request.query_params.get("token", "")) if has_heat else None
        return replace(
            seen,
            found=found,
            # the page whose like is wanted is no hit, and its own like for no reason worth telling
            explanation=None if page_id == form.like else self._service.explain(found, page_id),
            hot_words=self._service.hot_words(found, page_id, token_index) if has_heat else (),
            token_index=token_index,
            has_heat=has_heat,
        )

    def _problem(self, request: Request, form: SearchForm, error: PagelensError) -> Response:
        problem = problem_of(error)
        view = view_of_error(error, _address(request), _bm25_href(form))
        context = {"problem": view, "here": ""}
        return self._templates.TemplateResponse(
            request, "problem.html", context, problem.status, problem.headers
        )


def _bm25_href(form: SearchForm) -> str:
    """Address of the same search without a model; "" where it is that already, or has no words."""
    return form.ranked_by(BM25).href if form.q and form.ranking != BM25 else ""


def _document_id(page_id: str) -> str:
    """The document of a page in an address; what is no page id is no address.

    Raises:
        NoSuchPageError: it is not a page id.
    """
    try:
        return split_page_id(page_id)[0]
    except WrongUseError as e:
        raise NoSuchPageError(str(e)) from e


def _token_index(text: str) -> int | None:
    """The token that the address names.

    Raises:
        WrongUseError: it is not a number.
    """
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 6):
        raise WrongUseError(f"{text!r} is not a token of the query. They are counted from 0.")
    return int(text)


def _address(request: Request) -> str:
    """Path and query string, on this server: an address that begins with // would lead away."""
    query = request.url.query
    return "/" + request.url.path.lstrip("/") + (f"?{query}" if query else "")
