"""The bundle `*.phono`: one zip with the lock, the weights and notes; plain data throughout."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import load as load_tensors
from safetensors.torch import save as save_tensors
from torch import Tensor

from phonograph.errors import BundleError, Diagnostic, Place
from phonograph.graphs.check import check_document
from phonograph.graphs.document import MAX_BYTES
from phonograph.graphs.lock import fingerprint, read_lock, to_lock
from phonograph.graphs.model import Model, build
from phonograph.graphs.module_versions import migrate_weights
from phonograph.graphs.solved import SolvedGraph
from phonograph.types.registry import Registry
from phonograph.whole_file import whole_file

GRAPH, WEIGHTS, NOTES = "graph.json", "weights.safetensors", "notes.json"
MAX_WEIGHT_BYTES = 1 << 36

_PLAIN = 0x808
"""Zip flags that change nothing: sizes written after the data, names in UTF-8."""


@dataclass(frozen=True, slots=True)
class Bundle:
    """What a bundle holds.

    Args:
        graph: the solved graph.
        weights: tensors by `node.parameter`.
        notes: plain facts such as versions and scores.
    """

    graph: SolvedGraph
    weights: dict[str, Tensor]
    notes: dict[str, Any]


def save_bundle(
    path: Path, graph: SolvedGraph, weights: Mapping[str, Tensor], notes: Mapping[str, Any]
) -> None:
    """Write a bundle, whole or not at all.

    Args:
        path: where it goes; what stands there is replaced.
        graph: a solved graph.
        weights: its state_dict.
        notes: JSON-able facts.
    """
    lock = to_lock(graph)
    told = {**notes, "fingerprint": fingerprint(lock)}
    # copies, because safetensors refuses tensors that share memory, as tied weights do
    tensors = {name: tensor.detach().cpu().clone().contiguous() for name, tensor in weights.items()}
    path.parent.mkdir(parents=True, exist_ok=True)
    with whole_file(path) as temporary, zipfile.ZipFile(temporary, "w") as archive:
        # without the time of day: the same content gives the same bytes
        for name, content in (
            (GRAPH, json.dumps(lock, indent=1, ensure_ascii=False)),
            (NOTES, json.dumps(told, indent=1, ensure_ascii=False)),
            (WEIGHTS, save_tensors(tensors)),
        ):
            archive.writestr(zipfile.ZipInfo(name), content)


def read_bundle(path: Path, registry: Registry) -> Bundle:
    """Read a bundle; its graph is checked as any other.

    Raises:
        BundleError: it is missing, damaged or too large, holds what a bundle does not hold, its
            graph does not hold with the modules installed here, or its weights do not fit.
    """
    members = _read_members(path)
    try:
        lock, notes = json.loads(members[GRAPH]), json.loads(members[NOTES])
        json.dumps([lock, notes], ensure_ascii=False).encode()  # no escaped half of a character
        weights = load_tensors(members[WEIGHTS])
    except (ValueError, RecursionError, SafetensorError) as error:
        raise _refuse("PB003", path, f"it is damaged: {error}") from None
    if not isinstance(lock, dict) or not isinstance(notes, dict):
        raise _refuse("PB003", path, f"{GRAPH} and {NOTES} must each hold a mapping")
    checked = check_document(read_lock(lock, str(path)), registry, to_train=False)
    if checked.graph is None:
        raise BundleError(checked.faults)
    if notes.get("fingerprint") != fingerprint(lock):
        raise _refuse("PB003", path, f"{GRAPH} was changed after it was written")
    weights = migrate_weights(checked.graph.spec, registry, weights)
    misfits = _misfits(checked.graph, weights)
    if misfits:
        reason = ", ".join(misfits[:3]) + (f" and {len(misfits) - 3} more" * (len(misfits) > 3))
        raise _refuse("PB004", path, f"its weights do not fit its graph: {reason}")
    return Bundle(checked.graph, weights, notes)


def open_bundle(path: Path, registry: Registry, device: str = "cpu") -> Model:
    """Build the model of a bundle, with its weights, ready to run.

    Raises:
        BundleError: as `read_bundle`.
    """
    bundle = read_bundle(path, registry)
    model = build(bundle.graph)
    model.module.load_state_dict(bundle.weights)
    model.module.to(device).eval()
    return model


def read_notes(path: Path) -> dict[str, Any]:
    """Return the notes of a bundle without its weights; nothing where they cannot be read."""
    try:
        with zipfile.ZipFile(path) as archive, archive.open(NOTES) as member:
            found = json.loads(member.read(MAX_BYTES))
    except (OSError, KeyError, ValueError, EOFError, NotImplementedError, zipfile.BadZipFile):
        return {}
    return found if isinstance(found, dict) else {}


def _misfits(graph: SolvedGraph, weights: Mapping[str, Tensor]) -> list[str]:
    """Name weights of another shape, without memory: a graph may ask for more than it brings."""
    wanted, given = _shapes(build(graph, device="meta").module.state_dict()), _shapes(weights)
    return sorted(name for name in wanted | given if wanted.get(name) != given.get(name))


def _shapes(weights: Mapping[str, Tensor]) -> dict[str, tuple[int, ...]]:
    return {name: tuple(weight.shape) for name, weight in weights.items()}


def _read_members(path: Path) -> dict[str, bytes]:
    limits = {GRAPH: MAX_BYTES, NOTES: MAX_BYTES, WEIGHTS: MAX_WEIGHT_BYTES}
    try:
        with zipfile.ZipFile(path) as archive:
            infos = {info.filename: info for info in archive.infolist()}
            if set(infos) != set(limits) or len(infos) != len(archive.infolist()):
                have = ", ".join(sorted(infos)[:6])
                raise _refuse("PB002", path, f"a bundle holds {', '.join(limits)}; this has {have}")
            for name, info in infos.items():
                plain = info.compress_type == zipfile.ZIP_STORED and not info.flag_bits & ~_PLAIN
                if not plain or info.file_size > limits[name]:
                    message = f"`{name}` is compressed, encrypted or too large"
                    raise _refuse("PB002", path, message)
            return {name: archive.read(info) for name, info in infos.items()}
    except (zipfile.BadZipFile, EOFError, NotImplementedError, ValueError) as error:
        # the latter two: a version of zip that Python does not read, names that are not UTF-8
        is_graph = path.suffix in (".yaml", ".yml")
        help = "a graph has no weights: train it, then use runs/…/best.phono" if is_graph else ""
        raise _refuse("PB001", path, f"it is not a phonograph bundle: {error}", help) from None
    except OSError as error:
        raise _refuse("PB001", path, error.strerror or str(error)) from None


def _refuse(code: str, path: Path, reason: str, help: str = "") -> BundleError:
    message = f"cannot read the bundle: {reason}"
    return BundleError(Diagnostic(code, message, Place(str(path)), help=help))
