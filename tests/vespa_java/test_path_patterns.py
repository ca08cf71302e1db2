"""Path patterns as the engine's RE2, as Java and as the index in a folder read them.

Vespa's content nodes match with RE2, the stand-in with Java's; what a pattern means is defined by
`index.filters.path_matches`. The pairs are random, made from a path each, so that many match.
"""

import random
import re
import unicodedata

import pytest
import re2

from index.filters import path_matches
from index.paths import lies_at
from tests.vespa_java.jvm import VespaError, VespaJava
from vespa_app.path_filter import name_expression, path_expression
from vespa_app.wire import filter_path, to_wire_text

ALPHABET = (
    "ab/.-_!]^[{}()\\\\&|~$+*?,;:'\"`@#%= \u00e9\u0301eÅ\u030a한ᄒ東😀👩\u200d\u2028\u00a0İıßσ"
)
"""With what means something to a shell or in a regular expression, twice where it does to both."""

NEWLINE = "\n"
"""The one control character here: in Vespa all of them are one, in a folder they are many."""

N_PATTERNS = 4_000
N_PATHS_EACH = 5
LONGEST_PATH = 4_095  # bytes, on Linux


def random_set(rng: random.Random, character: str) -> str:
    members = [character, *rng.choices(ALPHABET, k=rng.randrange(3))]
    if rng.random() < 0.4:
        low, high = sorted(rng.choices(ALPHABET, k=2), reverse=rng.random() < 0.2)
        members.append(f"{low}-{high}")
    rng.shuffle(members)
    return f"[{rng.choice(['', '', '!'])}{''.join(members)}]"


def random_pair(rng: random.Random) -> tuple[str, list[str]]:
    """A pattern and paths: one it was made from, this one changed in a character, and others."""
    letters = rng.choice([ALPHABET, ALPHABET, ALPHABET + NEWLINE * 3])
    path = "/" + "".join(rng.choices(letters, k=rng.randrange(1, 12)))
    parts = []
    for character in path[rng.choice([0, 0, path.rfind("/") + 1]) :]:
        chance = rng.random()
        if chance < 0.1:
            parts.append("?")
        elif chance < 0.2:
            parts.append(rng.choice(["*", "**", "*/"]))
        elif chance < 0.35 and character != NEWLINE:
            parts.append(random_set(rng, character))
        elif chance > 0.03:
            parts.append(character)
    paths = [path]
    for _ in range(N_PATHS_EACH - 1):
        place = rng.randrange(1, len(path))
        inserted = "".join(rng.choices(letters, k=rng.randrange(3)))
        paths.append(path[:place] + inserted + path[place + rng.randrange(2) :])
    return rng.choice(["", "", "./"]) + "".join(parts), paths


@pytest.fixture(scope="module")
def pairs() -> list[tuple[str, list[str]]]:
    rng = random.Random(19)
    return [random_pair(rng) for _ in range(N_PATTERNS)]


def in_re2(expression: str, texts: list[str]) -> list[bool]:
    """As Vespa's vespalib::Regex searches: UTF-8, no other option than that case counts."""
    compiled = re2.compile(expression)
    return [compiled.search(text) is not None for text in texts]


def in_java(java: VespaJava, searches: list[tuple[str, list[str]]]) -> list[list[bool]]:
    found: list[list[bool]] = java.call("find-patterns", searches=searches)
    return found


def in_a_folder(glob: str, paths: list[str]) -> list[bool] | None:
    """None where Python reads a set in a way that Vespa's expression does not follow."""
    if re.search("-.!", unicodedata.normalize("NFC", glob)):
        return None  # after an empty range fnmatch takes an exclamation mark for a negation
    if "[" in glob and any(NEWLINE in path for path in paths):
        return None  # a range may hold one of newline and replacement character
    try:
        return [path_matches(path, glob) for path in paths]
    except re.error:  # before Python 3.11 fnmatch cannot read a range from high to low
        return None


