"""Which encoder makes an index, and which one an index needs. Lexical imports nothing of models."""

import platform
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from encoders.devices import torch_devices
from encoders.interface import Encoder
from encoders.lexical import LexicalEncoder
from encoders.model_files import DEFAULT_MODEL, DEFAULT_MODEL_SIZE, find_model_files
from encoders.pooling import pool_factor, pooled_encoder, pooling_name
from index.errors import IndexMismatchError, MissingDependencyError, WrongUseError
from index.pages import Fingerprint, mismatch_error
from index.wording import count

ENCODERS = ("auto", "colsmol", "lexical")

FLOP_PER_PAGE = 3.0e12
"""colSmol-256M on an A4 page, counted from its layers' shapes. For each of 13 tiles 0.215e12: 1024
patches through 12 layers of 7.1 million weights, 2 operations each, and 4 * 1024 * 1024 * 768 a
layer for attention. And 0.2e12 for some 870 tokens through the text model's 106 million weights."""

SLOWDOWN = 2.0
"""The model's time over that of its multiplications alone, in float32 on two cores: 19.0 s against
9.8 s. Attention, GELU and norms wait for memory."""

PROCESSOR_S = 0.2
"""Resizing, cutting and normalising a page on one core: 0.1 to 0.3 s. On a GPU the model itself is
quicker than that, so this is then the time of a page."""


@dataclass(frozen=True, eq=False)
class Choice:
    """The encoder for a new index.

    Attributes:
        notice: what to tell the user of a choice made for them, in one line, given the number of
            pages there are to encode; None where the user chose.
    """

    encoder: Encoder
    notice: Callable[[int], str] | None


def choose_encoder(
    name: str,
    model: str | None = None,
    device: str = "auto",
    ask: Callable[[str], bool] | None = None,
    max_edge_px: int | None = None,
    pool: int = 1,
) -> Choice:
    """The encoder that `--encoder`, `--model`, `--device`, `--max-edge` and `--pool` ask for.

    "auto" takes ColSmol where its weights are on this machine or a model is named, else lexical:
    half a gigabyte is never downloaded unasked.

    Args:
        name: one of ENCODERS.
        model: hub id or folder, None for the default.
        device: where the model runs; lexical has no use for it.
        ask: puts a yes-or-no question to the user of a terminal. With it, "auto" offers the
            download on a machine whose GPU makes ColSmol quick.
        max_edge_px: longest edge at which a page is cut into tiles, None for the model's own.
        pool: patches that a vector of a page stands for, on average; 1 pools none.

    Raises:
        WrongUseError: an unknown name, model or device, an edge that the model does not take, a
            model or an edge for lexical, or a pool below 1.
        MissingDependencyError: the weights asked for are not here and cannot be downloaded.
    """
    pooling_name(pool)  # refuses what is none before half a gigabyte is read
    choice = _choose_unpooled(name, model, device, ask, max_edge_px)
    return replace(choice, encoder=pooled_encoder(choice.encoder, pool))


def _choose_unpooled(
    name: str,
    model: str | None,
    device: str,
    ask: Callable[[str], bool] | None,
    max_edge_px: int | None,
) -> Choice:
    if name not in ENCODERS:
        raise WrongUseError(f"No encoder {name!r}. --encoder takes {', '.join(ENCODERS)}.")
    if name == "lexical":
        if model is not None:
            raise WrongUseError(
                f"--encoder lexical uses no model. Leave out --model {model}, or take "
                "--encoder colsmol."
            )
        if max_edge_px is not None:
            raise WrongUseError(
                f"--max-edge {max_edge_px} is for models that cut pages into tiles, and lexical "
                "reads words. Leave it out, or take --encoder colsmol."
            )
        return Choice(LexicalEncoder(), None)
    if name == "colsmol" or model is not None:
        return Choice(_colsmol(model or DEFAULT_MODEL, device, max_edge_px), None)
    if find_model_files(DEFAULT_MODEL) is not None or (ask and gpu_present() and ask(_QUESTION)):
        return Choice(_colsmol(DEFAULT_MODEL, device, max_edge_px), _colsmol_notice)
    if max_edge_px is not None:
        raise WrongUseError(
            f"--max-edge {max_edge_px} is for a model, and {DEFAULT_MODEL} is not on this machine. "
            f"Download it with --encoder colsmol ({DEFAULT_MODEL_SIZE}), name another with "
            "--model, or leave --max-edge out."
        )
    return Choice(LexicalEncoder(), _lexical_notice)


