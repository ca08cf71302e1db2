"""index/paths.py: which documents a name means. What is taken out and renamed: index_contract/."""

import pytest

from index.pages import Document, FileRecord
from index.paths import Names


def document(number: int, *paths: str) -> Document:
    files = tuple(FileRecord(path, 100, 1) for path in paths)
    return Document(f"{number:032}", files, "", 1, True)


KNOWN = Names(
    [
        document(1, "/a/2022/report.pdf"),
        document(2, "/a/2023/report.pdf", "/b/2023/report.pdf"),
        document(3, "/a/Stra\u00dfe/Bu\u0308cher.pdf"),
        document(4),
    ]
)


@pytest.mark.parametrize(
    ("name", "paths"),
    [
        ("report.pdf", ["/a/2022/report.pdf", "/a/2023/report.pdf"]),
        ("2023/report.pdf", ["/a/2023/report.pdf"]),
        ("./2023//report.pdf", ["/a/2023/report.pdf"]),
        ("/b/2023/report.pdf", ["/b/2023/report.pdf"]),
        ("/2023/report.pdf", []),
        ("port.pdf", []),
        ("2023", []),
        ("", []),
        ("B\u00fccher.pdf", ["/a/Stra\u00dfe/Bu\u0308cher.pdf"]),
    ],
)
def test_a_name_is_any_end_of_a_path(name: str, paths: list[str]) -> None:
    assert [named.path for named in KNOWN.find(name)] == paths
