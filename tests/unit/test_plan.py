"""A plan is what differs between a folder and an index."""

import os
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from index.errors import WrongUseError
from index.pages import Document, Failure, FileRecord
from ingest import plan as plan_module
from ingest.files import find_files, is_gone, scope_of
from ingest.lost_roots import LostRoot
from ingest.plan import Plan, make_plan
from ingest.shard import Shard
from tests.documents import write_pdf
from tests.fakes import Mounts, cannot_be_listed


class Synced:
    """A folder of PDFs, and what an index that was synced with it would say."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.documents: dict[str, Document] = {}
        self.stored: dict[str, frozenset[int]] = {}
        self.waiting: dict[str, frozenset[int]] = {}

    def plan(
        self,
        *folders: Path,
        exclude: Sequence[str] = (),
        follow_links: bool = False,
        confirm: Callable[[Sequence[LostRoot]], Collection[LostRoot]] = lambda lost: (),
        **options: bool,
    ) -> Plan:
        scope = scope_of(folders or (self.folder,))
        return make_plan(
            find_files(
                scope,
                leave_out=self.folder / "index",
                exclude=exclude,
                follow_links=follow_links,
            ),
            scope,
            self.documents.values(),
            lambda document_id: self.stored.get(document_id, frozenset()),
            lambda document_id: self.waiting.get(document_id, frozenset()),
            **{"keep_missing": False, "retry_failed": False, **options},
            confirm=confirm,
            n_workers=2,
            on_file=lambda: None,
        )

    def sync(self, *, follow_links: bool = False) -> None:
        """Do what the plan says, in the records only."""
        plan = self.plan(follow_links=follow_links)
        for document in (*plan.remove, *plan.forget):
            del self.documents[document.document_id]
        for work in plan.work:
            for old in work.replaces:
                del self.documents[old]
        changed = (*plan.move, *plan.touch, *plan.record)
        for document in (*changed, *(w.document for w in plan.work)):
            self.record(document)

    def record(self, document: Document, *, is_complete: bool = True) -> None:
        self.documents[document.document_id] = Document(
            document.document_id,
            document.files,
            document.title,
            document.page_count,
            is_complete,
            document.failures,
        )
        self.stored[document.document_id] = frozenset(range(1, document.page_count + 1))


@pytest.fixture
def synced(tmp_path: Path) -> Synced:
    folder = tmp_path / "pdfs"
    (folder / "sub").mkdir(parents=True)
    write_pdf(folder / "a.pdf", ["alpha"])
    write_pdf(folder / "sub" / "b.pdf", ["beta one", "beta two"])
    synced = Synced(folder)
    synced.sync()
    return synced


def names(documents: Iterable[Document]) -> list[list[str]]:
    return [[Path(file.path).name for file in document.files] for document in documents]


def test_a_new_folder_is_all_work(tmp_path: Path) -> None:
    write_pdf(tmp_path / "a.pdf", ["alpha", "beta"], title="The title")
    plan = Synced(tmp_path).plan()
    (work,) = plan.work
    assert work.page_numbers == (1, 2)
    assert (work.document.title, work.document.page_count) == ("The title", 2)
    assert not work.document.is_complete
    assert plan.n_pages == 2


def test_how_far_it_is_is_told(tmp_path: Path) -> None:
    for name in ("a", "b", "c"):
        write_pdf(tmp_path / f"{name}.pdf", [name])
    scope = scope_of([tmp_path])
    files: list[str] = []
    opened: list[tuple[int, int]] = []
    make_plan(
        find_files(scope, leave_out=None),
        scope,
        (),
        lambda _: frozenset(),
        lambda _: frozenset(),
        keep_missing=False,
        retry_failed=False,
        n_workers=2,
        on_file=lambda: files.append("looked at"),
        on_opened=lambda *counts: opened.append(counts),
    )
    assert len(files) == 3
    assert sorted(opened) == [(1, 3), (2, 3), (3, 3)]


def test_an_unchanged_folder_is_left_alone_without_reading_it(
    synced: Synced, monkeypatch: pytest.MonkeyPatch
) -> None:
    def read_nothing(path: Path) -> str:
        pytest.fail(f"{path} was read though its size and time are the same")

    monkeypatch.setattr("ingest.plan.document_id_of", read_nothing)
    plan = synced.plan()
    assert names(plan.skip) == [["a.pdf"], ["b.pdf"]] or names(plan.skip) == [["b.pdf"], ["a.pdf"]]
    assert not (plan.work or plan.move or plan.touch or plan.remove or plan.unreadable)


def test_a_renamed_file_is_a_move(synced: Synced) -> None:
    (synced.folder / "a.pdf").rename(synced.folder / "sub" / "renamed.pdf")
    plan = synced.plan()
    assert names(plan.move) == [["renamed.pdf"]]
    assert not (plan.work or plan.remove)


def test_the_same_bytes_twice_are_one_document_with_two_paths(synced: Synced) -> None:
    (synced.folder / "copy.pdf").write_bytes((synced.folder / "a.pdf").read_bytes())
    plan = synced.plan()
    assert names(plan.move) == [["a.pdf", "copy.pdf"]]
    assert not (plan.work or plan.remove)


def test_a_file_with_a_new_time_but_the_same_bytes_is_touched(synced: Synced) -> None:
    os.utime(synced.folder / "a.pdf", ns=(1, 1))
    plan = synced.plan()
    assert names(plan.touch) == [["a.pdf"]]
    assert not (plan.work or plan.move or plan.remove)


def test_a_changed_file_replaces_its_document(synced: Synced) -> None:
    (old,) = (d for d in synced.documents.values() if d.page_count == 1)
    write_pdf(synced.folder / "a.pdf", ["gamma"])
    plan = synced.plan()
    (work,) = plan.work
    assert work.replaces == (old.document_id,)
    assert not plan.remove  # it stays until its successor is complete


def test_a_document_that_keeps_another_path_is_not_replaced(synced: Synced) -> None:
    (synced.folder / "copy.pdf").write_bytes((synced.folder / "a.pdf").read_bytes())
    synced.sync()
    write_pdf(synced.folder / "a.pdf", ["gamma"])
    plan = synced.plan()
    assert [work.replaces for work in plan.work] == [()]
    assert names(plan.move) == [["copy.pdf"]]
    assert not plan.remove


def test_two_files_that_trade_names_are_two_moves(synced: Synced) -> None:
    a, b, c = (synced.folder / name for name in ("a.pdf", "sub/b.pdf", "c.pdf"))
    a.rename(c)
    b.rename(a)
    c.rename(b)
    plan = synced.plan()
    assert sorted(names(plan.move)) == [["a.pdf"], ["b.pdf"]]
    assert not (plan.work or plan.remove)


def test_a_vanished_file_is_removed_unless_kept(synced: Synced) -> None:
    (synced.folder / "a.pdf").unlink()
    assert names(synced.plan().remove) == [["a.pdf"]]
    kept = synced.plan(keep_missing=True)
    assert not kept.remove
    assert ["a.pdf"] in names(kept.skip)


def test_what_lies_outside_the_folders_named_is_left_alone(synced: Synced) -> None:
    (synced.folder / "a.pdf").unlink()
    plan = synced.plan(synced.folder / "sub")
    assert not plan.remove
    assert len(plan.skip) == 2


def test_a_renamed_folder_leaves_no_ghost(synced: Synced) -> None:
    moved = synced.folder.with_name("moved")
    synced.folder.rename(moved)
    plan = synced.plan(moved)
    paths = sorted(file.path for document in plan.move for file in document.files)
    assert paths == [str(moved / "a.pdf"), str(moved / "sub" / "b.pdf")]
    assert not (plan.work or plan.remove)
    for document in plan.move:
        synced.record(document)
    (moved / "a.pdf").unlink()
    assert names(synced.plan(moved).remove) == [["a.pdf"]]


def test_a_ghost_of_an_earlier_run_goes_too(synced: Synced) -> None:
    sub = synced.folder / "sub"
    (beta,) = (d for d in synced.documents.values() if d.page_count == 2)
    ghost = replace(beta.files[0], path=str(synced.folder / "older" / "b.pdf"))
    synced.record(replace(beta, files=(ghost, *beta.files)))
    assert names(synced.plan(sub).move) == [["b.pdf"]]


def test_a_path_elsewhere_that_exists_or_is_kept_stays(synced: Synced, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / "copy.pdf").write_bytes((synced.folder / "a.pdf").read_bytes())
    assert names(synced.plan(other).move) == [["copy.pdf", "a.pdf"]]
    (synced.folder / "a.pdf").unlink()
    assert names(synced.plan(other, keep_missing=True).move) == [["copy.pdf", "a.pdf"]]
    assert names(synced.plan(other).move) == [["copy.pdf"]]


@pytest.mark.parametrize(
    "path",
    [
        "/Users/nobody-here/x.pdf",
        "/home/nobody-here/documents/x.pdf",
        "/media/nobody-here/drive/x.pdf",
        "/mnt/not-mounted/x.pdf",
        "/not-of-this-machine/x.pdf",
    ],
)
def test_a_path_of_another_machine_or_drive_is_not_judged(path: str) -> None:
    assert not is_gone(FileRecord(path, 1, 1))


def test_a_document_is_read_where_it_is(synced: Synced, tmp_path: Path) -> None:
    """Its first path may be another machine's, or on a drive that is not mounted."""
    (alpha,) = (d for d in synced.documents.values() if d.page_count == 1)
    elsewhere = replace(alpha.files[0], path="/Users/nobody-here/a.pdf")
    synced.record(replace(alpha, files=(elsewhere, *alpha.files)), is_complete=False)
    synced.stored.clear()
    (work,) = synced.plan(synced.folder / "a.pdf").work
    assert work.facts is not None
    assert work.path == synced.folder / "a.pdf"
    assert [file.path for file in work.document.files] == [elsewhere.path, str(work.path)]


