import json
import math
import shutil
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from colpali_engine.models import ColIdefics3, ColIdefics3Processor
from hypothesis import given
from hypothesis import strategies as st
from peft.tuners.tuners_utils import BaseTunerLayer
from PIL import Image, ImageDraw
from safetensors.torch import load_file, save_file
from transformers import Idefics3Model

import encoders.colsmol
import encoders.devices
from encoders.colsmol import ColSmolEncoder
from encoders.devices import BATCH_SIZES, pages_at_once
from encoders.devices import _fast_cpu_dtype as fast_cpu_dtype
from encoders.interface import PageInput
from encoders.layouts.tiles import TileLayout
from index.errors import PassingFailure, VectorShapeError, WrongUseError
from index.pages import PageWords, mismatch_error
from tests.tiny_colsmol import (
    TEXT_SIZES,
    VISION_SIZES,
    build_tiny_adapter,
    build_tiny_colsmol,
    edit_json,
)

SQUARE, A4, WIDE = (1.0, 1.0), (210.0, 297.0), (16.0, 9.0)
TILE_PX, CELL_PX, CELLS = 512, 64, 8
TILE_BYTES = CELLS**2 * TEXT_SIZES["hidden_size"] * 4  # what is remembered of one

# The literal strings colSmol was trained with, not the library's.
AUGMENTATION = (
    "<end_of_utterance><end_of_utterance><end_of_utterance><end_of_utterance><end_of_utterance>"
    "<end_of_utterance><end_of_utterance><end_of_utterance><end_of_utterance><end_of_utterance>"
)
PAGE_PROMPT = "<|im_start|>User: Describe the image.<image><end_of_utterance>"


@pytest.fixture(scope="module", autouse=True)
def _one_thread() -> Iterator[None]:
    """For matrices this small threads cost more than they save, most of all on a busy machine."""
    n_threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(n_threads)


