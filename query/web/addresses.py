"""Addresses of what the server has of a page: the one place that spells them."""


def page_href(page_id: str) -> str:
    """The page for people."""
    return f"/page/{page_id}"


def original_href(page_id: str) -> str:
    """The file the page is from, as it was indexed."""
    return f"/page/{page_id}/original"


def preview_href(page_id: str) -> str:
    """The page's picture."""
    return f"/api/pages/{page_id}/preview"


def thumbnail_href(page_id: str) -> str:
    """The page's picture as a grid of pages shows it."""
    return f"/api/pages/{page_id}/thumbnail"


def printed_number_href(page_id: str) -> str:
    """What tells the number printed on the page."""
    return f"/api/pages/{page_id}/printed_number"


def urls(page_id: str) -> dict[str, str]:
    """All of them, by name, as the REST interface has them beside a page."""
    return {
        "page": page_href(page_id),
        "original": original_href(page_id),
        "preview": preview_href(page_id),
        "thumbnail": thumbnail_href(page_id),
    }
