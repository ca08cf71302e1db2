"""First places by kind of query: how often the page that is meant stands alone at the top.

`python -m tests.words.table` prints it for an index in a folder, with `--vespa` for one in Vespa's
stand-in, and then every query whose page is not first; with `--save` it writes the numbers below
which tests/whole/test_words_table.py fails.

queries.tsv is a question set as `pagelens eval` reads it; of nowhere.tsv the right answer is none.
"""

import argparse
import json
import shutil
import tempfile
import uuid
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

import pagelens
from encoders.lexical import LexicalEncoder
from index.embedded import ranking as embedded_ranking
from index.embedded.embedded_index import EmbeddedIndex
from index.errors import WrongUseError
from index.interface import BM25, HAMMING_THEN_FLOAT, PageIndex
from index.location import Location
from index.pages import Hit
from query.found import Found
from query.quality.questions import read_questions, resolve
from query.quality.tables import read_table
from query.request import SearchRequest
from query.search import HYBRID, find
from tests.cases import CASES
from tests.documents import write_text_pdf
from tests.vespa_java.jars import compile_sources, fetch_jars
from tests.vespa_java.jvm import VespaJava
from tests.vespa_java.stand_in import StandIn
from vespa_app.vespa_index import VespaIndex

HERE = Path(__file__).parent
FLOORS = HERE / "floors.json"
IN_FOLDER = "folder"
IN_STAND_IN = "vespa stand-in"
RANKINGS = (HAMMING_THEN_FLOAT, BM25, HYBRID)
STAND_IN_RANKINGS = (BM25, HYBRID)
"""What differs there: `bm25` is the number of the query's words that stand on a page, so that pages
tie which Vespa's own engine tells apart."""

PAGE_BREAK = "%%\n"
ALONE = "invoice-0042.pdf"
"""A case for an index of its own: it holds the number that one of the ninety invoices has."""
WHOLE_CASES = ("rtl-hebrew.pdf", "rtl-chrome-print.pdf", "space-is-control-char.pdf")

_DEPTH = 10  # a wrong page that ties with the first is among them
_SAME = 1e-6
"""Scores nearer than this part of them are a tie: sums of floats depend on their order."""

Counts = Mapping[str, Mapping[str, int]]
"""Right first places by ranking and kind."""


@dataclass(frozen=True)
class Asked:
    """A query, its kind, and the pages of which one is to be first; none where no page is right."""

    text: str
    kind: str
    page_ids: frozenset[str]


@dataclass(frozen=True)
class Answer:
    """What a ranking put first, and whether that is right: for no page, whether it says so."""

    asked: Asked
    ranking: str
    is_right: bool
    first: str


@contextmanager
def written_pages() -> Iterator[Path]:
    """A folder with the PDFs of the table: the texts of pages/, and the cases about words.

    Folder names are searched too, and those that pytest and tempfile choose may hold words.
    """
    folder = Path(tempfile.gettempdir()) / f"words{uuid.uuid4().hex}"
    folder.mkdir()
    try:
        for path in (HERE / "pages").glob("*.txt"):
            pages = path.read_text(encoding="utf-8").split(PAGE_BREAK)
            write_text_pdf(folder / f"{path.stem}.pdf", pages)
        cases = [path for path in (CASES / "words").glob("*.pdf") if path.name != ALONE]
        for path in [*cases, *(CASES / name for name in WHOLE_CASES)]:
            shutil.copy(path, folder)
        yield folder
    finally:
        shutil.rmtree(folder)


def queries(index: PageIndex) -> list[Asked]:
    """Every query, with the ids of the right pages in this index."""
    asked = read_questions(HERE / "queries.tsv")
    grades = resolve(asked, index.documents())
    found = [
        Asked(question.text, question.kind, frozenset(grades[question.id]))
        for question in asked.questions
    ]
    nowhere = read_table(HERE / "nowhere.tsv", ("query", "kind")).rows
    return found + [Asked(r.cells["query"], r.cells["kind"], frozenset()) for r in nowhere]


def in_folder() -> list[Answer]:
    """What an index in a folder answers."""
    with written_pages() as folder, pytest.MonkeyPatch.context() as patched:
        pagelens.ingest(folder, index=folder / "index", encoder="lexical")
        # by the compiled kernels, which pay in a process with a thousand searches
        patched.setattr(embedded_ranking, "PLAIN_COMPARISONS", -1)
        with closing(EmbeddedIndex.open(folder / "index")) as index:
            return ask(index, RANKINGS)


