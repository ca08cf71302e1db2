"""`pagelens eval make`: questions drafted from what the pages of a folder say."""

import sys
from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path, PurePosixPath

import click

from index.errors import WrongUseError
from index.location import Location
from index.pages import Document
from index.paths import Names
from index.whole_file import whole_file
from index.wording import count, plural
from pagelens.open_index import open_index
from pagelens.options import index_options
from pagelens.progress import progress_bar
from pagelens.terminal import say, terminal
from query.quality.candidates import KINDS
from query.quality.draft import Draft, draft_questions, drafts_as_table

PER_DOCUMENT = 5  # of a hundred documents as many questions as a person reads through in an hour


@click.command("make")
@click.argument("folder", metavar="FOLDER", type=click.Path(path_type=Path))
@index_options
@click.option(
    "--per-document",
    type=click.IntRange(min=1),
    default=PER_DOCUMENT,
    show_default=True,
    metavar="N",
    help="How many questions for each document at most.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Write them to this file, which must not be there yet. [default: standard output]",
)
def make(folder: Path, location: Location, per_document: int, out: Path | None) -> None:
    """Draft questions from what pages say, for "pagelens eval" to ask.

    Each is made of a heading, a caption, the head of a table or a sentence that stands on one page
    alone, of a document of the index that lies in FOLDER. Nobody has asked them: edit them until
    they are what people would type. The first lines of the table say so.
    """
    if out is not None and out.exists():
        raise WrongUseError(
            f"{out} is there already, and may hold edited questions. Name another file with --out, "
            "or delete it."
        )
    root = PurePosixPath(folder.expanduser().resolve().as_posix())
    with closing(open_index(location)) as index:
        searchable = [document for document in index.documents() if document.files]
        names = _names_in(root, searchable)
        if not names:
            raise WrongUseError(
                f"No document of {location} lies in {folder}. Ingest it first: "
                f"pagelens ingest {folder} --index {location}"
            )
        documents = sorted(
            (document for document in searchable if document.document_id in names),
            key=lambda document: names[document.document_id],
        )
        with progress_bar(terminal(stderr=True)) as progress:
            n_pages = sum(len(document.readable_pages) for document in searchable)
            task = progress.add_task("Reading pages", total=n_pages)
            drafts = draft_questions(index, documents, per_document, lambda: progress.advance(task))
    if not drafts:
        raise WrongUseError(
            f"No question can be drafted from the {count(len(documents), 'document')} in {folder}: "
            "their pages have no words, or say nothing that stands on one page alone. Write "
            "questions by hand, a line each: query, file, pages, with tabs between."
        )
    table = drafts_as_table(drafts, names)
    if out is None:
        sys.stdout.write(table)
    else:
        with whole_file(out) as file:
            file.write(table.encode())
    _say_what_was_drafted(drafts, len(documents))
    if out is not None:
        say(f"Edit them in {out}, then: pagelens eval {out} --index {location}")


def _names_in(root: PurePosixPath, documents: Sequence[Document]) -> dict[str, str]:
    """Of each document that lies in a folder the name to call it by: as short as it is clear."""
    known = Names(documents)
    names = {}
    for document in documents:
        inside = [path for path in document.paths if PurePosixPath(path).is_relative_to(root)]
        if inside:
            path = PurePosixPath(inside[0])
            start = min(len(root.parts), len(path.parts) - 1)
            ends = (str(PurePosixPath(*path.parts[i:])) for i in range(start, -1, -1))
            names[document.document_id] = next(e for e in ends if len(known.find(e)) == 1)
    return names


def _say_what_was_drafted(drafts: Sequence[Draft], n_documents: int) -> None:
    of_kind = Counter(draft.kind for draft in drafts)
    kinds = ", ".join(
        f"{of_kind[kind]} of {kind if of_kind[kind] == 1 else plural(kind)}"
        for kind in KINDS
        if of_kind[kind]
    )
    n_without = n_documents - len({draft.document_id for draft in drafts})
    say(
        f"Drafted {count(len(drafts), 'question')} for "
        f"{count(n_documents - n_without, 'document')}: {kinds}."
        + (f" For {count(n_without, 'document')} there is none." if n_without else "")
    )
    n_ocr = sum(draft.is_ocr for draft in drafts)
    if n_ocr:
        say(
            f"{n_ocr} of them {'is of a page' if n_ocr == 1 else 'are of pages'} whose words were "
            "read by OCR: compare with the page, for a misread word is as rare as a telling one."
        )
