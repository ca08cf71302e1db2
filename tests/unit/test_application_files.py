import io
import zipfile
from pathlib import Path

import pytest

from index.errors import WrongUseError
from vespa_app.deploy.application_files import (
    APPLICATION,
    application_package,
    export_package,
    packed,
)


def test_the_package_is_all_of_the_folder_and_nothing_hidden() -> None:
    paths = list(application_package())
    assert {"services.xml", "schemas/page.sd", "schemas/pdf.sd"} <= set(paths)
    assert {Path(p).suffix for p in paths} == {".xml", ".sd", ".profile"}


def test_the_zip_holds_the_files_as_they_lie() -> None:
    with zipfile.ZipFile(io.BytesIO(packed(OURS))) as archive:
        assert archive.testzip() is None
        inside = {name: archive.read(name) for name in archive.namelist()}
    assert inside == OURS == application_package()
    assert packed(OURS) == packed(OURS)


def contents(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


OURS = contents(APPLICATION)


@pytest.mark.parametrize("is_there", [False, True], ids=["new", "empty"])
def test_an_export_is_the_package_byte_for_byte(tmp_path: Path, is_there: bool) -> None:
    folder = tmp_path / "some" / "app"
    if is_there:
        folder.mkdir(parents=True)
    assert export_package(OURS, folder) is None
    assert contents(folder) == OURS
    assert [path.name for path in folder.parent.iterdir()] == ["app"]


def test_an_export_again_changes_nothing(tmp_path: Path) -> None:
    export_package(OURS, tmp_path / "app")
    before = (tmp_path / "app").stat().st_ino
    assert export_package(OURS, tmp_path / "app") is None
    assert (tmp_path / "app").stat().st_ino == before


def test_an_earlier_export_that_differs_is_kept_beside_the_new_one(tmp_path: Path) -> None:
    folder = tmp_path / "app"
    for kept in ("app.before", "app.before2"):
        export_package(OURS, folder)
        (folder / "services.xml").write_text(f"edited before {kept}")
        (folder / "hosts.xml").write_text("added")
        assert export_package(OURS, folder) == tmp_path / kept
        assert contents(folder) == OURS
        assert (tmp_path / kept / "services.xml").read_text() == f"edited before {kept}"
        assert (tmp_path / kept / "hosts.xml").read_text() == "added"


def test_a_link_to_an_export_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    (tmp_path / "link").symlink_to("there")
    assert export_package(OURS, tmp_path / "link") is None
    assert (tmp_path / "link").is_symlink()
    assert contents(tmp_path / "there") == OURS


def test_a_folder_of_somebody_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "b.txt").write_text("mine")
    (tmp_path / "a.txt").write_text("mine")
    with pytest.raises(WrongUseError) as caught:
        export_package(OURS, tmp_path)
    assert str(caught.value) == (
        f"{tmp_path} holds other files (a.txt) and no earlier export. Name a new folder."
    )
    assert set(contents(tmp_path)) == {"a.txt", "b.txt"}


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "app").write_text("mine")
    with pytest.raises(WrongUseError) as caught:
        export_package(OURS, tmp_path / "app")
    assert str(caught.value) == (
        f"Cannot export to {tmp_path}/app: it is a file. Name a new folder."
    )
    with pytest.raises(WrongUseError) as caught:
        export_package(OURS, tmp_path / "app" / "inside")
    assert str(caught.value) == (
        f"Cannot write {tmp_path}/app/inside (File exists). "
        "Free some space there, or name another folder."
    )


def test_an_export_that_breaks_off_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    export_package(OURS, tmp_path / "app")
    (tmp_path / "app" / "services.xml").write_text("edited")
    before = contents(tmp_path)
    written, write = [], Path.write_bytes

    def full_disk_after_two(target: Path, content: bytes) -> int:
        written.append(target)
        if len(written) > 2:
            raise OSError(28, "No space left on device")
        return write(target, content)

    monkeypatch.setattr("pathlib.Path.write_bytes", full_disk_after_two)
    with pytest.raises(WrongUseError, match=r"\(No space left on device\)\. Free some space"):
        export_package(OURS, tmp_path / "app")
    assert contents(tmp_path) == before
    assert [path.name for path in tmp_path.iterdir()] == ["app"]
