"""What the command and the function `ingest` share: folders, an index, the encoder it takes."""

import os
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from encoders.choose import choose_encoder, load_encoder
from encoders.devices import torch_devices
from encoders.interface import Encoder
from encoders.layouts.tiles import edge_px_of
from encoders.pooling import pooling_name
from index.errors import MissingDependencyError, WrongUseError
from index.interface import PageIndex
from index.location import Location
from index.pages import Fingerprint, mismatch_error
from ingest.files import Listing, Scope, find_files, scope_of
from ingest.lost_roots import LostRoot
from ingest.ocr.reader import PageReader
from ingest.plan import Plan, make_plan
from ingest.poppler import require_poppler
from ingest.shard import Shard
from pagelens.left_out_report import left_out_lines
from pagelens.open_index import open_index_for_writing, stored_fingerprint
from pagelens.options import OCR_MODES

N_WORKERS = os.cpu_count() or 1
"""Files read and pages rendered at once: poppler keeps one core busy each."""

_KEEP_POOLING = (
    "Leave out --pool to go on with the index's own, or ingest into a new index with --index."
)


@dataclass(frozen=True)
class EncoderSource:
    """An encoder that is loaded when there is something to encode.

    Attributes:
        notice: what to tell the user of the choice, given the pages to do; None: nothing.
    """

    fingerprint: Fingerprint
    load: Callable[[], Encoder]
    notice: Callable[[int], str] | None


@dataclass(frozen=True)
class Sync:
    """Folders that an index is to equal.

    Attributes:
        scope: the folders, so that what vanished from them is known.
        listing: every document in them.
        encoder: what turns pages into vectors.
        device: where its model is to run, as asked for.
        is_new: whether there is no index yet.
    """

    scope: Scope
    listing: Listing
    encoder: EncoderSource
    device: str
    is_new: bool

    def is_on_cpu(self) -> bool:
        """Whether a model looks at the pages, without a GPU: a matter of seconds for each page.

        Imports torch, so it is asked where there are pages to encode.
        """
        return self._looks_at_pages and torch_devices(self.device) == ["cpu"]

    def is_text_first(self, wanted: bool | None, n_pages: int) -> bool:
        """Whether all pages are made searchable by their words before they get vectors.

        Args:
            wanted: as asked for; None where nothing was: on a CPU then. An encoder of words has its
                vectors as soon, whatever was asked for.
            n_pages: to be encoded.
        """
        if not (n_pages and self._looks_at_pages):
            return False
        return self.is_on_cpu() if wanted is None else wanted

    @property
    def _looks_at_pages(self) -> bool:
        return self.encoder.fingerprint.encoder != "lexical"

    def plan(
        self,
        index: PageIndex | None,
        *,
        keep_missing: bool,
        retry_failed: bool,
        allow_empty: bool,
        shard: Shard,
        redo_with: PageReader | None = None,
        confirm: Callable[[Sequence[LostRoot]], Collection[LostRoot]] = lambda lost: (),
        on_file: Callable[[], None],
        on_opened: Callable[[int, int], object] = lambda n_opened, n_new: None,
    ) -> Plan:
        """What has to be done.

        Args:
            index: None where there is none yet.
            keep_missing: keep documents whose files are gone.
            retry_failed: try only what could not be read before.
            allow_empty: remove also what a folder has lost that has lost everything at once.
            shard: which of the documents are this run's.
            redo_with: look again at all pages that this one has not read; None where not.
            confirm: given such folders, where that is not said, gives those of which it may.
            on_file: called for every file looked at.
            on_opened: called for every new document opened: how many are, and are to be.
        """
        return make_plan(
            self.listing,
            self.scope,
            index.documents() if index is not None else (),
            index.page_numbers if index is not None else lambda _: frozenset(),
            index.waiting_pages if index is not None else lambda _: frozenset(),
            pages_to_reread=(
                partial(redo_with.pages_to_reread, index)
                if redo_with is not None and index is not None
                else None
            ),
            keep_missing=keep_missing,
            retry_failed=retry_failed,
            allow_empty=allow_empty,
            shard=shard,
            confirm=confirm,
            n_workers=N_WORKERS,
            on_file=on_file,
            on_opened=on_opened,
        )


def page_reader(
    ocr: str, *, redo_ocr: bool, say_what_is_missing: Callable[[str], object]
) -> PageReader | None:
    """What reads pages by OCR; None where it is not wanted, or not on this machine.

    Args:
        ocr: as `--ocr`, one of OCR_MODES.
        redo_ocr: as `--redo-ocr`.
        say_what_is_missing: called with a line where OCR would be done if it could be.

    Raises:
        WrongUseError: it is to be done again, and not at all.
        MissingDependencyError: it was asked for, and is not on this machine.
    """
    if ocr not in OCR_MODES:
        raise WrongUseError(f"No --ocr {ocr!r}. There are: {', '.join(OCR_MODES)}.")
    if ocr == "never":
        if redo_ocr:
            raise WrongUseError("--redo-ocr has pages read by OCR, and --ocr never has none read.")
        return None
    try:
        return PageReader(reads_all=ocr == "always")
    except MissingDependencyError as error:
        if ocr == "always" or redo_ocr:
            raise
        say_what_is_missing(
            f"Note: scans stay without words. {error}. Later --redo-ocr reads them."
        )
        return None


