"""What a change of a folder leads to: one sync, told once, and never in anybody's way."""

import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from encoders.lexical import LexicalEncoder
from index.embedded.embedded_index import EmbeddedIndex
from index.embedded.lock import HOLDER_NAME, WriterLock
from index.errors import WrongUseError
from index.location import Location
from pagelens import serve_folders, watching
from pagelens.serve_folders import check_folders, followed, upload_folder
from pagelens.sync import make_index_where_none
from pagelens.watching import FolderSync, Watched, follow
from query.service.ingest_state import IngestState
from query.service.upload_folder import REMOVED_FOLDER
from tests.documents import write_pdf

WAIT_S = 20.0  # for what takes a second or two unless it never comes


class Room:
    """A folder, an index that follows it, and what is said and told of that."""

    def __init__(self, place: Path) -> None:
        self.folder, self.uploads, self.index = place / "pdfs", place / "up", place / "index"
        self.folder.mkdir()
        self.uploads.mkdir()
        self.location = Location(str(self.index))
        self.watched = Watched(
            (self.folder, self.uploads),
            self.uploads,
            self.location,
            None,
            "cpu",
            (),
            "never",
            force_polling=False,
        )
        self.said: list[str] = []
        self.states: list[IngestState] = []
        self.stop = threading.Event()
        EmbeddedIndex.open_for_writing(self.index, LexicalEncoder().fingerprint).close()

    def syncs(self) -> FolderSync:
        return FolderSync(self.watched, self.states.append, self.said.append, self.stop)

    def write(self, name: str, *texts: str) -> Path:
        path = self.folder / name
        write_pdf(path, list(texts))
        return path

    def files(self) -> set[str]:
        """Names of the files whose every page can be found."""
        with closing(EmbeddedIndex.open(self.index)) as index:
            whole = [document for document in index.documents() if document.readable_pages]
        return {Path(path).name for document in whole for path in document.paths}


@pytest.fixture
def room(tmp_path: Path) -> Room:
    return Room(tmp_path)


def test_a_sync_takes_in_and_drops_and_says_so(room: Room) -> None:
    syncs = room.syncs()
    room.write("one.pdf", "harbour", "cranes")
    room.write("two.pdf", "ferries")
    assert syncs.run_once()
    assert room.files() == {"one.pdf", "two.pdf"}
    (room.folder / "two.pdf").unlink()
    assert syncs.run_once()
    assert room.files() == {"one.pdf"}
    assert room.said == ["2 documents added, 3 pages.", "1 document removed, 1 page."]


def test_every_state_is_told(room: Room) -> None:
    room.write("one.pdf", "harbour", "cranes")
    assert room.syncs().run_once()
    phases = list(dict.fromkeys(state.phase for state in room.states))
    assert phases == ["looking", "reading", "idle"]
    reading = [(s.n_done, s.n_pages) for s in room.states if s.phase == "reading"]
    assert (reading[0], reading[-1]) == ((0, 2), (2, 2))
    assert room.states[-1] == IngestState(n_read=2)


