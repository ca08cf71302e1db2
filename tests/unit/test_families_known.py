"""Which models are taken, and why others are not: before a weight is read."""

import json
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from encoders.families.known import FAMILIES, family_of
from encoders.model_files import ModelFiles
from index.errors import WrongUseError

TAKEN = (
    "Pagelens takes ColSmol (such as vidore/colSmol-256M), ColModernVBERT, ColQwen2, ColQwen2.5 "
    "and ColPali."
)


def model(folder: Path, model_type: str, shapes: dict[str, tuple[int, ...]]) -> ModelFiles:
    folder.mkdir(exist_ok=True)
    (folder / "config.json").write_text(json.dumps({"model_type": model_type}), "utf-8")
    weights = {name: np.zeros(shape, np.float32) for name, shape in shapes.items()}
    save_file(weights, folder / "model.safetensors")
    return ModelFiles(folder, None)


@pytest.mark.parametrize("model_type", FAMILIES)
def test_a_model_of_a_family_is_taken(tmp_path: Path, model_type: str) -> None:
    family = FAMILIES[model_type]
    files = model(tmp_path / "m", model_type, {f"{family.projection}.weight": (128, 4)})
    assert family_of("a/b", files) is family


@pytest.mark.parametrize(
    ("model_type", "why_not"),
    [
        ("qwen3_vl", "ColQwen3's vectors have 320 numbers, an index has 128"),
        ("qwen3_5", "ColQwen3.5's vectors have 320 numbers, an index has 128"),
        ("gemma3", "how ColGemma3 lays out a page is not known here"),
        (
            "colqwen2",
            "it is made for transformers alone; the same without -hf in its name will do",
        ),
        ("bert", "no ColVision model of that type is known here"),
    ],
)
def test_a_model_of_none_is_refused(tmp_path: Path, model_type: str, why_not: str) -> None:
    with pytest.raises(WrongUseError) as error:
        family_of("a/b", model(tmp_path / "m", model_type, {}))
    assert str(error.value) == f"The model a/b is of type {model_type}: {why_not}. {TAKEN}"


@pytest.mark.parametrize("model_type", FAMILIES)
def test_vectors_of_another_length_are_refused(tmp_path: Path, model_type: str) -> None:
    name = f"{FAMILIES[model_type].projection}.weight"
    with pytest.raises(WrongUseError) as error:
        family_of("a/b", model(tmp_path / "m", model_type, {name: (320, 4)}))
    assert str(error.value) == (
        f"The vectors of a/b have 320 numbers, an index has 128. Name another --model: {TAKEN}"
    )


def test_a_colmodernvbert_of_before_transformers_had_it_is_refused(tmp_path: Path) -> None:
    old = {"model.connector.modality_projection.proj.weight": (4, 4)}
    with pytest.raises(WrongUseError) as error:
        family_of("a/b", model(tmp_path / "m", "modernvbert", old))
    assert str(error.value) == (
        "The weights of a/b have the names of before transformers 5.3, which had no ModernVBERT. "
        "Download it again, or name ModernVBERT/colmodernvbert with --model."
    )
    family_of("a/b", model(tmp_path / "n", "idefics3", old))  # whose name it is to this day


def test_weights_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    files = model(tmp_path / "m", "idefics3", {})
    weights = tmp_path / "m" / "model.safetensors"
    weights.write_bytes(b"none")
    with pytest.raises(WrongUseError) as error:
        family_of("a/b", files)
    assert str(error.value).startswith(f"{weights} cannot be read (")
    assert str(error.value).endswith("Download the model again, or name another --model.")