@pytest.fixture(scope="module")
def float32() -> Iterator[None]:
    """Exact enough to compare with, on every CPU."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(encoders.devices, "_fast_cpu_dtype", lambda: torch.float32)
        yield


@pytest.fixture(scope="module")
def encoder(tiny_colsmol_folder: Path, float32: None) -> ColSmolEncoder:
    return ColSmolEncoder(str(tiny_colsmol_folder), "cpu")


@pytest.fixture(scope="module")
def processor(tiny_colsmol_folder: Path) -> ColIdefics3Processor:
    return ColIdefics3Processor.from_pretrained(tiny_colsmol_folder)


@pytest.fixture(scope="module")
def model(tiny_colsmol_folder: Path) -> ColIdefics3:
    return ColIdefics3.from_pretrained(tiny_colsmol_folder).eval()


@pytest.fixture
def copied_folder(tiny_colsmol_folder: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(tiny_colsmol_folder, tmp_path / "model"))


def blank(encoder: ColSmolEncoder, shape: tuple[float, float]) -> Image.Image:
    return Image.new("RGB", encoder.page_size_px(*shape), "white")


def noise(encoder: ColSmolEncoder, shape: tuple[float, float], seed: int) -> PageInput:
    width, height = encoder.page_size_px(*shape)
    pixels = np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)
    return as_input(Image.fromarray(pixels))


def as_input(image: Image.Image) -> PageInput:
    return PageInput(image, PageWords.none())


def visual_vectors_one_by_one(
    model: ColIdefics3, processor: ColIdefics3Processor, page: PageInput, prompt: str = PAGE_PROMPT
) -> np.ndarray:
    batch = processor(text=[prompt], images=[[page.image]], return_tensors="pt")
    with torch.inference_mode():
        vectors = model(**batch)[0]
    return vectors[batch["input_ids"][0] == model.config.image_token_id].numpy()


def test_a_page_that_could_not_be_drawn_has_no_vectors(encoder: ColSmolEncoder) -> None:
    drawn = noise(encoder, (200, 300), 1)
    both = [replace(drawn, is_drawn=False), drawn]
    nothing, something = encoder.encode_pages(both)
    assert len(nothing.vectors) == len(nothing.patch_map.boxes) == 0
    assert (something.vectors == encoder.encode_pages([drawn])[0].vectors).all()


def test_batched_vectors_are_the_models_own_of_each_page_alone(
    encoder, model, processor, monkeypatch
):
    monkeypatch.setitem(
        encoders.devices.BATCH_SIZES, "cpu", 2
    )  # three squares: a full batch, a rest
    shapes = [SQUARE, A4, SQUARE, WIDE, SQUARE]
    pages = [noise(encoder, shape, seed) for seed, shape in enumerate(shapes)]
    encoded = encoder.encode_pages(pages)
    assert [len(page.vectors) for page in encoded] == [1088, 832, 1088, 832, 1088]
    for page, ours in zip(pages, encoded, strict=True):
        theirs = visual_vectors_one_by_one(model, processor, page)
        np.testing.assert_allclose(ours.vectors, theirs, atol=1e-5)
    assert abs(encoded[0].vectors - encoded[2].vectors).max() > 0.01  # pages can be told apart


@pytest.mark.parametrize(
    ("size", "n_visual"),
    [
        ((1024, 1024), 1088),
        ((2048, 2048), 1088),
        ((1280, 720), 832),
        ((1920, 1080), 832),
        ((1654, 2339), 832),
        ((2339, 1654), 832),
        ((595, 842), 832),
    ],
)
def test_published_token_counts(encoder, processor, size, n_visual):
    image = Image.new("RGB", size)
    assert processor.get_image_mask(processor.process_images([image])).sum() == n_visual
    assert len(encoder.encode_pages([as_input(image)])[0].vectors) == n_visual


@given(
    width=st.integers(1, 60),
    height=st.integers(1, 60),
    long_edge_px=st.integers(8, 50),
    tile_px=st.integers(2, 16),
)
def test_tiles_are_counted_as_the_image_processor_counts_them(
    processor, width, height, long_edge_px, tile_px
):
    # in small, where the rounding to even and down decides more often
    processed = processor.image_processor(
        Image.new("RGB", (width, height)),
        size={"longest_edge": long_edge_px},
        max_image_size={"longest_edge": tile_px},
        return_row_col_info=True,
    )
    size = TileLayout(long_edge_px, tile_px, 1).page_size_px(width, height)
    cols, rows = (edge // tile_px for edge in size)
    if rows * cols == 1:
        rows = cols = 0  # the processor's word for a page that is not cut
    assert (processed["rows"], processed["cols"]) == ([[rows]], [[cols]])


@pytest.mark.parametrize("shape", [SQUARE, A4, WIDE, (1, 9)])
def test_a_page_of_the_size_asked_for_is_not_resampled(encoder, processor, shape):
    page = noise(encoder, shape, seed=1)
    pixels = np.asarray(page.image, np.float32) / 127.5 - 1  # (height_px, width_px, 3)
    tiles = processor.process_images([page.image])["pixel_values"][0].numpy()
    rows, cols = (edge // TILE_PX for edge in pixels.shape[:2])
    assert len(tiles) == rows * cols + 1
    for i, tile in enumerate(tiles[:-1]):
        top, left = i // cols * TILE_PX, i % cols * TILE_PX
        part = pixels[top : top + TILE_PX, left : left + TILE_PX].transpose(2, 0, 1)
        np.testing.assert_allclose(tile, part, atol=1e-6)


@pytest.mark.parametrize("shape", [SQUARE, A4, WIDE, (1, 9)])
def test_tiles_are_the_processors_to_the_last_bit(encoder, processor, shape):
    page = noise(encoder, shape, seed=2)
    theirs = processor.process_images([page.image])["pixel_values"][0]
    tiles = encoder.prepare(page).prepared
    ours = (torch.from_numpy(tiles.pixels).float() - encoder._mean) / encoder._std
    assert torch.equal(ours, theirs)


def test_a_page_of_one_tile_is_its_own_global_view(processor):
    page = Image.fromarray(np.random.default_rng(1).integers(0, 256, (64, 64, 3), np.uint8))
    tiles = TileLayout(long_edge_px=64, tile_px=64, cells_per_side=8).cut(page)
    np.testing.assert_array_equal(tiles.pixels, np.asarray(page).transpose(2, 0, 1)[None])


def through_the_vision_tower(encoder: ColSmolEncoder, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many tiles go through it at a time, from now on."""
    seen: list[int] = []
    vision = encoder._vision

    def watched(pixels: torch.Tensor) -> torch.Tensor:
        seen.append(len(pixels))
        return vision(pixels)

    monkeypatch.setattr(encoder, "_vision", watched)
    monkeypatch.setattr(encoder, "_features", OrderedDict())
    return seen


