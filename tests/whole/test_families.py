"""Every family against the library's own classes: vectors, strings, which token sees which area."""

import re
from pathlib import Path
from types import SimpleNamespace

import colpali_engine.models
import numpy as np
import pytest
import torch
from PIL import Image, ImageDraw

import encoders.colsmol
import encoders.devices
from encoders.colsmol import ColSmolEncoder
from encoders.interface import PageInput
from index.pages import PageWords
from tests import tiny_families
from tests.tiny_colsmol import (
    build_tiny_colmodernvbert,
    build_tiny_colsmol,
)

SQUARE, A4, WIDE, SLIDE = (1.0, 1.0), (210.0, 297.0), (16.0, 9.0), (4.0, 3.0)

BUILDERS = {
    "ColSmol": build_tiny_colsmol,
    "ColSmol 2.2B": tiny_families.build_tiny_colsmol_2b,
    "ColModernVBERT": build_tiny_colmodernvbert,
    "ColQwen2": tiny_families.build_tiny_colqwen2,
    "ColQwen2.5": tiny_families.build_tiny_colqwen2_5,
    "ColPali": tiny_families.build_tiny_colpali,
}
N_VISUAL = {  # A4, Letter, square
    "ColSmol": (832, 1088, 1088),
    "ColSmol 2.2B": (1053, 1377, 1377),
    "ColModernVBERT": (832, 1088, 1088),
    "ColQwen2": (736, 744, 729),
    "ColQwen2.5": (736, 744, 729),
    "ColPali": (1024, 1024, 1024),
}
QUERIES = {
    "ColSmol": "Query: annual report{e}{e}{e}{e}{e}{e}{e}{e}{e}{e}\n",
    "ColSmol 2.2B": "Query: annual report{e}{e}{e}{e}{e}{e}{e}{e}{e}{e}\n",
    "ColModernVBERT": "annual report{e}{e}{e}{e}{e}{e}{e}{e}{e}{e}",
    "ColQwen2": "Query: annual report{e}{e}{e}{e}{e}{e}{e}{e}{e}{e}",
    "ColQwen2.5": "Query: annual report{e}{e}{e}{e}{e}{e}{e}{e}{e}{e}",
    "ColPali": "<bos>Query: annual report{e}{e}{e}{e}{e}{e}{e}{e}{e}{e}\n",
}
AUGMENTATION = {"ColQwen2": "<|endoftext|>", "ColQwen2.5": "<|endoftext|>", "ColPali": "<pad>"}
QWEN_PAGE = (
    "<|im_start|>user\n<|vision_start|>*<|vision_end|>Describe the image.<|im_end|><|endoftext|>"
)
PAGES = {
    # of the ColSmols the processor spells the picture as tiles and markers, behind the words
    "ColSmol": "<|im_start|>User: Describe the image.*<end_of_utterance>",
    "ColSmol 2.2B": "<|im_start|>User: Describe the image.*<end_of_utterance>",
    "ColModernVBERT": "<|begin_of_text|>User:*Describe the image.<end_of_utterance>\nAssistant:",
    "ColQwen2": QWEN_PAGE,
    "ColQwen2.5": QWEN_PAGE,
    "ColPali": "*<bos>Describe the image.\n",
}

# PaliGemma's processor meets numpy 2 in its copying of labels
pytestmark = [
    pytest.mark.usefixtures("exact_cpu"),
    pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning"),
]


@pytest.fixture(scope="module", params=BUILDERS)
def family(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> SimpleNamespace:
    """A tiny model of each family: its folder, our encoder, the library's model and processor."""
    folder = BUILDERS[request.param](tmp_path_factory.mktemp("family") / "model")
    encoder = ColSmolEncoder(str(folder), "cpu")
    model, processor = of_library(encoder, folder)
    return SimpleNamespace(
        name=request.param, folder=folder, encoder=encoder, model=model, processor=processor
    )


def of_library(encoder: ColSmolEncoder, folder: Path) -> tuple:
    """The family's classes of colpali-engine, loaded from a folder; ColPali's without its lm_head,
    which transformers 5.23 leaves without weights."""
    kind = encoder._family
    model = getattr(colpali_engine.models, kind.model_class).from_pretrained(folder)
    for name in kind.unused:
        model.set_submodule(name, torch.nn.Identity())
    processor = getattr(colpali_engine.models, kind.processor_class).from_pretrained(folder)
    return model.eval(), processor


def noise(size_px: tuple[int, int], seed: int) -> Image.Image:
    width, height = size_px
    pixels = np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)
    return Image.fromarray(pixels)


