"""A ColIdefics3 small enough to be trained in a minute, on pages that are drawn.

Same classes, prompts and score as ColSmol, 1,000 times smaller: tiles of 64 px, pages of two tiles
and the global view, 48 visual tokens. A page shows one or two coloured shapes, a query names one.
What it learns, notebooks 3, 6 and 7 look at.
"""

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import torch
from colpali_engine.models import ColIdefics3, ColIdefics3Processor
from numpy.typing import NDArray
from PIL import Image, ImageDraw
from transformers import Idefics3Config, LlamaConfig
from transformers.utils import logging

from encoders.families.idefics3 import IDEFICS3
from encoders.layouts.tiles import TileLayout
from tests.tiny_colsmol import tile_processor

logging.disable_progress_bar()

LAYOUT = TileLayout(long_edge_px=128, tile_px=64, cells_per_side=4)
PAGE_PX = (128, 64)
PATCH_PX, SHUFFLE = 8, 2  # 8 x 8 patches a tile, 2 x 2 of them one token
PROMPT = IDEFICS3.prompts

COLOURS = {
    "red": "#d62728",
    "green": "#2ca02c",
    "blue": "#1f4fd6",
    "yellow": "#f2b705",
    "black": "#202020",
}
SHAPES = ("circle", "ring", "cross", "bars")
GERMAN = {
    "red": "rot",
    "green": "grün",
    "blue": "blau",
    "yellow": "gelb",
    "black": "schwarz",
    "circle": "Kreis",
    "ring": "Reif",
    "cross": "Kreuz",
    "bars": "Balken",
}

Thing = tuple[str, str]
"""Colour and shape."""

THINGS: tuple[Thing, ...] = tuple((colour, shape) for colour in COLOURS for shape in SHAPES)
HELD_OUT: tuple[Thing, ...] = (
    ("red", "ring"),
    ("green", "cross"),
    ("blue", "bars"),
    ("yellow", "circle"),
)
"""Never shown nor asked for in training, though each colour and each shape is."""

TRAINED = tuple(thing for thing in THINGS if thing not in HELD_OUT)


def english(thing: Thing) -> str:
    """A query for a thing."""
    return " ".join(thing)


def german(thing: Thing) -> str:
    """The same in words the base was never trained with."""
    return " ".join(GERMAN[word] for word in thing)


def draw_page(things: Sequence[Thing], rng: random.Random) -> Image.Image:
    """A page with two things, left and right, or with one in either half; sizes and places vary."""
    scale = 4  # drawn larger and averaged, for smooth edges
    page = Image.new("RGB", (scale * PAGE_PX[0], scale * PAGE_PX[1]), "white")
    draw, side = ImageDraw.Draw(page), PAGE_PX[1]
    halves = (0, 1) if len(things) == 2 else (rng.randrange(2),)
    for thing, half in zip(things, halves, strict=True):
        radius = rng.uniform(0.25, 0.4) * side
        x = half * side + rng.uniform(radius, side - radius)
        y = rng.uniform(radius, side - radius)
        _draw_thing(draw, thing, scale * x, scale * y, scale * radius)
    return page.reduce(scale)


def _draw_thing(draw: ImageDraw.ImageDraw, thing: Thing, x: float, y: float, r: float) -> None:
    colour = COLOURS[thing[0]]
    if thing[1] == "circle":
        draw.ellipse((x - r, y - r, x + r, y + r), fill=colour)
    elif thing[1] == "ring":
        draw.ellipse((x - r, y - r, x + r, y + r), outline=colour, width=round(0.35 * r))
    elif thing[1] == "cross":
        draw.rectangle((x - r, y - 0.2 * r, x + r, y + 0.2 * r), fill=colour)
        draw.rectangle((x - 0.2 * r, y - r, x + 0.2 * r, y + r), fill=colour)
    else:
        for left, height in ((-1, 0.8), (-0.28, 1.9), (0.44, 1.3)):
            draw.rectangle(
                (x + left * r, y + r - height * r, x + (left + 0.5) * r, y + r), fill=colour
            )


