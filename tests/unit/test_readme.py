"""What the README says exists, exists: commands, flags, make targets, files, rankings."""

import re
from pathlib import Path

import pytest

from pagelens.main import COMMANDS, load_command
from query.search import RANKINGS

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
TREE = re.search(r"## The house\n\n```\n(.*?)```", README, re.DOTALL)


def test_every_command_is_in_the_readme_and_the_other_way_round() -> None:
    named = set(re.findall(r"pagelens ([a-z]+)", README))
    assert named == set(COMMANDS)


def test_every_flag_named_exists() -> None:
    known = {option for name in COMMANDS for p in load_command(name).params for option in p.opts}
    known |= {"--help"}
    assert set() < set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", README)) <= known


def test_every_make_target_named_exists() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z]+):", makefile, re.MULTILINE))
    named = set(re.findall(r"`make ([a-z]+)`|^make ([a-z]+)", README, re.MULTILINE))
    assert set() < {a or b for a, b in named} <= targets


def tree_paths() -> list[str]:
    """Paths of the annotated tree; an indented name lies in the folder above it."""
    assert TREE is not None
    paths, folder = [], ""
    for line in TREE[1].splitlines():
        name = line.split()[0]
        if not line.startswith(" "):
            folder = name if name.endswith("/") else ""
            paths.append(name)
        else:
            paths += [folder + n for n in re.findall(r"(?:^  |   )([\w/]+\.py|\w+/)(?=\s)", line)]
    return paths


@pytest.mark.parametrize("path", tree_paths())
def test_every_file_of_the_tree_exists(path: str) -> None:
    assert (ROOT / path).exists()


def test_every_file_named_elsewhere_exists() -> None:
    paths = re.findall(r"[`(]([\w./-]+\.(?:py|md|png|txt))[`)]", README)
    assert paths
    for path in paths:
        assert (ROOT / path).exists(), path


def test_every_ranking_is_explained() -> None:
    assert set(re.findall(r"^\| `([a-z0-9-]+)`(?: \(default\))? \|", README, re.MULTILINE)) >= set(
        RANKINGS
    )
