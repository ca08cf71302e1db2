"""ColSmolEncoder: page images and queries as ColSmol sees them, one vector per visual token.

The one importer of torch, transformers and colpali-engine, and only when an encoder is made: they
take seconds to import, and the lexical path runs without them.
"""

import functools
import math
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from encoders.interface import PageInput
from encoders.model_files import DEFAULT_MODEL, ModelFiles, fetch_model_files
from encoders.prompts import prompts_of
from encoders.stopwords import is_stop_word
from encoders.tiles import TileLayout
from encoders.words import split_word
from index.errors import VectorShapeError, WrongUseError
from index.pages import Fingerprint, PageVectors, PatchMap, QueryVectors

if TYPE_CHECKING:
    import torch

FAMILIES = {
    "idefics3": ("ColIdefics3", "ColIdefics3Processor"),
    "modernvbert": ("ColModernVBert", "ColModernVBertProcessor"),
}
"""config.json's model_type -> colpali-engine's classes, for the models that cut pages into tiles.
Others (ColPali, ColQwen2) lay out their tokens differently, and a wrong box is worse than none."""

BATCH_SIZES = {"cpu": 1, "mps": 4, "cuda": 8}
"""Pages at once. A page is 10 to 17 images to the vision tower: a CPU is busy with one, and shows
progress and stops sooner. The largest array takes 80 MB a page (13 * 1024 patches * 3072 * 2)."""

BFLOAT16_GAIN = 1.2  # on a CPU: half precision must be worth its lost digits


class ColSmolEncoder:
    """ColSmol, or another model of its family, through colpali-engine.

    Args:
        model: hub id or folder. What the hub's cache lacks is downloaded.
        device: "auto", "cpu", "mps", "cuda" or "cuda:N".

    Raises:
        WrongUseError: no such model or device, or a model of another family.
        MissingDependencyError: the weights are not here and cannot be downloaded.
    """

    def __init__(self, model: str = DEFAULT_MODEL, device: str = "auto") -> None:
        files = fetch_model_files(model)
        if files.model_type not in FAMILIES:
            raise WrongUseError(
                f"The model {model} is of type {files.model_type}. Pagelens takes those that cut "
                f"pages into tiles: {' and '.join(FAMILIES)}, such as vidore/colSmol-256M, "
                "vidore/colSmol-500M and ModernVBERT/colmodernvbert."
            )
        self._device = _torch_device(device)
        self._model, self._processor = _load(model, files, self._device)
        images = self._processor.image_processor
        self._tiles = TileLayout(
            long_edge_px=images.size["longest_edge"],
            tile_px=images.max_image_size["longest_edge"],
            cells_per_side=math.isqrt(self._processor.image_seq_len),
        )
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
        return BATCH_SIZES[self._device.type]

    def page_size_px(self, width: float, height: float) -> tuple[int, int]:
        """Width and height in pixels that the processor takes without resampling."""
        return self._tiles.page_size_px(width, height)

    def encode_pages(self, pages: Sequence[PageInput]) -> list[PageVectors]:
        """One vector for each visual token, in the order of `TileLayout.cell_boxes`.

        None for a page that could not be drawn. Pages of equal size go through the model together,
        so that no token is padding.

        Raises:
            VectorShapeError: the model gave NaN, infinite or zero vectors.
        """
        by_size: dict[tuple[int, int], list[int]] = {}
        for i, page in enumerate(pages):
            if page.is_drawn:
                by_size.setdefault(self.page_size_px(*page.image.size), []).append(i)
        encoded: dict[int, PageVectors] = {}
        for indices in by_size.values():
            boxes = self._tiles.cell_boxes(*pages[indices[0]].image.size)
            for start in range(0, len(indices), self.batch_size):
                batch = indices[start : start + self.batch_size]
                arrays = self._visual_vectors([pages[i] for i in batch])
                for i, vectors in zip(batch, arrays, strict=True):
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
            self._forward(batch)[0].cpu().numpy(),  # (n_tokens, 128)
            tuple(_shown(prompt[a:b]) or name for (a, b), name in zip(spans, names, strict=True)),
            np.array([is_content[a:b].any() for a, b in spans], np.bool_),
        )

    def _visual_vectors(self, pages: Sequence[PageInput]) -> list[NDArray[np.float32]]:
        """The visual tokens' vectors (n_patches, 128) of pages with the same tiles."""
        batch = self._processor(
            text=[self._prompts.page] * len(pages),
            images=[[page.image] for page in pages],
            padding="longest",
            return_tensors="pt",
        )
        # by mask: markers of row, column and line stand between the tiles
        mask = self._processor.get_image_mask(batch)  # (n_pages, n_tokens)
        vectors = self._forward(batch).cpu()  # (n_pages, n_tokens, 128)
        return [v[m].numpy() for v, m in zip(vectors, mask, strict=True)]

    def _forward(self, batch: Any) -> "torch.Tensor":  # noqa: ANN401  # transformers' own mapping
        """float32 vectors (n, n_tokens, 128), unit length again after the device's rounding."""
        import torch

        with torch.inference_mode():
            vectors = self._model(**batch.to(self._device))
            return torch.nn.functional.normalize(vectors.float(), dim=-1)


def _page_vectors(vectors: NDArray[np.float32], boxes: NDArray[np.float32]) -> PageVectors:
    if len(vectors) != len(boxes):
        raise VectorShapeError(
            f"The model gave {len(vectors)} visual vectors for a page of {len(boxes)} cells: its "
            "processor cuts pages in a way that Pagelens does not know. Name another --model."
        )
    cells = np.arange(len(boxes), dtype=np.int32)
    return PageVectors(vectors, PatchMap(boxes, cells))


def _content_characters(words: Sequence[str]) -> list[bool]:
    """Which characters of the words, joined by spaces, say what the query is about.

    Letters and digits of words that are no function words; all, where there are none.
    """
    marks: list[bool] = []
    for word in words:
        is_content = any(not is_stop_word(term.text) for term in split_word(word))
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


def _torch_device(name: str) -> "torch.device":
    """The device of that name; for "auto" the fastest there is.

    Raises:
        WrongUseError: this machine has no such device.
    """
    import torch

    names = ["cpu"]
    if torch.backends.mps.is_available():
        names.append("mps")
    if torch.cuda.is_available():
        names += [*(f"cuda:{i}" for i in range(torch.cuda.device_count())), "cuda"]
    if name == "auto":
        return torch.device(names[-1])
    if name not in names:
        raise WrongUseError(
            f"This machine has no device {name!r} that torch {torch.__version__} can use. "
            f"--device takes auto, {', '.join(names)}."
        )
    return torch.device(name)


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
