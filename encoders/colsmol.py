"""ColSmolEncoder: pages and queries as ColSmol or a relative sees them, a vector a visual token.

What sets its relatives apart stands in families/, how they lay tokens over a page in layouts/.
Torch and its like are imported only when an encoder is made: they take seconds to import, and the
lexical path runs without them.
"""

import os
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from encoders.devices import (
    free_bytes,
    is_out_of_memory,
    pages_at_once,
    threads_there_are,
    torch_devices,
)
from encoders.families.known import family_of, require_known_type
from encoders.interface import PageInput
from encoders.layouts.interface import PageImages
from encoders.load_model import load_model
from encoders.model_files import DEFAULT_MODEL, fetch_model_files
from encoders.prompts import prompts_of
from index.errors import PassingFailure, VectorShapeError, WrongUseError
from index.pages import Fingerprint, PageVectors, PatchMap, QueryVectors
from index.words.cut import cut_query
from index.words.stop_words import is_stop_word

if TYPE_CHECKING:
    import torch

LAYER_ARRAYS = 4
"""Arrays of the size of the vision tower's widest layer that are alive at once, at most."""

REMEMBERED_BYTES = 40_000_000
"""What the vision tower made of so many bytes of pictures is kept, those used last. In float32 that
is 256 tiles of ColSmol, or 4 pages of ColPali: blank ones, or one that is there many times."""


