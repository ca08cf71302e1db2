import shutil
from collections.abc import Callable
from pathlib import Path

import huggingface_hub.constants
import pytest
from httpx import Request, Response
from huggingface_hub.errors import (
    LocalEntryNotFoundError,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)
from huggingface_hub.utils import filter_repo_objects

from encoders.families.known import require_known_type
from encoders.model_files import DEFAULT_MODEL, ModelFiles, fetch_model_files, find_model_files
from index.errors import MissingDependencyError, WrongUseError

REQUEST = Request("GET", "https://hub.example")
COMPLETE = {
    "config.json": '{"model_type": "idefics3"}',
    "model.safetensors": "weights",
    "processor_config.json": "{}",
    "tokenizer.json": "{}",
}
ADAPTER = {
    "adapter_config.json": '{"base_model_name_or_path": "someone/base"}',
    "adapter_model.safetensors": "adapter",
    "preprocessor_config.json": "{}",
    "tokenizer.json": "{}",
}
BASE = {name: COMPLETE[name] for name in ("config.json", "model.safetensors")}


def write_files(folder: Path, files: dict[str, str]) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / name).write_text(content, encoding="utf-8")
    return folder


@pytest.fixture
def hub_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Path]:
    """An empty hub cache, and what puts a model into it."""
    cache = tmp_path / "hub"
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(cache))

    def put(model: str, files: dict[str, str]) -> Path:
        repository = cache / f"models--{model.replace('/', '--')}"
        write_files(repository / "refs", {"main": "0" * 40})
        return write_files(repository / "snapshots" / ("0" * 40), files)

    return put


@pytest.fixture
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def snapshot_download(model: str, revision: str | None, allow_patterns: list[str]) -> str:
        try:
            raise ConnectionError("Name or service not known")
        except ConnectionError as error:
            raise LocalEntryNotFoundError("a sentence about the cache\nand another") from error

    monkeypatch.setattr("huggingface_hub.snapshot_download", snapshot_download)


def test_a_folder_is_taken_as_it_is(tmp_path, monkeypatch):
    folder = write_files(tmp_path / "model", COMPLETE)
    files = find_model_files(str(folder))
    assert files == fetch_model_files(str(folder)) == ModelFiles(folder, None)
    assert files.processor == folder
    assert files.model_type == "idefics3"
    monkeypatch.setenv("HOME", str(tmp_path))
    assert find_model_files("~/model") == files


def test_weights_may_be_cut_into_shards(tmp_path):
    shards = {"model-1.safetensors": "a", "model-2.safetensors": "b"}
    index = '{"weight_map": {"x": "model-2.safetensors", "y": "model-1.safetensors"}}'
    folder = write_files(tmp_path, {**COMPLETE, **shards, "model.safetensors.index.json": index})
    assert find_model_files(str(folder)) is not None
    (folder / "model-2.safetensors").unlink()
    with pytest.raises(WrongUseError, match=r"no complete model: model-2\.safetensors missing\."):
        find_model_files(str(folder))


def test_an_adapter_folder_names_its_base(tmp_path, hub_cache):
    adapter = write_files(tmp_path / "adapter", ADAPTER)
    assert find_model_files(str(adapter)) is None
    base = hub_cache("someone/base", BASE)
    files = find_model_files(str(adapter))
    assert files == ModelFiles(base, adapter)
    assert files.processor == adapter


@pytest.mark.parametrize("place", ["base", "someone--base", "../someone/base"])
def test_a_base_beside_its_adapter_needs_no_hub(tmp_path, hub_cache, no_network, place):
    adapter = write_files(tmp_path / "models" / "adapter", ADAPTER)
    base = write_files(tmp_path / "models" / place, BASE)
    files = fetch_model_files(str(adapter))
    assert (files.weights.resolve(), files.adapter) == (base.resolve(), adapter)


def test_an_adapter_without_its_configuration_is_refused(tmp_path):
    folder = write_files(tmp_path, {**COMPLETE, "adapter_model.safetensors": "adapter"})
    with pytest.raises(WrongUseError, match=r"no complete model: adapter_config\.json missing\."):
        find_model_files(str(folder))


