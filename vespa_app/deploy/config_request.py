"""One request to a Vespa config server: an object or a text, or why there is none.

Over the standard library: pyvespa has no call for a config server of one's own, and the library it
sends with trusts public authorities alone, not those this machine was told to trust.
"""

import http.client
import json
import urllib.error
import urllib.request
from typing import Any

from vespa_app.failures import CONFIG_SERVER


def json_answer(request: urllib.request.Request, timeout_s: float) -> dict[str, Any]:
    """One request and its answer, an object.

    Raises:
        RequestFailure: anything else came of it.
    """
    status, body = _answer(request, timeout_s)
    try:
        answer = json.loads(body)
    except ValueError:
        answer = None
    if status >= 300 or not isinstance(answer, dict):
        raise CONFIG_SERVER.unusable_answer(status, answer, body.decode(errors="replace"))
    return answer


def text_answer(request: urllib.request.Request, timeout_s: float) -> str | None:
    """A file of the application that is deployed; None where there is none.

    Raises:
        RequestFailure: anything else came of it.
    """
    status, body = _answer(request, timeout_s)
    text = body.decode(errors="replace")
    if status == 404:
        return None
    if status >= 300:
        raise CONFIG_SERVER.unusable_answer(status, None, text)
    return text


def _answer(request: urllib.request.Request, timeout_s: float) -> tuple[int, bytes]:
    """Status and body, of a refusal too."""
    try:
        with urllib.request.urlopen(request, timeout=timeout_s) as response:
            return response.status, response.read()
    except urllib.error.HTTPError as e:
        with e:
            return e.code, _body_of(e)
    except urllib.error.URLError as e:
        cause = e.reason if isinstance(e.reason, OSError) else OSError(e.reason)
        raise CONFIG_SERVER.no_connection(request.full_url, cause) from e
    except TimeoutError as e:  # from here on the connection stands
        raise CONFIG_SERVER.no_answer(timeout_s) from e
    except (OSError, http.client.HTTPException) as e:
        raise CONFIG_SERVER.dropped_connection() from e


def _body_of(refusal: urllib.error.HTTPError) -> bytes:
    """What the server says of it, as far as it came."""
    try:
        return refusal.read()
    except (OSError, http.client.HTTPException):
        return b""
