"""ingest/exclusion.py: names that are junk, and rules that mean what they mean to git."""

import unicodedata
from pathlib import Path

import pytest

from index.errors import PageFailure, WrongUseError
from ingest.exclusion import IGNORE_FILE, Exclusion, is_junk, read_rules


@pytest.mark.parametrize(
    "name",
    [
        "@eaDir",
        "#recycle",
        "$RECYCLE.BIN",
        "$Recycle.Bin",
        "System Volume Information",
        "__MACOSX",
        "lost+found",
        ".Trash",
        ".Trash-1000",
        ".Trashes",
        "~$report.pdf",
        "._report.pdf",
    ],
)
def test_what_other_systems_leave_is_junk(name: str) -> None:
    assert is_junk(name)


@pytest.mark.parametrize(
    "name", ["eaDir", "recycle", "Trash", "lost", "lost+found.pdf", "a~$b.pdf", "my __MACOSX", "~a"]
)
def test_what_only_resembles_it_is_not(name: str) -> None:
    assert not is_junk(name)


@pytest.mark.parametrize(
    ("lines", "path", "verdict"),
    [
        ("*.tif", "a/b.tif", True),
        ("*.tif", "a/b.TIF", None),
        ("drafts/", "a/drafts/", True),
        ("drafts/", "a/drafts", None),
        ("/drafts/", "a/drafts/", None),
        ("/drafts/", "drafts/", True),
        ("a/*.pdf", "a/b.pdf", True),
        ("a/*.pdf", "x/a/b.pdf", None),
        ("**/a/*.pdf", "x/a/b.pdf", True),
        ("*.pdf\n!kept.pdf", "a/kept.pdf", False),
        ("!kept.pdf\n*.pdf", "a/kept.pdf", True),
        ("*\n!kept/", "kept/", False),
        ("*\n!kept/", "kept/x.pdf", True),
        ("*\n!*/\n!*.pdf", "a/b/", False),
        ("*\n!*/\n!*.pdf", "a/b/x.pdf", False),
        ("*\n!*/\n!*.pdf", "a/b/x.png", True),
        ("a/**", "a/", None),
        ("a/**", "a/b/", True),
        ("*.pdf\n!kept/", "kept/x.pdf", True),
        ("*.pdf\n!kept/**", "kept/x.pdf", False),
        ("/*\n!/a/", "a/", False),
        ("/*\n!/a/", "a/x.pdf", None),
        ("kept", "kept/x.pdf", None),
        ("kept", "kept/kept", True),
        ("# *.pdf\n\n", "a.pdf", None),
        ("\\#a.pdf\r\n", "#a.pdf", True),
        ("20[12]?", "2019/", True),
        (unicodedata.normalize("NFD", "é.pdf"), unicodedata.normalize("NFC", "é.pdf"), True),
    ],
)
def test_rules_are_those_of_git(
    tmp_path: Path, lines: str, path: str, verdict: bool | None
) -> None:
    (tmp_path / IGNORE_FILE).write_bytes(b"\xef\xbb\xbf" + lines.encode())
    assert read_rules(tmp_path).verdict(tmp_path / path, path.endswith("/")) is verdict


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"*.tif\n!\n", "line 2 of its .pagelensignore is no pattern: '!'"),
        (b"[z-a]", "line 1 of its .pagelensignore is no pattern: '[z-a]'"),
        (b"caf\xe9", "its .pagelensignore is not text in UTF-8"),
    ],
)
def test_rules_that_cannot_be_read(tmp_path: Path, content: bytes, reason: str) -> None:
    (tmp_path / IGNORE_FILE).write_bytes(content)
    with pytest.raises(PageFailure) as e:
        read_rules(tmp_path)
    assert str(e.value) == reason


def test_a_folder_of_that_name_holds_no_rules(tmp_path: Path) -> None:
    (tmp_path / IGNORE_FILE).mkdir()
    with pytest.raises(PageFailure, match="its .pagelensignore cannot be read: Is a directory"):
        read_rules(tmp_path)


@pytest.mark.parametrize("pattern", ["!", "", "# a", "\\", "[z-a]", "/"])
def test_a_pattern_that_is_none_is_refused(pattern: str) -> None:
    with pytest.raises(WrongUseError) as e:
        Exclusion(["*.tif", pattern])
    assert str(e.value) == (
        f"--exclude {pattern!r} is no pattern. Write one as in .gitignore, such as "
        '"*.tif" or "drafts/".'
    )


def test_patterns_that_match_nothing_are_known() -> None:
    exclusion = Exclusion(["*.tif", "a.pdf", "*.pdf"])
    rules = exclusion.below(Path("/"))
    exclusion.note(rules, Path("/d/a.pdf"), False)
    assert exclusion.idle == ("*.tif",)
    assert rules.verdict(Path("/d/a.pdf"), False) is True
    assert rules.verdict(Path("/d"), True) is None
