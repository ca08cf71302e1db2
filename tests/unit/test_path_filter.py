"""Patterns as regular expressions: the same paths as `path_matches` finds, which defines them."""

import re
import sys

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from index.filters import path_matches
from vespa_app.path_filter import path_expression
from vespa_app.wire import filter_path

CHARACTERS = "ab/.-!]^[é\u0301eÅ\u030a한ᄒ東😀 \\&|~$()+{}\"'@_\u2028"
PATHS = st.text(CHARACTERS, max_size=8).map(lambda text: f"/{text}")
SETS = st.builds(
    "[{}{}]".format, st.sampled_from(["", "!", "]", "!]"]), st.text(CHARACTERS + "-", max_size=5)
)
GLOBS = st.lists(st.sampled_from(["*", "?", "./"]) | SETS | st.text(CHARACTERS, max_size=4)).map(
    "".join
)


def finds(glob: str, path: str) -> bool:
    """What Vespa's two languages call \\z, Python calls \\Z until 3.14; the rest is common."""
    expression = path_expression(glob)
    assert expression.endswith(r"\z")
    return re.search(f"{expression[:-1]}Z", filter_path(path)) is not None


@given(GLOBS, PATHS)
@example("[]", "/[]")
@example("[!]", "/[!]")
@example("[!]]", "/a")
@example("[]-a]", "/^")
@example("[a-c-e]", "/-")
@example("[e\u0301]", "/é")
@example("?.pdf", "/e\u0301.pdf")
@example("[!é]", "/e\u0301")
def test_it_finds_what_the_pattern_means(glob: str, path: str) -> None:
    # where an empty range stands before it, fnmatch takes an exclamation mark for a negation
    assume(not re.search("-.!", glob))
    try:
        meant = path_matches(path, glob)
    except re.error:  # before Python 3.11 fnmatch cannot read a range from high to low
        assert sys.version_info < (3, 11)
        return
    assert finds(glob, path) == meant, path_expression(glob)


@given(PATHS)
def test_a_path_without_signs_finds_itself_from_any_folder_on(path: str) -> None:
    if not set(path) & set("*?["):
        assert finds(path, path)
        assert finds(path.removeprefix("/"), f"/home{path}")


@pytest.mark.parametrize(
    ("glob", "path", "found"),
    [
        ("2023/*.pdf", "/home/a/2023/x.pdf", True),
        ("2023/*.pdf", "/home/a/2023/b/x.pdf", True),
        ("2023/*.pdf", "/home/a/12023/x.pdf", False),
        ("*.PDF", "/x.pdf", False),
        ("x.pdf", "/x.pdf.bak", False),
        ("./é?", "/a/e\u0301\x07", True),
        ("a\x01b", "/a\x01b", True),
        ("[b-a]", "/a", False),
        ("[!b-a]", "/a", True),
    ],
)
def test_by_hand(glob: str, path: str, found: bool) -> None:
    assert finds(glob, path) == found


def test_only_signs_that_all_languages_share_are_written() -> None:
    assert path_expression("a.b&&[&|~x-z]_é€") == r"(?s)^(?:.*/)?a\.b\&\&[\&\|\~x-z]_é€\z"
