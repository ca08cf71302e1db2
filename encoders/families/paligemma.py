"""ColPali: every page stretched to 448 by 448 px, 32 by 32 visual tokens."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from encoders.families.family import Config, Family, Model, Processor, SizePx
from encoders.layouts.fixed import FixedLayout
from encoders.prompts import Prompts

if TYPE_CHECKING:
    import torch


def fixed_layout(processor: Processor, config: Config, max_edge_px: int | None) -> FixedLayout:
    """The model's own."""
    side_px: int = processor.image_processor.size["height"]
    return FixedLayout(side_px, side_px // config.vision_config.patch_size)


def fixed_tokens(model: Model, pictures: "torch.Tensor") -> "torch.Tensor":
    """As PaliGemmaModel.get_image_features."""
    inner = model.model.model
    tokens: torch.Tensor = inner.multi_modal_projector(
        inner.vision_tower(pixel_values=pictures).last_hidden_state
    )
    return tokens


def fixed_inputs(
    model: Model, ids: "torch.Tensor", is_visual: "torch.Tensor", size_px: SizePx
) -> "Mapping[str, torch.Tensor]":
    """That every token sees every other, as in a prompt to PaliGemma."""
    return {"token_type_ids": ids.new_zeros(1, len(ids))}


PALIGEMMA = Family(
    model_class="ColPali",
    processor_class="ColPaliProcessor",
    # colpali_engine 0.3.4 to 0.3.10, models/paligemma/colpali/processing_colpali.py, and mteb's PR
    # 5207 for v1.1 to v1.3. The cards of v1.2 and v1.3 name engine 0.2.0, which sent "Question: ";
    # that of v1.3 is copied from v1.2, and the change to "Query: " came with its release.
    # PaliGemma's processor itself puts <bos> behind the picture and a line feed at the end; later
    # engines write a <bos> of their own, so that there are two: the models were trained with one.
    prompts=Prompts(
        before_query="<bos>Query: ",
        after_query="<pad>" * 10 + "\n",
        page="<image>Describe the image.",
        image="<image>",
    ),
    projection="custom_text_proj",
    cuts_tiles=False,
    layout=fixed_layout,
    visual_tokens=fixed_tokens,
    page_inputs=fixed_inputs,
    # which word follows each token: a gigabyte of numbers a page that nobody reads. colpali_engine
    # 0.3.18 with transformers 5.23 leaves it without weights besides
    unused=("model.lm_head",),
)
