"""ingest/files.py: which documents a look through folders finds, and what it passes over."""

import os
from collections.abc import Sequence
from pathlib import Path

import pytest

from index.errors import WrongUseError
from index.pages import FileRecord
from ingest import files
from ingest.files import LeftOut, Listing, find_files, is_gone, scope_of


def make(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()


def look(*roots: Path, exclude: Sequence[str] = (), follow_links: bool = False) -> Listing:
    return find_files(scope_of(roots), leave_out=None, exclude=exclude, follow_links=follow_links)


def below(folder: Path, paths: Sequence[Path]) -> list[str]:
    return [path.relative_to(folder).as_posix() for path in paths]


# Junk and hidden files


def test_junk_and_hidden_files_are_left_out_and_counted(tmp_path: Path) -> None:
    make(tmp_path, "a.pdf", "@eaDir/t.png", "#recycle/b.pdf", "__MACOSX/._a.pdf", "._a.pdf")
    make(tmp_path, "sub/~$a.pdf", "lost+found/c.pdf", ".git/d.pdf", "sub/.e.pdf", "sub/.bashrc")
    found = look(tmp_path)
    assert below(tmp_path, found.paths) == ["a.pdf"]
    assert below(tmp_path, found.left_out.junk) == [
        "#recycle",
        "._a.pdf",
        "@eaDir",
        "__MACOSX",
        "lost+found",
        "sub/~$a.pdf",
    ]
    assert below(tmp_path, found.left_out.hidden) == [".git", "sub/.e.pdf"]


def test_what_is_named_outright_is_looked_into(tmp_path: Path) -> None:
    make(tmp_path, "#recycle/b.pdf", ".hidden/c.pdf", ".d.pdf")
    roots = [tmp_path, tmp_path / "#recycle", tmp_path / ".hidden", tmp_path / ".d.pdf"]
    found = look(*roots)
    assert below(tmp_path, found.paths) == ["#recycle/b.pdf", ".d.pdf", ".hidden/c.pdf"]
    assert found.left_out == LeftOut()


# Rules


def test_a_file_of_rules_counts_for_its_folder_and_below(tmp_path: Path) -> None:
    make(tmp_path, "a.pdf", "a.tif", "drafts/b.pdf", "sub/c.tif", "sub/deep/d.tif", "sub/e.pdf")
    (tmp_path / ".pagelensignore").write_text("drafts/\n*.tif\n")
    (tmp_path / "sub" / ".pagelensignore").write_text("!*.tif\n/e.pdf\n")
    found = look(tmp_path)
    assert below(tmp_path, found.paths) == ["a.pdf", "sub/c.tif", "sub/deep/d.tif"]
    assert below(tmp_path, found.left_out.excluded) == ["a.tif", "drafts", "sub/e.pdf"]


def test_the_command_line_is_above_the_files(tmp_path: Path) -> None:
    make(tmp_path, "a.pdf", "b.pdf", "2019/c.pdf", "sub/2019/d.pdf")
    (tmp_path / ".pagelensignore").write_text("a.pdf\n!b.pdf\n")
    found = look(tmp_path, exclude=["/2019/", "!a.pdf", "b.*"])
    assert below(tmp_path, found.paths) == ["a.pdf", "sub/2019/d.pdf"]
    named = look(tmp_path / "a.pdf", tmp_path / "b.pdf", exclude=["b.*"])
    assert below(tmp_path, named.paths) == ["a.pdf"]  # as where a shell wrote *.pdf out
    assert below(tmp_path, named.left_out.excluded) == ["b.pdf"]


def test_patterns_that_match_nothing_are_told(tmp_path: Path) -> None:
    make(tmp_path, "a.pdf", "b.txt")
    assert look(tmp_path, exclude=["a.*", "*.tif"]).left_out.idle_patterns == ("*.tif",)
    with pytest.raises(WrongUseError, match="--exclude '!' is no pattern"):
        look(tmp_path, exclude=["!"])


def test_rules_that_cannot_be_read_hide_their_folder(tmp_path: Path) -> None:
    make(tmp_path, "a.pdf", "sub/secret.pdf", "sub/deep/b.pdf")
    (tmp_path / "sub" / ".pagelensignore").write_text("!")
    found = look(tmp_path, exclude=["*.tif"])
    assert below(tmp_path, found.paths) == ["a.pdf"]
    assert found.unlistable == {
        tmp_path / "sub": "line 1 of its .pagelensignore is no pattern: '!'"
    }
    assert found.is_hidden(str(tmp_path / "sub" / "deep" / "b.pdf"))
    assert found.left_out.idle_patterns == ()  # it may match something in there


# Links


def test_links_to_folders_are_said_or_followed(tmp_path: Path) -> None:
    make(tmp_path, "d/a.pdf", "other/b.pdf", "other/deep/c.pdf")
    (tmp_path / "d" / "link").symlink_to(tmp_path / "other")
    (tmp_path / "d" / "b.pdf").symlink_to(tmp_path / "other" / "b.pdf")
    passed_over = look(tmp_path / "d")
    assert below(tmp_path, passed_over.paths) == ["d/a.pdf", "d/b.pdf"]
    assert below(tmp_path, passed_over.left_out.links) == ["d/link"]
    assert passed_over.is_hidden(str(tmp_path / "d" / "link" / "b.pdf"))
    followed = look(tmp_path / "d", follow_links=True)
    assert below(tmp_path, followed.paths) == [
        "d/a.pdf",
        "d/b.pdf",
        "d/link/b.pdf",
        "d/link/deep/c.pdf",
    ]
    assert followed.left_out == LeftOut()


def test_circles_and_duplicates_are_cut(tmp_path: Path) -> None:
    make(tmp_path, "d/z/a.pdf", "other/b.pdf", "other/deep/c.pdf")
    for name, target in {
        "d/circle": "d",
        "d/a-real-folder": "d/z",
        "d/link-1": "other",
        "d/link-2": "other/deep",
        "other/back": "d",
        "other/deep/self": "other/deep",
    }.items():
        (tmp_path / name).symlink_to(tmp_path / target)
    found = look(tmp_path / "d", follow_links=True)
    assert below(tmp_path, found.paths) == ["d/link-1/b.pdf", "d/link-1/deep/c.pdf", "d/z/a.pdf"]


def test_rules_count_behind_links_and_the_index_stays_out(tmp_path: Path) -> None:
    make(tmp_path, "d/a.pdf", "other/b.pdf", "other/b.tif", "other/index/p.png")
    (tmp_path / "d" / ".pagelensignore").write_text("*.tif")
    (tmp_path / "d" / "link").symlink_to(tmp_path / "other")
    found = find_files(
        scope_of([tmp_path / "d"]), leave_out=tmp_path / "other" / "index", follow_links=True
    )
    assert below(tmp_path, found.paths) == ["d/a.pdf", "d/link/b.pdf"]


def test_links_that_lead_nowhere_are_known(tmp_path: Path) -> None:
    make(tmp_path, "d/a.pdf")
    (tmp_path / "d" / "link").symlink_to(tmp_path / "nowhere")
    (tmp_path / "d" / "round").symlink_to(tmp_path / "d" / "round")
    found = look(tmp_path / "d")
    assert found.broken_links == {tmp_path / "d" / "link", tmp_path / "d" / "round"}
    assert found.is_hidden(str(tmp_path / "d" / "link" / "x.pdf"))


# Folders without anything, drives, progress


def test_a_part_that_cannot_be_looked_at_hides_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make(tmp_path, "a.pdf", "stale/b.pdf")

    class StaleEntry:
        """A folder on a server that went away: some file systems tell not even what it is."""

        name = "stale"

        def is_symlink(self) -> bool:
            raise OSError(116, "Stale file handle")

    class Entries(list):
        def __enter__(self):
            return self

        def __exit__(self, *error):
            pass

    real = os.scandir

    def scandir(path):
        with real(path) as entries:
            return Entries(StaleEntry() if e.name == "stale" else e for e in entries)

    monkeypatch.setattr(os, "scandir", scandir)
    found = look(tmp_path)
    assert found.unlistable == {tmp_path / "stale": "Stale file handle"}
    assert found.is_hidden(str(tmp_path / "stale"))  # may be a document
    assert found.is_hidden(str(tmp_path / "stale" / "b.pdf"))
    assert not found.is_hidden(str(tmp_path / "a.pdf"))
    assert below(tmp_path, found.paths) == ["a.pdf"]


def test_a_folder_of_a_drive_that_is_gone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    places, users = tmp_path / "mnt", tmp_path / "media"
    make(places, "here/x.txt")
    make(users, "ann/other-drive/x.txt")
    monkeypatch.setattr(files, "_PLACES_OF_DRIVES", frozenset({str(places), str(users)}))
    monkeypatch.setattr(files, "_PLACES_OF_USERS_DRIVES", frozenset({str(users)}))

    def gone(path: Path, drive: str = "/") -> bool:
        return is_gone(FileRecord(path.as_posix(), 1, 1, drive))

    assert not gone(places / "nas" / "deep" / "x.pdf")
    assert not gone(users / "ann" / "disk" / "x.pdf")
    assert gone(places / "here" / "gone" / "x.pdf")
    assert not gone(places / "here" / "gone" / "x.pdf", drive=str(places / "here"))


def test_the_look_tells_how_far_it_is_and_can_be_stopped(tmp_path: Path) -> None:
    make(tmp_path, "a.pdf", "b.txt", "sub/c.pdf")
    seen = []
    find_files(scope_of([tmp_path]), leave_out=None, on_folder=lambda *counts: seen.append(counts))
    assert seen == [(2, 1), (3, 2)]

    def stop(n_files: int, n_documents: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        find_files(scope_of([tmp_path]), leave_out=None, on_folder=stop)
