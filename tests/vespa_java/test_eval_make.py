"""`pagelens eval make` over an index in Vespa."""

from contextlib import closing
from pathlib import Path

import pytest

from index.location import Location
from pagelens.main import main
from pagelens.open_index import open_index_for_writing
from query.quality.questions import read_questions
from tests.random_pages import FINGERPRINT
from tests.unit.test_draft import SENTENCES, block, put
from tests.vespa_java.stand_in import StandIn


def test_the_same_questions_are_drafted(stand_in: StandIn, tmp_path: Path) -> None:
    stand_in.clear()
    written = []
    for place in (stand_in.url, str(tmp_path / "index")):
        with closing(open_index_for_writing(Location(place), FINGERPRINT)) as index:
            for n, sentence in enumerate(SENTENCES):
                put(index, str(n) * 32, [block(sentence)])
        out = tmp_path / f"{len(written)}.tsv"
        with pytest.raises(SystemExit) as end:
            main(["eval", "make", "/harbour", "--index", place, "--out", str(out)])
        assert end.value.code == 0
        written.append(out.read_text())
    assert written[0] == written[1]
    assert len(read_questions(out).questions) == len(SENTENCES)