def test_re2_java_and_a_folder_find_the_same(
    vespa_java: VespaJava, pairs: list[tuple[str, list[str]]]
) -> None:
    searches = [
        (path_expression(glob), [filter_path(path) for path in paths]) for glob, paths in pairs
    ]
    n_found = n_compared = 0
    for (glob, paths), search, java_found in zip(
        pairs, searches, in_java(vespa_java, searches), strict=True
    ):
        found = in_re2(*search)
        assert java_found == found, (glob, paths)
        meant = in_a_folder(glob, paths)
        if meant is not None:
            assert found == meant, (glob, paths)
            n_compared += len(paths)
            n_found += sum(found)
    assert n_compared > 0.8 * N_PATTERNS * N_PATHS_EACH
    assert 0.2 < n_found / n_compared < 0.8, "pairs that nearly all match, or do not, prove little"


def random_name(rng: random.Random) -> tuple[str, list[str]]:
    """The end of a path, and that path with its accents as one character, as two, and changed."""
    letters = ALPHABET + NEWLINE + "///"
    path = re.sub("/+", "/", "/" + "".join(rng.choices(letters, k=rng.randrange(1, 12))) + "x")
    end = path[rng.choice([0, path.rfind("/") + 1, rng.randrange(len(path))]) :]
    forms = [unicodedata.normalize(form, path) for form in ("NFC", "NFD")]
    return unicodedata.normalize(rng.choice(["NFC", "NFD"]), end), [
        path,
        *forms,
        f"/y{path}",
        f"{path}y",
        path.upper(),
    ]


def test_a_name_is_found_alike(vespa_java: VespaJava) -> None:
    rng = random.Random(20)
    names = [random_name(rng) for _ in range(N_PATTERNS)]
    searches = [(name_expression(name), [to_wire_text(p) for p in paths]) for name, paths in names]
    n_found = 0
    for (name, paths), search, java_found in zip(
        names, searches, in_java(vespa_java, searches), strict=True
    ):
        found = in_re2(*search)
        assert found == java_found == list(map(lies_at(name), paths)), (name, paths)
        n_found += sum(found)
    assert 0.2 < n_found / (6 * N_PATTERNS) < 0.8


@pytest.mark.parametrize("stored", ["\u1ead", "\u00e2\u0323", "\u1ea1\u0302", "a\u0302\u0323"])
def test_a_letter_with_two_accents_is_found_however_it_is_stored(stored: str) -> None:
    assert unicodedata.normalize("NFC", stored) == "\u1ead"
    assert in_re2(name_expression("\u1ead.pdf"), [f"/{stored}.pdf"]) == [True]


@pytest.mark.parametrize("sign", ["?", "*", "a", "[!a]", "[!\u3042]", "[a-\U0001f600]"])
def test_the_longest_patterns_are_not_too_large_for_re2(vespa_java: VespaJava, sign: str) -> None:
    glob = sign * (LONGEST_PATH // len(sign))
    path = "/" + "b" * (LONGEST_PATH - 1)
    expression = path_expression(glob)
    assert in_java(vespa_java, [(expression, [path])]) == [in_re2(expression, [path])]


@pytest.mark.parametrize(
    ("expression", "text", "re2_found", "java_found"),
    [
        pytest.param("^a.b", "a\u2028b", True, False, id="a dot without (?s)"),
        pytest.param("[a&&b]", "&", True, False, id="an and-sign that is not quoted"),
        pytest.param("[a[b]", "b]", True, None, id="a bracket that is not quoted"),
        pytest.param("b$", "b\n", False, True, id="an end that is not z"),
        pytest.param("(?!b)a", "a", None, True, id="looking ahead"),
    ],
)
def test_what_our_expressions_must_not_hold_means_two_things(
    vespa_java: VespaJava,
    expression: str,
    text: str,
    re2_found: bool | None,
    java_found: bool | None,
) -> None:
    """None: refused."""
    quiet = re2.Options()
    quiet.log_errors = False
    if re2_found is None:
        with pytest.raises(re2.error):
            re2.compile(expression, quiet)
    else:
        assert in_re2(expression, [text]) == [re2_found]
    if java_found is None:
        with pytest.raises(VespaError, match="PatternSyntaxException"):
            in_java(vespa_java, [(expression, [text])])
    else:
        assert in_java(vespa_java, [(expression, [text])]) == [[java_found]]