def test_no_tile_goes_through_the_vision_tower_twice(encoder, model, processor, monkeypatch):
    page = blank(encoder, A4)
    page.paste(noise(encoder, SQUARE, seed=7).image.crop((0, 0, 300, 300)), (20, 20))  # one tile
    other = blank(encoder, A4)
    seen = through_the_vision_tower(encoder, monkeypatch)
    monkeypatch.setattr(encoder, "_batch_size", 3)
    encoded = encoder.encode_pages([as_input(page), as_input(other), as_input(page)])
    # the drawn tile, the drawn page as a whole, and what is blank: eleven tiles and a whole page
    assert seen == [2 + 1]
    for image, ours in zip((page, other, page), encoded, strict=True):
        theirs = visual_vectors_one_by_one(model, processor, as_input(image))
        np.testing.assert_allclose(ours.vectors, theirs, atol=1e-5)


def test_remembered_tiles_change_no_bit(encoder, monkeypatch):
    pages = [noise(encoder, WIDE, seed=8), as_input(blank(encoder, WIDE))]
    through_the_vision_tower(encoder, monkeypatch)
    together = encoder.encode_pages(pages)
    again = encoder.encode_pages(pages)
    monkeypatch.setattr(encoders.colsmol, "REMEMBERED_BYTES", 0)
    monkeypatch.setattr(encoder, "_features", OrderedDict())
    apart = [encoder.encode_pages([page])[0] for page in pages]
    for a, b, c in zip(together, again, apart, strict=True):
        assert (a.vectors == b.vectors).all()
        assert (a.vectors == c.vectors).all()


def test_memory_for_tiles_is_bounded(encoder, monkeypatch):
    through_the_vision_tower(encoder, monkeypatch)
    monkeypatch.setattr(encoders.colsmol, "REMEMBERED_BYTES", 5 * TILE_BYTES)
    for seed in range(3):
        encoder.encode_pages([noise(encoder, WIDE, seed=seed)])
        assert len(encoder._features) <= 5


def test_a_remembered_tile_keeps_no_other_in_memory(encoder, monkeypatch):
    through_the_vision_tower(encoder, monkeypatch)
    encoder.encode_pages([noise(encoder, WIDE, seed=9)])
    for feature in encoder._features.values():
        assert feature.untyped_storage().nbytes() == feature.numel() * feature.element_size()


@pytest.mark.parametrize(
    "error",
    [
        torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 MiB"),
        RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried"),
        MemoryError(),
    ],
)
def test_pages_that_do_not_fit_together_go_in_smaller_parts(encoder, monkeypatch, error):
    pages = [noise(encoder, WIDE, seed=seed) for seed in range(5)]
    calm = [encoder.encode_pages([page])[0].vectors for page in pages]
    monkeypatch.setattr(encoder, "_batch_size", 4)
    monkeypatch.setattr(encoder, "_features", OrderedDict())
    vision = encoder._vision

    def narrow(pixels: torch.Tensor) -> torch.Tensor:
        if len(pixels) > 13:
            raise error
        return vision(pixels)

    monkeypatch.setattr(encoder, "_vision", narrow)
    encoded = encoder.encode_pages(pages)
    assert encoder.batch_size == 1
    for ours, alone in zip(encoded, calm, strict=True):
        np.testing.assert_allclose(ours.vectors, alone, atol=1e-6)