def test_a_commit_can_be_named_and_is_recorded(hub_cache, monkeypatch):
    folder = hub_cache("someone/model", COMPLETE)
    commit = folder.name
    assert len(commit) == 40
    for model in ("someone/model", "someone/model@main", f"someone/model@{commit}"):
        files = find_model_files(model)
        assert files == ModelFiles(folder, None)
        assert files.name(model) == f"someone/model@{commit}"
    assert find_model_files("someone/model@v2") is None
    assert files.name(str(folder)) == str(folder.resolve())
    asked_for = []

    def snapshot_download(model: str, revision: str | None, allow_patterns: list[str]) -> str:
        asked_for.append((model, revision))
        raise RevisionNotFoundError("404", response=Response(404, request=REQUEST))

    monkeypatch.setattr("huggingface_hub.snapshot_download", snapshot_download)
    with pytest.raises(WrongUseError, match=r"^The hub has no revision v2 of someone/model\."):
        fetch_model_files("someone/model@v2")
    assert asked_for == [("someone/model", "v2")]


def test_an_adapters_base_is_taken_at_the_revision_it_names(tmp_path, hub_cache):
    pinned = '{"base_model_name_or_path": "someone/base", "revision": "v1"}'
    adapter = write_files(tmp_path / "adapter", {**ADAPTER, "adapter_config.json": pinned})
    base = hub_cache("someone/base", BASE)
    assert find_model_files(str(adapter)) is None
    write_files(base.parents[1] / "refs", {"v1": base.name})
    assert find_model_files(str(adapter)) == ModelFiles(base, adapter)


def test_a_hub_id_is_found_in_the_cache_once_it_is_complete(hub_cache):
    assert find_model_files(DEFAULT_MODEL) is None
    adapter = hub_cache(DEFAULT_MODEL, ADAPTER)
    assert find_model_files(DEFAULT_MODEL) is None
    base = hub_cache("someone/base", {"config.json": "{}"})  # a download that was stopped
    assert find_model_files(DEFAULT_MODEL) is None
    write_files(base, BASE)
    assert find_model_files(DEFAULT_MODEL) == ModelFiles(base, adapter)


def test_what_the_cache_holds_needs_no_network(hub_cache, no_network):
    folder = hub_cache("someone/model", COMPLETE)
    assert fetch_model_files("someone/model") == ModelFiles(folder, None)


def test_what_the_cache_lacks_is_downloaded(hub_cache, monkeypatch):
    hub_cache(DEFAULT_MODEL, ADAPTER)
    asked_for = []

    def snapshot_download(model: str, revision: str | None, allow_patterns: list[str]) -> str:
        asked_for.append(model)
        if len(asked_for) == 1:
            assert allow_patterns == ["config.json", "adapter_config.json"]
            return str(hub_cache(model, {"config.json": BASE["config.json"]}))
        assert types == [("someone/base", "idefics3")]
        assert {"model.safetensors", "adapter_config.json"} <= set(allow_patterns)
        published = ["checkpoint-100/model.safetensors", "1_Dense/model.safetensors", "dump/a.json"]
        assert not list(filter_repo_objects(published, allow_patterns=allow_patterns))
        return str(hub_cache(model, BASE))

    monkeypatch.setattr("huggingface_hub.snapshot_download", snapshot_download)
    types: list[tuple[str, str]] = []
    fetched = fetch_model_files(DEFAULT_MODEL, lambda *of: types.append(of))
    assert fetched == find_model_files(DEFAULT_MODEL)
    assert asked_for == ["someone/base", "someone/base"]


def test_a_model_of_another_type_is_not_downloaded(hub_cache, monkeypatch):
    asked_for = []

    def snapshot_download(model: str, revision: str | None, allow_patterns: list[str]) -> str:
        asked_for.extend(allow_patterns)
        return str(hub_cache(model, {"config.json": '{"model_type": "qwen3_vl"}'}))

    monkeypatch.setattr("huggingface_hub.snapshot_download", snapshot_download)
    with pytest.raises(WrongUseError, match=r"^The model a/large is of type qwen3_vl: ColQwen3's"):
        fetch_model_files("a/large", require_known_type)
    assert asked_for == ["config.json", "adapter_config.json"]


