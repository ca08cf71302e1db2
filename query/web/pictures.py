"""Pictures of pages as answers, which browsers keep by what is in them."""

import hashlib

from fastapi import Request, Response

KEPT_FOR_GOOD = "private, max-age=31536000, immutable"
"""A page's id names its bytes, so what it shows never changes."""

KEPT_AN_HOUR = "private, max-age=3600"
"""The same; but large, and a page that is rendered anew may be sharper."""


class WebpResponse(Response):
    """A picture as WebP."""

    media_type = "image/webp"


class JpegResponse(Response):
    """A picture as JPEG."""

    media_type = "image/jpeg"


def described(kind: type[Response]) -> dict[int | str, dict[str, object]]:
    """What OpenAPI says of such an answer."""
    picture = {"schema": {"type": "string", "format": "binary"}}
    return {
        200: {"description": "The picture.", "content": {str(kind.media_type): picture}},
        304: {"description": "It is as If-None-Match says."},
    }


def picture_answer(
    kind: type[Response], request: Request, data: bytes, cache_control: str
) -> Response:
    """A picture, or that the one at hand is the same.

    Args:
        kind: WebpResponse or JpegResponse.
        request: may say what is at hand.
        data: the picture.
        cache_control: KEPT_FOR_GOOD or KEPT_AN_HOUR.
    """
    tag = f'"{hashlib.sha256(data).hexdigest()[:32]}"'
    headers = {"ETag": tag, "Cache-Control": cache_control}
    at_hand = {one.strip() for one in request.headers.get("if-none-match", "").split(",")}
    if tag in at_hand or f"W/{tag}" in at_hand:
        return Response(status_code=304, headers=headers)
    return kind(data, headers=headers)