def test_a_file_in_the_way_of_a_folder_means_gone(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("")
    assert is_gone(FileRecord(str(tmp_path / "a" / "x.pdf"), 1, 1))
    assert is_gone(FileRecord(str(tmp_path / "x.pdf"), 1, 1))
    assert not is_gone(FileRecord(str(tmp_path / "a"), 1, 1))


def test_a_single_file_can_be_named(synced: Synced) -> None:
    write_pdf(synced.folder / "c.pdf", ["gamma"])
    write_pdf(synced.folder / "d.pdf", ["delta"])
    plan = synced.plan(synced.folder / "c.pdf")
    assert [work.path.name for work in plan.work] == ["c.pdf"]


def test_an_interrupted_document_goes_on_with_the_pages_it_lacks(synced: Synced) -> None:
    (document,) = (d for d in synced.documents.values() if d.page_count == 2)
    synced.record(document, is_complete=False)
    synced.stored[document.document_id] = frozenset({1})
    plan = synced.plan()
    (work,) = plan.work
    assert work.page_numbers == (2,)


def test_pages_that_wait_for_vectors_are_to_be_done(synced: Synced) -> None:
    (document,) = (d for d in synced.documents.values() if d.page_count == 2)
    synced.record(document, is_complete=False)
    synced.stored[document.document_id] = frozenset({1, 2})
    synced.waiting[document.document_id] = frozenset({2})
    (work,) = synced.plan().work
    assert (work.page_numbers, work.waiting) == ((2,), {2})
    assert synced.plan(retry_failed=True).work == ()


def test_an_orphan_without_path_is_removed(synced: Synced) -> None:
    orphan = Document("f" * 32, (), "", 3, False)
    synced.record(orphan, is_complete=False)
    plan = synced.plan()
    assert [d.document_id for d in plan.remove] == ["f" * 32]


def test_failed_documents_are_tried_again_only_on_request(synced: Synced) -> None:
    (synced.folder / "broken.pdf").write_text("not a PDF at all")
    synced.sync()
    (broken,) = (d for d in synced.documents.values() if d.failures)
    assert broken.page_count == 0
    assert not synced.plan().work
    (document,) = (d for d in synced.documents.values() if d.page_count == 2)
    synced.documents[document.document_id] = Document(
        document.document_id, document.files, "", 2, True, (Failure(2, "time-out"),)
    )
    synced.stored[document.document_id] = frozenset({1})
    write_pdf(synced.folder / "new.pdf", ["not asked for"])

    plan = synced.plan(retry_failed=True)

    assert [(w.path.name, w.page_numbers) for w in plan.work] == [
        ("broken.pdf", ()),
        ("b.pdf", (2,)),
    ]
    assert plan.work[0].document.failures[0].reason.startswith("not a PDF")
    assert not plan.work[1].document.failures


def test_a_retry_leaves_everything_else_as_it_is(synced: Synced) -> None:
    write_pdf(synced.folder / "gone.pdf", ["gamma"])
    synced.sync()
    (synced.folder / "a.pdf").rename(synced.folder / "renamed.pdf")
    os.utime(synced.folder / "sub" / "b.pdf", ns=(1, 1))
    (synced.folder / "gone.pdf").unlink()
    write_pdf(synced.folder / "new.pdf", ["delta"])

    plan = synced.plan()
    assert [len(kind) for kind in (plan.work, plan.move, plan.touch, plan.remove)] == [1] * 4

    plan = synced.plan(retry_failed=True)
    assert not (plan.work or plan.move or plan.touch or plan.remove)


def test_a_file_that_cannot_be_read_keeps_its_document(
    synced: Synced, monkeypatch: pytest.MonkeyPatch
) -> None:
    os.utime(synced.folder / "a.pdf", ns=(1, 1))
    (synced.folder / "gone.pdf").symlink_to(synced.folder / "nowhere.pdf")
    real_open = Path.open

    def refuse(path: Path, *args: str, **options: str) -> object:
        if path.name == "a.pdf":
            raise PermissionError(13, "Permission denied")
        return real_open(path, *args, **options)

    monkeypatch.setattr(Path, "open", refuse)
    plan = synced.plan()
    reasons = {Path(path).name: failure.reason for path, failure in plan.unreadable}
    assert reasons == {
        "a.pdf": "cannot be read: Permission denied",
        "gone.pdf": f"is a link to {synced.folder / 'nowhere.pdf'}, which is not there",
    }
    assert not (plan.work or plan.remove)
    assert ["a.pdf"] in names(plan.skip)


def test_a_folder_that_cannot_be_listed_keeps_what_lies_in_it(
    synced: Synced, monkeypatch: pytest.MonkeyPatch
) -> None:
    cannot_be_listed(synced.folder / "sub", monkeypatch)
    (synced.folder / "a.pdf").unlink()
    plan = synced.plan()
    assert names(plan.remove) == [["a.pdf"]]
    assert names(plan.skip) == [["b.pdf"]]
    assert plan.unreadable == (
        (
            str(synced.folder / "sub"),
            Failure(None, "folder cannot be listed: Permission denied", is_passing=True),
        ),
    )


def test_a_root_that_cannot_be_listed_keeps_everything(
    synced: Synced, monkeypatch: pytest.MonkeyPatch
) -> None:
    cannot_be_listed(synced.folder, monkeypatch)
    plan = synced.plan()
    assert len(plan.skip) == 2
    assert not (plan.remove or plan.move)
    assert [path for path, _ in plan.unreadable] == [str(synced.folder)]


def test_a_root_that_has_lost_everything_removes_nothing_unasked(synced: Synced) -> None:
    away = synced.folder.rename(synced.folder.with_name("away"))
    synced.folder.mkdir()  # a mount point without its drive
    plan = synced.plan()
    assert plan.lost_roots == (LostRoot(str(synced.folder), 2, 3),)
    assert len(plan.skip) == 2
    assert not (plan.remove or plan.move or plan.work)

    write_pdf(synced.folder / "new.pdf", ["gamma"])  # written to the mount point meanwhile
    for _ in range(2):
        plan = synced.plan()
        assert len(plan.lost_roots) == 1
        assert not (plan.remove or plan.work)
        synced.sync()  # were the new one added, the next run would take the folder for whole
    plan = synced.plan(allow_empty=True)
    assert (len(plan.remove), len(plan.work)) == (2, 1)

    both = synced.plan(synced.folder, away)  # nothing is lost: it is elsewhere
    assert both.lost_roots == ()
    assert names(both.move) == [["a.pdf"], ["b.pdf"]]


def test_what_lay_on_a_drive_that_is_not_mounted_stays(synced: Synced, mounts: Mounts) -> None:
    sub = synced.folder / "sub"
    (sub / "deep").mkdir()
    write_pdf(sub / "deep" / "c.pdf", ["gamma"])
    write_pdf(synced.folder / "d.pdf", ["delta"])
    mounts.places.add(sub)
    synced.sync()
    mounts.places.clear()
    sub.rename(synced.folder.with_name("away"))
    plan = synced.plan()  # the mount point went with the drive, as those of USB sticks do
    assert plan.lost_roots == (LostRoot(str(sub), 2, 3),)
    assert not (plan.remove or plan.move)
    sub.mkdir()
    for _ in range(2):
        plan = synced.plan()
        assert plan.lost_roots == (LostRoot(str(sub), 2, 3),)
        assert not plan.remove
        assert len(plan.skip) == 4
        synced.sync()
    write_pdf(sub / "new.pdf", ["delta"])  # a scanner may write to it while its drive is away
    for _ in range(2):
        plan = synced.plan()
        assert plan.lost_roots == (LostRoot(str(sub), 2, 3),)
        assert not plan.remove
        synced.sync()
    assert len(synced.plan(allow_empty=True).remove) == 2
    (synced.folder / "d.pdf").unlink()
    plan = synced.plan()  # what goes elsewhere goes as ever
    assert names(plan.remove) == [["d.pdf"]]
    assert [folder.path for folder in plan.lost_roots] == [str(sub)]
    mounts.places.add(sub)  # it is back, and empty
    assert len(synced.plan().remove) == 2
    assert synced.plan().lost_roots == ()


def test_a_drive_that_was_copied_to_another_holds_nothing_back(
    synced: Synced, mounts: Mounts
) -> None:
    sub = synced.folder / "sub"
    write_pdf(sub / "c.pdf", ["gamma"])
    mounts.places.add(sub)
    synced.sync()
    mounts.places.clear()
    (sub / "c.pdf").unlink()
    plan = synced.plan()
    assert names(plan.remove) == [["c.pdf"]]
    assert plan.lost_roots == ()


def test_a_folder_that_was_emptied_or_deleted_is_a_change_like_any_other(synced: Synced) -> None:
    (synced.folder / "sub" / "b.pdf").unlink()
    assert names(synced.plan().remove) == [["b.pdf"]]
    (synced.folder / "sub").rmdir()
    assert names(synced.plan().remove) == [["b.pdf"]]
    assert synced.plan().lost_roots == ()


def test_another_drive_at_the_same_place_reads_nothing_again(
    synced: Synced, mounts: Mounts, monkeypatch: pytest.MonkeyPatch
) -> None:
    mounts.places.add(synced.folder / "sub")
    monkeypatch.setattr(plan_module, "document_id_of", lambda path: pytest.fail("was read"))
    plan = synced.plan()
    assert (names(plan.touch), names(plan.skip)) == ([["b.pdf"]], [["a.pdf"]])
    synced.sync()
    assert not synced.plan().touch


def test_what_a_folder_lost_is_no_loss_where_it_is_found_again(synced: Synced) -> None:
    (synced.folder / "sub" / "b.pdf").rename(synced.folder / "moved.pdf")
    plan = synced.plan()
    assert names(plan.move) == [["moved.pdf"]]
    assert not (plan.lost_roots or plan.remove)


def test_who_says_yes_lets_one_folder_go(synced: Synced, mounts: Mounts) -> None:
    nas = synced.folder / "nas"
    nas.mkdir()
    write_pdf(nas / "c.pdf", ["gamma"])
    mounts.places = {nas, synced.folder / "sub"}
    synced.sync()
    mounts.places = set()
    (nas / "c.pdf").unlink()
    (synced.folder / "sub" / "b.pdf").unlink()
    both = (LostRoot(str(nas), 1, 1), LostRoot(str(synced.folder / "sub"), 1, 2))

    def confirm(lost: Sequence[LostRoot]) -> Collection[LostRoot]:
        assert lost == both
        return lost[:1]

    plan = synced.plan(confirm=confirm)
    assert plan.lost_roots == both[1:]
    assert names(plan.remove) == [["c.pdf"]]
    for options in ({"keep_missing": True}, {"allow_empty": True}, {"retry_failed": True}):
        synced.plan(confirm=lambda lost: pytest.fail("nothing is to be asked"), **options)


# What is left out, and what lies behind links


def test_what_is_excluded_now_is_removed(synced: Synced) -> None:
    assert names(synced.plan(exclude=["a.pdf"]).remove) == [["a.pdf"]]
    (synced.folder / ".pagelensignore").write_text("sub/\n")
    assert names(synced.plan().remove) == [["b.pdf"]]
    assert len(synced.plan(keep_missing=True).skip) == 2


def test_a_folder_whose_documents_are_all_excluded_is_not_lost(synced: Synced) -> None:
    plan = synced.plan(exclude=["*"])
    assert plan.lost_roots == ()
    assert len(plan.remove) == 2


def test_rules_do_not_hide_that_a_drive_is_gone(synced: Synced) -> None:
    synced.folder.rename(synced.folder.with_name("away"))
    synced.folder.mkdir()
    plan = synced.plan(exclude=["a.pdf"])
    assert plan.lost_roots == (LostRoot(str(synced.folder), 2, 3),)
    assert not plan.remove


def test_rules_that_cannot_be_read_remove_nothing(synced: Synced) -> None:
    (synced.folder / "sub" / ".pagelensignore").write_text("!")
    plan = synced.plan()
    assert not plan.remove
    assert plan.unreadable == (
        (
            str(synced.folder / "sub"),
            Failure(
                None,
                "folder cannot be listed: line 1 of its .pagelensignore is no pattern: '!'",
                is_passing=True,
            ),
        ),
    )


def test_shards_together_do_everything_and_nothing_twice(tmp_path: Path) -> None:
    (tmp_path / "pdfs").mkdir()
    synced = Synced(tmp_path / "pdfs")
    for n in range(6):
        write_pdf(synced.folder / f"old-{n}.pdf", [f"old {n}"])
    synced.sync()
    (synced.folder / "old-0.pdf").unlink()
    (synced.folder / "old-1.pdf").rename(synced.folder / "moved.pdf")
    write_pdf(synced.folder / "old-2.pdf", ["changed"])
    for n in range(5):
        write_pdf(synced.folder / f"new-{n}.pdf", [f"new {n}"])
        (synced.folder / f"broken-{n}.pdf").symlink_to(tmp_path / "nowhere")
    whole = synced.plan()
    parts = [synced.plan(shard=Shard(number, 3)) for number in (1, 2, 3)]
    for kind in ("work", "move", "touch", "remove", "skip", "unreadable", "record", "forget"):
        shared = [one for part in parts for one in getattr(part, kind)]
        assert sorted(map(repr, shared)) == sorted(map(repr, getattr(whole, kind)))
    assert sum(len(part.work) > 0 for part in parts) > 1


@pytest.fixture
def linked(synced: Synced, tmp_path: Path) -> Synced:
    """With a document behind a link, which was followed once."""
    other = tmp_path / "other"
    other.mkdir()
    write_pdf(other / "c.pdf", ["gamma"])
    (synced.folder / "link").symlink_to(other)
    synced.sync(follow_links=True)
    assert len(synced.documents) == 3
    return synced


def test_what_lies_behind_a_link_stays_though_it_is_not_followed(linked: Synced) -> None:
    assert not linked.plan().remove
    (linked.folder / "link").unlink()
    assert names(linked.plan().remove) == [["c.pdf"]]


@pytest.mark.parametrize("follow_links", [False, True])
def test_a_link_that_leads_nowhere_is_named_and_loses_nothing(
    linked: Synced, tmp_path: Path, follow_links: bool
) -> None:
    (tmp_path / "other").rename(tmp_path / "away")
    (linked.folder / "unknown").symlink_to(tmp_path / "nowhere")
    plan = linked.plan(follow_links=follow_links)
    assert not plan.remove
    reason = "link to a folder leads nowhere; what lay behind it is kept"
    assert plan.unreadable == (
        (str(linked.folder / "link"), Failure(None, reason, is_passing=True)),
    )


def test_a_drive_behind_a_link_is_known(linked: Synced, tmp_path: Path, mounts: Mounts) -> None:
    mounts.places.add(tmp_path / "other")
    linked.sync(follow_links=True)
    mounts.places.clear()
    (tmp_path / "other" / "c.pdf").unlink()
    plan = linked.plan(follow_links=True)
    assert plan.lost_roots == (LostRoot(str(tmp_path / "other"), 1, 1),)
    assert not plan.remove


def test_a_file_deleted_behind_a_followed_link_goes(linked: Synced, tmp_path: Path) -> None:
    write_pdf(tmp_path / "other" / "d.pdf", ["delta"])
    (tmp_path / "other" / "c.pdf").unlink()
    assert names(linked.plan(follow_links=True).remove) == [["c.pdf"]]


def test_files_that_could_not_be_opened_are_no_loss(tmp_path: Path) -> None:
    (tmp_path / "broken.pdf").write_text("no PDF")
    synced = Synced(tmp_path)
    synced.sync()
    (tmp_path / "broken.pdf").unlink()
    plan = synced.plan()
    assert plan.lost_roots == ()
    assert names(plan.remove) == [["broken.pdf"]]


@pytest.mark.parametrize("retry_failed", [False, True])
def test_what_is_not_there_is_not_gone_on_with(synced: Synced, retry_failed: bool) -> None:
    """An unfinished or failed document stays as it is until its bytes are met again."""
    (beta,) = (d for d in synced.documents.values() if d.page_count == 2)
    unfinished = replace(beta, failures=(Failure(2, "broken"),))
    synced.record(unfinished, is_complete=False)
    synced.folder.rename(synced.folder.with_name("away"))
    synced.folder.mkdir()
    plan = synced.plan(retry_failed=retry_failed)
    assert not plan.work
    assert replace(unfinished, is_complete=False) in plan.skip


def test_a_root_below_another_is_asked_about_too(synced: Synced) -> None:
    sub = synced.folder / "sub"
    (sub / "b.pdf").unlink()
    plan = synced.plan(synced.folder, sub)
    assert [root.path for root in plan.lost_roots] == [str(sub)]
    assert not plan.remove
    sub.rmdir()
    assert names(synced.plan().remove) == [["b.pdf"]]  # a folder among others


def test_what_another_root_holds_does_not_let_the_rest_go(synced: Synced, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / "copy.pdf").write_bytes((synced.folder / "a.pdf").read_bytes())
    synced.folder.rename(tmp_path / "away")
    synced.folder.mkdir()
    plan = synced.plan(synced.folder, other)
    assert plan.lost_roots == (LostRoot(str(synced.folder), 1, 2),)
    assert names(plan.move) == [["copy.pdf"]]
    assert not plan.remove


def test_what_is_no_file_or_has_no_readable_name_is_told(synced: Synced) -> None:
    os.mkfifo(synced.folder / "pipe.pdf")  # opening it would wait for ever
    try:
        Path(os.fsdecode(os.fsencode(synced.folder) + b"/caf\xe9.pdf")).touch()
    except OSError:
        pytest.skip("this file system takes only names in UTF-8")
    reasons = {Path(path).name: failure.reason for path, failure in synced.plan().unreadable}
    assert reasons == {
        "pipe.pdf": "is not a regular file",
        "caf\\xe9.pdf": "its name is not valid UTF-8; rename the file",
    }


def test_hidden_files_the_index_and_linked_folders_are_passed_over(tmp_path: Path) -> None:
    for name in ("x.pdf", ".hidden/x.pdf", "index/x.pdf", "real/x.PDF", "real/x.txt", "._x.pdf"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.touch()
    (tmp_path / "circle").symlink_to(tmp_path)
    found = list(find_files(scope_of([tmp_path]), leave_out=tmp_path / "index").paths)
    assert [str(p.relative_to(tmp_path)) for p in found] == ["real/x.PDF", "x.pdf"]


def test_a_folder_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    with pytest.raises(WrongUseError, match="No folder .*nowhere. Check the name"):
        scope_of([tmp_path / "nowhere"])
    (tmp_path / "x.txt").touch()
    with pytest.raises(WrongUseError, match="x.txt is neither a folder nor a document"):
        scope_of([tmp_path / "x.txt"])