def load_encoder(
    fingerprint: Fingerprint, model: str | None = None, device: str = "auto"
) -> Encoder:
    """The encoder an existing index was made with, to search it or to add to it.

    Args:
        fingerprint: the index's.
        model: where the index's model is now, None for where it was.
        device: where the model runs; lexical has no use for it.

    Raises:
        IndexMismatchError: what there is on this machine makes other vectors.
        MissingDependencyError: the index's model is not on this machine. It is not downloaded: a
            query that starts by fetching half a gigabyte surprises.
        WrongUseError: no such model or device.
    """
    encoder: Encoder
    if fingerprint.encoder == "lexical":
        if model is not None:
            raise IndexMismatchError(
                f"The index holds lexical vectors, which no model makes. Leave out --model {model}."
            )
        encoder = LexicalEncoder()
    elif fingerprint.encoder == "colsmol":
        if model is None:
            _require_model(fingerprint.model)
        encoder = _colsmol_of(fingerprint, model or fingerprint.model, device)
    else:
        raise IndexMismatchError(
            f"The index holds vectors of the encoder {fingerprint.encoder!r}, which this version "
            "of Pagelens does not have. Update Pagelens, or ingest again into a new index."
        )
    encoder = pooled_encoder(encoder, pool_factor(fingerprint.pooling))
    if not fingerprint.is_compatible(encoder.fingerprint):
        way_out = _way_out(fingerprint, encoder.fingerprint)
        raise mismatch_error("The index", fingerprint, encoder.fingerprint, way_out)
    return encoder


def gpu_present() -> bool:
    """Whether there are signs of a GPU that torch could use; cheap, torch is not imported."""
    is_apple_silicon = platform.system() == "Darwin" and platform.machine() == "arm64"
    has_nvidia = Path("/dev/nvidia0").exists() or shutil.which("nvidia-smi") is not None
    return is_apple_silicon or has_nvidia


def estimated_colsmol_s_per_page() -> float:
    """Roughly how long ColSmol takes for a page on this machine, in seconds.

    Without a GPU a matrix of the vision tower's size is multiplied in float32, which takes about
    0.1 s. A CPU that is fast in bfloat16 needs half the time estimated.
    """
    if gpu_present():
        return PROCESSOR_S
    patches, weights = np.ones((1024, 768), np.float32), np.ones((768, 3072), np.float32)
    times = []
    for _ in range(3):
        start = time.perf_counter()
        patches @ weights
        times.append(time.perf_counter() - start)
    flop = 2 * patches.size * weights.shape[1]
    return PROCESSOR_S + SLOWDOWN * FLOP_PER_PAGE * min(times) / flop


def _colsmol(model: str, device: str, max_edge_px: int | None) -> Encoder:
    """The model on the device, or on all that are meant."""
    devices = torch_devices(device)
    if len(devices) == 1:
        from encoders.colsmol import ColSmolEncoder

        return ColSmolEncoder(model, devices[0], max_edge_px)
    from encoders.many_devices import ManyDevicesEncoder

    return ManyDevicesEncoder(model, devices, max_edge_px)


def _colsmol_of(fingerprint: Fingerprint, model: str, device: str) -> Encoder:
    """The model as an index has it."""
    from encoders.layouts.tiles import edge_px_of

    max_edge_px = edge_px_of(fingerprint.rendering)
    try:
        return _colsmol(model, device, max_edge_px)
    except WrongUseError:
        if max_edge_px is None:
            raise
        return _colsmol(model, device, None)  # another model, which does not take the index's edge


_QUESTION = (
    "This machine has a GPU. Search what pages look like with ColSmol? It downloads "
    f"{DEFAULT_MODEL} once, {DEFAULT_MODEL_SIZE}."
)


def _colsmol_notice(n_pages: int) -> str:
    return (
        f"Encoding {count(n_pages, 'page')} with ColSmol ({DEFAULT_MODEL}), found on this machine."
    )


def _lexical_notice(n_pages: int) -> str:
    seconds = n_pages * estimated_colsmol_s_per_page()
    return (
        f"Encoding {count(n_pages, 'page')} with lexical, which finds words and "
        f"sees no pictures: {DEFAULT_MODEL} is not on this machine. ColSmol would take "
        f"{_rough_duration(seconds)} here after a download of {DEFAULT_MODEL_SIZE}: "
        "--encoder colsmol, with a new --index."
    )


def _rough_duration(seconds: float) -> str:
    """A duration as precise as the estimate is.

    >>> _rough_duration(20), _rough_duration(100), _rough_duration(5400)
    ('under a minute', 'about 2 minutes', 'about 2 hours')
    """
    if seconds < 60:
        return "under a minute"
    if seconds < 3600:
        return f"about {count(round(seconds / 60), 'minute')}"
    return f"about {count(round(seconds / 3600), 'hour')}"


def _require_model(model: str) -> None:
    """Refuse an index whose model is not on this machine.

    Raises:
        MissingDependencyError: it is not; what to do differs for folders and hub ids.
    """
    if Path(model).is_absolute() and not Path(model).is_dir():
        raise MissingDependencyError(
            f"The index was made with the model in {model}, which is not there now. Name its "
            "folder with --model FOLDER, or search the text alone, by the ranking bm25."
        )
    if find_model_files(model) is None:
        raise MissingDependencyError(
            f"The index was made with {model}, whose weights are not on this machine. Allow the "
            f"download with --model {model}, name a folder that holds them with --model FOLDER, or "
            "search the text alone, by the ranking bm25."
        )


def _way_out(stored: Fingerprint, current: Fingerprint) -> str:
    if stored.encoder == "lexical":
        return "Ingest again into a new index (--index)."
    if stored.model != current.model:
        return f"Ingest again into a new index (--index), or pass --model {stored.model}."
    return (
        "The model has changed since. Ingest again into a new index (--index), or pass --model "
        "with a folder of the earlier weights."
    )
