from dataclasses import replace
from pathlib import Path

import huggingface_hub.constants
import pytest

import encoders.choose
from encoders.choose import (
    PROCESSOR_S,
    choose_encoder,
    estimated_colsmol_s_per_page,
    gpu_present,
    load_encoder,
)
from encoders.lexical import LexicalEncoder
from encoders.model_files import DEFAULT_MODEL
from index.errors import IndexMismatchError, MissingDependencyError, WrongUseError
from index.pages import Fingerprint

LEXICAL = LexicalEncoder().fingerprint
HUB = Fingerprint("colsmol", DEFAULT_MODEL, "5" * 32, "none", "tiles-512-edge-2048")


@pytest.fixture(autouse=True)
def _empty_hub_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path / "hub"))


@pytest.fixture
def slow_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(encoders.choose, "gpu_present", lambda: False)
    monkeypatch.setattr(encoders.choose, "estimated_colsmol_s_per_page", lambda: 30.0)


@pytest.mark.parametrize(
    ("n_pages", "pages", "duration"),
    [
        (1, "1 page", "under a minute"),
        (40, "40 pages", "about 20 minutes"),
        (1200, "1,200 pages", "about 10 hours"),
    ],
)
def test_auto_says_what_it_took_instead_and_what_colsmol_would_take(
    slow_machine, n_pages, pages, duration
):
    choice = choose_encoder("auto")
    assert isinstance(choice.encoder, LexicalEncoder)
    assert choice.notice(n_pages) == (
        f"Encoding {pages} with lexical, which finds words and sees no "
        "pictures: vidore/colSmol-256M is not on this machine. ColSmol would take "
        f"{duration} here after a download of about 0.5 GB: --encoder colsmol, with a new --index."
    )


def test_nothing_is_downloaded_unasked(monkeypatch):
    monkeypatch.setattr(encoders.choose, "gpu_present", lambda: True)
    assert isinstance(choose_encoder("auto").encoder, LexicalEncoder)


def test_an_unknown_encoder_is_refused():
    with pytest.raises(WrongUseError) as error:
        choose_encoder("colpali")
    assert str(error.value) == (
        "No encoder 'colpali'. --encoder takes auto, colsmol, lexical."
    )  # fmt: skip


def test_lexical_takes_no_model():
    with pytest.raises(WrongUseError) as error:
        choose_encoder("lexical", "some/model")
    assert str(error.value) == (
        "--encoder lexical uses no model. Leave out --model some/model, or take --encoder colsmol."
    )


def test_a_query_never_starts_a_download(monkeypatch):
    def snapshot_download(*_: object, **__: object) -> str:
        raise AssertionError("downloads unasked")

    monkeypatch.setattr("huggingface_hub.snapshot_download", snapshot_download)
    with pytest.raises(MissingDependencyError) as error:
        load_encoder(HUB)
    assert str(error.value) == (
        "The index was made with vidore/colSmol-256M, whose weights are not on this machine. Allow "
        "the download with --model vidore/colSmol-256M, name a folder that holds them with --model "
        "FOLDER, or search the text alone, by the ranking bm25."
    )


def test_lexical_vectors_of_another_revision_are_refused():
    with pytest.raises(IndexMismatchError) as error:
        load_encoder(replace(LEXICAL, revision="0"))
    assert str(error.value) == (
        f"The index was made with revision 0, not {LEXICAL.revision}. Vectors of the two cannot be "
        "compared. Ingest again into a new index (--index)."
    )


def test_a_lexical_index_takes_no_model():
    with pytest.raises(IndexMismatchError) as error:
        load_encoder(LEXICAL, "some/model")
    assert str(error.value) == (
        "The index holds lexical vectors, which no model makes. Leave out --model some/model."
    )


def test_an_index_of_an_encoder_to_come_is_refused():
    with pytest.raises(IndexMismatchError) as error:
        load_encoder(replace(LEXICAL, encoder="audio"))
    assert str(error.value) == (
        "The index holds vectors of the encoder 'audio', which this version of Pagelens does not "
        "have. Update Pagelens, or ingest again into a new index."
    )


@pytest.mark.parametrize(
    ("system", "machine", "has_program", "expected"),
    [
        ("Darwin", "arm64", False, True),
        ("Darwin", "x86_64", False, False),
        ("Linux", "x86_64", True, True),
    ],
)
def test_signs_of_a_gpu(monkeypatch, system, machine, has_program, expected):
    monkeypatch.setattr("encoders.choose.platform.system", lambda: system)
    monkeypatch.setattr("encoders.choose.platform.machine", lambda: machine)
    monkeypatch.setattr("encoders.choose.shutil.which", lambda _: "/x" if has_program else None)
    monkeypatch.setattr("encoders.choose.Path.exists", lambda _: False)
    assert gpu_present() == expected


def test_the_estimate_counts_the_model_on_a_cpu_and_the_processor_on_a_gpu(monkeypatch):
    monkeypatch.setattr(encoders.choose, "gpu_present", lambda: True)
    assert estimated_colsmol_s_per_page() == PROCESSOR_S
    monkeypatch.setattr(encoders.choose, "gpu_present", lambda: False)
    ticks = iter([0.0, 2.0, 2.0, 2.5, 2.5, 3.5])  # the quickest multiplication takes half a second
    monkeypatch.setattr("encoders.choose.time.perf_counter", ticks.__next__)
    seconds = estimated_colsmol_s_per_page()
    flop_per_s = 2 * 1024 * 768 * 3072 / 0.5
    assert seconds == pytest.approx(PROCESSOR_S + 2 * 3.0e12 / flop_per_s)