def new_model(seed: int = 0) -> tuple[ColIdefics3, ColIdefics3Processor]:
    """A model of random weights and its processor; every word above is one token."""
    processor = tile_processor(
        ColIdefics3Processor, LAYOUT.long_edge_px, LAYOUT.tile_px, LAYOUT.cells_per_side**2
    )
    tokenizer = processor.tokenizer
    tokenizer.add_tokens([f" {word}" for pair in GERMAN.items() for word in pair])
    text = LlamaConfig(
        hidden_size=96,
        intermediate_size=192,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=4,
        vocab_size=len(tokenizer),
        pad_token_id=tokenizer.pad_token_id,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        initializer_range=0.1,  # of a narrow model: with the usual 0.02 it learns five times slower
    )
    vision = {
        "hidden_size": 64,
        "intermediate_size": 128,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "image_size": LAYOUT.tile_px,
        "patch_size": PATCH_PX,
        "initializer_range": 0.1,
    }
    config = Idefics3Config(
        text_config=text,
        vision_config=vision,
        scale_factor=SHUFFLE,
        image_token_id=processor.image_token_id,
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return ColIdefics3(config), processor


@dataclass(frozen=True, eq=False)
class Trainee:
    """A model on its way through training, and the strings around what it is given."""

    model: ColIdefics3
    processor: ColIdefics3Processor

    def token_vectors(self, pages: Sequence[Image.Image]) -> torch.Tensor:
        """Of all tokens of pages (n_pages, n_tokens, 128), unit length, with gradients."""
        inner, ids = self.model.model, self.page_ids
        pixels = torch.from_numpy(np.stack([LAYOUT.cut(page).pixels for page in pages]))
        tiles = pixels.flatten(0, 1).float() / 127.5 - 1  # (n_pages * n_tiles, 3, 64, 64)
        features = inner.connector(inner.vision_model(pixel_values=tiles).last_hidden_state)
        embedded = self.model.get_input_embeddings()(ids).repeat(len(pages), 1, 1)
        embedded[:, self.is_visual] = features.reshape(len(pages), -1, features.shape[-1])
        everything = torch.ones(embedded.shape[:2], dtype=torch.long)
        return self.model(inputs_embeds=embedded, attention_mask=everything, use_cache=False)

    def page_vectors(self, pages: Sequence[Image.Image]) -> torch.Tensor:
        """Of the visual tokens alone (n_pages, n_patches, 128)."""
        return self.token_vectors(pages)[:, self.is_visual]

    def query_vectors(self, texts: Sequence[str]) -> torch.Tensor:
        """Of queries of one length (n_queries, n_tokens, 128), unit length, with gradients."""
        prompts = [PROMPT.before_query + text + PROMPT.after_query for text in texts]
        batch = self.processor.tokenizer(prompts, return_tensors="pt")
        return self.model(**batch)

    @cached_property
    def page_ids(self) -> torch.Tensor:
        """The tokens of a page (n_tokens,)."""
        blank = Image.new("RGB", PAGE_PX)
        batch = self.processor(text=[PROMPT.page], images=[[blank]], return_tensors="pt")
        return batch["input_ids"][0]

    @property
    def is_visual(self) -> torch.Tensor:
        """Which of them stand for cells of the page (n_tokens,)."""
        return self.page_ids == self.processor.image_token_id


def maxsim_matrix(queries: torch.Tensor, pages: torch.Tensor) -> torch.Tensor:
    """MaxSim of every query with every page, divided by the tokens: (n_queries, n_pages)."""
    return torch.einsum("qtd,pnd->qptn", queries, pages).amax(dim=-1).mean(dim=-1)


def info_nce(scores: torch.Tensor, scale: float) -> torch.Tensor:
    """Cross-entropy of a batch's similarity matrix, rows and columns: the diagonal is right."""
    right = torch.arange(len(scores))
    entropy = torch.nn.functional.cross_entropy
    return (entropy(scale * scores, right) + entropy(scale * scores.T, right)) / 2


def batches(
    size: int, n: int, rng: random.Random
) -> Iterator[tuple[list[Thing], list[Image.Image]]]:
    """Batches of things asked for, all different, and a page of each.

    Two pages of three show a second thing, which nothing else in the batch asks for.
    """
    for _ in range(n):
        chosen = rng.sample(TRAINED, len(TRAINED))
        asked, others = chosen[:size], chosen[size:]
        shown = [[thing, rng.choice(others)][: rng.choice((1, 2, 2))] for thing in asked]
        yield asked, [draw_page(rng.sample(things, len(things)), rng) for things in shown]


def train(
    trainee: Trainee,
    of_pages: Callable[[Sequence[Image.Image]], torch.Tensor],
    wording: Callable[[Thing], str],
    *,
    n_steps: int,
    learning_rate: float,
    batch_size: int = 12,
    scale: float = 50.0,  # 1 / temperature: colpali-engine's 0.02
    seed: int = 0,
) -> list[float]:
    """Train every parameter that asks for gradients; the loss of each step.

    Args:
        trainee: whose model is changed in place.
        of_pages: its vectors that are compared: `page_vectors`, or all `token_vectors`.
        wording: thing to query.
        n_steps: batches.
        learning_rate: the highest of a one-cycle schedule.
        batch_size: fewer than there are things.
        scale: of similarities before the softmax.
        seed: of what is drawn.
    """
    rng = random.Random(seed)
    parameters = [p for p in trainee.model.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(parameters, lr=learning_rate)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, learning_rate, n_steps)
    losses = []
    for asked, pages in batches(batch_size, n_steps, rng):
        queries = trainee.query_vectors([wording(thing) for thing in asked])
        loss = info_nce(maxsim_matrix(queries, of_pages(pages)), scale)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(parameters, 1.0)
        optimizer.step()
        schedule.step()
        losses.append(float(loss.detach()))
    return losses


def scores_of_fresh_pages(
    trainee: Trainee,
    of_pages: Callable[[Sequence[Image.Image]], torch.Tensor],
    wording: Callable[[Thing], str],
    n_sets: int = 10,
) -> NDArray[np.float32]:
    """A query for every thing against pages never seen: the right ones are the diagonal.

    Returns:
        float32 (n_sets, n_things, n_things), a query a row and a page a column; each set has one
        new page of every thing.
    """
    rng = random.Random(1)
    with torch.inference_mode():
        queries = trainee.query_vectors([wording(thing) for thing in THINGS])
        sets = ([draw_page([thing], rng) for thing in THINGS] for _ in range(n_sets))
        return np.stack([maxsim_matrix(queries, of_pages(pages)).numpy() for pages in sets])


def first_places(scores: NDArray[np.float32], things: Sequence[Thing] = THINGS) -> float:
    """How many of these things' queries find their page first, as a share."""
    rows = [THINGS.index(thing) for thing in things]
    return float(np.mean(scores.argmax(axis=2)[:, rows] == rows))


def trained_base(folder: Path, n_steps: int = 240) -> Trainee:
    """Train a model on English queries and save it as `pagelens ingest --model` takes it."""
    trainee = Trainee(*new_model())
    train(trainee, trainee.page_vectors, english, n_steps=n_steps, learning_rate=2e-3)
    trainee.model.eval().save_pretrained(folder)
    trainee.processor.save_pretrained(folder)
    return trainee
