"""An ingest of folders into any index, without a command line."""

import threading
from pathlib import Path

from encoders.lexical import LexicalEncoder
from index.interface import PageIndex
from ingest.files import find_files, scope_of
from ingest.pipeline import Report, carry_out
from ingest.plan import make_plan


def sync(index: PageIndex, *folders: Path, keep_missing: bool = False) -> Report:
    """Make an index equal to folders, or to single files, by words."""
    scope = scope_of(folders)
    plan = make_plan(
        find_files(scope, leave_out=None),
        scope,
        index.documents(),
        index.page_numbers,
        keep_missing=keep_missing,
        retry_failed=False,
        n_workers=1,
        on_file=lambda: None,
    )
    return carry_out(
        plan,
        index,
        LexicalEncoder,
        n_workers=1,
        stop=threading.Event(),
        on_page=lambda: None,
    )
