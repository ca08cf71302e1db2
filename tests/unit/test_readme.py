"""What README.md and docs/ say exists, exists; what the README shows, is what comes out."""

import re
import shlex
from pathlib import Path
from shutil import copy

import click
import pytest
from click.testing import CliRunner

from index import errors
from pagelens.main import COMMANDS, load_command
from query.filters import FILTER_KEYS, NOT
from query.request import RANKINGS

ROOT = Path(__file__).parents[2]
SOURCES = {
    path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8")
    for path in (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))
}
HISTORY = "docs/decisions.md"  # names files and flags as they were then
README = SOURCES["README.md"]
COMMANDS_PAGE = SOURCES["docs/commands.md"]
TREE = re.search(r"## The house\n\n.*?```\n(.*?)```", README, re.DOTALL)
QUERY = re.search(r"^```\n\$ \S+/pagelens (query .*)\n((?:.*\n)+?)```$", README, re.MULTILINE)
PYTHON = re.search(r"^```python\n((?:.*\n)+?)```$", README, re.MULTILINE)

FOREIGN_FLAGS = {"--help", "--version"}  # click's own
FOREIGN_FLAGS |= {"--file", "--field-set", "--content-cluster", "--selection"}  # the Vespa CLI's

every_page = pytest.mark.parametrize("page", [name for name in SOURCES if name != HISTORY])


def options_of(command: str) -> set[str]:
    loaded = load_command(command)
    inner = loaded.commands.values() if isinstance(loaded, click.Group) else ()
    parameters = [parameter for one in (loaded, *inner) for parameter in one.params]
    return {o for one in parameters for o in (*one.opts, *one.secondary_opts)}


def flags_in(text: str) -> set[str]:
    return set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", text))


def commands_in(text: str) -> set[str]:
    return set(re.findall(r"(?<!import )\bpagelens ([a-z]+)", text))


def section(page: str, title: str) -> str:
    """What stands under a heading of the second level, up to the next."""
    found = re.search(rf"^## {re.escape(title)}\n(.*?)(?=^## |\Z)", page, re.MULTILINE | re.DOTALL)
    assert found is not None, title
    return found[1]


@every_page
def test_every_command_and_flag_named_exists(page: str) -> None:
    assert commands_in(SOURCES[page]) <= set(COMMANDS)
    known = {option for name in COMMANDS for option in options_of(name)} | FOREIGN_FLAGS
    assert flags_in(SOURCES[page]) <= known


def test_every_command_is_explained() -> None:
    assert commands_in(COMMANDS_PAGE) == set(COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_option_of_a_command_is_explained(command: str) -> None:
    titles = re.findall(r"^## (`.*)$", COMMANDS_PAGE, re.MULTILINE)
    [title] = [title for title in titles if re.search(rf"\b{command}`", title)]
    explained = flags_in(section(COMMANDS_PAGE, title)) | flags_in(
        section(COMMANDS_PAGE, "What they share")
    )
    assert {o for o in options_of(command) if o.startswith("--")} - {"--verbose"} <= explained


def test_every_filter_is_explained() -> None:
    rows = dict(re.findall(r"^\| `([a-z]+)=(.*?)` \|", COMMANDS_PAGE, re.MULTILINE))
    positive = {n: key.example for n, key in FILTER_KEYS.items() if not n.startswith(NOT)}
    assert rows == positive
    for name in FILTER_KEYS.keys() - positive.keys():
        assert f"`{name}`" in COMMANDS_PAGE or f"`{name.removeprefix(NOT)}!=" in COMMANDS_PAGE


def test_every_exit_code_is_explained() -> None:
    classes = [kind for kind in vars(errors).values() if isinstance(kind, type)]
    codes = {kind.exit_code for kind in classes if issubclass(kind, errors.PagelensError)}
    explained = {int(code) for code in re.findall(r"^\| (\d+) \|", COMMANDS_PAGE, re.MULTILINE)}
    assert explained == codes | {0, errors.INTERRUPTED}


def test_every_ranking_is_explained() -> None:
    table = section(SOURCES["docs/architecture.md"], "Rankings")
    explained = re.findall(r"^\| `([a-z0-9-]+)`(?: \(default\))? \|", table, re.MULTILINE)
    assert explained == list(RANKINGS)


@every_page
def test_every_make_target_named_exists(page: str) -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z]+):", makefile, re.MULTILINE))
    assert set(re.findall(r"(?:^|`)make ([a-z]+)", SOURCES[page], re.MULTILINE)) <= targets


