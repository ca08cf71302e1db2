"""`pagelens eval QUERIES`: arguments, parts, messages; the rest is in query/quality."""

import functools
import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing, nullcontext
from pathlib import Path

import click
from rich.console import Console

from encoders.choose import load_encoder
from encoders.interface import Encoder
from index.errors import INTERRUPTED, WrongUseError
from index.interface import RERANK_SAID, PageIndex
from index.location import Location
from index.whole_file import whole_file
from index.wording import count
from pagelens.completion import files
from pagelens.eval_report import comparison_as_json, print_comparison
from pagelens.eval_source import ingest_corpus, name_of, read_source
from pagelens.open_index import open_index
from pagelens.options import encoder_options, index_options, ocr_option
from pagelens.pooled_copy import Pooling, passing_copy, pooling_of
from pagelens.progress import progress_bar
from pagelens.terminal import end_on_signal, say, terminal
from query.quality.comparison import Comparison, compare
from query.quality.measures import load_ir_measures
from query.quality.questions import resolve
from query.quality.run_file import RunFile, state_of
from query.quality.settings import Setting, settings_of
from query.quality.sweep import missing, sweep
from query.request import RANKINGS

_RUNS_SUFFIX = ".runs.jsonl"
_LEAST_RERANK = 10  # nDCG@10 and recall@10 look at as many pages, and phase 2 scores what is shown


@click.command()
@click.argument("source", metavar="QUERIES", shell_complete=files)
@index_options
@encoder_options
@ocr_option
@click.option(
    "--ranking",
    "rankings",
    type=click.Choice(RANKINGS),
    multiple=True,
    default=RANKINGS,
    help="A ranking to measure; may be repeated: the first is what the others are held against. "
    f"[default: all, {RANKINGS[0]} first]",
)
@click.option(
    "--rerank",
    "reranks",
    type=click.IntRange(min=_LEAST_RERANK),
    multiple=True,
    metavar="N",
    help="Pages that phase 2 scores, where a ranking has one; may be repeated. "
    f"[default: {RERANK_SAID}]",
)
@click.option(
    "--pool",
    "pools",
    type=click.IntRange(min=1),
    multiple=True,
    metavar="N",
    help="Measure with one vector for N patches of a page, pooled for the time of the command; may "
    "be repeated. [default: the index as it is]",
)
@click.option(
    "--picture",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE.png",
    help="Draw quality and time of every setting, by language and kind too.",
)
@click.option(
    "--runs",
    "runs_path",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Where answers are kept, so that no search is run twice. "
    "[default: the name of QUERIES with .runs.jsonl, in this folder]",
)
@click.option("--json", "as_json", is_flag=True, help="Print the result as one JSON object.")
def run(
    source: str,
    location: Location,
    encoder_name: str,
    model: str | None,
    max_edge_px: int | None,
    device: str,
    ocr: str,
    rankings: Sequence[str],
    reranks: Sequence[int],
    pools: Sequence[int],
    picture: Path | None,
    runs_path: Path | None,
    as_json: bool,
) -> None:
    """Measure how well questions find their pages.

    QUERIES is a table (columns query, file, pages), a folder in BEIR's form with a corpus of PDFs
    or images, or a data set of the hub (vidore/...). The corpus of the latter two is ingested into
    the index first, where it is not there yet. "pagelens eval make FOLDER" drafts a table.

    Stop it at any time: the same command goes on from there.
    """
    load_ir_measures()  # what is missing is said before the work
    draw = None if picture is None else _drawing_into(picture)
    messages = terminal(stderr=True)
    questions, corpus = read_source(source, messages)
    if corpus is not None:
        ingest_corpus(corpus, location, encoder_name, model, max_edge_px, device, ocr, messages)
    with closing(open_index(location)) as index:
        wanted = {n: pooling_of(location, index.fingerprint, n) for n in pools or (None,)}
        poolings = {n if pooling.is_any else None: pooling for n, pooling in wanted.items()}
        settings = settings_of(rankings, reranks or (None,), poolings)
        documents = list(index.documents())
        grades = resolve(questions, documents)
        state = state_of(index.fingerprint, documents, location.place)
        with RunFile(runs_path or Path(f"{name_of(source)}{_RUNS_SUFFIX}"), state) as runs:
            texts = dict.fromkeys(question.text for question in questions.questions)
            todo = missing(texts, settings, runs)
            n_todo, n_all = sum(map(len, todo.values())), len(texts) * len(settings)
            if n_todo < n_all:
                say(
                    f"Note: {n_all - n_todo:,} of {count(n_all, 'answer')} are from {runs.path}. "
                    "Delete it to search for all of them again."
                )
            if todo:
                encoder = functools.cache(lambda: load_encoder(index.fingerprint, model, device))
                _search(index, encoder, todo, poolings, runs, messages)
            comparison = compare(questions.questions, grades, settings, runs.answers)
        n_pages = index.stats().n_pages
    if draw is not None:
        n_questions = count(comparison.n_questions, "question")
        draw(comparison, f"{source}, {location}: {n_questions}. {questions.origin}")
    if as_json:
        about = {"queries": source, "origin": questions.origin, "index": str(location)}
        measured = comparison_as_json(comparison)
        click.echo(json.dumps({**about, "n_pages": n_pages, **measured, "runs": str(runs.path)}))
    else:
        print_comparison(comparison, questions.origin, n_pages)


