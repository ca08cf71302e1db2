"""Which page is meant by who names its file and number: at the command line and for agents."""

import re

from index.errors import WrongUseError
from index.interface import PageIndex
from index.pages import page_id, split_page_id
from index.paths import Names
from index.wording import count

_FILE_AND_NUMBER = re.compile(r"(?P<file>.+):(?P<number>[1-9][0-9]{0,8})", re.DOTALL)
_SHOWN_PATHS = 10


def find_page(index: PageIndex, name: str, shown_by: str = '"pagelens query"') -> str:
    """The id of the page that somebody names.

    Args:
        index: where to look.
        name: a page id, or FILE:NUMBER with the end of a path, as in `2023/report.pdf:12`.
        shown_by: what shows paths to whoever names the page.

    Returns:
        What is written as a page id is not looked up.

    Raises:
        WrongUseError: neither, no such page, or several files of that name.
    """
    named = _FILE_AND_NUMBER.fullmatch(name)
    if named is None:
        try:
            return page_id(*split_page_id(name))
        except WrongUseError as e:
            raise WrongUseError(
                f"{name!r} names no page. Write its file and number, as in report.pdf:2, or its "
                "page id: 32 hex digits, a dash and the number."
            ) from e
    number = int(named["number"])
    found = Names(index.documents_at(named["file"])).find(named["file"])
    if not found:
        raise WrongUseError(
            f"No document of the index lies at {named['file']}. "
            f"Write its path as {shown_by} shows it."
        )
    if len(found) > 1:
        paths = sorted(one.path for one in found)
        more = f" and {len(paths) - _SHOWN_PATHS} more" if len(paths) > _SHOWN_PATHS else ""
        raise WrongUseError(
            f"{len(found)} documents lie at {named['file']}: "
            f"{', '.join(paths[:_SHOWN_PATHS])}{more}. Write more of the path."
        )
    document_id, path = found[0].document.document_id, found[0].path
    if number not in index.page_numbers(document_id):
        raise WrongUseError(
            f"{path} has no page {number} in the index; it has "
            f"{count(len(index.page_numbers(document_id)), 'page')} there."
        )
    return page_id(document_id, number)
