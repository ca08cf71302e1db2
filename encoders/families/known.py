"""Which family a model is of; what is not supported is refused before its weights are read."""

from encoders.families.family import Family
from encoders.families.idefics3 import IDEFICS3
from encoders.families.modernvbert import MODERNVBERT
from encoders.families.paligemma import PALIGEMMA
from encoders.families.qwen2 import QWEN2
from encoders.families.qwen2_5 import QWEN2_5
from encoders.model_files import ModelFiles
from index.errors import WrongUseError
from index.pages import VECTOR_DIM

FAMILIES: dict[str, Family] = {
    "idefics3": IDEFICS3,
    "modernvbert": MODERNVBERT,
    "qwen2_vl": QWEN2,
    "qwen2_5_vl": QWEN2_5,
    "paligemma": PALIGEMMA,
}
"""config.json's model_type -> what the model is."""

SUPPORTED = (
    "ColSmol (such as vidore/colSmol-256M), ColModernVBERT, ColQwen2, ColQwen2.5 and ColPali"
)

_WHY_NOT = {
    "qwen3_vl": f"ColQwen3's vectors have 320 numbers, an index has {VECTOR_DIM}",
    "qwen3_5": f"ColQwen3.5's vectors have 320 numbers, an index has {VECTOR_DIM}",
    "gemma3": "how ColGemma3 lays out a page is not known here",
    "colpali": "it is made for transformers alone; the same without -hf in its name will do",
    "colqwen2": "it is made for transformers alone; the same without -hf in its name will do",
}
"""model_type -> what stands against it, as a part of a sentence."""

_OLD_NAME = "modality_projection.proj.weight"
"""In ColModernVBERT before transformers had it. Its embeddings lay in two tables then, and its
configuration says no sizes but names two other models, so that renaming would not do."""


def require_known_type(model: str, model_type: str) -> Family:
    """The family of this type.

    Raises:
        WrongUseError: there is none.
    """
    family = FAMILIES.get(model_type)
    if family is None:
        why_not = _WHY_NOT.get(model_type, "no ColVision model of that type is known here")
        raise WrongUseError(
            f"The model {model} is of type {model_type}: {why_not}. Pagelens takes {SUPPORTED}."
        )
    return family


def family_of(model: str, files: ModelFiles) -> Family:
    """The family of a model.

    Args:
        model: as the user named it.
        files: of the model.

    Raises:
        WrongUseError: it is of another one, has vectors of another length, or weights whose names
            nobody knows any more.
    """
    family = require_known_type(model, files.model_type)
    shapes = files.weight_shapes()
    if family is MODERNVBERT and any(name.endswith(_OLD_NAME) for name in shapes):
        raise WrongUseError(
            f"The weights of {model} have the names of before transformers 5.3, which had no "
            "ModernVBERT. Download it again, or name ModernVBERT/colmodernvbert with --model."
        )
    for name, shape in shapes.items():
        if name.endswith(f"{family.projection}.weight") and shape[0] != VECTOR_DIM:
            raise WrongUseError(
                f"The vectors of {model} have {shape[0]} numbers, an index has {VECTOR_DIM}. Name "
                f"another --model: Pagelens takes {SUPPORTED}."
            )
    return family
