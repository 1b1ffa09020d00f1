"""Read a Hugging Face folder: configuration, weights, tokenizer and front end, as one graph."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from torch import Tensor

from phonograph.collections.asr.acoustic_graph import AcousticModel, acoustic_graph
from phonograph.collections.asr.foreign_settings import Settings
from phonograph.collections.asr.foreign_weights import MissingTensorError
from phonograph.collections.asr.hugging_face.folder import (
    MISFIT,
    UNREADABLE,
    read_json_settings,
    refusal,
)
from phonograph.collections.asr.hugging_face.parakeet import read_parakeet
from phonograph.collections.asr.hugging_face.wav2vec2 import read_hubert, read_wav2vec2
from phonograph.collections.asr.weight_misfits import misfits
from phonograph.errors import nearest

CONFIGURATION = "config.json"

_READERS: Mapping[str, Callable[[Path, Settings], AcousticModel]] = {
    "Wav2Vec2ForCTC": read_wav2vec2,
    "HubertForCTC": read_hubert,
    "ParakeetForCTC": read_parakeet,
}
# What every configuration of the library may have; nothing of it decides a result.
_GENERAL = (
    "_attn_implementation_autoset",
    "_name_or_path",
    "architectures",
    "bos_token_id",
    "ctc_loss_reduction",
    "ctc_zero_infinity",
    "dtype",
    "eos_token_id",
    "finetuning_task",
    "gradient_checkpointing",
    "id2label",
    "initializer_range",
    "label2id",
    "model_type",
    "processor_class",
    "tokenizer_class",
    "torch_dtype",
    "transformers_version",
)


def read_hugging_face(folder: Path) -> tuple[dict[str, Any], dict[str, Tensor]]:
    """Read a folder that transformers or its hub wrote, without transformers.

    Args:
        folder: has config.json, model.safetensors, and the files of tokenizer and front end.

    Returns:
        the graph as plain data, and float32 weights by `node.parameter`.

    Raises:
        BundleError: PB031, settings that are not supported, all of them; PB040, a file cannot be
            read; PB041, the weights are not those of the configuration.
    """
    settings = read_json_settings(folder, CONFIGURATION)
    read = _reader_of(folder, settings)
    settings.ignore(*_GENERAL)
    try:
        graph, weights = acoustic_graph(read(folder, settings))
    except MissingTensorError as error:
        raise refusal(MISFIT, folder, f"its weights lack `{error.name}`") from None
    if told := misfits(graph, weights, graph["name"]):
        raise refusal(MISFIT, folder, f"its weights do not fit: {told[0]}")
    return graph, weights


def _reader_of(folder: Path, settings: Settings) -> Callable[[Path, Settings], AcousticModel]:
    architectures = settings.value("architectures")
    name = architectures[0] if isinstance(architectures, list) and architectures else None
    if not isinstance(name, str) or name not in _READERS:
        reason = f"it is a `{name}`" if name else "`architectures` does not say what it is"
        raise refusal(UNREADABLE, folder / CONFIGURATION, reason, nearest(str(name), [*_READERS]))
    return _READERS[name]
