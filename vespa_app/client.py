"""One connection to a Vespa server: documents and searches as dictionaries, failures as one line.

pyvespa writes the requests. What it sends them with is ours: its own retries would go on for
minutes, and of an answer that is no JSON it keeps nothing to show.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import httpr
from vespa.application import Vespa

from index.errors import ServerError, WrongUseError
from vespa_app.endpoint import Endpoint
from vespa_app.failures import VESPA_CONTAINER, RequestFailure, connection_error
from vespa_app.parallel import call_interruptibly
from vespa_app.patience import Patience
from vespa_app.wire import NAMESPACE

ANSWER_TIMEOUT_S = 30.0
"""For an answer to begin, and for each part of it: longer than Vespa's own time-outs below."""

_DOCUMENT_TIMEOUT = "25s"
"""Vespa's own for one document (180 s unless told), as 20 s for a search in the query profile: so
it is Vespa that gives up first, and says why."""

CLUSTER = "pages"
"""Id of the content cluster in services.xml."""

VISITED_AT_ONCE = 500
"""Records in one answer of a visit: about 1 kB each."""

NONE_YET = "false"
"""The condition of a put that holds only where there is no document of that id."""

_CONDITION_FAILED = 412

_T = TypeVar("_T")


class VespaClient:
    """Documents by id, searches and visits. May be used by several threads at once.

    Every method raises ServerError, with one line that says what was tried, why it failed and what
    helps.
    """

    def __init__(self, endpoint: Endpoint, patience: Patience) -> None:
        """Prepare a connection; nothing is sent yet.

        Raises:
            WrongUseError: certificate and key are none that TLS can use.
        """
        self.url = endpoint.url
        self._token = endpoint.token
        self._patience = patience
        app = Vespa(
            endpoint.url,
            cert_content=endpoint.certificate,
            key_content=endpoint.key,
            vespa_cloud_secret_token=endpoint.token,
        )
        try:
            self._http = app.get_sync_session()
        except httpr.RequestError as e:
            raise WrongUseError(
                "The client's certificate and key cannot be used: they must be PEM, and belong "
                "together. Check --cert and --key, or the variables VESPA_CLI_DATA_PLANE_..."
            ) from e
        self._http.timeout = ANSWER_TIMEOUT_S
        transport = _Transport(self._http, endpoint.url, patience)
        # Bodies go as they are. Measured on a page of 1088 patches, 637 kB of JSON, written in
        # 2.4 ms: gzip as pyvespa does it makes 294 kB of it in 96 ms, its fastest level 320 kB in
        # 12 ms. A link of 1 Gbit/s carries the 637 kB in 5 ms.
        self._session = app.syncio(session=transport, compress=False, num_retries_429=0)  # type: ignore[arg-type]  # it is annotated as requests.Session, and is used as _Transport shows

    def search(self, operation: str, body: dict[str, object]) -> dict[str, Any]:
        """Send the body of a search and return the answer's root.

        Args:
            operation: what an error says could not be done, as it goes on after "Cannot".
            body: see `search_request.py`.
        """
        answer: Any = self._do(operation, lambda: self._session.query(body))
        root = answer.json.get("root")
        if not isinstance(root, dict):
            raise self._error(VESPA_CONTAINER.unexpected_answer(answer.json), operation)
        return root

    def get(
        self, operation: str, schema: str, document_id: str, field_set: str
    ) -> dict[str, Any] | None:
        """Read fields of one document; None where it is not there.

        Args:
            operation: what an error says could not be done.
            schema: "page" or "pdf".
            document_id: the part of the id that is the document's own.
            field_set: "[document]" for all, or names separated by commas.
        """
        parameters: dict[str, Any] = {
            "fieldSet": f"{schema}:{field_set}",
            "format.tensors": "hex",
            "timeout": _DOCUMENT_TIMEOUT,
        }
        answer = self._do(
            operation,
            lambda: self._session.get_data(schema, document_id, NAMESPACE, **parameters),
        )
        if answer.status_code == 404:
            return None
        fields = answer.json.get("fields", {})  # left out where all are empty
        if not isinstance(fields, dict):
            raise self._error(VESPA_CONTAINER.unexpected_answer(answer.json), operation)
        return fields

    def put(
        self,
        operation: str,
        schema: str,
        document_id: str,
        fields: dict[str, object],
        condition: str | None = None,
    ) -> bool:
        """Store a document, acknowledged; one of the same id is replaced.

        Args:
            operation: what an error says could not be done.
            schema: "page" or "pdf".
            document_id: the part of the id that is the document's own.
            fields: all of them.
            condition: on the document there, in Vespa's document selection language; it holds
                where there is none.

        Returns:
            Whether the condition held; else nothing is stored.
        """
        only_if = {} if condition is None else {"condition": condition, "create": "true"}
        answer = self._do(
            operation,
            lambda: self._session.feed_data_point(
                schema, document_id, fields, NAMESPACE, timeout=_DOCUMENT_TIMEOUT, **only_if
            ),
        )
        return answer.status_code != _CONDITION_FAILED

    def update(
        self, operation: str, schema: str, document_id: str, fields: dict[str, object]
    ) -> None:
        """Assign fields of a document; where it is not there, nothing happens."""
        self._do(
            operation,
            lambda: self._session.update_data(
                schema, document_id, fields, namespace=NAMESPACE, timeout=_DOCUMENT_TIMEOUT
            ),
        )

    def remove(
        self, operation: str, schema: str, document_id: str, condition: str | None = None
    ) -> bool:
        """Remove a document; where it is not there, nothing happens.

        Args:
            operation: what an error says could not be done.
            schema: "page" or "pdf".
            document_id: the part of the id that is the document's own.
            condition: as of a put; it fails where there is none.

        Returns:
            Whether the condition held; else nothing is removed.
        """
        only_if = {} if condition is None else {"condition": condition}
        answer = self._do(
            operation,
            lambda: self._session.delete_data(
                schema, document_id, NAMESPACE, timeout=_DOCUMENT_TIMEOUT, **only_if
            ),
        )
        return answer.status_code != _CONDITION_FAILED

    def visit(self, operation: str, schema: str) -> Iterator[dict[str, Any]]:
        """Read the fields of every document of a schema, in no order."""
        (answers,) = self._session.visit(
            CLUSTER,
            schema,
            NAMESPACE,
            slice_id=0,
            wanted_document_count=VISITED_AT_ONCE,
            timeout=_DOCUMENT_TIMEOUT,
        )
        while (answer := self._do(operation, lambda: next(answers, None))) is not None:
            documents: object = answer.documents
            for document in documents if isinstance(documents, list) else [documents]:
                fields = document.get("fields", {}) if isinstance(document, dict) else None
                if not isinstance(fields, dict):
                    raise self._error(VESPA_CONTAINER.unexpected_answer(answer.json), operation)
                yield fields

    def close(self) -> None:
        """Give back connections; requests on their way are not repeated any more."""
        self._patience.stop()
        self._http.close()

    def _do(self, operation: str, request: Callable[[], _T]) -> _T:
        try:
            return request()
        except RequestFailure as e:
            raise self._error(e, operation) from e

    def _error(self, failure: RequestFailure, operation: str) -> ServerError:
        line = str(failure.as_error(operation, self.url))
        # a proxy may answer with what it was sent
        return ServerError(line.replace(self._token, "...") if self._token else line)