def prepare_sync(
    folders: Sequence[Path],
    location: Location,
    encoder_name: str,
    model: str | None,
    device: str,
    ask: Callable[[str], bool] | None = None,
    *,
    max_edge_px: int | None = None,
    pool: int | None = None,
    exclude: Sequence[str],
    follow_links: bool,
    on_folder: Callable[[int, int], object] = lambda n_files, n_documents: None,
) -> Sync:
    """Look at folders and index before anything is changed.

    Args:
        folders: folders, or single documents.
        location: of the index.
        encoder_name: "auto", or the encoder a new index is to have.
        model: hub id or folder; None for the index's own, or the default.
        device: where the model runs.
        ask: puts a yes-or-no question to the user; None where nobody answers.
        max_edge_px: as `--max-edge`; None for the index's own, or the model's.
        pool: as `--pool`; None for the index's own, or 1.
        exclude: patterns as in `.gitignore` of what is left out.
        follow_links: look also behind links to folders.
        on_folder: called after each folder with the files and documents seen so far.

    Raises:
        WrongUseError: a folder is not there, or holds no document and there is no index; a pattern
            is none; a longest edge that the model does not take; a pool below 1.
        MissingDependencyError: poppler or the model is not on this machine.
        IndexMismatchError: the index was made with another encoder or pooling, or in another
            format.
        ServerError: no server answers there, or it refuses.
    """
    scope = scope_of(folders)
    require_poppler()
    listing = find_files(
        scope,
        leave_out=None if location.is_server else location.folder,
        exclude=exclude,
        follow_links=follow_links,
        on_folder=on_folder,
    )
    stored = stored_fingerprint(location)
    if stored is None and not listing.paths:
        named = ", ".join(str(folder) for folder in folders)
        reasons = [f"{folder} ({why})" for folder, why in listing.unlistable.items()]
        unseen = f" Could not be listed: {', '.join(reasons)}." if reasons else ""
        left_out = "".join(f" {line}" for line in left_out_lines(listing.left_out))
        raise WrongUseError(
            f"No PDF or image in {named}.{unseen}{left_out} Name a folder that holds some."
        )

    if stored is None:
        n = 1 if pool is None else pool
        choice = choose_encoder(encoder_name, model, device, ask, max_edge_px, n)
        made_with = choice.encoder.fingerprint
        source = EncoderSource(made_with, lambda: choice.encoder, choice.notice)
    elif pool is not None and pooling_name(pool) != stored.pooling:
        wanted = replace(stored, pooling=pooling_name(pool))
        raise mismatch_error(f"Index {location}", stored, wanted, _KEEP_POOLING)
    elif encoder_name in ("auto", stored.encoder):
        _require_edge(location, stored, max_edge_px)
        source = EncoderSource(stored, lambda: load_encoder(stored, model, device), None)
    else:
        raise mismatch_error(f"Index {location}", stored, replace(stored, encoder=encoder_name))
    return Sync(scope, listing, source, device, is_new=stored is None)


def make_index_where_none(location: Location, model: str | None, device: str) -> Encoder | None:
    """Make an empty index, so that it can be searched before there is a document.

    Gives the encoder it is made for, which "auto" chooses; None where there is an index.
    """
    if stored_fingerprint(location) is not None:
        return None
    encoder = choose_encoder("auto", model, device).encoder
    open_index_for_writing(location, encoder.fingerprint).close()
    return encoder


def _require_edge(location: Location, stored: Fingerprint, max_edge_px: int | None) -> None:
    """Refuse another longest edge than the index's pages have.

    Raises:
        WrongUseError: its pages are not cut into tiles.
        IndexMismatchError: they have another.
    """
    own_px = edge_px_of(stored.rendering)
    if max_edge_px in (None, own_px):
        return
    if own_px is None:
        raise WrongUseError(
            f"--max-edge {max_edge_px} is for models that cut pages into tiles. Index {location} "
            f"was made with rendering {stored.rendering}; leave it out."
        )
    wanted = stored.rendering.replace(f"edge-{own_px}", f"edge-{max_edge_px}")
    raise mismatch_error(
        f"Index {location}",
        stored,
        replace(stored, rendering=wanted),
        "Leave out --max-edge to go on with the index's own, or ingest into a new index with "
        "--index.",
    )
