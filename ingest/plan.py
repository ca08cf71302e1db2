"""What a sync would do: add, replace, move, remove. Decides; changes nothing.

Size and time are compared first; only files that differ are read and hashed. What is the same
bytes is the same document, so a renamed file costs no embedding. Where a document's bytes are
found, its paths elsewhere are looked at too, and those that are gone are dropped: a folder that was
renamed leaves no ghost of its old name.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass, field, replace
from functools import cache
from itertools import count
from pathlib import Path
from typing import TypeVar

from index.errors import PageFailure, PassingFailure
from index.pages import (
    UNREAD_SIZE,
    Document,
    Failure,
    FileRecord,
    existing_first,
    merge_failures,
)
from ingest.document_facts import DocumentFacts
from ingest.files import (
    Listing,
    Scope,
    document_id_of,
    drive_of,
    file_record,
    is_gone,
    shown,
    unread_document,
)
from ingest.lost_roots import LostRoot, Seen, lost_roots
from ingest.render import read_facts
from ingest.shard import EVERYTHING, Shard

_LONGEST_WAIT_S = 0.2  # after which a signal is looked for

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")


@dataclass(frozen=True)
class Work:
    """A document some of whose pages are to be rendered and encoded.

    Attributes:
        document: as it will be recorded, with the failures known before the run.
        facts: what rendering needs; None where the file could not be opened.
        page_numbers: pages to do, ascending.
        replaces: ids of the documents this one takes the last path of.
        waiting: those of the pages that the index holds with their words, and that lack only their
            vectors.
        kept: those that it holds as they should be, but for words that OCR may read.
        for_ocr: those of which a pass has found that OCR is to read them, with the reason.
    """

    document: Document
    facts: DocumentFacts | None
    page_numbers: tuple[int, ...]
    replaces: tuple[str, ...]
    waiting: frozenset[int] = frozenset()
    kept: frozenset[int] = frozenset()
    for_ocr: Mapping[int, str] = field(default_factory=dict)

    @property
    def is_begun(self) -> bool:
        """Whether the index holds some of its pages, from an earlier pass or run."""
        return bool(self.waiting or self.kept or self.for_ocr)

    @property
    def path(self) -> Path:
        """Where to read the bytes."""
        return Path(self.document.name)


@dataclass(frozen=True)
class Plan:
    """What a sync would do.

    Attributes:
        work: documents to add or to go on with, in path order.
        move: documents whose paths alone change.
        touch: documents of which only a file's time or size record changes.
        remove: documents of which no path is left.
        skip: documents to leave as they are.
        unreadable: files that could not be read at all, folders that could not be listed, and
            documents that could not be opened again; what the index holds of them stays.
        record: such paths the index knows nothing of, to be kept as documents without pages, so
            that it can name later what it lacks.
        forget: records of this kind that are no longer true.
        lost_roots: roots that have lost everything at once, and drives that are not mounted; what
            the index holds of them stays,
            and nothing in them is added, by which the next run could take them for whole.
    """

    work: tuple[Work, ...]
    move: tuple[Document, ...]
    touch: tuple[Document, ...]
    remove: tuple[Document, ...]
    skip: tuple[Document, ...]
    unreadable: tuple[tuple[str, Failure], ...]
    record: tuple[Document, ...] = ()
    forget: tuple[Document, ...] = ()
    lost_roots: tuple[LostRoot, ...] = ()

    @property
    def n_pages(self) -> int:
        """Pages to render and encode."""
        return sum(len(work.page_numbers) for work in self.work)


def make_plan(
    listing: Listing,
    scope: Scope,
    documents: Iterable[Document],
    page_numbers: Callable[[str], frozenset[int]],
    waiting_pages: Callable[[str], frozenset[int]],
    *,
    pages_to_reread: Callable[[str], frozenset[int]] | None = None,
    keep_missing: bool,
    retry_failed: bool,
    allow_empty: bool = False,
    confirm: Callable[[Sequence[LostRoot]], Collection[LostRoot]] = lambda lost: (),
    shard: Shard = EVERYTHING,
    n_workers: int,
    on_file: Callable[[], None],
    on_opened: Callable[[int, int], object] = lambda n_opened, n_new: None,
) -> Plan:
    """Compare a folder with an index.

    Args:
        listing: the documents found under the scope.
        scope: where a missing file means a deleted one.
        documents: what the index holds.
        page_numbers: which pages of a document the index holds.
        waiting_pages: which of them wait for their vectors.
        pages_to_reread: given a document, says which of the pages that the index holds are looked
            at again for OCR; None where none are.
        keep_missing: leave documents in the index whose files are gone.
        retry_failed: do only the documents and pages that failed before.
        allow_empty: remove what vanished also from a folder that has lost everything at once.
        confirm: given such folders, where that is not said, gives those of which it may.
        shard: which documents are this run's; others are left alone, and not counted.
        n_workers: files looked at in parallel.
        on_file: called before each file is looked at, in any order and from several threads; what
            it raises ends the planning.
        on_opened: called in the same way after each new document is opened, with how many are, and
            are to be.
    """
    listed = list(documents)
    known = {document.document_id: document for document in listed if not document.is_unread}
    unread = {d.document_id: d for d in listed if d.is_unread}
    owner = {file.path: (file, d) for d in known.values() for file in d.files}

    drive = cache(lambda folder: drive_of(folder.resolve()))  # a link may lead to another

    def look(path: Path) -> Seen:
        on_file()
        return _look(path, owner, drive)

    with ThreadPoolExecutor(n_workers) as pool:
        seen = list(_in_order(pool, look, listing.paths))
        lost = () if allow_empty or keep_missing else lost_roots(seen, owner, scope, listing)
        if lost and not retry_failed:
            released = confirm(lost)
            lost = tuple(folder for folder in lost if folder not in released)
        wanted = _wanted_files(seen, owner, scope, listing, lost, keep_missing)
        replaced_by = _replacements(wanted, known, owner)
        reread_of = {
            document_id: pages_to_reread(document_id)
            for document_id in (wanted if pages_to_reread is not None else ())
            if pages_to_reread is not None and document_id in known and shard.has(document_id)
        }
        fresh = _to_be_read(seen, wanted, known, unread, retry_failed, reread_of)
        fresh = [document_id for document_id in fresh if shard.has(document_id)]
        n_opened = count(1)

        def open_(document_id: str) -> DocumentFacts | Failure:
            facts = _facts(wanted, document_id)
            on_opened(next(n_opened), len(fresh))
            return facts

        facts = dict(zip(fresh, _in_order(pool, open_, fresh), strict=True))

    unreadable = [
        *((one.record.path, one.failure) for one in seen if one.failure is not None),
        *((shown(folder), _cannot_be_listed(why)) for folder, why in listing.unlistable.items()),
        *_broken_links(owner, listing),
    ]
    unread_now = {failed: unread_document(*failed) for failed in unreadable}
    unreadable = [one for one in unreadable if shard.has(unread_now[one].document_id)]
    record = [unread_now[one] for one in unreadable if one[0] not in owner]
    work, move, touch, skip = [], [], [], []
    for document_id, files in wanted.items():
        if not shard.has(document_id):
            continue
        document, found = known.get(document_id), facts.get(document_id)
        if isinstance(found, Failure) and document is not None and document.page_count:
            unreadable += [(file.path, found) for file in files]  # what was read of it stays
            found = None
        if found is not None:
            stored = page_numbers(document_id) if document else frozenset()
            waiting = waiting_pages(document_id) if stored else frozenset()
            replaces = tuple(sorted(o for o, n in replaced_by.items() if n == document_id))
            before = document.failures if document is not None else ()
            again = [f for f in before if f.is_passing or retry_failed]
            redo = _failing(stored, [f for f in again if not f.is_of_ocr])
            waiting -= redo
            reread = _failing(stored, [f for f in again if f.is_of_ocr])
            reread |= reread_of.get(document_id, frozenset())
            reread &= stored - redo - waiting
            kept = [
                f for f in before if f not in again and not (f.is_of_ocr and _failing(reread, [f]))
            ]
            done = stored - redo - waiting - reread
            work.append(_work(document_id, files, found, kept, done, replaces, waiting, reread))
        elif document is not None:
            updated = replace(document, files=files)
            paths_before = [file.path for file in document.files]
            if updated == document:
                skip.append(document)
            elif [file.path for file in files] == paths_before:
                touch.append(updated)
            else:
                move.append(updated)
    replaced_or_wanted = {*wanted, *replaced_by}
    remove = [d for i, d in known.items() if i not in replaced_or_wanted and shard.has(i)]
    if retry_failed:
        move, touch, remove = [], [], []
    still = {document.document_id for document in record}
    return Plan(
        work=tuple(sorted(work, key=lambda w: w.document.name)),
        move=tuple(move),
        touch=tuple(touch),
        remove=tuple(remove),
        skip=tuple(skip),
        unreadable=tuple(unreadable),
        record=tuple(d for d in record if unread.get(d.document_id) != d),
        forget=tuple(
            document
            for id_, document in unread.items()
            if id_ not in still and shard.has(id_) and _could_be_seen(document, scope, listing)
        ),
        lost_roots=() if retry_failed else lost,
    )


def _in_order(
    pool: ThreadPoolExecutor, function: Callable[[_Item], _Result], items: Iterable[_Item]
) -> Iterator[_Result]:
    """As `pool.map`, but without a wait that has no end.

    A signal that comes just before such a wait is seen when it is over: Ctrl-C would do nothing.
    """
    futures = [pool.submit(function, item) for item in items]
    try:
        for future in futures:
            while not future.done():
                wait((future,), timeout=_LONGEST_WAIT_S)
            yield future.result()
    finally:
        for future in futures:
            future.cancel()


def _could_be_seen(document: Document, scope: Scope, listing: Listing) -> bool:
    """Whether every path of a document was within reach of this run."""
    return all(scope.holds(path) and not listing.is_hidden(path) for path in document.paths)


def _cannot_be_listed(reason: str) -> Failure:
    return Failure(None, f"folder cannot be listed: {reason}", is_passing=True)


def _look(
    path: Path, owner: dict[str, tuple[FileRecord, Document]], drive: Callable[[Path], Path]
) -> Seen:
    name = path.as_posix()
    try:
        record = replace(file_record(path), drive=shown(drive(path.parent)))
        if name in owner and record.has_bytes_of(owner[name][0]):
            return Seen(record, owner[name][1].document_id, None)
        return Seen(record, document_id_of(path), None)
    except PageFailure as e:
        return Seen(FileRecord(shown(path), UNREAD_SIZE, 0), None, _failure_of(e))


def _failure_of(error: PageFailure) -> Failure:
    """Of a whole file."""
    return Failure(None, str(error), is_passing=isinstance(error, PassingFailure))


def _broken_links(
    owner: dict[str, tuple[FileRecord, Document]], listing: Listing
) -> list[tuple[str, Failure]]:
    """Links that lead nowhere, where the index knows of something behind them."""
    if not listing.broken_links:
        return []
    above = {parent for path in owner for parent in Path(path).parents}
    reason = "link to a folder leads nowhere; what lay behind it is kept"
    return [
        (shown(link), Failure(None, reason, is_passing=True))
        for link in sorted(listing.broken_links & above)
    ]


def _wanted_files(
    seen: Iterable[Seen],
    owner: dict[str, tuple[FileRecord, Document]],
    scope: Scope,
    listing: Listing,
    lost: Sequence[LostRoot],
    keep_missing: bool,
) -> dict[str, tuple[FileRecord, ...]]:
    """The files of every document the index should hold after the run, by document id."""
    wanted: dict[str, list[FileRecord]] = {}
    looked_at, unreadable = set(), set()
    lost_places = {Path(place.path) for place in lost}

    def is_lost(file: FileRecord) -> bool:
        places = (Path(file.drive), *Path(file.path).parents)
        return bool(lost_places) and not lost_places.isdisjoint(places)

    for one in seen:
        looked_at.add(one.record.path)
        if one.document_id is None:
            unreadable.add(one.record.path)
        elif not is_lost(one.record):
            wanted.setdefault(one.document_id, []).append(one.record)
    met = set(wanted)  # documents whose bytes are here: what else they are called can be looked at
    for path, (record, document) in owner.items():
        if path in looked_at:
            stays = path in unreadable
        elif keep_missing or listing.is_hidden(path):
            stays = True
        elif document.document_id in met:
            stays = not scope.holds(path) and not is_gone(record)
        else:
            stays = is_lost(record) or not scope.holds(path)
        if stays:
            wanted.setdefault(document.document_id, []).append(record)
    return {
        document_id: tuple(sorted(files, key=lambda file: file.path))
        for document_id, files in wanted.items()
    }


def _replacements(
    wanted: dict[str, tuple[FileRecord, ...]],
    known: dict[str, Document],
    owner: dict[str, tuple[FileRecord, Document]],
) -> dict[str, str]:
    """Which document takes the place of one that loses its last path: old id to new id."""
    replaced_by = {}
    for new_id, files in wanted.items():
        for file in files:
            if file.path in owner:
                old_id = owner[file.path][1].document_id
                if old_id not in wanted:
                    replaced_by[old_id] = new_id
    return {old: new for old, new in replaced_by.items() if old in known}


def _failing(pages: Iterable[int], failures: Sequence[Failure]) -> frozenset[int]:
    """The pages that any of the failures is about; these may be about a thousand million more."""
    return frozenset(n for n in pages if any(n in f.page_numbers for f in failures))


def _to_be_read(
    seen: Iterable[Seen],
    wanted: dict[str, tuple[FileRecord, ...]],
    known: dict[str, Document],
    unread: dict[str, Document],
    retry_failed: bool,
    reread_of: Mapping[str, frozenset[int]],
) -> list[str]:
    """Ids of the documents to be opened, of those whose bytes are here."""
    seen = [one for one in seen if one.document_id is not None]
    met = {one.document_id for one in seen}
    failed_before = {path for document in unread.values() for path in document.paths}
    readable_now = {one.document_id for one in seen if one.record.path in failed_before}

    def needs_work(document_id: str) -> bool:
        document = known.get(document_id)
        if retry_failed:
            return document_id in readable_now or bool(document and document.failures)
        if document is None or not document.is_complete or document.has_passing_failures:
            return True
        return bool(reread_of.get(document_id))

    return [document_id for document_id in wanted if document_id in met and needs_work(document_id)]


def _facts(wanted: dict[str, tuple[FileRecord, ...]], document_id: str) -> DocumentFacts | Failure:
    try:
        return read_facts(Path(existing_first([file.path for file in wanted[document_id]])[0]))
    except PageFailure as e:
        return _failure_of(e)


def _work(
    document_id: str,
    files: tuple[FileRecord, ...],
    facts: DocumentFacts | Failure,
    kept: Iterable[Failure],
    done: frozenset[int],
    replaces: tuple[str, ...],
    waiting: frozenset[int],
    reread: frozenset[int],
) -> Work:
    """What is to be done with a document.

    Failures of earlier runs that are `kept` are not tried again, nor pages that are `done`: those
    the index holds as they should be. Those `waiting` lack their vectors, and those to `reread`
    perhaps words.
    """
    if isinstance(facts, Failure):
        return Work(Document(document_id, files, "", 0, True, (facts,)), None, (), replaces)
    failures = merge_failures({*kept, *facts.failures})
    done |= {n for failure in failures for n in failure.page_numbers[: facts.page_count]}
    todo = tuple(n for n in range(1, facts.page_count + 1) if n not in done)
    document = Document(
        document_id, files, facts.title, facts.page_count, False, failures, facts.not_searched
    )
    return Work(
        document,
        facts,
        todo,
        replaces,
        waiting.intersection(todo),
        reread.intersection(todo),
    )
