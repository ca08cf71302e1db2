"""Where a model's files are: a folder, or the hub's cache on this machine. Imports no torch.

A model is either complete in itself, or a LoRA adapter (as vidore/colSmol-256M is) over a complete
model that `adapter_config.json` names. Only safetensors are read: other formats can run code.
"""

import hashlib
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from encoders.prompts import TEMPLATE
from index.errors import MissingDependencyError, WrongUseError

DEFAULT_MODEL = "vidore/colSmol-256M"
DEFAULT_MODEL_SIZE = "about 0.5 GB"

_HUB_ID = re.compile(r"([\w.-]+/[\w.-]+)(?:@([\w./-]+))?")
_SNAPSHOT = re.compile(r"[0-9a-f]{40}")  # the hub's cache names a folder after its commit
_ADAPTER = "adapter_config.json"
_ADAPTER_WEIGHTS = "adapter_model.safetensors"
_CONFIG = "config.json"
_WANTED = [
    _CONFIG,
    _ADAPTER,
    _ADAPTER_WEIGHTS,
    "model.safetensors",
    "model.safetensors.index.json",
    "model-*-of-*.safetensors",
    "preprocessor_config.json",
    "video_preprocessor_config.json",
    "processor_config.json",
    "chat_template.jinja",
    "chat_template.json",
    TEMPLATE.as_posix(),
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "added_tokens.json",
]
"""What a model is loaded from. Not "*.safetensors": the published repositories hold checkpoints and
layers of other libraries in folders, and the hub's patterns look into those too."""
_READ_BYTES = 1 << 20


@dataclass(frozen=True)
class ModelFiles:
    """The folders a model is loaded from.

    Attributes:
        weights: the complete model.
        adapter: the LoRA adapter over it, or None.
    """

    weights: Path
    adapter: Path | None

    @property
    def processor(self) -> Path:
        """The folder with tokenizer and image processor."""
        return self.adapter or self.weights

    @property
    def model_type(self) -> str:
        """The architecture, as config.json names it."""
        return str(_read_json(self.weights / _CONFIG).get("model_type", "unknown"))

    def name(self, model: str) -> str:
        """How an index names the model, so that the same is found again.

        Args:
            model: as the user named it: a folder, which becomes absolute, or a hub id, which gets
                the commit that was loaded.
        """
        if Path(model).expanduser().is_dir():
            return str(self.processor.resolve())
        commit = self.processor.name
        hub_id = model.partition("@")[0]
        return f"{hub_id}@{commit}" if _SNAPSHOT.fullmatch(commit) else model

    def weight_shapes(self) -> dict[str, tuple[int, ...]]:
        """Name and shape of each weight of the complete model; reads a few kilobytes.

        Raises:
            WrongUseError: a file of weights cannot be read.
        """
        from safetensors import SafetensorError, safe_open

        shapes: dict[str, tuple[int, ...]] = {}
        for name in _weight_names(self.weights):
            path = self.weights / name
            try:
                with safe_open(path, "np") as file:
                    keys = file.keys()
                    shapes |= {key: tuple(file.get_slice(key).get_shape()) for key in keys}
            except (OSError, SafetensorError) as error:
                raise WrongUseError(
                    f"{path} cannot be read ({error}). Download the model again, or name another "
                    "--model."
                ) from error
        return shapes

    def revision(self) -> str:
        """What pins the weights: SHA-256 of the weight files, the adapter's first.

        The same weights have the same revision in a folder, in a copy of it and in the hub's cache.
        Tokenizer and configuration are not covered. Reads every byte: half a second for 0.5 GB.
        """
        digest = hashlib.sha256()
        for folder in filter(None, (self.adapter, self.weights)):
            for name in _weight_names(folder):
                with (folder / name).open("rb") as file:
                    while block := file.read(_READ_BYTES):
                        digest.update(block)
        return digest.hexdigest()[:32]


def find_model_files(model: str) -> ModelFiles | None:
    """The files of a model that is on this machine, None where some are not. No network.

    Args:
        model: a folder, or a hub id, perhaps with "@" and a commit, branch or tag.

    Raises:
        WrongUseError: a folder that does not exist or holds no complete model.
    """
    return _model_files(model, None)


def fetch_model_files(
    model: str, check_type: Callable[[str, str], object] = lambda model, model_type: None
) -> ModelFiles:
    """The files of a model; what the hub's cache lacks is downloaded.

    Args:
        model: a folder, or a hub id, perhaps with "@" and a commit, branch or tag.
        check_type: called with a complete model's id and type before its weights are downloaded.

    Raises:
        WrongUseError: a folder that does not exist or holds no complete model, or an id that the
            hub does not know.
        MissingDependencyError: the hub cannot be reached.
    """
    files = _model_files(model, check_type)
    if files is None:
        raise WrongUseError(
            f"The model {model} on the hub is not complete: it needs weights as safetensors, "
            "tokenizer.json and an image processor. Name another with --model."
        )
    return files


_CheckType = Callable[[str, str], object]
"""Before a download; None where nothing may be downloaded."""


