"""ColVision models of some 150,000 random weights with the published image geometry.

What depends on the geometry (tiles, token counts, masks, boxes) is real; what the vectors mean is
not. Loaded by the same from_pretrained calls as the published models.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from colpali_engine.models import (
    ColIdefics3,
    ColIdefics3Processor,
    ColModernVBert,
    ColModernVBertProcessor,
)
from peft import LoraConfig
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers
from transformers import (
    Idefics3Config,
    Idefics3ImageProcessor,
    LlamaConfig,
    ModernBertConfig,
    ModernVBertConfig,
    PreTrainedConfig,
    PreTrainedModel,
    PreTrainedTokenizerFast,
    ProcessorMixin,
)

TILE_PX = 512
LONG_EDGE_PX = 2048
PATCH_PX = 16
SCALE_FACTOR = 4
TOKENS_PER_TILE = (TILE_PX // PATCH_PX // SCALE_FACTOR) ** 2

TEXT_SIZES = {
    "hidden_size": 48,
    "intermediate_size": 96,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
}
VISION_SIZES = {
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 1,
    "num_attention_heads": 1,
    "image_size": TILE_PX,
    "patch_size": PATCH_PX,
}

SPECIAL_TOKENS = (
    "<|endoftext|>",
    "<|begin_of_text|>",
    "<|im_start|>",
    "<|im_end|>",
    "<fake_token_around_image>",
    "<image>",
    "<end_of_utterance>",
    "<global-img>",
    *(f"<row_{row}_col_{col}>" for row in range(1, 7) for col in range(1, 7)),
)
TRAINING_TEXT = (
    "The annual report lists the revenue of every region and of the year before.",
    "User: Describe the image. Assistant: a table with rows and columns, and a chart.",
    "Moons of the planets, their radius and the year of their discovery.",
)


@dataclass(frozen=True)
class Sizes:
    """How large a ColIdefics3 is; the image geometry is the published one's in any case.

    Attributes:
        text, vision: hidden size, layers and heads, as LlamaConfig and Idefics3Config name them.
        vocabulary: rows of the embedding; None for as many as the tokenizer has.
        dtype: of the saved weights.
    """

    text: Mapping[str, int]
    vision: Mapping[str, int]
    vocabulary: int | None = None
    dtype: torch.dtype = torch.float32


TINY = Sizes(TEXT_SIZES | {"num_key_value_heads": 2}, VISION_SIZES)
PUBLISHED_256M = Sizes(
    {
        "hidden_size": 576,
        "intermediate_size": 1536,
        "num_hidden_layers": 30,
        "num_attention_heads": 9,
        "num_key_value_heads": 3,
    },
    VISION_SIZES
    | {
        "hidden_size": 768,
        "intermediate_size": 3072,
        "num_hidden_layers": 12,
        "num_attention_heads": 12,
    },
    vocabulary=49280,
    dtype=torch.bfloat16,
)
"""Those of vidore/ColSmolVLM-Instruct-256M-base, from its config.json."""


def build_tiny_colsmol(folder: Path, *, seed: int = 0, sizes: Sizes = TINY) -> Path:
    """Save a ColIdefics3 and its processor; the same seed gives the same weights."""
    processor = tile_processor(ColIdefics3Processor)
    tokenizer = processor.tokenizer
    text = LlamaConfig(
        **sizes.text,
        vocab_size=sizes.vocabulary or len(tokenizer),
        pad_token_id=tokenizer.pad_token_id,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
    )
    config = Idefics3Config(
        text_config=text,
        vision_config=dict(sizes.vision),
        scale_factor=SCALE_FACTOR,
        image_token_id=processor.image_token_id,
    )
    return save(folder, ColIdefics3, config, processor, seed, sizes.dtype)


def build_published_layout(folder: Path, sizes: Sizes = TINY) -> Path:
    """Save two folders as the hub has them for colSmol-256M; gives the adapter's.

    The adapter names its base by the hub's id. Its target_modules also ask for layers that a
    ColIdefics3 does not have, as the published one's do.
    """
    base, adapter = folder / "ColSmolVLM-Instruct-256M-base", folder / "colSmol-256M"
    build_tiny_colsmol(base, sizes=sizes)
    ColIdefics3Processor.from_pretrained(base).save_pretrained(adapter)
    model = ColIdefics3.from_pretrained(base, dtype=torch.float32)
    text_layers = "down_proj|gate_proj|up_proj|k_proj|q_proj|v_proj|o_proj"
    lora = LoraConfig(
        r=32,
        lora_alpha=32,
        target_modules=rf"(.*(model).*({text_layers}).*$|.*(custom_text_proj).*$)",
        init_lora_weights=False,  # the usual start changes nothing
        base_model_name_or_path="vidore/ColSmolVLM-Instruct-256M-base",
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        model.add_adapter(lora)
    model.save_pretrained(adapter)
    edit_json(adapter / "adapter_config.json", base_model_name_or_path=lora.base_model_name_or_path)
    return adapter


def build_tiny_colmodernvbert(folder: Path, *, seed: int = 0) -> Path:
    """Save a ColModernVBert, which cuts pages in the same way."""
    processor = tile_processor(ColModernVBertProcessor)
    tokenizer = processor.tokenizer
    text = ModernBertConfig(
        **TEXT_SIZES,
        vocab_size=len(tokenizer),
        pad_token_id=tokenizer.pad_token_id,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        cls_token_id=tokenizer.bos_token_id,
        sep_token_id=tokenizer.eos_token_id,
    )
    config = ModernVBertConfig(
        text_config=text,
        vision_config={"model_type": "siglip_vision_model", **VISION_SIZES},
        pixel_shuffle_factor=SCALE_FACTOR,
        image_token_id=processor.image_token_id,
    )
    return save(folder, ColModernVBert, config, processor, seed)


def build_tiny_adapter(folder: Path, base_folder: Path, *, seed: int = 1) -> Path:
    """Save a LoRA adapter over the model in base_folder, as vidore/colSmol-256M is one.

    As there, the adapter's folder has the processor's files and names its base.
    """
    ColIdefics3Processor.from_pretrained(base_folder).save_pretrained(folder)
    model = ColIdefics3.from_pretrained(base_folder)
    lora = LoraConfig(
        r=4,
        target_modules=r".*text_model.*(q_proj|v_proj)|linear",
        init_lora_weights=False,  # the usual start changes nothing
        base_model_name_or_path=str(base_folder),
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model.add_adapter(lora)
    model.save_pretrained(folder)
    return folder


def edit_json(path: Path, **changes: object) -> None:
    """Change some values of a JSON file in a model's folder."""
    path.write_text(json.dumps(json.loads(path.read_text("utf-8")) | changes), "utf-8")


