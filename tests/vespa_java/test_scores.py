"""The rank profiles give the scores that maxsim.py defines and the embedded index reports.

Pages and queries go the whole way: our JSON, read and typed by Vespa, scored by the expressions as
Vespa derives them from the schema. Pages are small, as Vespa's Java evaluator makes an object of
every cell of a product. How large the differences are is printed: `pytest -rP`.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from index.embedded.embedded_index import EmbeddedIndex
from index.filters import Filters
from index.interface import (
    FLOAT,
    HAMMING,
    HAMMING_THEN_BITS,
    HAMMING_THEN_FLOAT,
    VESPA_RERANK_COUNT,
)
from index.maxsim import bits_maxsim, float_maxsim, hamming_maxsim
from index.pages import Page
from index.quantize import from_bfloat16, pack_sign_bits, to_bfloat16
from tests.random_pages import FINGERPRINT, document, page, query, unit_vectors
from tests.vespa_java.application_copy import APPLICATION, copy_with
from tests.vespa_java.jvm import VespaError, VespaJava
from vespa_app.search_request import SCAN, search_body
from vespa_app.wire import page_fields

Vectors = NDArray[np.float32]

TOLERANCE = 1e-5
NEAR_ZERO = 1e-3
"""A difference is divided by the score, or by this mean cosine where the score is nearer to zero.

There the rounding of the terms, 1e-8 in floats, is all that is left to be divided: of a page at
right angles to the query, float_maxsim itself is 4e-5 away from its value in doubles.
"""

BASE = "schemas/page/base.profile"


def hamming(tokens: Vectors, patches: Vectors) -> float:
    return hamming_maxsim(pack_sign_bits(tokens), pack_sign_bits(patches))


def bits(tokens: Vectors, patches: Vectors) -> float:
    return bits_maxsim(tokens, pack_sign_bits(patches))


def floats(tokens: Vectors, patches: Vectors) -> float:
    return float_maxsim(tokens, from_bfloat16(to_bfloat16(patches)))


PHASES: dict[tuple[str, str], Callable[[Vectors, Vectors], float]] = {
    (HAMMING, "firstphase"): hamming,
    (HAMMING_THEN_BITS, "firstphase"): hamming,
    (HAMMING_THEN_BITS, "secondphase"): bits,
    (HAMMING_THEN_FLOAT, "firstphase"): hamming,
    (HAMMING_THEN_FLOAT, "secondphase"): floats,
    (FLOAT, "firstphase"): floats,
}
LAST_PHASES = {ranking: phase for ranking, phase in PHASES}
"""The phase each ranking ends with, whose scores hits carry."""


def unit(vectors: NDArray[np.floating]) -> Vectors:
    scaled: Vectors = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    return scaled


def with_zeros(rng: np.random.Generator, n: int) -> Vectors:
    """Half of the components are zero, and of these half are -0.0: neither has a 1 in its bits."""
    vectors = unit_vectors(rng, n)
    vectors[:, rng.permutation(128)[:64]] = 0
    vectors[:, ::2] *= np.where(vectors[:, ::2] == 0, np.float32(-1), np.float32(1))
    return unit(vectors)


def opposed(rng: np.random.Generator, tokens: Vectors, n: int) -> Vectors:
    """Patches whose similarity to every token is negative."""
    return unit(-tokens.mean(axis=0) + 0.02 * unit_vectors(rng, n))


def at_right_angles(rng: np.random.Generator, tokens: Vectors, n: int) -> Vectors:
    """Patches whose similarity to every token is 0, but for rounding to bfloat16."""
    basis, _ = np.linalg.qr(tokens.astype(np.float64).T)  # (128, n_tokens)
    patches = unit_vectors(rng, n).astype(np.float64)
    return unit(patches - patches @ basis @ basis.T)


def cases() -> dict[str, tuple[Vectors, list[Vectors]]]:
    """Query vectors and the pages to be scored for them."""
    rng = np.random.default_rng(4)
    alike = unit(unit_vectors(rng, 1) + 0.3 * unit_vectors(rng, 8))  # tokens that can be opposed
    three, sparse = unit_vectors(rng, 3), with_zeros(rng, 6)
    ragged = {
        f"{n_tokens} tokens": (
            unit_vectors(rng, n_tokens),
            [unit_vectors(rng, int(n)) for n in (1, *rng.integers(2, 64, 2), 64)],
        )
        for n_tokens in (1, 2, 7, 16)
    }
    return ragged | {
        "all similarities negative": (alike, [opposed(rng, alike, n) for n in (1, 2, 40)]),
        "all similarities near zero": (alike, [at_right_angles(rng, alike, n) for n in (1, 5)]),
        "the query's own vectors": (three, [three, -three, three[[0, 0, 1, 1]], three[:1]]),
        "pages alike": (three, [unit_vectors(np.random.default_rng(9), 12)] * 3),
        "every patch twice": (three, [np.repeat(unit_vectors(rng, 10), 2, axis=0)]),
        "zeros in the vectors": (sparse, [with_zeros(rng, n) for n in (1, 9, 30)]),
    }


def as_pages(vectors: list[Vectors]) -> list[Page]:
    return [page(1, number, patches) for number, patches in enumerate(vectors, start=1)]


def vespa_scores(
    java: VespaJava, application: Path, ranking: str, tokens: Vectors, patches: list[Vectors]
) -> dict[str, list[float]]:
    """The scores of each phase, in the order of the pages."""
    scored: dict[str, Any] = java.call(
        "score",
        application=str(application),
        body=search_body(
            query(tokens), ranking, 10, VESPA_RERANK_COUNT, Filters(), candidates=SCAN
        ),
        pages=[page_fields(p, document(1, "/1.pdf"), FINGERPRINT) for p in as_pages(patches)],
    )
    phases: dict[str, list[float]] = scored["phases"]
    return phases


def difference(score: float, expected: float, n_tokens: int) -> float:
    """Relative to the expected score, or to NEAR_ZERO a token where that is nearer to zero."""
    return abs(score - expected) / max(abs(expected), NEAR_ZERO * n_tokens)


def report(record_property: Callable[[str, object], None], what: str, largest: float) -> None:
    """Show the figure under -rP, and keep it in a JUnit report."""
    print(f"largest relative difference {largest:.1e}: {what}")  # noqa: T201 - that is its point
    record_property("largest_relative_difference", largest)


@pytest.fixture(scope="module")
def scores(vespa_java: VespaJava) -> dict[str, dict[str, dict[str, list[float]]]]:
    """Vespa's, by ranking, case and phase."""
    return {
        ranking: {
            case: vespa_scores(vespa_java, APPLICATION, ranking, tokens, pages)
            for case, (tokens, pages) in cases().items()
        }
        for ranking in LAST_PHASES
    }


