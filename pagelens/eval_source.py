"""QUERIES of `pagelens eval`: a table, or questions that come with pages, which are ingested."""

import re
import time
from contextlib import closing
from pathlib import Path

from rich.console import Console

from index.errors import INTERRUPTED, WrongUseError
from index.location import Location
from ingest.poppler import kill_running
from pagelens.ingest_report import print_report
from pagelens.open_index import open_index, open_index_for_writing, stored_fingerprint
from pagelens.progress import progress_bar
from pagelens.shown_sync import carry_out_shown, look_through, make_plan_shown
from pagelens.sync import page_reader
from pagelens.terminal import end_on_signal, say
from query.quality.beir import is_beir_folder, read_beir
from query.quality.data_sets import load_data_set, write_corpus
from query.quality.questions import QuestionSet, read_questions

_HUB_ID = re.compile(r"[\w.-]+/[\w.-]+(?<!\.tsv)(?<!\.jsonl)")
_TABLE_SUFFIXES = (".tsv", ".txt", ".csv")
_PAGES_SUFFIX = ".pages"


def read_source(source: str, messages: Console) -> tuple[QuestionSet, Path | None]:
    """Read the questions; a data set is loaded, and its pages are written as files.

    Returns:
        The questions, and the folder with their corpus where they come with one.

    Raises:
        WrongUseError: there are none, or they cannot be understood.
        MissingDependencyError: a data set is not on this machine, nor what would load it.
    """
    path = Path(source)
    if path.is_file():
        return read_questions(path), None
    if is_beir_folder(path):
        collection = read_beir(path)
    elif any(path.rglob("*.parquet")) if path.is_dir() else _HUB_ID.fullmatch(source):
        with end_on_signal(messages):
            with messages.status(f"Loading {source}"):
                data_set = load_data_set(source)
            with progress_bar(messages) as progress:
                task = progress.add_task("Writing pages", total=len(data_set.page_ids))
                folder = Path(f"{name_of(source)}{_PAGES_SUFFIX}")
                collection = write_corpus(data_set, folder, lambda: progress.advance(task))
    else:
        raise WrongUseError(
            f"No questions in {source}. Name a table (a file with the columns query, file, pages), "
            "a folder in BEIR's form, or a data set of the hub (vidore/...). "
            '"pagelens eval make FOLDER" drafts a table.'
        )
    return collection.questions, collection.folder


def name_of(source: str) -> str:
    """What files that are made for these questions are called.

    >>> name_of("mine/queries.tsv"), name_of("vidore/docvqa_test"), name_of("../a.b/")
    ('queries', 'docvqa_test', 'a.b')
    """
    path = Path(source)
    return (path.stem if path.suffix in _TABLE_SUFFIXES else path.resolve().name) or "queries"


def ingest_corpus(
    corpus: Path,
    location: Location,
    encoder_name: str,
    model: str | None,
    max_edge_px: int | None,
    device: str,
    ocr: str,
    messages: Console,
) -> None:
    """Make an index equal to a corpus, unless it holds anything else: that is somebody's.

    Ctrl-C ends the command, as it ends `pagelens ingest`.

    Args:
        corpus: a folder.
        location: of the index.
        encoder_name: as for `prepare_sync`, and so the next three.
        model: hub id or folder.
        max_edge_px: of a page.
        device: where the model runs.
        ocr: as for `page_reader`.
        messages: where a person is told.
    """
    if _holds_others(location, corpus):
        say(
            f"Note: {location} holds documents from elsewhere, which are searched too, so {corpus} "
            "is not ingested into it. Name a new --index, or run pagelens ingest yourself."
        )
        return
    start = time.monotonic()
    with end_on_signal(messages, kill_running):
        sync = look_through(
            messages, [corpus], location, encoder_name, model, device, max_edge_px=max_edge_px
        )
        reader = page_reader(ocr, redo_ocr=False, say_what_is_missing=messages.print)
        with (
            progress_bar(messages) as progress,
            closing(open_index_for_writing(location, sync.encoder.fingerprint)) as index,
        ):
            plan = make_plan_shown(sync, index, progress)
            report = carry_out_shown(
                sync,
                plan,
                index,
                progress,
                messages,
                reader=reader,
                text_first=False,  # nobody asks meanwhile
            )
    if plan.n_pages or report.failed or report.lost_roots:
        encoder = sync.encoder.fingerprint.encoder
        print_report(messages, report, plan, encoder, time.monotonic() - start)
    if report.is_interrupted:
        raise SystemExit(INTERRUPTED)


def _holds_others(location: Location, corpus: Path) -> bool:
    if stored_fingerprint(location) is None:
        return False
    folder = corpus.resolve()
    with closing(open_index(location)) as index:
        paths = (path for document in index.documents() for path in document.paths)
        return any(not Path(path).is_relative_to(folder) for path in paths)
