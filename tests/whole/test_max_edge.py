"""`--max-edge`: fewer tiles of the same model, at every door, and never two edges in one index."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from colpali_engine.models import ColIdefics3, ColIdefics3Processor
from PIL import Image

import pagelens
from encoders.colsmol import ColSmolEncoder
from encoders.interface import PageInput
from encoders.many_devices import ManyDevicesEncoder
from index.errors import IndexMismatchError, PagelensError, WrongUseError
from index.pages import PageWords
from pagelens.main import main
from tests.documents import write_pdf
from tests.tiny_families import build_tiny_colpali, build_tiny_colqwen2, build_tiny_colsmol_2b

pytestmark = pytest.mark.usefixtures("exact_cpu")

A4, LETTER, SQUARE = (595.276, 841.89), (612.0, 792.0), (1.0, 1.0)
PAGE_PROMPT = "<|im_start|>User: Describe the image.<image><end_of_utterance>"


@pytest.mark.parametrize("max_edge_px", [2048, 1536, 1024, 512])
def test_a_page_is_what_the_processor_makes_of_it_at_that_edge(
    tiny_colsmol_folder: Path, max_edge_px: int
) -> None:
    """Tiles and visual tokens of A4, Letter and a square page stand in docs/colsmol.md."""
    encoder = ColSmolEncoder(str(tiny_colsmol_folder), "cpu", max_edge_px)
    processor = ColIdefics3Processor.from_pretrained(tiny_colsmol_folder)
    processor.image_processor.size = {"longest_edge": max_edge_px}
    model = ColIdefics3.from_pretrained(tiny_colsmol_folder).eval()
    counts = []
    for shape in (A4, LETTER, SQUARE):
        width, height = encoder.page_size_px(*shape)
        pixels = np.random.default_rng(1).integers(0, 256, (height, width, 3), np.uint8)
        page = Image.fromarray(pixels)
        batch = processor(text=[PAGE_PROMPT], images=[[page]], return_tensors="pt")
        (ours,) = encoder.encode_pages([PageInput(page, PageWords.none())])
        with torch.inference_mode():
            theirs = model(**batch)[0][batch["input_ids"][0] == model.config.image_token_id]
        np.testing.assert_allclose(ours.vectors, theirs.numpy(), atol=1e-5)
        counts.append((batch["pixel_values"].shape[1], len(ours.patch_map.boxes)))
    assert (
        counts
        == {
            2048: [(13, 832), (17, 1088), (17, 1088)],
            1536: [(10, 640)] * 3,
            1024: [(5, 320)] * 3,
            512: [(1, 64)] * 3,
        }[max_edge_px]
    )


def test_an_edge_that_is_no_number_of_tiles_is_refused(
    tiny_colsmol_folder: Path, tmp_path: Path
) -> None:
    for edge_px in (1000, 2560, 0, -512):
        with pytest.raises(WrongUseError) as error:
            ColSmolEncoder(str(tiny_colsmol_folder), "cpu", edge_px)
        assert str(error.value) == (
            f"--max-edge {edge_px} is no edge that this model takes: it cuts pages into tiles of "
            "512 pixels. Take 2048, 1536, 1024 or 512."
        )
    large = build_tiny_colsmol_2b(tmp_path / "model")
    with pytest.raises(WrongUseError, match="of 384 pixels. Take 1536, 1152, 768 or 384"):
        ColSmolEncoder(str(large), "cpu", 1024)
    assert ColSmolEncoder(str(large), "cpu", 768).page_size_px(*A4) == (768, 768)


@pytest.mark.parametrize(
    ("build", "name"), [(build_tiny_colqwen2, "ColQwen2"), (build_tiny_colpali, "ColPali")]
)
def test_where_it_means_nothing_it_is_refused(
    tmp_path: Path, build: Callable[[Path], Path], name: str
) -> None:
    with pytest.raises(WrongUseError) as error:
        ColSmolEncoder(str(build(tmp_path / "model")), "cpu", 1024)
    assert str(error.value) == (
        f"--max-edge 1024 is for models that cut pages into tiles. {name} cuts none; leave it out."
    )


def test_the_models_own_edge_is_the_same_as_none(tiny_colsmol_folder: Path) -> None:
    own, said, short = (
        ColSmolEncoder(str(tiny_colsmol_folder), "cpu", edge).fingerprint
        for edge in (None, 2048, 1024)
    )
    assert own == said
    assert short.rendering == "tiles-512-edge-1024"
    assert not short.is_compatible(own)


def test_many_devices_have_the_same_edge(tiny_colsmol_folder: Path) -> None:
    two = ManyDevicesEncoder(str(tiny_colsmol_folder), ["cpu", "cpu"], 512)
    page = PageInput(Image.new("RGB", two.page_size_px(*A4), "white"), PageWords.none())
    two._free.get()  # the first is busy, so that the other process is asked
    (there,) = two.encode_pages([page])
    assert len(there.vectors) == 64


def test_at_every_door(
    tmp_path: Path,
    tiny_colsmol_folder: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def run(*arguments: str, expect: int = 0) -> str:
        with pytest.raises(SystemExit) as exit_:
            main(arguments)
        out, err = capsys.readouterr()
        assert exit_.value.code == expect, out + err
        return out + err if expect else out

    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("PAGELENS_INDEX", raising=False)
    Path("pdfs").mkdir()
    write_pdf(Path("pdfs/animals.pdf"), ["badger"])
    model = str(tiny_colsmol_folder)
    run("ingest", "pdfs", "--model", model, "--device", "cpu", "--max-edge", "512")
    assert json.loads(run("status", "--json"))["n_vectors"] == 64
    assert "Rendering  tiles-512-edge-512" in run("status")
    # an index knows its edge: nobody need say it again
    assert json.loads(run("query", "a badger", "--json"))["hits"]
    assert json.loads(run("query", "a badger", "--model", model, "--json"))["hits"]
    write_pdf(Path("pdfs/plants.pdf"), ["acacia"])
    run("ingest", "pdfs", "--device", "cpu")
    run("ingest", "pdfs", "--device", "cpu", "--max-edge", "512")
    assert json.loads(run("status", "--json"))["n_vectors"] == 128

    refused = (
        "Error: Index pagelens-index was made with rendering tiles-512-edge-512, not "
        "tiles-512-edge-1024. Vectors of the two cannot be compared. Leave out --max-edge to go on "
        "with the index's own, or ingest into a new index with --index.\n"
    )
    assert run("ingest", "pdfs", "--max-edge", "1024", expect=5) == refused
    with pytest.raises(IndexMismatchError) as error:
        pagelens.ingest("pdfs", max_edge_px=1024)
    assert f"Error: {error.value}\n" == refused
    with pytest.warns(UserWarning, match="looks untrained"):  # and so it is
        pagelens.ingest("pdfs", index="other", model=model, device="cpu", max_edge_px=1024)
    assert json.loads(run("status", "--index", "other", "--json"))["n_vectors"] == 2 * 320

    Path("zoo/corpus").mkdir(parents=True)
    write_pdf(Path("zoo/corpus/animals.pdf"), ["badger"])
    Path("zoo/queries.jsonl").write_text('{"_id": "1", "text": "badger"}\n', "utf-8")
    Path("zoo/qrels.tsv").write_text("query-id\tcorpus-id\tscore\n1\tanimals/1\t1\n", "utf-8")
    asked = ("eval", "zoo", "--index", "third", "--ranking", "float", "--device", "cpu")
    run(*asked, "--model", model, "--max-edge", "512")
    assert json.loads(run("status", "--index", "third", "--json"))["n_vectors"] == 64
    assert "not tiles-512-edge-1024" in run(*asked, "--max-edge", "1024", expect=5)


def test_lexical_has_no_edge(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hub"))
    Path("pdfs").mkdir()
    write_pdf(Path("pdfs/animals.pdf"), ["badger"])
    with pytest.raises(PagelensError) as error:
        pagelens.ingest("pdfs", encoder="lexical", max_edge_px=1024)
    assert str(error.value) == (
        "--max-edge 1024 is for models that cut pages into tiles, and lexical reads words. Leave "
        "it out, or take --encoder colsmol."
    )
    with pytest.raises(PagelensError) as error:
        pagelens.ingest("pdfs", max_edge_px=1024)
    assert str(error.value) == (
        "--max-edge 1024 is for a model, and vidore/colSmol-256M is not on this machine. Download "
        "it with --encoder colsmol (about 0.5 GB), name another with --model, or leave --max-edge "
        "out."
    )
    pagelens.ingest("pdfs", encoder="lexical")
    with pytest.raises(PagelensError) as error:
        pagelens.ingest("pdfs", max_edge_px=1024)
    assert str(error.value) == (
        "--max-edge 1024 is for models that cut pages into tiles. Index pagelens-index was made "
        "with rendering words; leave it out."
    )


def test_an_index_of_one_edge_and_another_kind_of_model(
    tmp_path: Path, tiny_colsmol_folder: Path
) -> None:
    """What differs is said with both values, not that the other model does not take the edge."""
    from encoders.choose import load_encoder

    made_with = ColSmolEncoder(str(tiny_colsmol_folder), "cpu", 1024).fingerprint
    large = build_tiny_colsmol_2b(tmp_path / "model")
    with pytest.raises(IndexMismatchError) as error:
        load_encoder(made_with, str(large), "cpu")
    assert "rendering tiles-512-edge-1024, not tiles-384-edge-1536" in str(error.value)