def in_stand_in(stand_in: StandIn, rankings: Sequence[str]) -> list[Answer]:
    """What Vespa's stand-in answers, which is emptied first."""
    stand_in.clear()
    with written_pages() as folder:
        pagelens.ingest(folder, index=stand_in.url, encoder="lexical")
    with closing(VespaIndex.open(Location(stand_in.url))) as index:
        return ask(index, rankings)


def ask(index: PageIndex, rankings: Sequence[str]) -> list[Answer]:
    """Search for every query by each ranking."""
    encoder = LexicalEncoder()
    answers = []
    for asked in queries(index):
        for ranking in rankings:
            request = SearchRequest(asked.text, _DEPTH, ranking)
            try:
                found = find(index, lambda: encoder, request)
            except WrongUseError:  # no word to look for
                answers.append(Answer(asked, ranking, not asked.page_ids, "nothing"))
                continue
            hits = found.shown
            first = f"{Path(hits[0].name).name} {hits[0].page_number}" if hits else "nothing"
            is_right = _is_first(hits, asked.page_ids) if asked.page_ids else _says_none(found)
            answers.append(Answer(asked, ranking, is_right, first))
    return answers


def _says_none(found: Found) -> bool:
    """Whether an answer has no hits, or says that none holds a word and shows none as if it did."""
    return not found.shown or (found.words_nowhere != () and found.n_above_line == 0)


def _is_first(hits: Sequence[Hit], right: frozenset[str]) -> bool:
    """Whether a right page is above every other."""
    if not hits:
        return False
    others = [hit.score_sum for hit in hits if hit.page_id not in right]
    is_above = not others or hits[0].score_sum - others[0] > _SAME * abs(hits[0].score_sum)
    return hits[0].page_id in right and is_above


def counted(answers: Iterable[Answer]) -> Counts:
    """How many are right, by ranking and kind."""
    counts: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for answer in answers:
        counts[answer.ranking][answer.asked.kind] += answer.is_right
    return counts


def losses(answers: Iterable[Answer], where: str) -> list[str]:
    """Where fewer are right than floors.json says, a line each."""
    counts = counted(answers)
    floors: dict[str, Counts] = json.loads(FLOORS.read_text(encoding="utf-8"))
    return [
        f"{ranking}, {kind}: {counts[ranking][kind]} right, {floor} before"
        for ranking in counts
        for kind, floor in floors[where][ranking].items()
        if counts[ranking][kind] < floor
    ]


def from_vespa() -> list[Answer]:
    """What the stand-in answers, in a JVM of its own."""
    with tempfile.TemporaryDirectory() as name:
        jars, classes = fetch_jars(), Path(name) / "classes"
        compile_sources(jars, classes)
        with closing(VespaJava(jars, classes, Path(name) / "vespa.log")) as java:
            return in_stand_in(StandIn(java), STAND_IN_RANKINGS)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.words.table")
    parser.add_argument("--vespa", action="store_true", help="ask Vespa's stand-in")
    parser.add_argument("--save", action="store_true", help="make these numbers the floors")
    arguments = parser.parse_args()
    answers = from_vespa() if arguments.vespa else in_folder()
    show(answers)
    if arguments.save:
        floors = json.loads(FLOORS.read_text(encoding="utf-8"))
        floors[IN_STAND_IN if arguments.vespa else IN_FOLDER] = counted(answers)
        FLOORS.write_text(json.dumps(floors, indent=1) + "\n", encoding="utf-8")


def show(answers: Sequence[Answer]) -> None:
    """Print the table, and the queries whose page is not first."""
    counts = counted(answers)
    asked = Counter(kind for kind, _ in {(a.asked.kind, a.asked.text) for a in answers})
    print(f"{'kind':<12}{'of':>5}" + "".join(f"{ranking:>20}" for ranking in counts))
    for kind, n in sorted(asked.items()):
        print(f"{kind:<12}{n:>5}" + "".join(f"{of_kind[kind]:>20}" for of_kind in counts.values()))
    totals = "".join(f"{sum(of_kind.values()):>20}" for of_kind in counts.values())
    print(f"{'all':<12}{sum(asked.values()):>5}{totals}\n")
    for answer in answers:
        if not answer.is_right:
            print(f"{answer.ranking}\t{answer.asked.kind}\t{answer.asked.text}\t{answer.first}")


if __name__ == "__main__":
    main()
