"""ColSmolEncoder: page images and queries as ColSmol sees them, one vector per visual token.

The one importer of transformers and colpali-engine, and with `tile_images.py` of torch, and only
when an encoder is made: they take seconds to import, and the lexical path runs without them.
"""

import functools
import math
import os
import threading
import time
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from encoders.interface import PageInput
from encoders.model_files import DEFAULT_MODEL, ModelFiles, fetch_model_files
from encoders.prompts import prompts_of
from encoders.tile_images import TileImages, cut
from encoders.tiles import TileLayout
from index.errors import PassingFailure, VectorShapeError, WrongUseError
from index.pages import Fingerprint, PageVectors, PatchMap, QueryVectors
from index.words.cut import cut_query
from index.words.stop_words import is_stop_word

if TYPE_CHECKING:
    import torch

FAMILIES = {
    "idefics3": ("ColIdefics3", "ColIdefics3Processor"),
    "modernvbert": ("ColModernVBert", "ColModernVBertProcessor"),
}
"""config.json's model_type -> colpali-engine's classes, for the models that cut pages into tiles.
Others (ColPali, ColQwen2) lay out their tokens differently, and a wrong box is worse than none."""

BATCH_SIZES = {"cpu": 1, "mps": 4, "cuda": 8}
"""Pages at once where memory allows. A page is 10 to 17 images to the vision tower: a CPU is busy
with one, and shows progress and stops sooner."""

LAYER_ARRAYS = 4
"""Arrays of the size of the vision tower's widest layer that are alive at once, at most."""

REMEMBERED_TILES = 256
"""What the vision tower made of so many tiles is kept, those used last: 147 kB each in float32."""

BFLOAT16_GAIN = 1.2  # on a CPU: half precision must be worth its lost digits