@pytest.mark.parametrize(("ranking", "phase"), PHASES)
def test_scores_are_those_of_the_definition(
    scores: dict[str, dict[str, dict[str, list[float]]]],
    record_property: Callable[[str, object], None],
    ranking: str,
    phase: str,
) -> None:
    differences = {
        f"{case}, page {number}": difference(score, expected, len(tokens))
        for case, (tokens, pages) in cases().items()
        for number, (score, expected) in enumerate(
            zip(
                scores[ranking][case][phase],
                [PHASES[ranking, phase](tokens, patches) for patches in pages],
                strict=True,
            ),
            start=1,
        )
    }
    worst = max(differences, key=differences.__getitem__)
    report(record_property, f"{ranking} {phase}, {worst}", differences[worst])
    assert differences[worst] <= TOLERANCE, worst


@pytest.mark.parametrize("ranking", LAST_PHASES)
def test_scores_are_those_of_the_embedded_index(
    scores: dict[str, dict[str, dict[str, list[float]]]],
    record_property: Callable[[str, object], None],
    tmp_path: Path,
    ranking: str,
) -> None:
    differences = []
    for number, (case, (tokens, pages)) in enumerate(cases().items()):
        index = EmbeddedIndex.open_for_writing(tmp_path / str(number), FINGERPRINT)
        index.put_document(document(1, "/1.pdf", page_count=len(pages)))
        index.put(as_pages(pages))
        hits = index.search(query(tokens), ranking, len(pages), rerank=len(pages)).hits
        index.close()
        vespas = scores[ranking][case][LAST_PHASES[ranking]]
        assert len(hits) == len(vespas)
        differences += [
            difference(vespas[hit.page_number - 1], hit.score_sum, len(tokens)) for hit in hits
        ]
    report(record_property, f"{ranking}, embedded index", max(differences))
    assert max(differences) <= TOLERANCE