def save(
    folder: Path,
    model_class: type[PreTrainedModel],
    config: PreTrainedConfig,
    processor: ProcessorMixin,
    seed: int,
    dtype: torch.dtype = torch.float32,
) -> Path:
    """Save a model of random weights and its processor, as the library does."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = model_class(config)
    model.to(dtype).save_pretrained(folder)
    processor.save_pretrained(folder)
    return folder


def tile_processor(
    processor_class: type[ProcessorMixin],
    long_edge_px: int = LONG_EDGE_PX,
    tile_px: int = TILE_PX,
    tokens_per_tile: int = TOKENS_PER_TILE,
) -> ProcessorMixin:
    """A processor of the Idefics3 kind, of this geometry."""
    return processor_class(
        image_processor=Idefics3ImageProcessor(
            size={"longest_edge": long_edge_px},
            max_image_size={"longest_edge": tile_px},
            image_mean=[0.5] * 3,
            image_std=[0.5] * 3,
        ),
        tokenizer=byte_level_tokenizer(SPECIAL_TOKENS, *SPECIAL_TOKENS[2:4], "<end_of_utterance>"),
        image_seq_len=tokens_per_tile,
    )


def byte_level_tokenizer(
    special_tokens: Sequence[str], bos: str, pad: str, eos: str
) -> PreTrainedTokenizerFast:
    """A byte-level BPE like the published ones', of 400 tokens."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.post_processor = processors.ByteLevel(trim_offsets=False)
    trainer = trainers.BpeTrainer(
        vocab_size=400,
        special_tokens=list(special_tokens),
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(TRAINING_TEXT, trainer)
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        bos_token=bos,
        eos_token=eos,
        pad_token=pad,
        additional_special_tokens=list(special_tokens[1:8]),
    )