class ColSmolEncoder:
    """ColSmol, or one of its relatives, through colpali-engine.

    Args:
        model: hub id or folder. What the hub's cache lacks is downloaded.
        device: "auto", "cpu", "mps", "cuda" or "cuda:N"; of several the first.
        max_edge_px: longest edge at which a page is cut into tiles, None for the model's own.

    Raises:
        WrongUseError: no such model or device, a model that is not supported, or an edge that it
            does not take.
        MissingDependencyError: the weights are not here and cannot be downloaded.
    """

    def __init__(
        self, model: str = DEFAULT_MODEL, device: str = "auto", max_edge_px: int | None = None
    ) -> None:
        # before torch is imported: a thread that spins while it waits takes the cores that pages
        # are drawn with, and of a machine that is busy anyway 2 to 3 times the time of a page
        os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
        import torch

        files = fetch_model_files(model, require_known_type)
        self._family = family_of(model, files)
        if max_edge_px is not None and not self._family.cuts_tiles:
            raise WrongUseError(
                f"--max-edge {max_edge_px} is for models that cut pages into tiles. "
                f"{self._family.model_class} cuts none; leave it out."
            )
        self._device = torch.device(torch_devices(device)[0])
        self._model, self._processor = load_model(model, files, self._family, self._device)
        self._layout = self._family.layout(self._processor, self._model.config, max_edge_px)
        images = self._processor.image_processor
        # of bytes, as the processor has it: one division, and no rounding before it
        self._mean = 255 * torch.tensor(images.image_mean, device=self._device).reshape(3, 1, 1)
        self._std = 255 * torch.tensor(images.image_std, device=self._device).reshape(3, 1, 1)
        self._n_threads = threads_there_are()
        self._batch_size = pages_at_once(
            self._device.type, free_bytes(self._device), self._page_bytes()
        )
        self._features: OrderedDict[bytes, torch.Tensor] = OrderedDict()
        self._page_prompts: dict[tuple[int, int], _PagePrompt] = {}
        self._prompts = prompts_of(files.processor, self._family.prompts)
        self._fingerprint = Fingerprint(
            encoder="colsmol",
            model=files.name(model),
            revision=files.revision(),
            pooling="none",
            rendering=self._layout.name,
            prompts=self._prompts.digest(),
        )

    @property
    def fingerprint(self) -> Fingerprint:
        """What the vectors depend on.

        The device and its number format are not part of it: an index made on a GPU is searched on a
        laptop.
        """
        return self._fingerprint

    @property
    def batch_size(self) -> int:
        """Pages that the device does best at once."""
        return self._batch_size

    @property
    def n_at_once(self) -> int:
        """One: a second thread that hands a batch over brings nothing (docs/decisions.md)."""
        return 1

    def page_size_px(self, width: float, height: float) -> tuple[int, int]:
        """Width and height in pixels that the processor takes without resampling."""
        return self._layout.page_size_px(width, height)

    def n_tiles(self, width: float, height: float) -> int:
        """Tiles of a page of this shape, the global view included; 1 where it is one picture."""
        return self._layout.n_tiles(width, height)

    def prepare(self, page: PageInput) -> PageInput:
        """The page as the vision tower takes it; one that could not be drawn is left as it is."""
        if page.image is None or not page.is_drawn:
            return page
        return replace(page, image=None, prepared=self._layout.cut(page.image))

    def encode_pages(self, pages: Sequence[PageInput]) -> list[PageVectors]:
        """One vector for each visual token, in the order of `Layout.cell_boxes`.

        None for a page that could not be drawn. Pages of equal size go through the model together,
        so that no token is padding; where the device has not the memory for them, in smaller parts.

        Raises:
            VectorShapeError: the model gave NaN, infinite or zero vectors.
            PassingFailure: the device has not the memory for a single page.
        """
        by_size: dict[tuple[int, int], dict[int, PageImages]] = {}
        for i, page in enumerate(pages):
            images = self.prepare(page).prepared
            if isinstance(images, PageImages):
                by_size.setdefault(images.size_px, {})[i] = images
        encoded: dict[int, PageVectors] = {}
        for size_px, alike in by_size.items():
            boxes = self._layout.cell_boxes(*size_px)
            for i, vectors in zip(alike, self._visual_vectors(list(alike.values())), strict=True):
                encoded[i] = _page_vectors(vectors, boxes)
        return [encoded.get(i, PageVectors.none()) for i in range(len(pages))]

    def encode_query(self, text: str) -> QueryVectors:
        """One vector for each token of the text between the strings it was trained with.

        Runs of white space count as one space. What stands before the text and the augmentation
        tokens after it count in the score, as the model was trained; content are the tokens with a
        letter or digit of words that are no function words, or all typed tokens where there are no
        such words.

        Raises:
            WrongUseError: the text is empty.
        """
        words = text.split()
        if not words:
            raise WrongUseError("The query is empty. Type one or more words, as in: annual report.")
        import torch

        torch.set_num_threads(1)  # a few tokens: a second thread costs more than it saves
        tokenizer, typed = self._processor.tokenizer, " ".join(words)
        prompt = self._prompts.before_query + typed + self._prompts.after_query
        batch = tokenizer([prompt], return_tensors="pt", return_offsets_mapping=True)
        spans = batch["offset_mapping"][0].tolist()  # characters of each token
        inputs = {name: batch[name].to(self._device) for name in ("input_ids", "attention_mask")}
        names = tokenizer.convert_ids_to_tokens(batch["input_ids"][0].tolist())
        is_content = np.zeros(len(prompt), np.bool_)  # of each character
        start = len(self._prompts.before_query)
        is_content[start : start + len(typed)] = _content_characters(words)
        return QueryVectors(
            text,
            self._forward(inputs)[0].cpu().numpy(),  # (n_tokens, 128)
            tuple(_shown(prompt[a:b]) or name for (a, b), name in zip(spans, names, strict=True)),
            np.array([is_content[a:b].any() for a, b in spans], np.bool_),
        )

    def _visual_vectors(self, pages: Sequence[PageImages]) -> list[NDArray[np.float32]]:
        """The visual tokens' vectors (n_patches, 128) of pages of the same size."""
        vectors: list[NDArray[np.float32]] = []
        while len(vectors) < len(pages):
            batch = pages[len(vectors) : len(vectors) + self._batch_size]
            try:
                vectors += list(self._batch_vectors(batch).cpu().numpy())
            except (RuntimeError, MemoryError) as error:
                if not is_out_of_memory(error):
                    raise
                if len(batch) == 1:
                    raise PassingFailure(
                        f"there is not enough memory on {self._device} to encode it"
                    ) from error
                self._batch_size = len(batch) // 2
                self._features.clear()
        return vectors

    def _batch_vectors(self, pages: Sequence[PageImages]) -> "torch.Tensor":
        """(n_pages, n_patches, 128) on the device, which may still be at it."""
        import torch

        torch.set_num_threads(self._n_threads)
        prompt = self._page_prompt(pages[0].size_px)
        with torch.inference_mode():
            features = torch.cat(self._visual_tokens(pages))  # (n_pages * n_patches, hidden)
            embedded = self._model.get_input_embeddings()(prompt.ids).repeat(len(pages), 1, 1)
            embedded[:, prompt.visual] = features.reshape(len(pages), -1, features.shape[-1])
            everything = torch.ones(embedded.shape[:2], dtype=torch.long, device=self._device)
            inputs = {"inputs_embeds": embedded, "attention_mask": everything, "use_cache": False}
            for name, value in prompt.inputs.items():  # the same for every page of the batch
                inputs[name] = value.expand(*value.shape[:-2], len(pages), -1)
            return self._forward(inputs)[:, prompt.visual]

    def _visual_tokens(self, pages: Sequence[PageImages]) -> "list[torch.Tensor]":
        """What the vision tower makes of each picture (n_tokens, hidden), in the pages' order.

        No picture goes through it twice: blank tiles or pages, and logos, margins and frames that
        are the same to the pixel on many pages, are remembered.
        """
        wanted = [digest for page in pages for digest in page.digests]
        new = {
            digest: pixels
            for page in pages
            for digest, pixels in zip(page.digests, page.pixels, strict=True)
            if digest not in self._features
        }
        if new:
            pixels = self._on_device(list(new.values()))
            for digest, feature in zip(new, self._vision(pixels), strict=True):
                self._features[digest] = feature.clone()  # a view would keep the whole batch
        found = []
        for digest in wanted:
            self._features.move_to_end(digest)
            found.append(self._features[digest])
        n_kept = REMEMBERED_BYTES // found[0].nbytes
        while len(self._features) > n_kept:
            self._features.popitem(last=False)
        return found

    def _vision(self, pixels: "torch.Tensor") -> "torch.Tensor":
        """uint8 (n, 3, height_px, width_px) through vision tower and connector."""
        pictures = ((pixels.float() - self._mean) / self._std).to(self._model.dtype)
        return self._family.visual_tokens(self._model, pictures)  # (n, n_tokens, hidden)

    def _on_device(self, pictures: Sequence[NDArray[np.uint8]]) -> "torch.Tensor":
        """One array of them there; a GPU fetches it itself when it comes to it, nobody waits."""
        import torch

        here = torch.empty(
            (len(pictures), *pictures[0].shape),
            dtype=torch.uint8,
            pin_memory=self._device.type == "cuda",
        )
        torch.stack([torch.from_numpy(picture) for picture in pictures], out=here)
        return here.to(self._device, non_blocking=True)

    def _page_prompt(self, size_px: tuple[int, int]) -> "_PagePrompt":
        """The tokens of a page of this size, as the model's own processor spells them.

        Raises:
            VectorShapeError: it lays them out in another way than Layout.
        """
        import torch

        if size_px not in self._page_prompts:
            blank = Image.new("RGB", size_px)
            batch = self._processor(text=[self._prompts.page], images=[[blank]])
            ids = torch.tensor(batch["input_ids"][0])
            is_visual = ids == self._model.config.image_token_id
            n_visual, n_cells = int(is_visual.sum()), len(self._layout.cell_boxes(*size_px))
            if n_visual != n_cells:
                raise VectorShapeError(
                    f"The model gives {n_visual} visual vectors for a page of {n_cells} cells: "
                    "its processor cuts pages in a way that Pagelens does not know. Name another "
                    "--model."
                )
            ids, is_visual = ids.to(self._device), is_visual.to(self._device)
            self._page_prompts[size_px] = _PagePrompt(
                ids.masked_fill(is_visual, 0),  # ColPali has no embedding for the number it gives
                is_visual.nonzero(as_tuple=True)[0],
                self._family.page_inputs(self._model, ids, is_visual, size_px),
            )
        return self._page_prompts[size_px]

    def _page_bytes(self) -> int:
        """What the vision tower needs for the largest page, beside the weights."""
        vision = self._model.config.vision_config
        # Qwen2-VL's says how many times as wide as its tokens a layer is, the others how wide
        width = getattr(vision, "intermediate_size", None) or vision.embed_dim * vision.mlp_ratio
        n_patches = self._layout.max_pixels // vision.patch_size**2
        widest: int = n_patches * width * self._model.dtype.itemsize
        return LAYER_ARRAYS * widest

    def _forward(self, inputs: Mapping[str, object]) -> "torch.Tensor":
        """float32 vectors (n, n_tokens, 128), unit length again after the device's rounding."""
        import torch

        with torch.inference_mode():
            vectors = self._model(**inputs)
            return torch.nn.functional.normalize(vectors.float(), dim=-1)