def _drawing_into(path: Path) -> Callable[[Comparison, str], None]:
    """What draws into a file; refuses one that could not be written, before the work.

    Raises:
        WrongUseError: it is no PNG by its name.
        MissingDependencyError: matplotlib is not installed.
    """
    if path.suffix.lower() != ".png":
        raise WrongUseError(f"--picture {path} must be the name of a PNG, such as eval.png.")
    if not path.parent.is_dir():
        raise WrongUseError(f"--picture {path}: there is no folder {path.parent}. Make it first.")
    from query.quality.picture import draw_comparison  # imports matplotlib

    def draw(comparison: Comparison, title: str) -> None:
        with whole_file(path) as file:
            file.write(draw_comparison(comparison, title))

    return draw


def _search(
    index: PageIndex,
    encoder: Callable[[], Encoder],
    todo: Mapping[str, Sequence[Setting]],
    poolings: Mapping[int | None, Pooling],
    runs: RunFile,
    messages: Console,
) -> None:
    """Search for what is missing; Ctrl-C ends the command, and keeps what was done."""
    n_todo = sum(map(len, todo.values()))
    n_done = 0

    def on_answer() -> None:
        nonlocal n_done
        n_done += 1
        progress.advance(task)

    try:
        with end_on_signal(messages), progress_bar(messages) as progress:
            task = progress.add_task("Searching", total=n_todo)
            for pool, some in _by_pool(todo).items():
                with (
                    nullcontext(index)
                    if pool is None
                    else passing_copy(index, poolings[pool], progress)
                ) as searched:
                    for notice in sweep(searched, encoder, some, runs, on_answer):
                        say(f"Note: {notice}")
    except KeyboardInterrupt:
        say(
            f"Stopped after {n_done:,} of {count(n_todo, 'answer')}; they are kept in "
            f"{runs.path}. Run the same command again to go on."
        )
        raise SystemExit(INTERRUPTED) from None


def _by_pool(
    todo: Mapping[str, Sequence[Setting]],
) -> dict[int | None, dict[str, list[Setting]]]:
    """The settings by query, of each pooling: the index is pooled once for all of them."""
    by_pool: dict[int | None, dict[str, list[Setting]]] = {}
    for text, settings in todo.items():
        for setting in settings:
            by_pool.setdefault(setting.pool, {}).setdefault(text, []).append(setting)
    return by_pool
