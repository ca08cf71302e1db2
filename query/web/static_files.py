"""Style sheets, scripts and drawings of the page, under addresses that change with their bytes.

So a browser keeps each for good and asks for none again, which is most of what a page of results
would otherwise wait for.
"""

from collections.abc import MutableMapping
from hashlib import blake2b
from pathlib import Path
from typing import Any

from fastapi.staticfiles import StaticFiles
from starlette.responses import Response

_FOLDER = Path(__file__).parent / "static"
_KEPT_FOR_GOOD = "public, max-age=31536000, immutable"


class VersionedFiles(StaticFiles):
    """The files beside this one; `address` spells what a page links to."""

    def __init__(self) -> None:
        super().__init__(directory=_FOLDER)
        self._versions = {
            file.name: blake2b(file.read_bytes(), digest_size=6).hexdigest()
            for file in _FOLDER.iterdir()
        }

    def address(self, name: str) -> str:
        """Where a file is; another address for other bytes.

        Raises:
            KeyError: there is no such file.
        """
        return f"/static/{name}?v={self._versions[name]}"

    async def get_response(self, path: str, scope: MutableMapping[str, Any]) -> Response:
        """The file; to be kept for good where the address names the bytes it has now."""
        answer = await super().get_response(path, scope)
        if answer.status_code < 400 and scope["query_string"] == self._query(path):
            answer.headers["Cache-Control"] = _KEPT_FOR_GOOD
        return answer

    def _query(self, path: str) -> bytes | None:
        version = self._versions.get(path)
        return None if version is None else f"v={version}".encode()