def test_a_page_that_does_not_fit_alone_fails_and_may_fit_later(encoder, monkeypatch):
    def full(pixels: torch.Tensor) -> torch.Tensor:
        raise torch.OutOfMemoryError("CUDA out of memory.")

    monkeypatch.setattr(encoder, "_vision", full)
    monkeypatch.setattr(encoder, "_features", OrderedDict())
    with pytest.raises(PassingFailure, match="not enough memory on cpu"):
        encoder.encode_pages([noise(encoder, WIDE, seed=1)])


def test_as_many_pages_at_once_as_free_memory_has_room_for(encoder):
    page_bytes = encoder._page_bytes()
    assert page_bytes == 4 * 17 * 1024 * VISION_SIZES["intermediate_size"] * 4
    assert [pages_at_once("cuda", n * page_bytes, page_bytes) for n in (0.5, 1, 2.9, 100)] == [
        *(1, 1, 2),
        BATCH_SIZES["cuda"],
    ]
    assert pages_at_once("cpu", math.inf, page_bytes) == encoder.batch_size == 1


def test_another_error_of_torch_is_no_lack_of_memory(encoder, monkeypatch):
    def broken(pixels: torch.Tensor) -> torch.Tensor:
        raise RuntimeError("device-side assert triggered")

    monkeypatch.setattr(encoder, "_vision", broken)
    monkeypatch.setattr(encoder, "_features", OrderedDict())
    with pytest.raises(RuntimeError, match="assert triggered"):
        encoder.encode_pages([noise(encoder, WIDE, seed=1)])


def changed_cells(processor: ColIdefics3Processor, a: Image.Image, b: Image.Image) -> np.ndarray:
    """Which tokens' 64 by 64 pixels differ between two images, in the processor's tile order."""
    tiles = [processor.process_images([image])["pixel_values"][0].numpy() for image in (a, b)]
    differs = (tiles[0] != tiles[1]).any(axis=1)  # (n_tiles, 512, 512)
    cells = differs.reshape(-1, CELLS, CELL_PX, CELLS, CELL_PX)
    return cells.any(axis=(2, 4)).reshape(-1)  # (n_patches,), cells row by row


@pytest.mark.parametrize("shape", [SQUARE, A4, WIDE])
@pytest.mark.parametrize(
    "square_px",  # left, top, right, bottom; the right and bottom pixels are not in it
    [(700, 300, 764, 364), (500, 500, 530, 530), (0, 0, 1, 1), (1030, 1400, 1100, 1500)],
)
def test_the_cells_that_change_are_those_whose_boxes_meet_the_square(
    encoder, processor, shape, square_px
):
    white, marked = blank(encoder, shape), blank(encoder, shape)
    left, top, right, bottom = square_px
    ImageDraw.Draw(marked).rectangle((left, top, right - 1, bottom - 1), "black")
    changed = changed_cells(processor, white, marked)
    boxes = encoder.encode_pages([as_input(white)])[0].patch_map.boxes
    x0, y0, x1, y1 = (boxes * np.tile(white.size, 2)).round().T  # page pixels

    def meets(margin_x: float, margin_y: float) -> np.ndarray:
        across = (x0 < right + margin_x) & (left - margin_x < x1)
        return across & (y0 < bottom + margin_y) & (top - margin_y < y1)

    np.testing.assert_array_equal(changed[:-64], meets(0, 0)[:-64])
    # The global view is the page made smaller. A pixel there draws from 3 of its own widths to
    # each side (Lanczos), so cells that near may change, and cells in its middle must.
    width, height = (edge / TILE_PX for edge in white.size)
    assert (changed[-64:] <= meets(3 * width, 3 * height)[-64:]).all()
    if right - left > 4 * width and bottom - top > 4 * height:
        assert (changed[-64:] >= meets(-width, -height)[-64:]).all()
        assert changed[-64:].any()


