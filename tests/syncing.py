"""An ingest of folders into any index, without a command line."""

import threading
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from encoders.interface import Encoder
from encoders.lexical import LexicalEncoder
from index.interface import PageIndex
from ingest.files import find_files, scope_of
from ingest.ocr.reader import PageReader
from ingest.pipeline import carry_out
from ingest.plan import make_plan
from ingest.report import Report
from ingest.shard import EVERYTHING, Shard


def sync(
    index: PageIndex,
    *folders: Path,
    keep_missing: bool = False,
    retry_failed: bool = False,
    shard: Shard = EVERYTHING,
    load_encoder: Callable[[], Encoder] = LexicalEncoder,
    stop: threading.Event | None = None,
    exclude: Sequence[str] = (),
    follow_links: bool = False,
    text_first: bool = False,
    reader: PageReader | None = None,
    redo_ocr: bool = False,
) -> Report:
    """Make an index equal to folders, or to single files; by words, unless told otherwise."""
    scope = scope_of(folders)
    plan = make_plan(
        find_files(scope, leave_out=None, exclude=exclude, follow_links=follow_links),
        scope,
        index.documents(),
        index.page_numbers,
        index.waiting_pages,
        pages_to_reread=partial(reader.pages_to_reread, index) if reader and redo_ocr else None,
        keep_missing=keep_missing,
        retry_failed=retry_failed,
        shard=shard,
        n_workers=1,
        on_file=lambda: None,
    )
    return carry_out(
        plan,
        index,
        load_encoder,
        n_workers=1,
        stop=stop or threading.Event(),
        reader=reader,
        text_first=text_first,
    )
