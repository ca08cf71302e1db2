"""ColQwen2: one grid over the page, in its own shape; cells of 28 px."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from encoders.families.family import Config, Family, Model, Processor, SizePx
from encoders.layouts.grid import GridLayout
from encoders.prompts import Prompts

if TYPE_CHECKING:
    import torch

TRAINED_CELLS = 768
"""The most that ColQwen2 was trained with, by its card and by colpali_engine 0.3.1 to 0.3.8."""

UNSET_CELLS = (1280, 16384)
"""What transformers and Qwen2-VL's own file allow: in a ColQwen's folder it means that nobody set
it, and pages that large were not in its training."""


def grid_layout(processor: Processor, config: Config, max_edge_px: int | None) -> GridLayout:
    """The model's own."""
    images = processor.image_processor
    cell_px: int = images.patch_size * images.merge_size
    max_cells = images.size["longest_edge"] // cell_px**2  # an area, for all its name
    if max_cells in UNSET_CELLS:
        max_cells = TRAINED_CELLS
    images.size["longest_edge"] = max_cells * cell_px**2
    return GridLayout(cell_px, max_cells)


def grid_tokens(model: Model, pictures: "torch.Tensor") -> "torch.Tensor":
    """As Qwen2VLModel.get_image_features, of pictures cut as Qwen2VLImageProcessor cuts them.

    The vision tower takes patches, those of a cell one after the other, each once for either frame
    of a video that stands still.
    """
    import torch

    vision = model.config.vision_config
    n, channels, height_px, width_px = pictures.shape
    patch, side, frames = vision.patch_size, vision.spatial_merge_size, vision.temporal_patch_size
    rows, cols = height_px // (patch * side), width_px // (patch * side)
    cells = pictures.reshape(n, channels, rows, side, patch, cols, side, patch)
    patches = cells.permute(0, 2, 5, 3, 6, 1, 4, 7).unsqueeze(6)  # n, cells, patches, channels, ...
    patches = patches.expand(*patches.shape[:6], frames, patch, patch)
    grid = torch.tensor([[1, rows * side, cols * side]] * n, device=pictures.device)
    seen = model.visual(patches.reshape(-1, channels * frames * patch**2), grid_thw=grid)
    tokens: torch.Tensor = seen.pooler_output  # (n * n_tokens, hidden)
    return tokens.reshape(n, rows * cols, -1)


def grid_inputs(
    model: Model, ids: "torch.Tensor", is_visual: "torch.Tensor", size_px: SizePx
) -> "Mapping[str, torch.Tensor]":
    """Where each token stands: visual ones by row and column, (3, 1, n_tokens)."""
    patch_px = model.config.vision_config.patch_size
    width_px, height_px = size_px
    positions, _ = model.get_rope_index(
        ids[None],
        mm_token_type_ids=is_visual[None].int(),
        image_grid_thw=ids.new_tensor([[1, height_px // patch_px, width_px // patch_px]]),
    )
    return {"position_ids": positions}


# colpali_engine 0.3.4 to 0.3.10, models/qwen2/colqwen2/processing_colqwen2.py, which says that
# <|endoftext|> is what the models before it were trained with; mteb sends the same (its PR 5207).
# No token of a page sees what follows it, so the words after the picture reach no vector we keep.
QWEN_PROMPTS = Prompts(
    before_query="Query: ",
    after_query="<|endoftext|>" * 10,
    page="<|im_start|>user\n<|vision_start|><|image_pad|><|vision_end|>Describe the image."
    "<|im_end|><|endoftext|>",
    image="<|image_pad|>",
)

QWEN2 = Family(
    model_class="ColQwen2",
    processor_class="ColQwen2Processor",
    prompts=QWEN_PROMPTS,
    projection="custom_text_proj",
    cuts_tiles=False,
    layout=grid_layout,
    visual_tokens=grid_tokens,
    page_inputs=grid_inputs,
)