def test_a_file_that_fails_is_named_once_and_tried_again_when_it_is_whole(room: Room) -> None:
    syncs = room.syncs()
    whole = room.write("half.pdf", "harbour").read_bytes()
    (room.folder / "half.pdf").write_bytes(whole[: len(whole) // 2])
    assert syncs.run_once()
    assert len(room.said) == 1
    assert room.said[0].startswith(f"Not read: {room.folder / 'half.pdf'}: ")
    room.write("other.pdf", "cranes")
    assert syncs.run_once()
    assert room.said[1:] == ["1 document added, 1 page."]
    (room.folder / "half.pdf").write_bytes(whole)
    assert syncs.run_once()
    assert room.files() == {"half.pdf", "other.pdf"}
    assert room.said[2:] == ["1 document replaced, 1 page."]


def test_many_failures_do_not_flood(room: Room) -> None:
    for n in range(13):
        (room.folder / f"{n:02}.pdf").write_bytes(b"junk %d" % n)
    assert room.syncs().run_once()
    assert len(room.said) == 11
    assert room.said[-1] == "Not read: 3 more. pagelens status names them."


def test_it_waits_while_another_writes(room: Room) -> None:
    syncs = room.syncs()
    room.write("one.pdf", "harbour")
    lock = WriterLock(room.index)
    assert not syncs.run_once()
    assert not syncs.run_once()
    assert len(room.said) == 1  # not every two seconds
    assert room.said[0].startswith(f"New files wait. Index {room.index} is being written by ")
    lock.release()
    assert syncs.run_once()
    assert room.files() == {"one.pdf"}


def test_what_rules_leave_out_stays_out(room: Room) -> None:
    room.watched = replace(room.watched, exclude=("drafts/",))
    (room.folder / "drafts").mkdir()
    for name in ("drafts/a.pdf", "secret.pdf", "open.pdf", ".pagelens-upload-1.pdf"):
        room.write(name, "harbour")
    (room.folder / ".pagelensignore").write_text("secret*\n")
    assert room.syncs().run_once()
    assert room.files() == {"open.pdf"}


def test_a_folder_that_lost_everything_keeps_its_pages(room: Room) -> None:
    syncs = room.syncs()
    path = room.write("one.pdf", "harbour")
    assert syncs.run_once()
    path.unlink()
    assert syncs.run_once()
    assert syncs.run_once()
    with closing(EmbeddedIndex.open(room.index)) as index:
        assert index.stats().n_pages == 1
    assert room.said[1:] == [
        f"{room.folder} has lost everything at once, 1 document; they stay in the index. If they "
        "are to go: pagelens ingest --allow-empty"
    ]


def test_but_not_the_last_upload_that_somebody_removed(room: Room) -> None:
    syncs = room.syncs()
    write_pdf(room.uploads / "one.pdf", ["harbour"])
    assert syncs.run_once()
    uploads = upload_folder(room.uploads, 1)
    assert uploads is not None
    uploads.remove("one.pdf")
    assert (room.uploads / REMOVED_FOLDER).is_dir()
    assert syncs.run_once()
    assert room.files() == set()
    uploads.restore("one.pdf")
    assert syncs.run_once()
    assert room.files() == {"one.pdf"}


def test_a_folder_that_is_gone_is_said_once(room: Room) -> None:
    syncs = room.syncs()
    room.folder.rmdir()
    assert syncs.run_once()
    assert syncs.run_once()
    assert room.said == [f"No folder {room.folder}. Check the name, or mount the drive it is on."]


def test_a_stop_ends_it_before_anything_is_begun(room: Room) -> None:
    room.write("one.pdf", "harbour")
    room.stop.set()
    assert room.syncs().run_once()
    assert room.files() == set()


@contextmanager
def following(room: Room, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[set[str]], None]]:
    """Follow in a thread, without the second of rest; gives what waits for files to be found."""
    monkeypatch.setattr(watching, "QUIET_S", 0.2)
    monkeypatch.setattr(watching, "POLL_DELAY_MS", 100)
    told = threading.Condition()

    def tell(state: IngestState) -> None:
        with told:
            room.states.append(state)
            told.notify_all()

    def wait_for(files: set[str]) -> None:
        with told:
            assert told.wait_for(lambda: room.files() == files, WAIT_S), room.said

    arguments = (room.watched, tell, room.said.append, room.stop)
    thread = threading.Thread(target=follow, args=arguments)
    thread.start()
    try:
        yield wait_for
    finally:
        room.stop.set()
        thread.join()


@pytest.mark.parametrize("force_polling", [False, True])
def test_changes_are_followed(
    room: Room, monkeypatch: pytest.MonkeyPatch, force_polling: bool
) -> None:
    room.watched = replace(room.watched, force_polling=force_polling)
    room.write("there before.pdf", "harbour")
    with following(room, monkeypatch) as wait_for:
        wait_for({"there before.pdf"})
        room.write("new.pdf", "cranes")
        wait_for({"there before.pdf", "new.pdf"})
        (room.folder / "deep" / "er").mkdir(parents=True)
        room.write("deep/er/inside.pdf", "ferries")
        wait_for({"there before.pdf", "new.pdf", "inside.pdf"})
        (room.folder / "deep").rename(room.folder.parent / "elsewhere")
        wait_for({"there before.pdf", "new.pdf"})


def test_a_drive_that_comes_back_is_followed(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    room.write("one.pdf", "harbour")
    away = room.folder.with_name("away")
    with following(room, monkeypatch) as wait_for:
        wait_for({"one.pdf"})
        room.folder.rename(away)
        room.folder.mkdir()
        write_pdf(room.folder / "two.pdf", ["cranes"])
        write_pdf(away / "three.pdf", ["ferries"])
        (room.folder / "two.pdf").unlink()
        room.folder.rmdir()
        away.rename(room.folder)
        wait_for({"one.pdf", "three.pdf"})


def test_the_index_in_the_folder_is_no_change(room: Room) -> None:
    index = room.folder / "index"
    for inside in ("catalog.sqlite", "catalog.sqlite-wal", "", "x/y.pdf"):
        assert not watching._matters(index / inside, index)
    assert not watching._matters(room.folder / ".pagelens-upload-1.pdf", index)
    assert not watching._matters(room.folder / "notes.txt", index)
    for name in ("a.pdf", "A.PDF", "scan.png", ".pagelensignore", "folder that is gone"):
        assert watching._matters(room.folder / name, index)


def test_an_ingest_in_another_process_is_known(room: Room) -> None:
    with followed((), None, room.location, None, "cpu", (), "auto", False) as state:
        assert state() == IngestState()
        lock = WriterLock(room.index)
        assert state().phase == "elsewhere"
        assert state().said.startswith("Another process has been adding to this index since ")
        lock.release()
        assert state() == IngestState()
        (room.index / HOLDER_NAME).write_text("left behind by a kill, half writ")
        assert state() == IngestState()


def test_a_killed_writer_is_none(room: Room) -> None:
    lock = WriterLock(room.index)
    holder = room.index / HOLDER_NAME
    holder.write_text(holder.read_text().replace('"pid": ', '"pid": 99999999'))
    assert serve_folders.current_writer(room.index) is None
    lock.release()


def test_an_index_is_made_where_none_is(tmp_path: Path) -> None:
    location = Location(str(tmp_path / "new"))
    made_for = make_index_where_none(location, None, "cpu")
    assert made_for is not None
    with closing(EmbeddedIndex.open(tmp_path / "new")) as index:
        assert index.fingerprint == made_for.fingerprint
        assert index.stats().n_pages == 0
    assert make_index_where_none(location, None, "cpu") is None


def refusal(room: Room, **given: object) -> str:
    usual = {"folders": (), "exclude": (), "force_polling": False, "upload_to": None}
    with pytest.raises(WrongUseError) as refused:
        check_folders(location=room.location, **{**usual, **given})  # type: ignore[arg-type]
    return str(refused.value)


def test_what_cannot_work_is_refused(room: Room) -> None:
    check_folders((room.folder,), ("*.tif",), True, room.uploads, room.location)
    check_folders((), (), False, None, room.location)
    about = "is about the folders of --watch, and none is named. Name one, or leave"
    assert refusal(room, exclude=("x",)) == f"--exclude {about} --exclude out."
    assert refusal(room, force_polling=True) == f"--force-polling {about} --force-polling out."
    gone = room.folder / "gone"
    said = f"No folder {gone}. Check the name, or mount the drive it is on."
    assert refusal(room, folders=(gone,)) == refusal(room, upload_to=gone) == said
    assert refusal(room, folders=(room.folder,), exclude=("",)).startswith("--exclude '' is no")
    file = room.write("one.pdf", "harbour")
    assert refusal(room, upload_to=file) == (
        f"--allow-upload {file}: files cannot be written there. Name a folder that this user may "
        "write to."
    )
    assert refusal(room, upload_to=room.index) == (
        f"--allow-upload {room.index} lies in the index {room.index}, whose folder is never looked "
        "through. Name another folder."
    )
