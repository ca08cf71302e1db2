"""Family: what sets one kind of model apart from another. All else is encoders/colsmol.py."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from encoders.layouts.interface import Layout
from encoders.prompts import Prompts

if TYPE_CHECKING:
    import torch

Model: TypeAlias = Any  # colpali-engine's and transformers' own, which are hardly typed
Processor: TypeAlias = Any
Config: TypeAlias = Any
SizePx: TypeAlias = tuple[int, int]


@dataclass(frozen=True)
class Family:
    """One kind of ColVision model.

    Attributes:
        model_class, processor_class: names of colpali-engine's classes.
        prompts: the strings it was trained with, unless its folder has a template.
        projection: its last layer, which makes vectors of what the text model gives.
        cuts_tiles: whether `--max-edge` has a meaning for it.
        layout: of the processor, the model's configuration and the longest edge of a page in
            pixels, None for the model's own. Sets the processor to it.
        visual_tokens: of the model and of pictures (n, 3, height_px, width_px), normalised: what
            vision tower and connector make of them, (n, n_tokens, hidden).
        page_inputs: of the model, a page's token ids, which of them are visual (both (n_tokens,))
            and the page's size: what the text model must be told beside them, (..., 1, n_tokens).
        unused: parts of the model that make no vectors, left out.
    """

    model_class: str
    processor_class: str
    prompts: Prompts
    projection: str
    cuts_tiles: bool
    layout: Callable[[Processor, Config, int | None], Layout]
    visual_tokens: "Callable[[Model, torch.Tensor], torch.Tensor]"
    page_inputs: "Callable[[Model, torch.Tensor, torch.Tensor, SizePx], Mapping[str, torch.Tensor]]"
    unused: tuple[str, ...] = ()
