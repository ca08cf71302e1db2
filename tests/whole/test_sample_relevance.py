"""How well the lexical encoder finds the sample pages, and that docs/quality.md says so.

Printed where the tests run in one process: python -m pytest tests/whole/test_sample_relevance.py
"""

import re
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from encoders.lexical import LexicalEncoder
from index.embedded.embedded_index import EmbeddedIndex
from index.interface import HAMMING_THEN_FLOAT
from pagelens.main import main
from query.fusion import HYBRID
from query.quality.comparison import compare
from query.quality.measures import NDCG_AT_5
from query.quality.questions import QuestionSet, read_questions, resolve
from query.quality.run_file import RunFile
from query.quality.settings import settings_of
from query.quality.sweep import missing, sweep
from query.request import RANKINGS

ROOT = Path(__file__).parents[2]
SHOWN = re.compile(
    r"^```\n\$ pagelens (eval samples/queries.tsv .*)\n((?:.*\n)+?)```$", re.MULTILINE
)


def test_known_pages_are_found(
    samples_index: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = read_questions(ROOT / "samples" / "queries.tsv").questions
    with_text = tuple(question for question in asked if question.kind != "scan")
    settings = settings_of(RANKINGS, [200])
    encoder = LexicalEncoder()
    with (
        closing(EmbeddedIndex.open(samples_index)) as index,
        RunFile(tmp_path / "runs", "") as runs,
    ):
        grades = resolve(QuestionSet(with_text, ""), index.documents())
        texts = [question.text for question in with_text]
        assert sweep(index, lambda: encoder, missing(texts, settings, runs), runs) == ()
    result = compare(with_text, grades, settings, runs.answers)
    means = {quality.setting.ranking: quality.means[NDCG_AT_5] for quality in result.settings}
    with capsys.disabled():
        figures = ", ".join(f"{ranking} {mean:.3f}" for ranking, mean in means.items())
        print(f"\nnDCG@5 on {len(with_text)} sample queries: {figures}")  # noqa: T201
    assert means[HYBRID] >= means[HAMMING_THEN_FLOAT] >= 0.9


def without_times(lines: list[str]) -> Iterator[str]:
    """Lines as words, those of the first table without their last column."""
    in_first_table = True
    for line in lines:
        words = line.split()
        in_first_table = in_first_table and "against" not in words
        yield " ".join(words[:-1] if in_first_table and len(words) == 10 else words)


def test_the_measures_shown_are_what_comes_out(
    samples_index: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    shown = SHOWN.search((ROOT / "docs" / "quality.md").read_text(encoding="utf-8"))
    assert shown is not None
    arguments = shown[1].split()
    arguments[arguments.index("--index") + 1] = str(samples_index)
    monkeypatch.chdir(ROOT)
    with pytest.raises(SystemExit):
        main([*arguments, "--runs", str(tmp_path / "runs")])
    printed = list(without_times(capsys.readouterr().out.splitlines()))
    expected = list(without_times(shown[2].splitlines()))
    assert len(expected) > 10
    assert printed[: len(expected)] == expected