def _model_files(model: str, check_type: _CheckType | None) -> ModelFiles | None:
    folder = _folder(model, check_type, needs_processor=True)
    if folder is None or not (folder / _ADAPTER).exists():
        return None if folder is None else ModelFiles(folder, None)
    adapter = _read_json(folder / _ADAPTER)
    base = str(adapter.get("base_model_name_or_path"))
    beside = _base_beside(folder, base)
    if beside is not None:
        return ModelFiles(beside, folder)
    if adapter.get("revision") and _HUB_ID.fullmatch(base):
        base = f"{base}@{adapter['revision']}"
    weights = _folder(base, check_type, needs_processor=False)
    return None if weights is None else ModelFiles(weights, folder)


def _base_beside(adapter: Path, base: str) -> Path | None:
    """The base of an adapter where it lies beside it, as on a machine without network, or None."""
    owner, _, name = base.partition("/")
    if not _HUB_ID.fullmatch(base):
        owner, name = "", Path(base).name  # a folder on the machine that made the adapter
    around = adapter.resolve().parent
    places = [around / name, around.parent / owner / name, around / f"{owner}--{name}"]
    return next((place for place in places if not _missing_files(place, False)), None)


def _folder(model: str, check_type: _CheckType | None, *, needs_processor: bool) -> Path | None:
    """The folder of a model or of an adapter's base; None where the hub's is not complete here."""
    path = Path(model).expanduser()
    if model and path.is_dir():
        missing = _missing_files(path, needs_processor)
        if missing:
            raise WrongUseError(
                f"The folder {model} holds no complete model: {', '.join(missing)} missing. "
                "Give --model the folder that the model was downloaded or saved to."
            )
        return path
    hub_id = _HUB_ID.fullmatch(model)
    if hub_id is None:
        raise WrongUseError(
            f"There is no model folder {model}. Give --model a folder, or a hub id such as "
            f"{DEFAULT_MODEL}."
        )
    repository, revision = hub_id[1], hub_id[2]
    cached = _cached_folder(repository, revision)
    if cached is None or _missing_files(cached, needs_processor):
        cached = None if check_type is None else _download(repository, revision, check_type)
    if cached is None or _missing_files(cached, needs_processor):
        return None
    return cached


def _cached_folder(repository: str, revision: str | None) -> Path | None:
    """The hub cache's folder of a model, as far as it was downloaded."""
    from huggingface_hub import try_to_load_from_cache

    for name in (_ADAPTER, _CONFIG):
        path = try_to_load_from_cache(repository, name, revision=revision)
        if isinstance(path, str):
            return Path(path).parent
    return None


def _download(model: str, revision: str | None, check_type: _CheckType) -> Path:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import RepositoryNotFoundError, RevisionNotFoundError

    def download(names: list[str]) -> Path:
        return Path(snapshot_download(model, revision=revision, allow_patterns=names))

    try:
        folder = download([_CONFIG, _ADAPTER])
        if (folder / _CONFIG).exists() and not (folder / _ADAPTER).exists():
            check_type(model, ModelFiles(folder, None).model_type)
        return download(_WANTED)
    except RevisionNotFoundError as error:
        raise WrongUseError(
            f"The hub has no revision {revision} of {model}. Name a commit, branch or tag of it "
            "after the @, or leave that out."
        ) from error
    except RepositoryNotFoundError as error:
        raise WrongUseError(
            f"{model} is neither a folder nor a model that the hub shows you. Check the spelling; "
            'a private model needs "hf auth login".'
        ) from error
    except OSError as error:  # the hub's own errors and those of network and disk
        raise MissingDependencyError(
            f"The weights of {model} are not on this machine and could not be downloaded "
            f"({_short_reason(error)}). Run this once with a network connection, or run "
            f'"hf download {model}" (the default model is {DEFAULT_MODEL_SIZE}); or name a folder '
            "that holds the weights: --model FOLDER; or do without: --encoder lexical."
        ) from error


def _short_reason(error: OSError) -> str:
    """The innermost cause: the hub wraps "no network" in sentences about its cache."""
    cause: BaseException = error
    while cause.__cause__ is not None:
        cause = cause.__cause__
    return (str(cause) or type(cause).__name__).splitlines()[0].rstrip(".")


def _missing_files(folder: Path, needs_processor: bool) -> list[str]:
    """What a folder lacks to be loaded from."""
    is_adapter = any((folder / name).exists() for name in (_ADAPTER, _ADAPTER_WEIGHTS))
    wanted = [[_ADAPTER] if is_adapter else [_CONFIG], *([name] for name in _weight_names(folder))]
    if needs_processor:
        wanted += [["processor_config.json", "preprocessor_config.json"], ["tokenizer.json"]]
    return [
        " or ".join(names)
        for names in wanted
        if not any((folder / name).exists() for name in names)
    ]


def _weight_names(folder: Path) -> list[str]:
    """The weight files that are read from a folder, in a fixed order."""
    if (folder / _ADAPTER).exists():
        return [_ADAPTER_WEIGHTS]
    shards = folder / "model.safetensors.index.json"
    if shards.exists():
        weight_map = _read_json(shards).get("weight_map")
        if isinstance(weight_map, dict):
            return sorted(set(map(str, weight_map.values())))
    return ["model.safetensors"]


def _read_json(path: Path) -> dict[str, object]:
    """A JSON file of a model's folder.

    Raises:
        WrongUseError: it is none.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise WrongUseError(f"{path} is not JSON ({error}). Download the model again.") from error
    if not isinstance(content, dict):
        raise WrongUseError(f"{path} is not a JSON object. Download the model again.")
    return content
