"""The web application: pages for people, REST for programs, both over one SearchService."""

from collections.abc import AsyncIterator, Callable, Collection
from contextlib import asynccontextmanager
from importlib.metadata import version
from pathlib import Path

import anyio.to_thread
from fastapi import FastAPI
from fastapi.templating import Jinja2Templates

from query.service.ingest_state import IngestState
from query.service.service import N_AT_ONCE, N_WAITING, SearchService
from query.service.upload_folder import UploadFolder
from query.web import (
    api,
    api_docs,
    health,
    original,
    overview,
    pages,
    uploads_api,
    uploads_page,
)
from query.web.problems import answer_errors, describe_problems, problem_answer
from query.web.protection import describe_access, protect
from query.web.static_files import VersionedFiles

_FOLDER = Path(__file__).parent
N_THREADS = N_AT_ONCE + N_WAITING + 16
"""Threads for all requests: those that search or wait for it, and some for what is quick."""


def create_app(
    service: SearchService,
    *,
    token: str | None,
    origins: Collection[str] = (),
    ingest_state: Callable[[], IngestState] = IngestState,
    uploads: UploadFolder | None = None,
) -> FastAPI:
    """Make the application.

    Args:
        service: what it shows; its model begins to load when the server starts, and its index is
            closed when it ends.
        token: asked of everybody. None lets everybody in whose Host header names this machine
            (localhost, 127.0.0.1, [::1]): a test client needs such a base_url too.
        origins: of other sites whose pages may use the REST interface.
        ingest_state: says how far an ingest is that goes on beside the server.
        uploads: where PDFs from the page go; None where none are taken.
    """

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        anyio.to_thread.current_default_thread_limiter().total_tokens = N_THREADS
        service.start()
        yield
        service.close()

    app = FastAPI(
        title="Pagelens",
        summary="Search folders of PDFs by what their pages look like.",
        version=version("pagelens"),
        openapi_url="/api/openapi.json",
        generate_unique_id_function=lambda route: route.name,
        docs_url=None,  # both load scripts from elsewhere; ours is api_docs.py
        redoc_url=None,
        lifespan=lifespan,
    )
    templates = Jinja2Templates(_FOLDER / "templates")
    static = VersionedFiles()
    app.mount("/static", static, name="static")
    templates.env.globals.update(
        static=static.address, ingest_state=ingest_state, takes_uploads=uploads is not None
    )
    app.include_router(api.make_router(service, ingest_state))
    app.include_router(original.make_router(service))
    app.include_router(pages.make_router(service, templates))
    app.include_router(overview.make_router(service, templates))
    app.include_router(health.make_router(service))
    app.include_router(api_docs.make_router(templates))
    if uploads is not None:
        app.include_router(uploads_api.make_router(service, uploads))
        app.include_router(uploads_page.make_router(service, uploads, templates))
    describe_problems(app)
    describe_access(app, needs_token=token is not None)
    answer = problem_answer(pages.make_problem_page(templates))
    answer_errors(app, answer)
    protect(app, answer, token, origins, 0 if uploads is None else uploads.max_bytes)
    return app
