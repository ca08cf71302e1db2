"""When ColSmol is the encoder: named, found, downloaded, or that of the index."""

from dataclasses import replace
from pathlib import Path

import pytest

import encoders.choose
from encoders.choose import choose_encoder, load_encoder
from encoders.colsmol import ColSmolEncoder
from encoders.families.idefics3 import IDEFICS3
from encoders.lexical import LexicalEncoder
from encoders.model_files import DEFAULT_MODEL, ModelFiles
from index.errors import IndexMismatchError, MissingDependencyError
from index.pages import Fingerprint

LEXICAL = LexicalEncoder().fingerprint
HUB = Fingerprint(
    "colsmol",
    DEFAULT_MODEL,
    "5" * 32,
    "none",
    "tiles-512-edge-2048",
    IDEFICS3.prompts.digest(),
)


@pytest.fixture
def default_model_on_disk(tiny_colsmol_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = ModelFiles(tiny_colsmol_folder, None)
    monkeypatch.setattr("encoders.choose.find_model_files", lambda *_: files)
    monkeypatch.setattr("encoders.colsmol.fetch_model_files", lambda *_: files)


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


@pytest.mark.parametrize("has_gpu", [True, False])
@pytest.mark.parametrize("answer", [True, False])
def test_the_download_is_offered_on_a_machine_with_a_gpu_only(
    monkeypatch, tiny_colsmol_folder, has_gpu, answer
):
    files = ModelFiles(tiny_colsmol_folder, None)
    monkeypatch.setattr(encoders.choose, "gpu_present", lambda: has_gpu)
    monkeypatch.setattr("encoders.colsmol.fetch_model_files", lambda *_: files)
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
        "folder with --model FOLDER, or search the text alone, by the ranking bm25."
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
