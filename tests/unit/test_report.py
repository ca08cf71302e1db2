"""query/report.py: how paths are shown; tables and JSON are in test_query_cli.py."""

from pathlib import Path

from query.report import shown_path


def test_paths_inside_the_working_folder_are_shown_from_there() -> None:
    assert shown_path("/home/a/b.pdf", Path("/home")) == "a/b.pdf"
    assert shown_path("/workshop/b.pdf", Path("/work")) == "/workshop/b.pdf"


def test_a_path_cannot_steer_the_terminal() -> None:
    assert shown_path("/a/\x1b[31mred.pdf", Path("/x")) == "/a/\ufffd[31mred.pdf"