def test_the_awkward_cases_are_what_they_are_called() -> None:
    tokens, pages = cases()["all similarities negative"]
    assert all((patches @ tokens.T).max() < 0 for patches in pages)
    tokens, pages = cases()["all similarities near zero"]
    assert all(abs(floats(tokens, patches)) < NEAR_ZERO * len(tokens) for patches in pages)
    _, pages = cases()["zeros in the vectors"]
    zeros = pages[0][pages[0] == 0]
    assert 0 < np.signbit(zeros).sum() < len(zeros)


def test_without_patches_vespa_gives_0_which_is_why_searches_ask_for_patches(
    vespa_java: VespaJava,
) -> None:
    tokens, empty = unit_vectors(np.random.default_rng(1), 2), np.zeros((0, 128), np.float32)
    phases = vespa_scores(vespa_java, APPLICATION, HAMMING_THEN_FLOAT, tokens, [empty])
    assert phases == {"firstphase": [0.0], "secondphase": [0.0]}


@pytest.mark.parametrize(
    ("ranking", "old", "new"),
    [
        pytest.param(
            HAMMING, "embedding_bits)),v)),max", "embedding_bits)),v)),min", id="farthest bits"
        ),
        pytest.param(
            HAMMING_THEN_BITS,
            "unpack_bits(attribute(embedding_bits))",
            "unpack_bits(attribute(embedding_bits),float,little)",
            id="bits the other way round",
        ),
        pytest.param(
            HAMMING_THEN_BITS, "query(qt)*unpack", "2*query(qt)*unpack", id="twice the bits"
        ),
        pytest.param(FLOAT, "float),v),max", "float),v),min", id="farthest vector"),
    ],
)
def test_another_expression_is_noticed(
    vespa_java: VespaJava, tmp_path: Path, ranking: str, old: str, new: str
) -> None:
    changed = copy_with(tmp_path, BASE, old, new)
    tokens, pages = cases()["7 tokens"]
    phase = LAST_PHASES[ranking]
    score, *_ = vespa_scores(vespa_java, changed, ranking, tokens, pages[1:2])[phase]
    expected = PHASES[ranking, phase](tokens, pages[1])
    assert difference(score, expected, len(tokens)) > 1000 * TOLERANCE


DISTANCE = "reduce(hamming(query(qtb),attribute(embedding_bits)), sum, v)"
DERIVED = f"reduce(reduce(1 / (1 + {DISTANCE}), max, patch), sum, querytoken)"
EVALUATED = f"reduce(reduce((1 + {DISTANCE}) ^ -1, max, patch), sum, querytoken)"


def test_nothing_but_the_inverse_was_rewritten(vespa_java: VespaJava) -> None:
    prepared = vespa_java.call("prepare", application=str(APPLICATION))
    profiles = prepared["schemas"]["page"]["rankProfiles"]
    assert set(LAST_PHASES) < set(profiles)
    for name, derived in profiles.items():
        scored = vespa_java.call(
            "score", application=str(APPLICATION), body={"ranking": name}, pages=[]
        )
        evaluated = scored["properties"]
        assert evaluated.keys() == derived.keys()
        changed = {
            key: (derived[key], evaluated[key]) for key in derived if derived[key] != evaluated[key]
        }
        if name in ("candidates", "unranked"):  # without functions: inputs alone, and Vespa's own
            assert changed == {}
        else:
            script = "rankingExpression(hamming_maxsim).rankingScript"
            assert changed == {script: (DERIVED, EVALUATED)}


def test_the_java_evaluator_needs_it_rewritten(vespa_java: VespaJava, tmp_path: Path) -> None:
    other = copy_with(tmp_path, BASE, "1/(1+sum", "1/(2+sum")  # not the form that is rewritten
    one = unit_vectors(np.random.default_rng(1), 1)
    with pytest.raises(VespaError, match="Cannot perform divide on tensor"):
        vespa_scores(vespa_java, other, HAMMING, one, [one])