def test_the_model_shuffles_patches_into_cells_row_by_row(model: ColIdefics3):
    inner: Idefics3Model = model.model
    patches = torch.arange(32 * 32, dtype=torch.float32).reshape(1, -1, 1)
    cells = inner.connector.pixel_shuffle(patches, inner.connector.scale_factor)[0]  # (64, 16)
    rows, cols = np.divmod(cells.numpy().astype(int), 32)
    expected_row, expected_col = np.divmod(np.arange(64), CELLS)
    np.testing.assert_array_equal(rows // 4, np.tile(expected_row[:, None], 16))
    np.testing.assert_array_equal(cols // 4, np.tile(expected_col[:, None], 16))


def test_every_cell_has_its_own_vector(encoder):
    page = encoder.encode_pages([as_input(blank(encoder, A4))])[0]
    np.testing.assert_array_equal(page.patch_map.vector_index, np.arange(832))


def test_no_pages_no_vectors(encoder):
    assert encoder.encode_pages([]) == []


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 0.0])
def test_nan_and_zero_vectors_are_refused(copied_folder, float32, value):
    weights = load_file(copied_folder / "model.safetensors")
    weights["linear.weight"].fill_(value)
    weights["linear.bias"].fill_(value)
    save_file(weights, copied_folder / "model.safetensors", {"format": "pt"})
    broken = ColSmolEncoder(str(copied_folder))
    with pytest.raises(VectorShapeError, match=r"^Page vectors must have unit length.*--device"):
        broken.encode_pages([as_input(blank(broken, SQUARE))])
    with pytest.raises(VectorShapeError, match="^Query vectors must have unit length"):
        broken.encode_query("word")


@pytest.mark.parametrize("text", ["annual report 2023", "Umsätze: 北京?", "  two \n lines\t", "?"])
def test_query_vectors_are_the_models_own(encoder, model, processor, text):
    prompt = "Query: " + " ".join(text.split()) + AUGMENTATION + "\n"
    batch = processor.tokenizer([prompt], return_tensors="pt")
    with torch.inference_mode():
        theirs = model(**batch)[0].numpy()
    query = encoder.encode_query(text)
    assert query.text == text
    np.testing.assert_allclose(query.vectors, theirs, atol=1e-5)


def test_query_tokens_read_as_typed_and_only_what_the_query_is_about_is_content(encoder):
    query = encoder.encode_query(" the report of 北, 7?")
    end = query.tokens.index("<end_of_utterance>")
    assert query.tokens[end : end + 10] == ("<end_of_utterance>",) * 10
    assert len(query.tokens) == end + 11  # the line feed
    assert not query.is_content[end:].any()
    shown = list(zip(query.tokens[:end], query.is_content[:end], strict=True))
    start = query.tokens.index(":") + 1
    assert "".join(query.tokens[:start]) == "Query:"
    assert not query.is_content[:start].any()
    content = [token for token, is_content in shown if is_content]
    assert "".join(content[:-4]) == "report"
    assert content[-4:] == ["北", "北", "北", "7"]  # three bytes, three tokens
    assert {token for token, is_content in shown if not is_content} >= {",", "?", "of"}


def test_a_query_takes_one_thread_and_pages_those_there_are(encoder, monkeypatch):
    asked: list[int] = []
    monkeypatch.setattr(torch, "set_num_threads", asked.append)
    monkeypatch.setattr(encoder, "_n_threads", 7)
    encoder.encode_query("word")
    encoder.encode_pages([as_input(blank(encoder, WIDE))])
    assert asked == [1, 7]


def test_a_model_loaded_after_a_query_has_all_threads(tiny_colsmol_folder):
    encoders.devices.threads_there_are.cache_clear()
    torch.set_num_threads(3)
    ColSmolEncoder(str(tiny_colsmol_folder), "cpu").encode_query("word")
    assert torch.get_num_threads() == 1
    assert ColSmolEncoder(str(tiny_colsmol_folder), "cpu")._n_threads == 3
    encoders.devices.threads_there_are.cache_clear()


def test_a_marker_of_the_model_typed_as_a_query_is_encoded_too(encoder):
    assert "<image>" in encoder.encode_query("<image> tag").tokens


@pytest.mark.parametrize("text", ["to be or not to be", "?!"])
def test_a_query_of_nothing_else_has_all_of_it_as_content(encoder, text):
    query = encoder.encode_query(text)
    content = [
        t for t, is_content in zip(query.tokens, query.is_content, strict=True) if is_content
    ]
    assert "".join(content).replace("\N{OPEN BOX}", "") == text.replace(" ", "")


