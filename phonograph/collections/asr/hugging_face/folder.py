"""The files of a Hugging Face folder: JSON and safetensors, bounded, and none outside it."""

from __future__ import annotations

import json
from pathlib import Path, PurePosixPath
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from phonograph.collections.asr.foreign_settings import Settings, read_settings
from phonograph.collections.asr.foreign_weights import Weights
from phonograph.errors import BundleError, Diagnostic, GraphError, Place
from phonograph.graphs.bundle import MAX_WEIGHT_BYTES
from phonograph.graphs.document import MAX_BYTES

UNREADABLE, MISFIT = "PB040", "PB041"

_WEIGHTS = "model.safetensors"
_INDEX = "model.safetensors.index.json"
_PICKLED = ("pytorch_model.bin", "pytorch_model.bin.index.json")
_MAX_JSON_BYTES = 1 << 25
_CONVERT = (
    "convert it where transformers is installed: transformers.AutoModelForCTC"
    ".from_pretrained(FOLDER).save_pretrained(FOLDER)"
)


def read_json_settings(folder: Path, name: str) -> Settings:
    """Read a configuration file.

    Raises:
        BundleError: PB040, it is missing, too large or not JSON.
    """
    text = _text(folder / name, MAX_BYTES)
    try:
        return read_settings(text, str(folder / name))  # JSON is YAML
    except GraphError as error:
        raise refusal(UNREADABLE, folder / name, error.diagnostics[0].message) from None


def read_json(folder: Path, name: str) -> dict[str, Any]:
    """Read a file that holds a mapping, such as a vocabulary.

    Raises:
        BundleError: PB040, it is missing, too large, not JSON or not a mapping.
    """
    text = _text(folder / name, _MAX_JSON_BYTES)
    try:
        found = json.loads(text)
        json.dumps(found, ensure_ascii=False).encode()  # an escape may stand for half a character
    except UnicodeEncodeError as error:
        half = error.object[error.start]
        reason = f"it has half a character, \\u{ord(half):04x}"
        raise refusal(UNREADABLE, folder / name, reason) from None
    except (ValueError, RecursionError) as error:
        raise refusal(UNREADABLE, folder / name, f"it is not JSON: {error}") from None
    if not isinstance(found, dict):
        raise refusal(UNREADABLE, folder / name, "it must hold a mapping")
    return found


def read_weights(folder: Path) -> dict[str, Tensor]:
    """Read every tensor of the model; numbers of any precision become float32.

    Raises:
        BundleError: PB040, files are missing, damaged or too large; PB041, they do not hold what
            the index says.
    """
    if (folder / _WEIGHTS).exists():
        return _tensors(folder / _WEIGHTS)
    if not (folder / _INDEX).exists():
        help = _CONVERT if any((folder / name).exists() for name in _PICKLED) else ""
        raise refusal(UNREADABLE, folder, f"it has no {_WEIGHTS}", help)
    return _shards(folder)


def refuse_unsupported(*files: Settings) -> None:
    """Report every setting that is not supported, of all files at once.

    Raises:
        BundleError: PB031, there are any.
    """
    if faults := [fault for settings in files for fault in settings.faults()]:
        raise BundleError(faults)


def refuse_untaken(weights: Weights, folder: Path) -> None:
    """Report weights that nothing was done with.

    Raises:
        BundleError: PB041, there are any.
    """
    if untaken := weights.untaken():
        more = f" and {len(untaken) - 3} more" * (len(untaken) > 3)
        names = ", ".join(f"`{name}`" for name in untaken[:3])
        raise refusal(MISFIT, folder, f"its configuration has no place for {names}{more}")


def refusal(code: str, path: Path, reason: str, help: str = "") -> BundleError:
    """Return the error that says why a file or folder cannot be imported."""
    message = f"cannot import it: {reason}"
    return BundleError(Diagnostic(code, message, Place(str(path)), help=help))


def _text(path: Path, limit: int) -> str:
    try:
        with path.open("rb") as file:
            content = file.read(limit + 1)
        if len(content) > limit:
            raise refusal(UNREADABLE, path, f"it has more than {limit:,} bytes")
        return content.decode("utf-8-sig")
    except OSError as error:
        raise refusal(UNREADABLE, path, error.strerror or str(error)) from None
    except UnicodeDecodeError:
        raise refusal(UNREADABLE, path, "it is not UTF-8 text") from None


def _shards(folder: Path) -> dict[str, Tensor]:
    index = folder / _INDEX
    places = read_json(folder, _INDEX).get("weight_map")
    if not isinstance(places, dict) or not all(isinstance(p, str) for p in places.values()):
        raise refusal(UNREADABLE, index, "its `weight_map` must name a file for each tensor")
    tensors: dict[str, Tensor] = {}
    for file in sorted(set(places.values())):
        if PurePosixPath(file).name != file or "\\" in file or not file.endswith(".safetensors"):
            raise refusal(UNREADABLE, index, f"`{file}` is not a .safetensors file beside it")
        found = _tensors(folder / file)
        wanted = {name for name, place in places.items() if place == file}
        for name in sorted(wanted ^ set(found)):
            verb = "lacks" if name in wanted else "has, against the index,"
            raise refusal(MISFIT, folder / file, f"it {verb} `{name}`")
        tensors |= found
    return tensors


def _tensors(path: Path) -> dict[str, Tensor]:
    try:
        size = path.stat().st_size
        if size > MAX_WEIGHT_BYTES:
            raise refusal(UNREADABLE, path, f"it has more than {MAX_WEIGHT_BYTES:,} bytes")
        with safe_open(path, framework="pt") as file:
            return {name: _float(file.get_tensor(name)) for name in file.keys()}  # noqa: SIM118
    except OSError as error:
        raise refusal(UNREADABLE, path, error.strerror or str(error)) from None
    except SafetensorError as error:
        raise refusal(UNREADABLE, path, f"it is damaged: {error}") from None


def _float(tensor: Tensor) -> Tensor:
    # a copy: the file may be replaced or removed afterwards
    return tensor.to(torch.float32, copy=True) if tensor.is_floating_point() else tensor.clone()
