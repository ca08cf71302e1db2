"""ColModernVBERT: the tiles of ColIdefics3, and a text model that reads in both directions."""

from encoders.families.family import Family
from encoders.families.idefics3 import no_inputs, tile_layout, tile_tokens
from encoders.prompts import Prompts

MODERNVBERT = Family(
    model_class="ColModernVBert",
    processor_class="ColModernVBertProcessor",
    # colpali_engine 0.3.13 to 0.3.18, models/modernvbert/colmodernvbert/
    # processing_colmodernvbert.py: trained with it
    prompts=Prompts(
        before_query="",
        after_query="<end_of_utterance>" * 10,
        page="<|begin_of_text|>User:<image>Describe the image.<end_of_utterance>\nAssistant:",
        image="<image>",
    ),
    projection="custom_text_proj",
    cuts_tiles=True,
    layout=tile_layout,
    visual_tokens=tile_tokens,
    page_inputs=no_inputs,
)
