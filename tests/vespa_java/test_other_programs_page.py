"""The examples of docs/other-programs.md, run in order as a person would, over the stand-in.

All but those for Haystack and LangChain, which are no dependencies of ours.
"""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
from vespa.application import Vespa

import pagelens
from pagelens.main import main
from tests.random_pages import FINGERPRINT, document, page, unit_vectors
from tests.vespa_java.stand_in import StandIn
from tests.vespa_java.vespa_cli import VespaCli
from vespa_app.wire import NAMESPACE, page_fields

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "other-programs.md").read_text(encoding="utf-8")
AS_SHOWN = "http://localhost:8080"
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```\n(?:\n```\n(.*?)^```$)?", re.MULTILINE | re.DOTALL)
EXAMPLES, TRIED_BY_HAND = PAGE.split("## Haystack, LangChain")
FOUND_BY = re.findall(r"^\| (`.*?) \| (`.*) \|$", PAGE, re.MULTILINE)
WRITTEN_BY_THE_PAGE = ("words.json", "filter.json")  # its JSON blocks; a Python block writes:
VECTORS = "vectors.json"

Hit = tuple[str, dict[str, Any]]
"""Its relevance to six digits, and its fields."""


class Example(NamedTuple):
    """One block of the page: its language and text, the output shown below it, and what it said."""

    language: str
    text: str
    shown: str
    said: str


class Reader:
    """Somebody who follows the page, in a folder with an index of samples/, and notes what is said.

    Attributes:
        examples: all blocks of commands and of Python, in order.
        answers: what curl, the Vespa CLI and pyvespa were told when asked the same, by the file
            that says what.
    """

    def __init__(self, url: str, cli: VespaCli, folder: Path) -> None:
        self._url, self._folder = url, folder
        commands = folder / "bin"
        commands.mkdir()
        script = f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m pagelens "$@"\n'
        (commands / "pagelens").write_text(script)
        (commands / "pagelens").chmod(0o755)
        path = os.pathsep.join(map(str, (commands, cli.folder, os.environ["PATH"])))
        self._environment = {**cli.environment, "PATH": path, "PYTHONPATH": str(ROOT)}
        self.examples: list[Example] = []
        names = iter(WRITTEN_BY_THE_PAGE)
        for language, text, shown in BLOCK.findall(EXAMPLES):
            if language == "json":
                (folder / next(names)).write_text(text, encoding="utf-8")
            elif language:
                said = self._run(language, text)
                self.examples.append(Example(language, text, shown, said))
        (ask,) = self.of("sh", "--file")
        self.answers = {
            file: [
                *map(hits_in, answers_in(self._run("sh", ask.text.replace("words.json", file)))),
                hits_in(Vespa(url).query(body=json.loads((folder / file).read_text())).json),
            ]
            for file in (*WRITTEN_BY_THE_PAGE, VECTORS)
        }

    def _run(self, language: str, text: str) -> str:
        command = {"sh": ("bash", "-eu", "-c"), "python": (sys.executable, "-c")}[language]
        ran = subprocess.run(
            (*command, text.replace(AS_SHOWN, self._url)),
            cwd=self._folder,
            env=self._environment,
            capture_output=True,
            encoding="utf-8",
            timeout=300,
        )
        assert ran.returncode == 0, f"{text}\n{ran.stdout}{ran.stderr}"
        return ran.stdout

    def of(self, language: str, words: str) -> list[Example]:
        """The examples in a language that hold these words."""
        return [it for it in self.examples if it.language == language and words in it.text]


def answers_in(said: str) -> list[Any]:
    """The JSON values in a text, one after the other."""
    values, rest = [], said.strip()
    while rest.startswith("{"):
        value, end = json.JSONDecoder().raw_decode(rest)
        values.append(value)
        rest = rest[end:].strip()
    return values


def hits_in(answer: dict[str, Any]) -> list[Hit]:
    children = answer["root"]["children"]
    return [(f"{it['relevance']:.6g}", it["fields"]) for it in children]


@pytest.fixture(scope="module")
def index_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("reader") / "pagelens-index"
    pagelens.ingest(ROOT / "samples", index=folder, encoder="lexical", ocr="never")
    return folder


@pytest.fixture(scope="module")
def reader(stand_in: StandIn, index_folder: Path) -> Reader:
    if shutil.which("curl") is None:
        pytest.skip("curl is missing (Debian: sudo apt install curl).")
    cli = VespaCli(index_folder.parent / "vespa-home")
    stand_in.clear()
    with pytest.raises(SystemExit) as exit_:
        main(["copy", str(index_folder), stand_in.url])
    assert exit_.value.code == 0
    return Reader(stand_in.url, cli, index_folder.parent)


def test_what_an_example_shows_is_what_it_prints(reader: Reader) -> None:
    shown = [it for it in reader.examples if it.shown]
    assert len(shown) == 2
    for it in shown:
        assert it.said == it.shown


@pytest.mark.parametrize("file", [*WRITTEN_BY_THE_PAGE, VECTORS])
def test_the_three_ways_to_ask_are_told_the_same(reader: Reader, file: str) -> None:
    by_curl, by_cli, by_pyvespa = reader.answers[file]
    assert by_curl == by_cli == by_pyvespa
    assert len(by_curl) > 1


def test_a_filter_lets_through_what_the_page_says(reader: Reader) -> None:
    found = {(it["title"], it["page_number"]) for _, it in reader.answers["filter.json"][0]}
    assert found == {("Wind und Wasserstraßen in Deutschland", n) for n in (1, 2)}


def test_vectors_find_what_pagelens_finds(reader: Reader, index_folder: Path) -> None:
    with pagelens.open(index_folder) as index:
        ranking = "hamming-then-float"
        hits = index.search("carbon dioxide in the air", 3, ranking=ranking)
    told = reader.answers[VECTORS][0]
    assert [(it["document_id"], it["page_number"]) for _, it in told] == [
        (hit.document_id, hit.page_number) for hit in hits
    ]


def test_a_document_is_told_alike(reader: Reader) -> None:
    (get,) = reader.of("sh", "document get")
    by_curl, by_cli = answers_in(get.said)
    assert by_curl == by_cli
    assert by_curl["fields"]["title"] == "Planet Earth in Figures"
    assert "carbon dioxide" in by_curl["fields"]["text"]


def test_every_operation_is_taken(reader: Reader) -> None:
    feed, one = reader.of("sh", "pages.jsonl")
    summary = json.loads(feed.said[feed.said.index("{") :])
    assert summary["feeder.ok.count"] == summary["feeder.operation.count"] == 54
    assert [it.said for it in reader.of("python", "feed_async_iterable")] == [""]
    assert one.said.startswith("Success: put id:pagelens:page::")
    assert one.said.rstrip().endswith("}")


def test_a_visit_tells_of_every_file(reader: Reader) -> None:
    (visit,) = reader.of("sh", "vespa visit")
    by_curl, *by_cli = answers_in(visit.said)
    (by_pyvespa,) = reader.of("python", "app.visit")
    told = [
        sorted(str(it["fields"].get("paths")) for it in of) for of in (by_curl["documents"], by_cli)
    ]
    assert told[0] == told[1] == sorted(by_pyvespa.said.splitlines())
    assert len(told[0]) == 13


# Which words find what


@pytest.fixture
def ask(stand_in: StandIn) -> Any:
    """Puts a page with these words, and says whether a query finds it."""
    app = Vespa(stand_in.url)

    def finds(words: str, asked: str) -> bool:
        stand_in.clear()
        it = page(1, 1, unit_vectors(np.random.default_rng(1), 1), text=words)
        fields = page_fields(it, document(1, "/a.pdf"), FINGERPRINT)
        app.feed_data_point("page", it.page_id, fields, NAMESPACE)
        yql = "select page_number from page where userInput(@words) and n_paths > 0"
        return bool(app.query(body={"yql": yql, "words": asked}).hits)

    return finds


def items(cell: str) -> list[str]:
    return re.findall("`(.*?)`", cell)


@pytest.mark.parametrize(("on_page", "found_by"), FOUND_BY)
def test_a_word_is_found_by_what_the_table_says(ask: Any, on_page: str, found_by: str) -> None:
    words = items(on_page)
    for asked in items(found_by):
        assert ask(" ".join(words), asked)
        assert ask(" ".join(words), asked.upper())


@pytest.mark.parametrize(
    ("on_page", "asked"),
    [
        ("planet", "planets"),
        ("Größe", "Größe"),
        ("naïve", "naïve"),
        ("C++", "C++"),
        ("3.14", "3.14"),
        ("R&D", "R&D"),
        ("東京都", "東京都"),
    ],
)
def test_a_word_is_not_found_otherwise(ask: Any, on_page: str, asked: str) -> None:
    assert not ask(on_page, asked)


def test_nothing_of_the_page_is_passed_over() -> None:
    assert len(FOUND_BY) == 5
    assert PAGE.count("```") == 2 * (len(BLOCK.findall(EXAMPLES)) + 2 + 2)  # outputs; by hand
    assert [language for language, *_ in BLOCK.findall(TRIED_BY_HAND)] == ["python"] * 2