def as_input(image: Image.Image) -> PageInput:
    return PageInput(image, PageWords.none())


def processed(processor: object, prompt: str, image: Image.Image) -> dict:
    batch = dict(processor(text=[prompt], images=[[image]], return_tensors="pt"))
    batch.pop("labels", None)  # PaliGemma's, for training
    if "image_grid_thw" in batch:
        batch["pixel_values"] = batch["pixel_values"][None]  # as ColQwen2's process_images
    return batch


def theirs(family: SimpleNamespace, image: Image.Image) -> np.ndarray:
    batch = processed(family.processor, family.encoder._prompts.page, image)
    with torch.inference_mode():
        vectors = family.model(**batch)[0]
    return vectors[batch["input_ids"][0] == family.model.config.image_token_id].numpy()


@pytest.mark.parametrize("shape", [A4, SLIDE])
def test_page_vectors_are_the_librarys_own(family: SimpleNamespace, shape) -> None:
    encoder = family.encoder
    pages = [noise(encoder.page_size_px(*shape), seed) for seed in (1, 2)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(encoder, "_batch_size", 2)
        encoded = encoder.encode_pages([as_input(page) for page in pages])
    for page, ours in zip(pages, encoded, strict=True):
        np.testing.assert_allclose(ours.vectors, theirs(family, page), atol=1e-5)
    assert abs(encoded[0].vectors - encoded[1].vectors).max() > 0.001


@pytest.mark.parametrize("text", ["annual report 2023", "Umsätze: 北京?"])
def test_query_vectors_are_the_librarys_own(family: SimpleNamespace, text: str) -> None:
    prompts = family.encoder._prompts
    prompt = prompts.before_query + text + prompts.after_query
    batch = family.processor.process_texts([prompt.removeprefix("<bos>")])  # ColPali's adds it
    with torch.inference_mode():
        expected = family.model(**batch)[0].numpy()
    query = family.encoder.encode_query(text)
    np.testing.assert_allclose(query.vectors, expected, atol=1e-5)
    assert "".join(query.tokens).count("2023" if "2023" in text else "北") in (1, 3)


def test_the_strings_are_those_it_was_trained_with(family: SimpleNamespace) -> None:
    """The literal strings: a library's update must not change what is sent."""
    encoder, tokenizer = family.encoder, family.processor.tokenizer
    augmentation = AUGMENTATION.get(family.name, "<end_of_utterance>")
    prompts = encoder._prompts
    query = prompts.before_query + "annual report" + prompts.after_query
    assert query == QUERIES[family.name].format(e=augmentation)
    ids = tokenizer(query)["input_ids"]
    assert tokenizer.decode(ids) == query  # nothing is added to it
    batch = processed(family.processor, prompts.page, noise(encoder.page_size_px(*A4), 1))
    page = tokenizer.decode(batch["input_ids"][0])
    before, behind = PAGES[family.name].split("*")
    assert page.startswith(before)
    assert page.endswith(behind)
    markers = r"<fake_token_around_image>|<row_\d_col_\d>|<global-img>|\n"
    between = page.removeprefix(before).removesuffix(behind).replace(prompts.image, "")
    assert not re.sub(markers, "", between)


def test_visual_tokens_of_pages(family: SimpleNamespace) -> None:
    """As docs/colsmol.md says."""
    counts = [len(family.encoder._layout.cell_boxes(*shape)) for shape in (A4, (8.5, 11), SQUARE)]
    assert tuple(counts) == N_VISUAL[family.name]


@pytest.mark.parametrize("shape", [SQUARE, A4, SLIDE, (1, 9), (60, 1)])
def test_pictures_are_the_processors_to_the_last_bit(family: SimpleNamespace, shape) -> None:
    encoder = family.encoder
    page = noise(encoder.page_size_px(*shape), seed=3)
    if min(shape) / max(shape) < 0.5 and "Qwen" in family.name:
        # of a page as narrow that is drawn larger the processor makes one column or row more
        page = noise(model_size_page(encoder, shape).size, seed=3)
    images = encoder.prepare(as_input(page)).prepared
    pictures = (torch.from_numpy(images.pixels).float() - encoder._mean) / encoder._std
    if "Qwen" in family.name:
        pictures = patches_of(encoder, pictures)
    pixels = processed(family.processor, encoder._prompts.page, page)["pixel_values"][0]
    assert torch.equal(pictures.reshape(pixels.shape), pixels)


def patches_of(encoder: ColSmolEncoder, pictures: torch.Tensor) -> torch.Tensor:
    """What ColQwen2's vision tower is given."""
    given = []
    vision = encoder._model.visual
    with pytest.MonkeyPatch.context() as patch, torch.inference_mode():
        embed = vision.patch_embed.forward
        patch.setattr(vision.patch_embed, "forward", lambda x: given.append(x) or embed(x))
        encoder._family.visual_tokens(encoder._model, pictures)
    return given[0]


SQUARES_PX = [(384, 300, 448, 364), (300, 300, 330, 330), (0, 0, 1, 1), (230, 400, 340, 430)]
"""Left, top, right, bottom; the right and bottom pixels are not in it."""


def model_size_page(encoder: ColSmolEncoder, shape: tuple[float, float]) -> Image.Image:
    """A white page of the size the model sees, so that no pixel is mixed with its neighbours."""
    drawn = Image.new("RGB", encoder.page_size_px(*shape), "white")
    return Image.new("RGB", encoder.prepare(as_input(drawn)).prepared.size_px, "white")


@pytest.mark.parametrize("shape", [A4, WIDE])
def test_a_black_square_changes_the_tokens_whose_boxes_it_meets(
    family: SimpleNamespace, shape
) -> None:
    """By the real processor's pixels, and by our path through a vision tower without attention.

    Both are asked which tokens differ from those of the white page.
    """
    encoder = family.encoder
    white = model_size_page(encoder, shape)
    boxes = encoder._layout.cell_boxes(*white.size)
    x0, y0, x1, y1 = (boxes * np.tile(white.size, 2)).round().T
    n_global = encoder._layout.cells_per_side**2 if encoder._family.cuts_tiles else 0
    n = len(boxes) - n_global
    plain = pixels_of_tokens(family, white), tokens_without_attention(encoder, white)
    for left, top, right, bottom in SQUARES_PX:
        marked = white.copy()
        ImageDraw.Draw(marked).rectangle((left, top, right - 1, bottom - 1), "black")
        meets = (x0 < right) & (left < x1) & (y0 < bottom) & (top < y1)
        assert meets.any()
        drawn = pixels_of_tokens(family, marked), tokens_without_attention(encoder, marked)
        for before, after in zip(plain, drawn, strict=True):
            changed = (before != after).any(dim=1).numpy()
            np.testing.assert_array_equal(changed[:n], meets[:n])
            if n_global:  # the page made small, where a pixel draws from 3 of its widths around
                width, height = (edge / encoder._layout.tile_px for edge in white.size)
                near = (x0 < right + 3 * width) & (left - 3 * width < x1)
                near &= (y0 < bottom + 3 * height) & (top - 3 * height < y1)
                assert (changed[n:] <= near[n:]).all()


def pixels_of_tokens(family: SimpleNamespace, page: Image.Image) -> torch.Tensor:
    """What each visual token sees (n_patches, numbers), taken from the processor's tensor."""
    encoder = family.encoder
    batch = processed(family.processor, encoder._prompts.page, page)
    pixels = batch["pixel_values"][0]
    if "Qwen" in family.name:  # (patches, numbers), the four of a token one after the other
        return pixels.reshape(-1, 4 * pixels.shape[1])
    if family.name == "ColPali":  # (3, 448, 448)
        return pixels.reshape(3, 32, 14, 32, 14).permute(1, 3, 0, 2, 4).reshape(1024, -1)
    cells, unseen_px = encoder._layout.cells_per_side, encoder._layout.unseen_px
    side = encoder._layout.tile_px - unseen_px  # (tiles, 3, tile_px, tile_px)
    seen = pixels[:, :, :side, :side].reshape(-1, 3, cells, side // cells, cells, side // cells)
    return seen.permute(0, 2, 4, 1, 3, 5).reshape(len(pixels) * cells**2, -1)


def tokens_without_attention(encoder: ColSmolEncoder, page: Image.Image) -> torch.Tensor:
    """The visual tokens (n_patches, hidden) of a vision tower whose layers are left out.

    What is left are the patches' own pixels and the connector, which joins them to tokens.
    """
    model = encoder._model
    tower = {
        "ColQwen2": lambda: (model.visual, "blocks"),
        "ColQwen2_5": lambda: (model.visual, "blocks"),
        "ColPali": lambda: (model.model.model.vision_tower.encoder, "layers"),
    }.get(encoder._family.model_class, lambda: (model.model.vision_model.encoder, "layers"))
    parent, name = tower()
    with pytest.MonkeyPatch.context() as patch, torch.inference_mode():
        patch.setitem(parent._modules, name, torch.nn.ModuleList())
        pixels = encoder.prepare(as_input(page)).prepared.pixels
        tokens = encoder._vision(torch.from_numpy(pixels))
    return tokens.reshape(-1, tokens.shape[-1])


def test_a_page_seen_before_does_not_go_through_the_vision_tower_again(
    family: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    encoder = family.encoder
    seen: list[int] = []
    vision = encoder._vision
    monkeypatch.setattr(
        encoder, "_vision", lambda pixels: seen.append(len(pixels)) or vision(pixels)
    )
    monkeypatch.setattr(encoder, "_batch_size", 3)
    encoder._features.clear()
    page, other = (noise(encoder.page_size_px(*WIDE), seed) for seed in (5, 6))
    first = encoder.encode_pages([as_input(page), as_input(other), as_input(page)])
    n_pictures = len(encoder.prepare(as_input(page)).prepared.pixels)
    assert seen == [2 * n_pictures]
    again = encoder.encode_pages([as_input(other)])
    assert seen == [2 * n_pictures]
    np.testing.assert_array_equal(first[0].vectors, first[2].vectors)
    np.testing.assert_allclose(first[1].vectors, again[0].vectors, atol=1e-6)
    kept = next(iter(encoder._features.values())).nbytes
    monkeypatch.setattr(encoders.colsmol, "REMEMBERED_BYTES", 2 * kept)
    encoder.encode_pages([as_input(noise(encoder.page_size_px(*WIDE), seed=7))])
    assert len(encoder._features) == 2


def test_bfloat16_as_on_a_gpu_gives_nearly_the_same(
    family: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(encoders.devices, "_fast_cpu_dtype", lambda: torch.bfloat16)
    half = ColSmolEncoder(str(family.folder), "cpu")
    assert {parameter.dtype for parameter in half._model.parameters()} == {torch.bfloat16}
    page = as_input(noise(half.page_size_px(*SLIDE), seed=4))
    exact, rounded = (e.encode_pages([page])[0].vectors for e in (family.encoder, half))
    assert (exact * rounded).sum(axis=1).min() > 0.99
    exact, rounded = (e.encode_query("report").vectors for e in (family.encoder, half))
    assert (exact * rounded).sum(axis=1).min() > 0.99
    assert half.fingerprint == family.encoder.fingerprint  # an index of a GPU is searched anywhere
