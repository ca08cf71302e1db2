"""Which page a person means who names its file and number."""

import re

from index.errors import WrongUseError
from index.interface import PageIndex
from index.pages import page_id, split_page_id
from index.paths import Names
from index.wording import count

_FILE_AND_NUMBER = re.compile(r"(?P<file>.+):(?P<number>[1-9][0-9]*)")


def find_page(index: PageIndex, name: str) -> str:
    """The id of the page that `--why-not` names.

    Args:
        index: where to look.
        name: a page id, or FILE:NUMBER with the end of a path, as in `2023/report.pdf:12`.

    Raises:
        WrongUseError: neither, no such page, or several files of that name.
    """
    named = _FILE_AND_NUMBER.fullmatch(name)
    if named is None:
        return page_id(*split_page_id(name))
    number = int(named["number"])
    found = Names(index.documents()).find(named["file"])
    if not found:
        raise WrongUseError(
            f"No document of the index lies at {named['file']}. "
            'Write its path as "pagelens query" shows it.'
        )
    if len(found) > 1:
        raise WrongUseError(
            f"{len(found)} documents lie at {named['file']}: "
            f"{', '.join(sorted(one.path for one in found))}. "
            "Write more of the path."
        )
    document_id, path = found[0].document.document_id, found[0].path
    if number not in index.page_numbers(document_id):
        raise WrongUseError(
            f"{path} has no page {number} in the index; it has "
            f"{count(len(index.page_numbers(document_id)), 'page')} there."
        )
    return page_id(document_id, number)