@dataclass(frozen=True, eq=False)
class _PagePrompt:
    """The tokens of a page, on the device.

    Attributes:
        ids: (n_tokens,), 0 in the place of visual ones.
        visual: (n_patches,), which of them stand for cells of the page.
        inputs: what the text model must be told beside them; see Family.page_inputs.
    """

    ids: "torch.Tensor"
    visual: "torch.Tensor"
    inputs: "Mapping[str, torch.Tensor]"


def _page_vectors(vectors: NDArray[np.float32], boxes: NDArray[np.float32]) -> PageVectors:
    return PageVectors(vectors, PatchMap(boxes, np.arange(len(boxes), dtype=np.int32)))


def _content_characters(words: Sequence[str]) -> list[bool]:
    """Which characters of the words, joined by spaces, say what the query is about.

    Letters and digits of words that are no function words; all, where there are none.
    """
    marks: list[bool] = []
    for word in words:
        is_content = any(not is_stop_word(token.term) for token in cut_query(word))
        marks += [is_content and character.isalnum() for character in word] + [False]
    del marks[-1:]  # no space follows the last word
    return marks if any(marks) else [True] * len(marks)


def _shown(characters: str) -> str:
    """A token's characters as a person reads them; "" for a token that has none in the text."""
    return characters.strip() or "\N{OPEN BOX}" * bool(characters)
