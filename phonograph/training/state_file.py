"""The state of a training in one file: tensors as safetensors, all else as JSON in its header."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from phonograph.errors import Diagnostic, PhonographError, Place
from phonograph.training.tensor_file import write_tensors

_PLAIN = (str, int, float, bool, type(None))


def write_state(path: Path, state: Mapping[str, Any]) -> None:
    """Write a state, whole or not at all; when this returns, it is on the disk.

    Args:
        path: where it goes; what stands there is replaced.
        state: tensors, numbers, strings, booleans and None, in mappings, lists and tuples.

    Raises:
        TypeError: the state holds something else.
        OSError: the file cannot be written, such as on a full disk.

    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "last.state"
    >>> write_state(path, {"step": 7, "betas": (0.9, 0.98), "state": {0: torch.ones(2)}})
    >>> read_state(path)
    {'step': 7, 'betas': (0.9, 0.98), 'state': {0: tensor([1., 1.])}}
    """
    tensors: dict[str, Tensor] = {}
    text = json.dumps(_plain(state, tensors))
    metadata = {"state": text, "digest": _digest(text, tensors)}
    write_tensors(path, tensors, metadata)


def read_state(path: Path) -> dict[str, Any]:
    """Read a state that `write_state` wrote.

    Raises:
        PhonographError: the file is missing, cut off or changed.
    """
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        text = metadata["state"]
        if metadata["digest"] != _digest(text, tensors):
            raise _damaged(path, "its content is not what was written")
        state: dict[str, Any] = _whole(json.loads(text), tensors)
    except (SafetensorError, OSError, ValueError, KeyError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise _damaged(path, reason) from None
    return state


def previous_of(file: Path) -> Path:
    """Return the name of the state before a state.

    >>> previous_of(Path("runs/an4/last.state")).name
    'previous.state'
    """
    return file.with_name("previous.state")


def _damaged(path: Path, reason: str) -> PhonographError:
    message = f"the state of the training cannot be read: {reason}"
    return PhonographError(Diagnostic("PT010", message, Place(str(path))))


def _plain(value: Any, tensors: dict[str, Tensor]) -> Any:
    """Turn a value into JSON, and put its tensors aside by number."""
    match value:
        case Tensor():
            name = str(len(tensors))
            tensors[name] = value.detach().cpu().contiguous()
            return {"tensor": name}
        case tuple():
            return {"tuple": [_plain(item, tensors) for item in value]}
        case list():
            return [_plain(item, tensors) for item in value]
        case Mapping():
            pairs = [[_plain(k, tensors), _plain(v, tensors)] for k, v in value.items()]
            return {"mapping": pairs}
    if type(value) not in _PLAIN:
        raise TypeError(f"a state cannot hold {type(value).__name__} {value!r}")
    return value


def _whole(value: Any, tensors: Mapping[str, Tensor]) -> Any:
    match value:
        case list():
            return [_whole(item, tensors) for item in value]
        case {"tensor": name}:
            return tensors[name]
        case {"tuple": items}:
            return tuple(_whole(item, tensors) for item in items)
        case {"mapping": pairs}:
            return {_whole(k, tensors): _whole(v, tensors) for k, v in pairs}
    return value


def _digest(text: str, tensors: Mapping[str, Tensor]) -> str:
    digest = hashlib.blake2b(text.encode(), digest_size=16)
    for name in sorted(tensors):
        digest.update(tensors[name].reshape(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()
