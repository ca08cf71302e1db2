"""index/whole_file.py: whole or not at all."""

import errno
from pathlib import Path

import pytest

from index.errors import WrongUseError
from index.whole_file import whole_file


def test_a_file_takes_its_place_when_it_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "feed.jsonl"
    path.write_bytes(b"old")
    with whole_file(path) as file:
        file.write(b"new")
        assert path.read_bytes() == b"old"
    assert path.read_bytes() == b"new"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("end", [KeyboardInterrupt, ValueError])
def test_nothing_is_left_of_a_file_cut_short(tmp_path: Path, end: type[BaseException]) -> None:
    path = tmp_path / "feed.jsonl"
    path.write_bytes(b"old")
    with pytest.raises(end), whole_file(path) as file:
        file.write(b"half")
        raise end
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_full_disk_is_told_in_one_line_and_leaves_nothing(tmp_path: Path) -> None:
    path = tmp_path / "feed.jsonl"
    message = (
        rf"^Cannot write {path} \(No space left on device\)\. Check the folder and its free space, "
        r"or name another file\.$"
    )
    with pytest.raises(WrongUseError, match=message), whole_file(path) as file:
        file.write(b"half")
        raise OSError(errno.ENOSPC, "No space left on device")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    path = tmp_path / "nowhere" / "feed.jsonl"
    message = rf"^Cannot write {path} \(No such file or directory\)\."
    with pytest.raises(WrongUseError, match=message), whole_file(path):
        pass


def test_what_is_no_file_is_not_replaced(tmp_path: Path) -> None:
    message = rf"^Cannot write {tmp_path}: it is there and not a file\. Name another\.$"
    with pytest.raises(WrongUseError, match=message), whole_file(tmp_path):
        pass


def test_a_link_stays_and_its_file_is_replaced(tmp_path: Path) -> None:
    link, file = tmp_path / "link", tmp_path / "file"
    link.symlink_to(file)
    with whole_file(link) as opened:
        opened.write(b"new")
    assert link.is_symlink()
    assert file.read_bytes() == b"new"
