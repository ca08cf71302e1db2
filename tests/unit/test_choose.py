import os
import subprocess
import sys
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
from encoders.colsmol import ColSmolEncoder
from encoders.lexical import LexicalEncoder
from encoders.model_files import DEFAULT_MODEL, ModelFiles
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


@pytest.fixture
def default_model_on_disk(tiny_colsmol_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = ModelFiles(tiny_colsmol_folder, None)
    monkeypatch.setattr("encoders.choose.find_model_files", lambda model: files)
    monkeypatch.setattr("encoders.colsmol.fetch_model_files", lambda model: files)


def test_what_the_user_names_is_taken_without_a_word(tiny_colsmol_folder):
    lexical = choose_encoder("lexical")
    assert isinstance(lexical.encoder, LexicalEncoder)
    assert lexical.notice is None
    for name in ("colsmol", "auto"):
        colsmol = choose_encoder(name, str(tiny_colsmol_folder), "cpu")
        assert isinstance(colsmol.encoder, ColSmolEncoder)
        assert colsmol.notice is None


def test_auto_takes_colsmol_where_its_weights_are_at_hand(default_model_on_disk):
    choice = choose_encoder("auto")
    assert isinstance(choice.encoder, ColSmolEncoder)
    assert choice.encoder.fingerprint.model == DEFAULT_MODEL
    assert choice.notice(1) == (
        "Encoding 1 page with ColSmol (vidore/colSmol-256M), found on this machine."
    )


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
        f"Encoding {pages} with lexical, which finds words of the text layer and sees no "
        "pictures: vidore/colSmol-256M is not on this machine. ColSmol would take "
        f"{duration} here after a download of about 0.5 GB: --encoder colsmol, with a new --index."
    )


@pytest.mark.parametrize("has_gpu", [True, False])
@pytest.mark.parametrize("answer", [True, False])
def test_the_download_is_offered_on_a_machine_with_a_gpu_only(
    monkeypatch, tiny_colsmol_folder, has_gpu, answer
):
    files = ModelFiles(tiny_colsmol_folder, None)
    monkeypatch.setattr(encoders.choose, "gpu_present", lambda: has_gpu)
    monkeypatch.setattr("encoders.colsmol.fetch_model_files", lambda model: files)
    questions = []

    def ask(question: str) -> bool:
        questions.append(question)
        return answer

    choice = choose_encoder("auto", ask=ask)
    assert isinstance(choice.encoder, ColSmolEncoder) == (has_gpu and answer)
    assert questions == [
        "This machine has a GPU. Search what pages look like with ColSmol? It downloads "
        "vidore/colSmol-256M once, about 0.5 GB."
    ] * has_gpu  # fmt: skip


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


def test_an_index_gets_the_encoder_it_was_made_with(tiny_colsmol_folder):
    assert isinstance(load_encoder(LEXICAL), LexicalEncoder)
    stored = ColSmolEncoder(str(tiny_colsmol_folder)).fingerprint
    assert load_encoder(stored).fingerprint == stored


def test_a_model_that_moved_is_named_anew(tiny_colsmol_folder):
    stored = ColSmolEncoder(str(tiny_colsmol_folder)).fingerprint
    moved = replace(stored, model="/no/longer/here")
    assert load_encoder(moved, str(tiny_colsmol_folder)).fingerprint == stored
    with pytest.raises(MissingDependencyError) as error:
        load_encoder(moved)
    assert str(error.value) == (
        "The index was made with the model in /no/longer/here, which is not there now. Name its "
        "folder with --model FOLDER, or search the text alone: --ranking bm25."
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
        "FOLDER, or search the text alone: --ranking bm25."
    )


def test_another_model_is_refused(tiny_colsmol_folder):
    revision = ColSmolEncoder(str(tiny_colsmol_folder)).fingerprint.revision
    with pytest.raises(IndexMismatchError) as error:
        load_encoder(HUB, str(tiny_colsmol_folder))
    assert str(error.value) == (
        f"The index was made with model vidore/colSmol-256M, not {tiny_colsmol_folder}; revision "
        f"{HUB.revision}, not {revision}. Vectors of the two cannot be compared. Ingest again into "
        "a new index (--index), or pass --model vidore/colSmol-256M."
    )
    assert error.value.exit_code == 5


def test_a_model_changed_since_is_refused(default_model_on_disk):
    with pytest.raises(IndexMismatchError) as error:
        load_encoder(HUB)
    assert str(error.value).endswith(
        "The model has changed since. Ingest again into a new index (--index), or pass --model "
        "with a folder of the earlier weights."
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


def test_lexical_imports_no_model_libraries(tmp_path):
    code = (
        "import sys\n"
        "from encoders.choose import choose_encoder, load_encoder\n"
        "load_encoder(choose_encoder('lexical').encoder.fingerprint)\n"
        "choose_encoder('auto').notice(3)\n"
        "heavy = {'torch', 'transformers', 'colpali_engine'} & set(sys.modules)\n"
        "sys.exit(f'imported {heavy}' if heavy else 0)\n"
    )
    subprocess.run(
        [sys.executable, "-c", code],
        check=True,
        cwd=Path(__file__).parents[2],
        env=os.environ | {"HF_HUB_CACHE": str(tmp_path)},
    )