def tree_paths() -> list[str]:
    """Paths of the annotated tree; an indented name lies in the folder above it."""
    assert TREE is not None
    paths, folder = [], ""
    for line in TREE[1].splitlines():
        name = line.split()[0]
        folder = folder if line.startswith(" ") else name
        paths.append(folder + name if line.startswith(" ") else folder)
    return paths


@pytest.mark.parametrize("path", tree_paths())
def test_every_file_of_the_tree_exists(path: str) -> None:
    assert (ROOT / path).exists()


def test_every_file_named_exists() -> None:
    """From the root; docs/vespa.md lists the tests of one folder by their names alone."""
    named = [
        (page, path)
        for page in set(SOURCES) - {HISTORY}
        for path in re.findall(r"`(\w[\w./-]*(?:\.(?:py|md|txt|tsv)|/))`", SOURCES[page])
    ]
    assert len(named) > 50
    folders = (ROOT, ROOT / "tests" / "vespa_java")
    assert [(p, n) for p, n in named if not any((folder / n).exists() for folder in folders)] == []


@every_page
def test_every_link_leads_somewhere(page: str) -> None:
    links = re.findall(r"\]\((?!https?://)([^)#]*)(?:#([^)]*))?\)", SOURCES[page])
    assert links
    for target, anchor in links:
        path = (ROOT / page).parent / target if target else ROOT / page
        assert path.exists(), target
        if anchor:
            assert anchor in anchors(path.read_text(encoding="utf-8")), f"{target}#{anchor}"


def anchors(page: str) -> set[str]:
    """The names that the headings of a page have as anchors."""
    titles = re.findall(r"^#+ (.*)$", page, re.MULTILINE)
    return {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}


def test_the_versions_and_systems_named_are_those_that_ci_runs() -> None:
    ci = (ROOT / ".github" / "workflows" / "ci.yml").read_text(encoding="utf-8")
    [versions] = re.findall(r"^ +python: \[(.*)\]", ci, re.MULTILINE)
    python = re.findall(r"3\.\d+", versions)
    assert f"Python {python[0]} to {python[-1]}, on Linux or on a Mac" in README
    assert "os: [ubuntu-latest, macos-latest]" in ci
    pyproject = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert re.findall(r'"Programming Language :: Python :: (3\.\d+)"', pyproject) == python
    systems = re.findall(r'"Operating System :: (.*)"', pyproject)
    assert systems == ["MacOS", "POSIX :: Linux"]


def test_the_query_shown_prints_what_is_shown(
    samples_index: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert QUERY is not None
    command, *arguments = shlex.split(QUERY[1])
    arguments[arguments.index("--index") + 1] = str(samples_index)
    monkeypatch.chdir(ROOT)
    done = CliRunner().invoke(load_command(command), arguments, catch_exceptions=False)
    printed = [line.split() for line in done.output.splitlines() if line.strip()]
    shown = [line.split() for line in QUERY[2].splitlines()]
    assert len(printed) == len(shown) == 6
    assert printed[0] == shown[0]  # the names of the columns
    for line, (rank, score, *others) in zip(printed[2:5], shown[2:5], strict=True):
        text = others[4:]
        assert [line[0], *line[2:6]] == [rank, *others[:4]]  # the halves, file and page
        assert float(line[1]) == pytest.approx(float(score), abs=2e-4)
        assert " ".join(line[6:]).startswith(" ".join(text).removesuffix("…"))
    assert printed[5][:5] == shown[5][:5]  # all but the time


def test_the_python_shown_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert PYTHON is not None
    documents = tmp_path / "Documents"
    documents.mkdir()
    for name in ("light-slides.pdf", "si-units.pdf"):
        copy(ROOT / "samples" / name, documents)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr("encoders.choose.find_model_files", lambda model: None)  # no weights here
    monkeypatch.chdir(tmp_path)
    printed: list[tuple[object, ...]] = []
    code = compile(PYTHON[1], "README.md", "exec")
    exec(code, {"print": lambda *values: printed.append(values)})
    progress, hits, matches = printed[:9], printed[9:14], printed[14:]
    assert [str(*values) for values in progress] == [f"{n} of 9 pages" for n in range(1, 10)]
    assert len({(path, number) for path, number, _, _ in hits}) == 5
    assert [token for token, _, _ in matches] == ["revenue", "region"]
    for name in ("page.png", "heat.png"):
        assert (tmp_path / name).stat().st_size > 10_000
