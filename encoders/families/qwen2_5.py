"""ColQwen2.5: the grid and the strings of ColQwen2, over Qwen2.5-VL."""

from encoders.families.family import Family
from encoders.families.qwen2 import QWEN_PROMPTS, grid_inputs, grid_layout, grid_tokens

QWEN2_5 = Family(
    model_class="ColQwen2_5",
    processor_class="ColQwen2_5_Processor",
    # colpali_engine 0.3.9 and 0.3.10, models/qwen2_5/colqwen2_5/processing_colqwen2_5.py
    prompts=QWEN_PROMPTS,
    projection="custom_text_proj",
    cuts_tiles=False,
    layout=grid_layout,
    visual_tokens=grid_tokens,
    page_inputs=grid_inputs,
)
