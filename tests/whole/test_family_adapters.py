"""Adapters of every family, whichever library saved them, and weights by their published names."""

import re
from pathlib import Path

import colpali_engine.models
import numpy as np
import pytest
import torch
from peft import LoraConfig
from safetensors.torch import load_file, save_file

from encoders.colsmol import ColSmolEncoder
from encoders.families.known import FAMILIES
from encoders.model_files import ModelFiles
from index.errors import WrongUseError
from tests import tiny_families
from tests.tiny_colsmol import build_tiny_colmodernvbert, build_tiny_colsmol

pytestmark = pytest.mark.usefixtures("exact_cpu")

BUILDERS = {
    "idefics3": build_tiny_colsmol,
    "modernvbert": build_tiny_colmodernvbert,
    "qwen2_vl": tiny_families.build_tiny_colqwen2,
    "qwen2_5_vl": tiny_families.build_tiny_colqwen2_5,
    "paligemma": tiny_families.build_tiny_colpali,
}
LAYERS = "down_proj|gate_proj|up_proj|k_proj|q_proj|v_proj|o_proj|Wqkv|Wo"
TARGETS = rf"(.*(language_model|text_model).*({LAYERS})$|(custom_text_proj|linear)$)"

PUBLISHED = {
    # what the hub's adapters and bases call what transformers calls otherwise today
    "modernvbert": {
        r"^base_model\.model\.model\.text_model": "model.text_model",
        r"^base_model\.model\.custom_text_proj": "model.custom_text_proj",
    },
    "qwen2_vl": {r"language_model\.": "model."},
    "qwen2_5_vl": {r"language_model\.": "model."},
    "paligemma": {
        r"model\.model\.language_model\.": "model.language_model.model.",
        r"model\.model\.vision_tower\.": "model.vision_tower.vision_model.",
        r"model\.vision_tower\.(?!vision_model)": "model.vision_tower.vision_model.",
        r"model\.model\.multi_modal": "model.multi_modal",
    },
}


@pytest.fixture(params=BUILDERS)
def model_type(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def base(model_type: str, tmp_path: Path) -> Path:
    return BUILDERS[model_type](tmp_path / "base")


def adapter_over(base: Path, model_type: str, **settings: object) -> tuple[Path, np.ndarray]:
    """The folder of an adapter as PEFT saves it, and what a query is with it."""
    family = FAMILIES[model_type]
    model = getattr(colpali_engine.models, family.model_class).from_pretrained(base).eval()
    for name in family.unused:
        model.set_submodule(name, torch.nn.Identity())
    processor = getattr(colpali_engine.models, family.processor_class).from_pretrained(base)
    lora = LoraConfig(
        r=4,
        init_lora_weights=False,  # the usual start changes nothing
        base_model_name_or_path=str(base),
        **{"target_modules": TARGETS} | settings,
    )
    torch.manual_seed(3)
    model.add_adapter(lora)
    for name, parameter in model.named_parameters():
        if "modules_to_save" in name:
            torch.nn.init.normal_(parameter)
    folder = base.parent / "adapter"
    model.save_pretrained(folder)
    processor.save_pretrained(folder)
    prompts = family.prompts
    batch = processor.tokenizer(
        [f"{prompts.before_query}report{prompts.after_query}"], return_tensors="pt"
    )
    with torch.inference_mode():
        vectors = model(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"])[0]
    return folder, vectors.numpy()


def rename(weights: Path, names: dict[str, str]) -> int:
    """Give a file's weights other names; says how many have one."""
    tensors = load_file(weights)
    renamed = {}
    for key, tensor in tensors.items():
        new = key
        for pattern, replacement in names.items():
            new = re.sub(pattern, replacement, new, count=1)
        renamed[new] = tensor
    save_file(renamed, weights, {"format": "pt"})
    return len(renamed.keys() - tensors.keys())


def test_an_adapter_is_added(base: Path, model_type: str) -> None:
    folder, expected = adapter_over(base, model_type)
    plain = ColSmolEncoder(str(base), "cpu")
    adapted = ColSmolEncoder(str(folder), "cpu")
    vectors = adapted.encode_query("report").vectors
    np.testing.assert_allclose(vectors, expected, atol=1e-5)
    assert abs(vectors - plain.encode_query("report").vectors).max() > 0.01
    assert adapted.fingerprint.revision != plain.fingerprint.revision
    assert not adapted.fingerprint.is_compatible(plain.fingerprint)


@pytest.mark.parametrize("model_type", PUBLISHED, indirect=True)
def test_names_of_the_published_weights(base: Path, model_type: str) -> None:
    """Under names that nobody maps an adapter stays noise: issue 424 of colpali-engine."""
    folder, expected = adapter_over(base, model_type)
    assert rename(folder / "adapter_model.safetensors", PUBLISHED[model_type]) >= 10
    rename(base / "model.safetensors", PUBLISHED[model_type])
    vectors = ColSmolEncoder(str(folder), "cpu").encode_query("report").vectors
    np.testing.assert_allclose(vectors, expected, atol=1e-5)


def test_a_whole_layer_in_an_adapter_takes_the_place_of_the_bases(
    base: Path, model_type: str
) -> None:
    projection = FAMILIES[model_type].projection
    target = rf".*(language_model|text_model).*({LAYERS})$"
    folder, expected = adapter_over(
        base, model_type, modules_to_save=[projection], target_modules=target
    )
    vectors = ColSmolEncoder(str(folder), "cpu").encode_query("report").vectors
    np.testing.assert_allclose(vectors, expected, atol=1e-5)


def test_an_adapter_that_does_not_fit_is_refused(base: Path, model_type: str) -> None:
    folder, _ = adapter_over(base, model_type)
    weights = folder / "adapter_model.safetensors"
    tensors = load_file(weights)
    save_file(
        tensors | {k.replace("layers.1.", "layers.7."): t.clone() for k, t in tensors.items()},
        weights,
        {"format": "pt"},
    )
    with pytest.raises(WrongUseError) as error:
        ColSmolEncoder(str(folder), "cpu")
    assert f"The adapter {folder} does not fit its base {base}: " in str(error.value)
    assert "weights have no place there, such as " in str(error.value)
    save_file(
        {key: t for key, t in tensors.items() if "layers.1." not in key}, weights, {"format": "pt"}
    )
    with pytest.raises(WrongUseError, match="it lacks [0-9]+ weights, such as .*lora_A"):
        ColSmolEncoder(str(folder), "cpu")


def test_the_revision_is_that_of_adapter_and_base(base: Path, model_type: str) -> None:
    folder, _ = adapter_over(base, model_type)
    revision = ModelFiles(base, folder).revision()
    weights = folder / "adapter_model.safetensors"
    tensors = load_file(weights)
    save_file({key: t + 1 for key, t in tensors.items()}, weights, {"format": "pt"})
    assert ModelFiles(base, folder).revision() != revision