@dataclass(frozen=True)
class _Answer:
    """What pyvespa reads of a response: a success, no such document, or a condition not met."""

    status_code: int
    url: str
    content: dict[str, Any]

    def json(self) -> dict[str, Any]:
        return self.content

    def raise_for_status(self) -> None:
        """Nothing to raise: failures have been told from answers already."""


class _Transport:
    """Sends pyvespa's requests in the place of its HTTP session."""

    def __init__(self, http: httpr.Client, url: str, patience: Patience) -> None:
        self._http = http
        self._url = url
        self._patience = patience

    def get(self, url: str, **arguments: object) -> _Answer:
        return self._send("GET", url, arguments)

    def post(self, url: str, **arguments: object) -> _Answer:
        return self._send("POST", url, arguments)

    def put(self, url: str, **arguments: object) -> _Answer:
        return self._send("PUT", url, arguments)

    def delete(self, url: str, **arguments: object) -> _Answer:
        return self._send("DELETE", url, arguments)

    def _send(self, method: Any, url: str, arguments: Mapping[str, Any]) -> _Answer:  # noqa: ANN401 - the HTTP library's own literal type
        def attempt() -> _Answer:
            return _read(self._response(method, url, arguments))

        return self._patience.ask(attempt)

    def _response(self, method: Any, url: str, arguments: Mapping[str, Any]) -> httpr.Response:  # noqa: ANN401
        try:
            return call_interruptibly(lambda: self._http.request(method, url, **arguments))
        except httpr.TimeoutException as e:
            raise VESPA_CONTAINER.no_answer(ANSWER_TIMEOUT_S) from e
        except httpr.ConnectError as e:
            raise VESPA_CONTAINER.no_connection(self._url, connection_error(self._url)) from e
        except httpr.HTTPError as e:
            raise VESPA_CONTAINER.dropped_connection() from e


def _read(response: httpr.Response) -> _Answer:
    """Tell an answer from a failure."""
    status = response.status_code
    try:
        content = response.json()
    except (RuntimeError, ValueError):  # what httpr raises depends on what is wrong
        content = None
    if not isinstance(content, dict) or (status >= 300 and not _is_answer(status, content)):
        raise VESPA_CONTAINER.unusable_answer(status, content, response.text)
    return _Answer(status, str(response.url), content)


def _is_answer(status: int, content: Mapping[str, object]) -> bool:
    """Whether a status that is no success is /document/v1's answer, and not of a wrong path."""
    if "pathId" not in content:
        return False
    return status == _CONDITION_FAILED or (status == 404 and "message" not in content)
