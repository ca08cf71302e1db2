"""A model and its processor into memory, ready to run; an adapter is added to the weights."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from encoders.devices import fast_dtype
from encoders.families.family import Family, Model, Processor
from encoders.model_files import DEFAULT_MODEL, ModelFiles
from index.errors import WrongUseError

if TYPE_CHECKING:
    import torch


def load_model(
    model: str, files: ModelFiles, family: Family, device: "torch.device"
) -> tuple[Model, Processor]:
    """The model and its processor, ready to run.

    Raises:
        WrongUseError: the files cannot be read, or are not those of a model of the family.
    """
    import colpali_engine.models
    import torch
    from safetensors import SafetensorError

    model_class = getattr(colpali_engine.models, family.model_class)
    processor_class = getattr(colpali_engine.models, family.processor_class)
    homeless: set[str] = set()
    try:
        with _without_progress_and_warnings():
            # an adapter is added up in float32: half precision would lose it in the rounding
            dtype = fast_dtype(device) if files.adapter is None else torch.float32
            loaded, info = model_class.from_pretrained(
                files.weights, dtype=dtype, output_loading_info=True
            )
            missing = set(info["missing_keys"])
            for name in family.unused:
                loaded.set_submodule(name, torch.nn.Identity())
            if files.adapter is not None:
                lacking, homeless = _add_adapter(loaded, str(files.adapter))
                missing |= lacking
                _merge_adapter(loaded)
                for parameter in loaded.parameters():  # not buffers: positions stay exact
                    parameter.data = parameter.data.to(fast_dtype(device))
            processor = processor_class.from_pretrained(files.processor)
    except (OSError, ValueError, RuntimeError, SafetensorError) as error:
        reason = (str(error).strip() or type(error).__name__).splitlines()[0].rstrip(".")
        raise WrongUseError(
            f"Cannot load the model {model}: {reason}. Download it again, or name another --model."
        ) from error
    if missing:
        # transformers fills such gaps with random numbers and goes on
        raise WrongUseError(
            f"The model {model} is no {family.model_class}: it lacks {len(missing)} weights, such "
            f"as {min(missing)}. Name a ColVision model such as {DEFAULT_MODEL} with --model."
        )
    if homeless:
        raise WrongUseError(
            f"The adapter {model} does not fit its base {files.weights}: {len(homeless)} of its "
            f"weights have no place there, such as {min(homeless)}. Put the right base beside it, "
            "or name another --model."
        )
    return loaded.to(device).eval(), processor


def _add_adapter(model: Model, folder: str) -> tuple[set[str], set[str]]:
    """Lay an adapter beside a model's weights.

    transformers has moved text models to other places since, and tells so to the loader of whole
    models alone: an adapter's weights would find no layer, and stay the noise they begin with
    (colpali-engine's issue 424).

    Returns:
        Names of the weights it lacks, and of those that have no place in the model.
    """
    from transformers.conversion_mapping import get_model_conversion_mapping

    names = getattr(type(model), "_checkpoint_conversion_mapping", {})
    mapping = get_model_conversion_mapping(model, key_mapping=names)
    found = model.load_adapter(folder, weight_mapping=mapping)
    return set(found.missing_keys), set(found.unexpected_keys)


def _merge_adapter(model: "torch.nn.Module") -> None:
    """Add an adapter's weights to those it adapts, and leave plain layers behind.

    A layer with an adapter beside it is three multiplications, a merged one is one: queries are 1.4
    times as fast (docs/decisions.md).
    """
    from peft.tuners.tuners_utils import BaseTunerLayer

    for name, layer in list(model.named_modules()):
        if isinstance(layer, BaseTunerLayer):
            layer.merge(safe_merge=True)
            model.set_submodule(name, layer.get_base_layer())


@contextmanager
def _without_progress_and_warnings() -> Iterator[None]:
    """Keep transformers quiet while it loads files that are here: what it warns of is checked."""
    import transformers.utils.logging

    logging: Any = transformers.utils.logging  # half of it is untyped
    verbosity, had_progress = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity(logging.ERROR)
    logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.set_verbosity(verbosity)
        if had_progress:
            logging.enable_progress_bar()
