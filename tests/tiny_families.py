"""Tiny models of ColSmol's relatives: real classes and geometry, random weights.

Each is made from its family's own configuration class and saved by the library, so that it is
loaded as a published one is.
"""

from pathlib import Path

from colpali_engine.models import (
    ColIdefics3,
    ColIdefics3Processor,
    ColPali,
    ColPaliProcessor,
    ColQwen2,
    ColQwen2_5,
    ColQwen2_5_Processor,
    ColQwen2Processor,
)
from transformers import (
    GemmaConfig,
    GemmaTokenizer,
    Idefics3Config,
    LlamaConfig,
    PaliGemmaConfig,
    ProcessorMixin,
    Qwen2_5_VLConfig,
    Qwen2VLConfig,
    Qwen2VLImageProcessor,
    Qwen2VLVideoProcessor,
    SiglipImageProcessor,
)

from tests.tiny_colsmol import TEXT_SIZES, byte_level_tokenizer, save, tile_processor

QWEN_TOKENS = (
    "<|endoftext|>",
    "<|im_start|>",
    "<|im_end|>",
    "<|vision_start|>",
    "<|vision_end|>",
    "<|image_pad|>",
    "<|video_pad|>",
)
ROPE = {"rope_type": "default", "mrope_section": [2, 2, 2], "rope_theta": 1e6}
"""Half the numbers of a head, by time, row and column."""


def build_tiny_colsmol_2b(folder: Path) -> Path:
    """A ColIdefics3 cut as the one of 2.2B: tiles of 384 px, 27 by 27 patches, 9 by 9 cells."""
    processor = tile_processor(ColIdefics3Processor, 1536, 384, 81)
    text = LlamaConfig(**TEXT_SIZES, num_key_value_heads=2, vocab_size=len(processor.tokenizer))
    config = Idefics3Config(
        text_config=text,
        vision_config={
            "hidden_size": 32,
            "intermediate_size": 64,
            "num_hidden_layers": 1,
            "num_attention_heads": 1,
            "image_size": 384,
            "patch_size": 14,
        },
        scale_factor=3,
        image_token_id=processor.image_token_id,
    )
    return save(folder, ColIdefics3, config, processor, seed=0)


def build_tiny_colqwen2(folder: Path) -> Path:
    """A ColQwen2 with the published one's grid of 768 cells of 28 px."""
    processor = _qwen_processor(ColQwen2Processor)
    vision = {"depth": 2, "embed_dim": 32, "hidden_size": 48, "num_heads": 2}
    config = Qwen2VLConfig(vision_config=vision, **_qwen_text(processor))
    return save(folder, ColQwen2, config, processor, seed=0)


def build_tiny_colqwen2_5(folder: Path) -> Path:
    """A ColQwen2.5: one layer of its vision tower sees windows, one the whole page."""
    processor = _qwen_processor(ColQwen2_5_Processor)
    vision = {
        "depth": 2,
        "hidden_size": 32,
        "intermediate_size": 64,
        "num_heads": 2,
        "out_hidden_size": 48,
        "fullatt_block_indexes": [1],
    }
    config = Qwen2_5_VLConfig(vision_config=vision, **_qwen_text(processor))
    return save(folder, ColQwen2_5, config, processor, seed=0)


def build_tiny_colpali(folder: Path) -> Path:
    """A ColPali of 32 by 32 cells at 448 px."""
    images = SiglipImageProcessor(size={"height": 448, "width": 448})
    images.image_seq_length = 1024
    processor = ColPaliProcessor(image_processor=images, tokenizer=_gemma_tokenizer())
    n_tokens = len(processor.tokenizer)
    text = GemmaConfig(**TEXT_SIZES, num_key_value_heads=1, head_dim=12, vocab_size=n_tokens)
    vision = {
        "model_type": "siglip_vision_model",
        "hidden_size": 32,
        "intermediate_size": 64,
        "num_hidden_layers": 1,
        "num_attention_heads": 1,
        "image_size": 448,
        "patch_size": 14,
        "vision_use_head": False,
    }
    config = PaliGemmaConfig(
        text_config=text,
        vision_config=vision,
        projection_dim=TEXT_SIZES["hidden_size"],
        hidden_size=TEXT_SIZES["hidden_size"],
        image_token_index=processor.image_token_id,
    )
    return save(folder, ColPali, config, processor, seed=0)


def _qwen_processor(processor_class: type[ProcessorMixin]) -> ProcessorMixin:
    tokenizer = byte_level_tokenizer(QWEN_TOKENS, QWEN_TOKENS[0], QWEN_TOKENS[0], QWEN_TOKENS[2])
    return processor_class(
        image_processor=Qwen2VLImageProcessor(min_pixels=4 * 28**2, max_pixels=768 * 28**2),
        tokenizer=tokenizer,
        video_processor=Qwen2VLVideoProcessor(),
    )


def _qwen_text(processor: ProcessorMixin) -> dict[str, object]:
    ids = processor.tokenizer.convert_tokens_to_ids(list(QWEN_TOKENS))
    text = {
        **TEXT_SIZES,
        "num_key_value_heads": 2,
        "vocab_size": len(processor.tokenizer),
        "rope_parameters": ROPE,
        "bos_token_id": ids[0],
        "eos_token_id": ids[2],
    }
    return {
        "text_config": text,
        "vision_start_token_id": ids[3],
        "vision_end_token_id": ids[4],
        "image_token_id": ids[5],
        "video_token_id": ids[6],
    }


def _gemma_tokenizer() -> GemmaTokenizer:
    """Every letter a token, and bytes for what it has no letter for; it adds <bos> by itself."""
    specials = ["<pad>", "<eos>", "<bos>", "<unk>", "<mask>"]
    letters = ["\u2581", "\n", *map(chr, range(33, 127))]
    bytes_ = [f"<0x{byte:02X}>" for byte in range(256)]
    vocabulary = {token: i for i, token in enumerate([*specials, *bytes_, *letters])}
    return GemmaTokenizer(vocab=vocabulary, merges=[], add_bos_token=True)