@pytest.mark.parametrize("text", ["", " \n"])
def test_an_empty_query_is_refused(encoder, text):
    with pytest.raises(WrongUseError, match=r"^The query is empty\. Type one or more words, as in"):
        encoder.encode_query(text)


def test_an_adapter_gives_what_transformers_makes_of_it(
    tiny_colsmol_folder, encoder, processor, tmp_path, float32
):
    folder = build_tiny_adapter(tmp_path / "adapter", tiny_colsmol_folder)
    adapted = ColSmolEncoder(str(folder))
    page = noise(encoder, SQUARE, seed=3)
    ours = adapted.encode_pages([page])[0].vectors
    theirs = visual_vectors_one_by_one(ColIdefics3.from_pretrained(folder).eval(), processor, page)
    np.testing.assert_allclose(ours, theirs, atol=1e-5)
    assert abs(ours - encoder.encode_pages([page])[0].vectors).max() > 0.01
    assert not adapted.fingerprint.is_compatible(encoder.fingerprint)
    layers = {type(layer) for layer in adapted._model.modules()}
    assert not any(issubclass(layer, BaseTunerLayer) for layer in layers)  # one multiplication each


def test_an_adapter_is_added_before_the_weights_are_rounded(
    tiny_colsmol_folder, tmp_path, monkeypatch
):
    monkeypatch.setattr(encoders.devices, "_fast_cpu_dtype", lambda: torch.bfloat16)
    folder = build_tiny_adapter(tmp_path / "adapter", tiny_colsmol_folder)
    half = ColSmolEncoder(str(folder), "cpu")._model
    merged = ColIdefics3.from_pretrained(folder)
    for name, layer in merged.named_modules():
        if isinstance(layer, BaseTunerLayer):
            layer.merge()
            exact = layer.get_base_layer().weight
            assert torch.equal(half.get_submodule(name).weight, exact.to(torch.bfloat16))
    plain = ColIdefics3.from_pretrained(tiny_colsmol_folder, dtype=torch.bfloat16)
    dtypes = {name: buffer.dtype for name, buffer in plain.named_buffers()}
    assert {name: buffer.dtype for name, buffer in half.named_buffers()} == dtypes


TEMPLATE = """{%- for message in messages -%}{%- for content in message['content'] -%}
{%- if content['type'] == 'image' -%}{{- 'See <image>' -}}
{%- elif task is defined and task == 'query' -%}
{{- 'Find: ' + content['text'] -}}
{%- for _ in range(2) -%}{{- '<end_of_utterance>' -}}{%- endfor -%}
{%- else -%}{{- content['text'] -}}{%- endif -%}{%- endfor -%}{%- endfor -%}
"""


# transformers leaves the template's file open
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_template_in_the_models_folder_decides(encoder, model, processor, copied_folder, float32):
    path = copied_folder / "additional_chat_templates" / "sentence_transformers.jinja"
    path.parent.mkdir()
    path.write_text(TEMPLATE, "utf-8")
    templated = ColSmolEncoder(str(copied_folder), "cpu")
    page = noise(encoder, SQUARE, seed=6)
    theirs = visual_vectors_one_by_one(model, processor, page, "See <image>")
    np.testing.assert_allclose(templated.encode_pages([page])[0].vectors, theirs, atol=1e-5)
    prompt = "Find: report<end_of_utterance><end_of_utterance>"
    with torch.inference_mode():
        theirs = model(**processor.tokenizer([prompt], return_tensors="pt"))[0].numpy()
    np.testing.assert_allclose(templated.encode_query("report").vectors, theirs, atol=1e-5)
    assert not templated.fingerprint.is_compatible(encoder.fingerprint)
    reason = str(mismatch_error("The index", encoder.fingerprint, templated.fingerprint))
    assert f"prompts {encoder.fingerprint.prompts}, not {templated.fingerprint.prompts}" in reason


