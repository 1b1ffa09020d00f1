"""The Conformer-CTC that `hama` 1.7.0 carries, as a graph of our own modules with its weights.

The package is Apache-2.0 and is read as files only: none of its code runs.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from phonograph.collections.asr.hama_container import read_container
from phonograph.data.tokenizers import build_tokenizer
from phonograph.errors import BundleError, Diagnostic, MissingExtraError
from phonograph.graphs.parameters import to_plain

_VERSION = "1.7.0"
_LAYERS = 4
_OUTSIDE_VOCABULARY = "<wb>"  # the package adds it, and the blank, to the vocabulary file


@dataclass(frozen=True, slots=True)
class _Known:
    """A file of the package by name, size in bytes and content."""

    name: str
    size: int
    sha256: str


_WEIGHTS = _Known(
    "asr_waveform.hama",
    4_723_088,
    "a9fcfe73e179ca48e399cd76a90a6b3e1887bf5037ecc52b778d13a149563328",
)
_VOCABULARY = _Known(
    "g2p_vocab.json",
    220_107,
    "520d19e4e6ae58658eed53594e0feab8ea8e1b4b04a7746e25e50c16c29b91bf",
)


def read_hama(path: Path | None = None) -> tuple[dict[str, Any], dict[str, Tensor]]:
    """Read the acoustic model of the package `hama`.

    Args:
        path: `asr_waveform.hama`, with `g2p_vocab.json` beside it; by default the files of the
            installed package.

    Returns:
        the graph as plain data, and float32 weights by `node.parameter`.

    Raises:
        MissingExtraError: PB010, the package is not installed.
        BundleError: PB011, a file cannot be read; PB012, a file is not the one of version 1.7.0.
    """
    weights = path or _installed_assets() / _WEIGHTS.name
    # Both are compared with known content before a byte of them is interpreted.
    content = _checked(weights, _WEIGHTS)
    vocabulary = json.loads(_checked(weights.with_name(_VOCABULARY.name), _VOCABULARY))
    tensors = read_container(content, str(weights))
    return _graph([*vocabulary["decoder"], _OUTSIDE_VOCABULARY]), _named(tensors)


def _installed_assets() -> Path:
    found = find_spec("hama")  # finds a top-level package without running it
    if found is None or not found.submodule_search_locations:
        help = 'pip install "phonograph[hama]"'
        raise MissingExtraError(
            Diagnostic("PB010", "the package `hama` is not installed", help=help)
        )
    return Path(found.submodule_search_locations[0]) / "assets"


def _checked(path: Path, known: _Known) -> bytes:
    try:
        size = path.stat().st_size
        content = path.read_bytes() if size == known.size else b""
    except OSError as error:
        message = f"cannot read `{path}`: {error.strerror}"
        raise BundleError(Diagnostic("PB011", message, help=_reinstall())) from None
    if hashlib.sha256(content).hexdigest() == known.sha256:
        return content
    causes = [f"its size is {size} bytes; {known.size} are expected"]
    if size == known.size:
        causes = [f"its sha256 is not {known.sha256}"]
    message = f"`{path}` is not the {known.name} of hama {_VERSION}"
    raise BundleError(
        Diagnostic("PB012", message, causes=(*causes, *_installed_version()), help=_reinstall())
    )


def _installed_version() -> tuple[str, ...]:
    try:
        return (f"hama {version('hama')} is installed",)
    except PackageNotFoundError:
        return ()


def _reinstall() -> str:
    return f"pip install --force-reinstall hama=={_VERSION}"


def _graph(labels: list[str]) -> dict[str, Any]:
    tokenizer = {"type": "tokens", "tokens": labels, "word_boundary": _OUTSIDE_VOCABULARY}
    layers = {"heads": 4, "kernel": 31, "dropout": 0.1, "positions": "none", "norm": "none"}
    encoder = {"d_model": 144, "layers": _LAYERS, "stride": 2, "subsampling": "conv1d"}
    vocabulary = to_plain(build_tokenizer(tokenizer).vocabulary)
    return {
        "phonograph": 1,
        "name": "hama",
        "modules": {
            "data": {
                "module": "asr.manifest",
                "with": {"sample_rate": 16000, "tokenizer": tokenizer},
            },
            # the window and hop by default are those of the checkpoint
            "mel": {
                "module": "asr.stored_log_mel",
                "from": "data.audio",
                "with": {"precision": "half"},
            },
            "encoder": {
                "module": "asr.conformer",
                "from": "mel.features",
                "with": {**encoder, "block": layers},
            },
            "head": {"module": "asr.ctc_head", "from": "encoder.encoded"},
            # no transcripts are wired, from which the decoder would learn how tokens are written
            "text": {
                "module": "asr.ctc_greedy",
                "from": "head.log_probs",
                "with": {"vocab": vocabulary},
            },
        },
        "views": {"infer": {"feed": ["data.audio"], "run": ["text.text"]}},
    }


def _named(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    kernels = tensors["stft_real_kernel"], tensors["stft_imag_kernel"]
    weights = {
        "mel.kernels": torch.cat(kernels).squeeze(1),
        "mel.bands": tensors["mel_fb"],
        "encoder.subsampling.convs.0.weight": tensors["onnx::Conv_801"],
        "encoder.subsampling.convs.0.bias": tensors["onnx::Conv_802"],
        "head.linear.weight": tensors["acoustic_model.model.proj.weight"].squeeze(2),
        "head.linear.bias": tensors["acoustic_model.model.proj.bias"],
    }
    for number in range(_LAYERS):
        layer = _layer(tensors, number)
        weights |= {f"encoder.layers.{number}.{name}": value for name, value in layer.items()}
    return {name: value.contiguous() for name, value in weights.items()}


def _layer(tensors: dict[str, Tensor], number: int) -> dict[str, Tensor]:
    # Matrices went through ONNX, which left them without names and as [in, out].
    at = 829 + 9 * number
    wide1, narrow1, attention_in, attention_out, wide2, narrow2 = (
        tensors[f"onnx::MatMul_{at + step}"].T for step in (0, 1, 2, 6, 7, 8)
    )
    theirs = f"acoustic_model.model.blocks.{number}."
    layer = {
        "feed_forward1.linear1.weight": wide1,
        "feed_forward1.linear2.weight": narrow1,
        "attention.out.weight": attention_out,
        "feed_forward2.linear1.weight": wide2,
        "feed_forward2.linear2.weight": narrow2,
        "conv.depthwise.weight": tensors[f"onnx::Conv_{804 + 3 * number}"],
        "conv.depthwise.bias": tensors[f"onnx::Conv_{805 + 3 * number}"],
        "conv.pointwise1.weight": tensors[theirs + "conv.pointwise1.weight"].squeeze(2),
        "conv.pointwise2.weight": tensors[theirs + "conv.pointwise2.weight"].squeeze(2),
    }
    attention_bias = tensors[theirs + "attn.in_proj_bias"]
    for name, weight, bias in zip(
        ("query", "key", "value"), attention_in.chunk(3), attention_bias.chunk(3), strict=True
    ):
        layer[f"attention.{name}.weight"] = weight
        layer[f"attention.{name}.bias"] = bias
    return layer | {ours: tensors[theirs + name] for ours, name in _SAME.items()}


_SAME = {
    "feed_forward1_norm.weight": "ffn1.norm.weight",
    "feed_forward1_norm.bias": "ffn1.norm.bias",
    "feed_forward1.linear1.bias": "ffn1.fc1.bias",
    "feed_forward1.linear2.bias": "ffn1.fc2.bias",
    "attention_norm.weight": "attn_norm.weight",
    "attention_norm.bias": "attn_norm.bias",
    "attention.out.bias": "attn.out_proj.bias",
    "conv_norm.weight": "conv.norm.weight",
    "conv_norm.bias": "conv.norm.bias",
    "conv.pointwise1.bias": "conv.pointwise1.bias",
    "conv.pointwise2.bias": "conv.pointwise2.bias",
    "feed_forward2_norm.weight": "ffn2.norm.weight",
    "feed_forward2_norm.bias": "ffn2.norm.bias",
    "feed_forward2.linear1.bias": "ffn2.fc1.bias",
    "feed_forward2.linear2.bias": "ffn2.fc2.bias",
    "norm.weight": "norm.weight",
    "norm.bias": "norm.bias",
}
