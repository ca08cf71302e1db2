"""The hub's two folders of colSmol, rebuilt small: through every command, and into Vespa."""

import json
import os
import shutil
import signal
import threading
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from colpali_engine.models import ColIdefics3, ColIdefics3Processor
from peft import PeftModel
from PIL import Image

import encoders.devices
from encoders.colsmol import ColSmolEncoder
from encoders.interface import Encoder, PageInput
from encoders.many_devices import ManyDevicesEncoder
from index.embedded.embedded_index import EmbeddedIndex
from index.errors import PagelensError
from index.interface import PageIndex
from index.pages import PageVectors, PageWords, page_id
from pagelens.main import main
from tests.documents import write_pdf
from tests.syncing import sync
from tests.tiny_colsmol import build_published_layout
from tests.vespa_java.stand_in import StandIn

PAGE_PROMPT = "<|im_start|>User: Describe the image.<image><end_of_utterance>"


@pytest.fixture(scope="module", autouse=True)
def _exact() -> Any:
    """float32 on every CPU, and one thread: for matrices this small two cost more."""
    n_threads = torch.get_num_threads()
    torch.set_num_threads(1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(encoders.devices, "_fast_cpu_dtype", lambda: torch.float32)
        yield
    torch.set_num_threads(n_threads)


@pytest.fixture(scope="module")
def adapter(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_published_layout(tmp_path_factory.mktemp("hub"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "pdfs"
    folder.mkdir()
    write_pdf(folder / "animals.pdf", ["aardvark", "badger", "camel"])
    write_pdf(folder / "plants.pdf", ["acacia", "birch"])
    return folder


@pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing`:FutureWarning")  # peft's own
def test_vectors_are_those_of_peft_over_the_base(adapter: Path) -> None:
    encoder = ColSmolEncoder(str(adapter), "cpu")
    pixels = np.random.default_rng(3).integers(0, 256, (512, 2048, 3), np.uint8)
    page = PageInput(Image.fromarray(pixels), PageWords.none())
    base = adapter.parent / "ColSmolVLM-Instruct-256M-base"
    model = PeftModel.from_pretrained(ColIdefics3.from_pretrained(base), adapter).eval()
    processor = ColIdefics3Processor.from_pretrained(adapter)
    batch = processor(text=[PAGE_PROMPT], images=[[page.image]], return_tensors="pt")
    with torch.inference_mode():
        theirs = model(**batch)[0][batch["input_ids"][0] == processor.image_token_id]
    (ours,) = encoder.encode_pages([page])
    np.testing.assert_allclose(ours.vectors, theirs.numpy(), atol=1e-5)
    assert len(ours.vectors) == 5 * 64


def test_through_every_command_and_into_vespa(
    adapter: Path,
    folder: Path,
    stand_in: StandIn,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Random weights: which page wins means nothing, but both indexes must say the same."""
    monkeypatch.chdir(folder.parent)
    monkeypatch.setenv("XDG_CACHE_HOME", str(folder.parent / "cache"))
    stand_in.clear()

    def run(*arguments: str) -> tuple[str, str]:
        with pytest.raises(SystemExit) as exit_:
            main(arguments)
        out, err = capsys.readouterr()
        assert exit_.value.code == 0, out + err
        return out, err

    for path in folder.glob("*.pdf"):
        path.unlink()
    write_pdf(folder / "animals.pdf", ["badger"])  # Vespa's reference code is slow, and one will do
    answers = []
    for index in ("here", stand_in.url):
        _, told = run("ingest", "pdfs", "--index", index, "--model", str(adapter))
        assert "looks untrained, damaged or paired with the wrong base" in told  # and so it is
        status = json.loads(run("status", "--index", index, "--json")[0])
        assert (status["n_pages"], status["n_vectors"]) == (1, 832)
        assert status["model_looks_trained"] is False
        asked = ("query", "a black badger", "--index", index)
        answers.append(json.loads(run(*asked, "--json")[0])["hits"])
        run(*asked, "--heatmap", "heat")
        with Image.open(next(Path("heat").glob("*.png"))) as heat:
            assert heat.width > 500
        shutil.rmtree("heat")
    scores = [[(hit["page_id"], round(hit["score"], 4)) for hit in hits] for hits in answers]
    assert scores[0] == scores[1]


def test_two_devices_make_the_index_one_makes(adapter: Path, folder: Path) -> None:
    """Two processes on the CPU stand for two GPUs."""
    one, two = ColSmolEncoder(str(adapter), "cpu"), ManyDevicesEncoder(str(adapter), ["cpu", "cpu"])
    made = []
    for name, encoder in (("one", one), ("two", two)):
        target = folder.parent / name
        with closing(EmbeddedIndex.open_for_writing(target, encoder.fingerprint)) as index:
            sync(index, folder, load_encoder=lambda encoder=encoder: encoder)
            made.append(contents(index))
    assert made[0] == made[1]
    np.testing.assert_array_equal(two.encode_query("a").vectors, one.encode_query("a").vectors)


def test_a_second_device_does_what_the_first_has_no_time_for(adapter: Path) -> None:
    two = ManyDevicesEncoder(str(adapter), ["cpu", "cpu"])
    (process,) = two._processes.values()
    page = PageInput(Image.new("RGB", two.page_size_px(4, 1), "white"), PageWords.none())
    (here,) = two.encode_pages([page])
    assert not process._processes  # which is not even started
    first = two._free.get()
    (there,) = two.encode_pages([page])
    assert process._processes
    two._free.put(first)
    np.testing.assert_allclose(there.vectors, here.vectors, atol=1e-6)


def test_a_device_whose_process_ends_is_named(adapter: Path) -> None:
    two = ManyDevicesEncoder(str(adapter), ["cpu", "cpu"])
    page = PageInput(Image.new("RGB", two.page_size_px(4, 1), "white"), PageWords.none())
    two._free.get()
    two.encode_pages([page])
    (process,) = two._processes.values()
    for pid in process._processes:
        os.kill(pid, signal.SIGKILL)
    with pytest.raises(PagelensError, match="model on cpu has ended.*run the same command"):
        two.encode_pages([page])


class Eventful:
    """ColSmol, and what happens to the first of its batches."""

    def __init__(self, encoder: ColSmolEncoder, happens: Callable[[], None]) -> None:
        self._encoder, self._happens = encoder, [happens]

    def __getattr__(self, name: str) -> Any:
        return getattr(self._encoder, name)

    def encode_pages(self, pages: Sequence[PageInput]) -> list[PageVectors]:
        while self._happens:
            self._happens.pop()()
        return self._encoder.encode_pages(pages)


def contents(index: PageIndex) -> list[tuple[str, bytes, bytes]]:
    """Everything a page is, to the last bit."""
    ids = [page_id(d.document_id, n) for d in index.documents() for n in d.readable_pages]
    pages = [index.page(id_) for id_ in ids]
    return [(page.page_id, page.vectors.vectors.tobytes(), page.preview) for page in pages]


@pytest.mark.parametrize("event", ["stopped", "killed", "out of memory"])
def test_an_eventful_ingest_makes_the_index_a_calm_one_makes(
    adapter: Path, folder: Path, monkeypatch: pytest.MonkeyPatch, event: str
) -> None:
    encoder = ColSmolEncoder(str(adapter), "cpu")

    def index(name: str) -> EmbeddedIndex:
        return EmbeddedIndex.open_for_writing(folder.parent / name, encoder.fingerprint)

    with closing(index("calm")) as calm:
        sync(calm, folder, load_encoder=lambda: encoder)
        expected = contents(calm)
    assert len(expected) == 5
    stop = threading.Event()
    vision = encoder._vision

    def killed() -> None:
        raise KeyboardInterrupt

    def full(pixels: torch.Tensor) -> torch.Tensor:
        monkeypatch.setattr(encoder, "_vision", vision)
        raise torch.OutOfMemoryError("CUDA out of memory.")

    def out_of_memory() -> None:
        encoder._features.clear()
        monkeypatch.setattr(encoder, "_vision", full)

    happens = {"stopped": stop.set, "killed": killed, "out of memory": out_of_memory}[event]
    monkeypatch.setattr(encoder, "_batch_size", 2)
    eventful: Encoder = Eventful(encoder, happens)
    with closing(index("eventful")) as other:
        try:
            first = sync(other, folder, load_encoder=lambda: eventful, stop=stop)
            assert first.is_interrupted == (event == "stopped")
        except KeyboardInterrupt:
            assert event == "killed"
        if event != "out of memory":
            assert len(contents_so_far(other)) < 5
        sync(other, folder, load_encoder=lambda: encoder)
        assert contents(other) == expected


def contents_so_far(index: EmbeddedIndex) -> list[int]:
    return [n for d in index.documents() for n in index.page_numbers(d.document_id)]