def test_the_fingerprint_follows_the_weights_and_not_the_folder(
    encoder, tiny_colsmol_folder, copied_folder, float32, monkeypatch
):
    fingerprint = encoder.fingerprint
    assert fingerprint.encoder == "colsmol"
    assert fingerprint.model == str(tiny_colsmol_folder.resolve())
    assert (fingerprint.pooling, fingerprint.rendering) == ("none", "tiles-512-edge-2048")

    monkeypatch.chdir(copied_folder.parent)
    moved = ColSmolEncoder("model").fingerprint
    assert moved.model == str(copied_folder.resolve())  # found again from any folder
    assert moved.is_compatible(fingerprint)

    build_tiny_colsmol(copied_folder, seed=1)
    assert not ColSmolEncoder("model").fingerprint.is_compatible(fingerprint)


def test_bfloat16_gives_nearly_the_same_unit_vectors(encoder, tiny_colsmol_folder, monkeypatch):
    monkeypatch.setattr(encoders.devices, "_fast_cpu_dtype", lambda: torch.bfloat16)
    half = ColSmolEncoder(str(tiny_colsmol_folder), "cpu")
    page = noise(encoder, SQUARE, seed=4)
    exact, rounded = (e.encode_pages([page])[0].vectors for e in (encoder, half))
    assert rounded.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(rounded, axis=1), 1, atol=1e-6)
    assert (exact * rounded).sum(axis=1).min() > 0.99


@pytest.mark.parametrize(
    ("bfloat16_s", "float32_s", "expected"),
    [(1.0, 2.0, torch.bfloat16), (2.0, 1.0, torch.float32), (1.0, 1.1, torch.float32)],
)
def test_a_cpu_runs_the_number_format_it_measured_to_be_fast(
    monkeypatch, bfloat16_s, float32_s, expected
):
    ticks = [s for s in (bfloat16_s, float32_s) for _ in range(8)]  # a start and an end, four times
    clock = SimpleNamespace(perf_counter=iter(np.cumsum(ticks)).__next__)
    monkeypatch.setattr(encoders.devices, "time", clock)
    assert fast_cpu_dtype.__wrapped__() is expected


def test_loading_says_nothing(tiny_colsmol_folder, tmp_path, capfd):
    folder = build_tiny_adapter(tmp_path / "adapter", tiny_colsmol_folder)
    capfd.readouterr()
    ColSmolEncoder(str(folder))
    assert capfd.readouterr() == ("", "")


@pytest.mark.skipif(torch.cuda.is_available(), reason="asks for a GPU that is there")
def test_a_device_that_is_not_there_is_refused(tiny_colsmol_folder):
    with pytest.raises(WrongUseError) as error:
        ColSmolEncoder(str(tiny_colsmol_folder), "cuda")
    assert str(error.value).startswith("This machine has no device 'cuda' that torch ")
    assert "--device takes auto, cpu" in str(error.value)


def test_a_language_model_without_projection_is_refused(copied_folder, float32):
    weights = load_file(copied_folder / "model.safetensors")
    del weights["linear.weight"], weights["linear.bias"]
    save_file(weights, copied_folder / "model.safetensors", {"format": "pt"})
    with pytest.raises(WrongUseError) as error:
        ColSmolEncoder(str(copied_folder))
    assert str(error.value) == (
        f"The model {copied_folder} is no ColIdefics3: it lacks 2 weights, such as linear.bias. "
        "Name a ColVision model such as vidore/colSmol-256M with --model."
    )


def test_damaged_weights_are_refused(copied_folder, float32):
    weights = copied_folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:1000])
    with pytest.raises(WrongUseError, match="model.safetensors cannot be read .* Download"):
        ColSmolEncoder(str(copied_folder))


def test_a_processor_that_cuts_pages_differently_is_refused(copied_folder, float32):
    processor = json.loads((copied_folder / "processor_config.json").read_text("utf-8"))
    processor["image_processor"]["do_image_splitting"] = False
    edit_json(copied_folder / "processor_config.json", **processor)
    encoder = ColSmolEncoder(str(copied_folder))
    with pytest.raises(VectorShapeError) as error:
        encoder.encode_pages([as_input(blank(encoder, SQUARE))])
    assert str(error.value).startswith(
        "The model gives 64 visual vectors for a page of 1088 cells:"
    )