def test_without_network_there_are_three_ways_out(hub_cache, no_network):
    with pytest.raises(MissingDependencyError) as error:
        fetch_model_files(DEFAULT_MODEL)
    assert str(error.value) == (
        "The weights of vidore/colSmol-256M are not on this machine and could not be downloaded "
        "(Name or service not known). Run this once with a network connection, or run "
        '"hf download vidore/colSmol-256M" (the default model is about 0.5 GB); or name a folder '
        "that holds the weights: --model FOLDER; or do without: --encoder lexical."
    )
    assert error.value.exit_code == 4


def test_a_model_the_hub_does_not_know_is_wrong_use(hub_cache, monkeypatch):
    def snapshot_download(model: str, revision: str | None, allow_patterns: list[str]) -> str:
        raise RepositoryNotFoundError("404", response=Response(404, request=REQUEST))

    monkeypatch.setattr("huggingface_hub.snapshot_download", snapshot_download)
    with pytest.raises(WrongUseError) as error:
        fetch_model_files("someone/misspelt")
    assert str(error.value) == (
        "someone/misspelt is neither a folder nor a model that the hub shows you. Check the "
        'spelling; a private model needs "hf auth login".'
    )


def test_a_model_without_safetensors_on_the_hub_is_wrong_use(hub_cache, monkeypatch):
    folder = hub_cache("someone/model", {"config.json": "{}", "tokenizer.json": "{}"})
    monkeypatch.setattr("huggingface_hub.snapshot_download", lambda *_, **__: str(folder))
    with pytest.raises(WrongUseError) as error:
        fetch_model_files("someone/model")
    assert str(error.value) == (
        "The model someone/model on the hub is not complete: it needs weights as safetensors, "
        "tokenizer.json and an image processor. Name another with --model."
    )


@pytest.mark.parametrize("name", ["nowhere", "./some/where/deep", "/no/such/folder", ""])
def test_what_is_neither_folder_nor_hub_id_is_wrong_use(name):
    with pytest.raises(WrongUseError) as error:
        find_model_files(name)
    assert str(error.value) == (
        f"There is no model folder {name}. Give --model a folder, or a hub id such as "
        "vidore/colSmol-256M."
    )


def test_a_folder_without_a_model_is_told_what_is_missing(tmp_path):
    with pytest.raises(WrongUseError) as error:
        fetch_model_files(str(tmp_path))
    assert str(error.value) == (
        f"The folder {tmp_path} holds no complete model: config.json, model.safetensors, "
        "processor_config.json or preprocessor_config.json, tokenizer.json missing. Give --model "
        "the folder that the model was downloaded or saved to."
    )


@pytest.mark.parametrize(
    ("content", "reason"), [("{", "is not JSON (Expecting"), ("[]", "is not a JSON object.")]
)
def test_a_broken_configuration_is_named(tmp_path, content, reason):
    folder = write_files(tmp_path, {**COMPLETE, "config.json": content})
    files = fetch_model_files(str(folder))
    with pytest.raises(WrongUseError) as error:
        _ = files.model_type
    assert str(error.value).startswith(f"{folder / 'config.json'} {reason}")
    assert str(error.value).endswith("Download the model again.")


def test_the_revision_is_that_of_the_weights_wherever_they_lie(tmp_path, hub_cache):
    in_cache = ModelFiles(hub_cache("someone/base", BASE), hub_cache(DEFAULT_MODEL, ADAPTER))
    folders = [
        Path(shutil.copytree(folder, tmp_path / folder.parents[1].name))
        for folder in (in_cache.weights, in_cache.adapter)
    ]
    copied = ModelFiles(*folders)
    assert copied.revision() == in_cache.revision()
    assert len(copied.revision()) == 32

    write_files(copied.adapter, {"README.md": "new"})
    assert copied.revision() == in_cache.revision()
    write_files(copied.adapter, {"adapter_model.safetensors": "tuned"})
    tuned = copied.revision()
    write_files(copied.weights, {"model.safetensors": "other"})
    assert len({in_cache.revision(), tuned, copied.revision()}) == 3
    assert ModelFiles(copied.weights, None).revision() != copied.revision()
