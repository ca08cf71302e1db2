"""ColIdefics3: ColSmol in 256M, 500M and 2.2B. Tiles of 512 px, of 384 px in 2.2B."""

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

from encoders.families.family import Config, Family, Model, Processor, SizePx
from encoders.layouts.tiles import TileLayout
from encoders.prompts import Prompts
from index.errors import WrongUseError

if TYPE_CHECKING:
    import torch


def tile_layout(processor: Processor, config: Config, max_edge_px: int | None) -> TileLayout:
    """The model's own, or with a shorter edge.

    Raises:
        WrongUseError: the edge is no whole number of tiles, or longer than the model's.
    """
    images = processor.image_processor
    own_edge_px: int = images.size["longest_edge"]
    tile_px: int = images.max_image_size["longest_edge"]
    edge_px = own_edge_px if max_edge_px is None else max_edge_px
    edges = range(own_edge_px, 0, -tile_px)
    if edge_px not in edges:
        raise WrongUseError(
            f"--max-edge {edge_px} is no edge that this model takes: it cuts pages into tiles of "
            f"{tile_px} pixels. Take {', '.join(map(str, edges[:-1]))} or {edges[-1]}."
        )
    images.size["longest_edge"] = edge_px
    return TileLayout(
        long_edge_px=edge_px,
        tile_px=tile_px,
        cells_per_side=math.isqrt(processor.image_seq_len),
        unseen_px=tile_px % config.vision_config.patch_size,
    )


def tile_tokens(model: Model, pictures: "torch.Tensor") -> "torch.Tensor":
    """As Idefics3Model.get_image_features, which also makes and looks for masks of padding."""
    seen = model.model.vision_model(pixel_values=pictures, return_dict=True).last_hidden_state
    tokens: torch.Tensor = model.model.connector(seen)
    return tokens


def no_inputs(
    model: Model, ids: "torch.Tensor", is_visual: "torch.Tensor", size_px: SizePx
) -> "Mapping[str, torch.Tensor]":
    """Nothing: its text model tells visual tokens from others by nothing but what they are."""
    return {}


IDEFICS3 = Family(
    model_class="ColIdefics3",
    processor_class="ColIdefics3Processor",
    # colpali_engine 0.3.5 to 0.3.8, models/idefics3/colidefics3/processing_colidefics3.py, with the
    # chat template of vidore/colSmol-*; additional_chat_templates/sentence_transformers.jinja there
    prompts=Prompts(
        before_query="Query: ",
        after_query="<end_of_utterance>" * 10 + "\n",
        page="<|im_start|>User: Describe the image.<image><end_of_utterance>",
        image="<image>",
    ),
    projection="linear",
    cuts_tiles=True,
    layout=tile_layout,
    visual_tokens=tile_tokens,
    page_inputs=no_inputs,
)