class ColSmolEncoder:
    """ColSmol, or another model of its family, through colpali-engine.

    Args:
        model: hub id or folder. What the hub's cache lacks is downloaded.
        device: "auto", "cpu", "mps", "cuda" or "cuda:N"; of several the first.

    Raises:
        WrongUseError: no such model or device, or a model of another family.
        MissingDependencyError: the weights are not here and cannot be downloaded.
    """

    def __init__(self, model: str = DEFAULT_MODEL, device: str = "auto") -> None:
        # before torch is imported: a thread that spins while it waits takes the cores that pages
        # are drawn with, and of a machine that is busy anyway 2 to 3 times the time of a page
        os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
        import torch

        files = fetch_model_files(model)
        if files.model_type not in FAMILIES:
            raise WrongUseError(
                f"The model {model} is of type {files.model_type}. Pagelens takes those that cut "
                f"pages into tiles: {' and '.join(FAMILIES)}, such as vidore/colSmol-256M, "
                "vidore/colSmol-500M and ModernVBERT/colmodernvbert."
            )
        self._device = torch.device(torch_devices(device)[0])
        self._model, self._processor = _load(model, files, self._device)
        images = self._processor.image_processor
        self._tiles = TileLayout(
            long_edge_px=images.size["longest_edge"],
            tile_px=images.max_image_size["longest_edge"],
            cells_per_side=math.isqrt(self._processor.image_seq_len),
        )
        # of bytes, as the processor has it: one division, and no rounding before it
        self._mean = 255 * torch.tensor(images.image_mean, device=self._device).reshape(3, 1, 1)
        self._std = 255 * torch.tensor(images.image_std, device=self._device).reshape(3, 1, 1)
        self._n_threads = _threads_there_are()
        free_bytes = _free_bytes(self._device)
        self._batch_size = pages_at_once(self._device.type, free_bytes, self._page_bytes())
        self._launching = threading.Lock()
        self._features: OrderedDict[bytes, torch.Tensor] = OrderedDict()
        self._page_prompts: dict[tuple[int, int], _PagePrompt] = {}
        self._prompts = prompts_of(files.processor, files.model_type)
        self._fingerprint = Fingerprint(
            encoder="colsmol",
            model=files.name(model),
            revision=files.revision(),
            pooling="none",
            rendering=f"tiles-{self._tiles.tile_px}-edge-{self._tiles.long_edge_px}",
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
        """Two on a GPU, so that it works on one while another is handed over or fetched."""
        return 2 if self._device.type == "cuda" else 1

    def page_size_px(self, width: float, height: float) -> tuple[int, int]:
        """Width and height in pixels that the processor takes without resampling."""
        return self._tiles.page_size_px(width, height)

    def prepare(self, page: PageInput) -> PageInput:
        """The page cut into tiles; one that could not be drawn is left as it is."""
        if page.image is None or not page.is_drawn:
            return page
        return replace(page, image=None, prepared=cut(page.image, self._tiles))

    def encode_pages(self, pages: Sequence[PageInput]) -> list[PageVectors]:
        """One vector for each visual token, in the order of `TileLayout.cell_boxes`.

        None for a page that could not be drawn. Pages of equal size go through the model together,
        so that no token is padding; where the device has not the memory for them, in smaller parts.

        Raises:
            VectorShapeError: the model gave NaN, infinite or zero vectors.
            PassingFailure: the device has not the memory for a single page.
        """
        by_size: dict[tuple[int, int], dict[int, TileImages]] = {}
        for i, page in enumerate(pages):
            tiles = self.prepare(page).prepared
            if isinstance(tiles, TileImages):
                by_size.setdefault(tiles.size_px, {})[i] = tiles
        encoded: dict[int, PageVectors] = {}
        for size_px, alike in by_size.items():
            boxes = self._tiles.cell_boxes(*size_px)
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
            raise WrongUseError(
                'The query is empty. Type one or more words, as in: pagelens query "annual report".'
            )
        import torch

        torch.set_num_threads(1)  # a few tokens: a second thread costs more than it saves
        tokenizer, typed = self._processor.tokenizer, " ".join(words)
        prompt = self._prompts.before_query + typed + self._prompts.after_query
        batch = tokenizer([prompt], return_tensors="pt", return_offsets_mapping=True)
        spans = batch.pop("offset_mapping")[0].tolist()  # characters of each token
        names = tokenizer.convert_ids_to_tokens(batch["input_ids"][0].tolist())
        is_content = np.zeros(len(prompt), np.bool_)  # of each character
        start = len(self._prompts.before_query)
        is_content[start : start + len(typed)] = _content_characters(words)
        return QueryVectors(
            text,
            self._forward(batch.to(self._device))[0].cpu().numpy(),  # (n_tokens, 128)
            tuple(_shown(prompt[a:b]) or name for (a, b), name in zip(spans, names, strict=True)),
            np.array([is_content[a:b].any() for a, b in spans], np.bool_),
        )

    def _visual_vectors(self, pages: Sequence[TileImages]) -> list[NDArray[np.float32]]:
        """The visual tokens' vectors (n_patches, 128) of pages with the same tiles."""
        vectors: list[NDArray[np.float32]] = []
        while len(vectors) < len(pages):
            batch = pages[len(vectors) : len(vectors) + self._batch_size]
            try:
                with self._launching:
                    launched = self._batch_vectors(batch)
                vectors += list(launched.cpu().numpy())  # waits for the device; others launch
            except (RuntimeError, MemoryError) as error:
                if not _is_out_of_memory(error):
                    raise
                if len(batch) == 1:
                    raise PassingFailure(
                        f"there is not enough memory on {self._device} to encode it"
                    ) from error
                self._batch_size = len(batch) // 2
                with self._launching:
                    self._features.clear()
        return vectors

    def _batch_vectors(self, pages: Sequence[TileImages]) -> "torch.Tensor":
        """(n_pages, n_patches, 128) on the device, which may still be at it."""
        import torch

        torch.set_num_threads(self._n_threads)
        prompt = self._page_prompt(pages[0].size_px)
        with torch.inference_mode():
            features = torch.cat(self._tile_features(pages))  # (n_pages * n_patches, hidden)
            embedded = self._model.get_input_embeddings()(prompt.ids).repeat(len(pages), 1, 1)
            embedded[:, prompt.visual] = features.reshape(len(pages), -1, features.shape[-1])
            everything = torch.ones(embedded.shape[:2], dtype=torch.long, device=self._device)
            vectors = self._forward(
                {"inputs_embeds": embedded, "attention_mask": everything, "use_cache": False}
            )
            return vectors[:, prompt.visual]

    def _tile_features(self, pages: Sequence[TileImages]) -> "list[torch.Tensor]":
        """What the vision tower makes of each tile (tokens, hidden), in the pages' order.

        No tile goes through it twice: blank ones, and logos, margins and frames that are the same
        to the pixel on many pages, are remembered.
        """
        wanted = [digest for page in pages for digest in page.digests]
        new = {
            digest: pixels
            for page in pages
            for digest, pixels in zip(page.digests, page.pixels, strict=True)
            if digest not in self._features
        }
        if new:
            pixels = self._on_device(np.stack(list(new.values())))
            for digest, feature in zip(new, self._vision(pixels), strict=True):
                self._features[digest] = feature.clone()  # a view would keep the whole batch
        found = []
        for digest in wanted:
            self._features.move_to_end(digest)
            found.append(self._features[digest])
        while len(self._features) > REMEMBERED_TILES:
            self._features.popitem(last=False)
        return found

    def _vision(self, pixels: "torch.Tensor") -> "torch.Tensor":
        """uint8 (n_tiles, 3, tile_px, tile_px) through vision tower and connector.

        As Idefics3Model.get_image_features, which also makes and looks for masks of padding.
        """
        inner = self._model.model
        numbers = ((pixels.float() - self._mean) / self._std).to(self._model.dtype)
        features: torch.Tensor = inner.connector(
            inner.vision_model(pixel_values=numbers, return_dict=True).last_hidden_state
        )
        return features  # (n_tiles, tokens, hidden)

    def _on_device(self, pixels: NDArray[np.uint8]) -> "torch.Tensor":
        """A copy there; a GPU fetches it itself when it comes to it, nobody waits."""
        import torch

        here = torch.from_numpy(pixels)
        if self._device.type == "cuda":
            here = here.pin_memory()
        return here.to(self._device, non_blocking=True)

    def _page_prompt(self, size_px: tuple[int, int]) -> "_PagePrompt":
        """The tokens of a page of this size, as the model's own processor spells them.

        Raises:
            VectorShapeError: it cuts pages in another way than TileLayout.
        """
        if size_px not in self._page_prompts:
            blank = Image.new("RGB", size_px)
            batch = self._processor(
                text=[self._prompts.page], images=[[blank]], return_tensors="pt"
            )
            ids = batch["input_ids"][0]
            (visual,) = (ids == self._model.config.image_token_id).nonzero(as_tuple=True)
            n_cells = len(self._tiles.cell_boxes(*size_px))
            if len(visual) != n_cells:
                raise VectorShapeError(
                    f"The model gives {len(visual)} visual vectors for a page of {n_cells} cells: "
                    "its processor cuts pages in a way that Pagelens does not know. Name another "
                    "--model."
                )
            prompt = _PagePrompt(ids.to(self._device), visual.to(self._device))
            self._page_prompts[size_px] = prompt
        return self._page_prompts[size_px]

    def _page_bytes(self) -> int:
        """What the vision tower needs for the largest page, a square one, beside the weights."""
        vision = self._model.config.vision_config
        n_tiles = (self._tiles.long_edge_px // self._tiles.tile_px) ** 2 + 1
        n_patches = n_tiles * (vision.image_size // vision.patch_size) ** 2
        widest: int = n_patches * vision.intermediate_size * self._model.dtype.itemsize
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
        ids: (n_tokens,).
        visual: (n_patches,), which of them stand for cells of the page.
    """

    ids: "torch.Tensor"
    visual: "torch.Tensor"


def pages_at_once(device_type: str, free_bytes: float, page_bytes: int) -> int:
    """The batch size that a device's free memory has room for; one at least, for a try."""
    return max(1, int(min(BATCH_SIZES[device_type], free_bytes / page_bytes)))


def _free_bytes(device: "torch.device") -> float:
    """Free memory of a GPU; without bound elsewhere, where a few pages at most go at once."""
    import torch

    if device.type == "cuda":
        return float(torch.cuda.mem_get_info(device)[0])
    return math.inf


@functools.cache
def _threads_there_are() -> int:
    """Before the first query took one: a second model of the process is to have them all."""
    import torch

    n_threads: int = torch.get_num_threads()
    return n_threads


def _is_out_of_memory(error: Exception) -> bool:
    """Whether torch found no memory: on a GPU it has an error of its own for that, on a CPU not."""
    import torch

    has_own_type = isinstance(error, (MemoryError, torch.OutOfMemoryError))
    return has_own_type or "allocate memory" in str(error)


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


def _load(model: str, files: ModelFiles, device: "torch.device") -> tuple[Any, Any]:
    """The model and its processor, ready to run.

    Raises:
        WrongUseError: the files cannot be read, or are not those of a ColVision model.
    """
    import colpali_engine.models
    import torch
    from safetensors import SafetensorError

    model_name, processor_name = FAMILIES[files.model_type]
    model_class = getattr(colpali_engine.models, model_name)
    processor_class = getattr(colpali_engine.models, processor_name)
    try:
        with _without_progress_and_warnings():
            # an adapter is added up in float32: half precision would lose it in the rounding
            dtype = _fast_dtype(device) if files.adapter is None else torch.float32
            loaded, info = model_class.from_pretrained(
                files.weights, dtype=dtype, output_loading_info=True
            )
            missing = set(info["missing_keys"])
            if files.adapter is not None:
                missing |= set(loaded.load_adapter(str(files.adapter)).missing_keys)
                _merge_adapter(loaded)
                for parameter in loaded.parameters():  # not buffers: positions stay exact
                    parameter.data = parameter.data.to(_fast_dtype(device))
            processor = processor_class.from_pretrained(files.processor)
    except (OSError, ValueError, RuntimeError, SafetensorError) as error:
        reason = (str(error).strip() or type(error).__name__).splitlines()[0].rstrip(".")
        raise WrongUseError(
            f"Cannot load the model {model}: {reason}. Download it again, or name another --model."
        ) from error
    if missing:
        # transformers fills such gaps with random numbers and goes on
        raise WrongUseError(
            f"The model {model} is no {model_name}: it lacks {len(missing)} weights, such as "
            f"{min(missing)}. Name a ColVision model such as {DEFAULT_MODEL} with --model."
        )
    return loaded.to(device).eval(), processor


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


def torch_devices(names: str) -> list[str]:
    """The devices of these names: for "auto" the fastest there is, all GPUs of a kind.

    Args:
        names: "auto", or names separated by commas, such as "cuda:0,cuda:1".

    Raises:
        WrongUseError: this machine has no such device.
    """
    import torch

    here = ["cpu"]
    if torch.backends.mps.is_available():
        here.append("mps")
    if torch.cuda.is_available():
        gpus = [f"cuda:{i}" for i in range(torch.cuda.device_count())]
        here += [*gpus, "cuda"]
        if names == "auto":
            return gpus
    if names == "auto":
        return [here[-1]]
    for name in names.split(","):
        if name not in here:
            raise WrongUseError(
                f"This machine has no device {name!r} that torch {torch.__version__} can use. "
                f"--device takes auto, {', '.join(here)}, or several with commas between."
            )
    return names.split(",")


def _fast_dtype(device: "torch.device") -> "torch.dtype":
    """The number format in which the device runs the model fast and safely."""
    import torch

    if device.type == "cuda":
        has_bfloat16 = torch.cuda.is_bf16_supported(including_emulation=False)
        return torch.bfloat16 if has_bfloat16 else torch.float16
    if device.type == "mps":
        return torch.float32  # NaN is known there even so (pytorch issue 182726): nothing riskier
    return _fast_cpu_dtype()


@functools.cache
def _fast_cpu_dtype() -> "torch.dtype":
    """bfloat16 where this CPU multiplies it faster than float32, else float32.

    A CPU with instructions for it takes half the time with bfloat16, one without took five times as
    long; no flag tells them apart on every system, so a layer of the vision tower is timed.
    """
    import torch

    def seconds(dtype: "torch.dtype") -> float:
        patches, weights = torch.ones(512, 768, dtype=dtype), torch.ones(768, 768, dtype=dtype)
        times = []
        for _ in range(4):  # the first is slower: threads start, kernels are compiled
            start = time.perf_counter()
            patches @ weights
            times.append(time.perf_counter() - start)
        return min(times)

    is_worth_it = seconds(torch.bfloat16) * BFLOAT16_GAIN < seconds(torch.float32)
    return torch.bfloat16 if is_worth_it else torch.float32
