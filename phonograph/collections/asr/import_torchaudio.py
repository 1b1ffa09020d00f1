"""torchaudio's pretrained wav2vec 2.0 and HuBERT models, as graphs of our own modules.

torchaudio publishes their weights in files apart; fetching these is left to it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import torch
from torch import Tensor

from phonograph.collections.asr.acoustic_graph import AcousticModel, acoustic_graph
from phonograph.collections.asr.foreign_part import Part
from phonograph.collections.asr.foreign_weights import MissingTensorError, Weights
from phonograph.collections.asr.torch_checkpoint import read_torch_checkpoint
from phonograph.collections.asr.wav2vec2_weights import EncoderWeights, named_as_ours
from phonograph.collections.asr.weight_misfits import misfits
from phonograph.errors import BundleError, Diagnostic, Place, nearest
from phonograph.graphs.bundle import MAX_WEIGHT_BYTES

_SAMPLE_RATE = 16000
_EPSILON = 1e-5
_WIDTHS = (512, 512, 512, 512, 512, 512, 512)
_KERNELS = (10, 3, 3, 3, 3, 2, 2)
_STRIDES = (5, 2, 2, 2, 2, 2, 2)
_BLANK = "<blank>"
_BOUNDARY = "|"


@dataclass(frozen=True, slots=True)
class Architecture:
    """What models of one size and manner have in common.

    Args:
        d_model: width of the layers.
        layers: number of layers.
        heads: attention heads.
        middle: width between the two linear layers of a layer.
        norm: `first` or `each`, as `asr.wav2vec2` has it; with `each`, parts of layers are
            normalised before them, and audio before all.
        bias: whether the convolutions over samples add constants.
    """

    d_model: int = 768
    layers: int = 12
    heads: int = 12
    middle: int = 3072
    norm: Literal["first", "each"] = "first"
    bias: bool = False

    def arguments(self) -> dict[str, Any]:
        """Return the arguments of `asr.wav2vec2`; dropout, which is of training, is its own."""
        convs = {"widths": _WIDTHS, "kernels": _KERNELS, "strides": _STRIDES}
        return {
            "d_model": self.d_model,
            "layers": self.layers,
            "convs": {
                **{name: list(numbers) for name, numbers in convs.items()},
                "norm": self.norm,
                "bias": self.bias,
            },
            "projection_norm": True,
            "block": {
                "heads": self.heads,
                "middle": self.middle,
                "norm_first": self.norm == "each",
            },
        }


_BASE = Architecture()
_LARGE = Architecture(1024, 24, 16, 4096)
_LV60K = Architecture(1024, 24, 16, 4096, norm="each", bias=True)
_HUBERT_LARGE = Architecture(1024, 24, 16, 4096, norm="each")
_HUBERT_XLARGE = Architecture(1280, 48, 16, 5120, norm="each")
_XLSR_1B = Architecture(1280, 48, 16, 5120, norm="each", bias=True)
_XLSR_2B = Architecture(1920, 48, 16, 7680, norm="each", bias=True)


@dataclass(frozen=True, slots=True)
class Published:
    """A pretrained model.

    Args:
        architecture: what it is like.
        file: the name under which torchaudio keeps its weights.
        spare: rows of the head in that file that stand for nothing.
    """

    architecture: Architecture
    file: str
    spare: tuple[int, ...] = (1, 2, 3)


PUBLISHED: Mapping[str, Published] = {
    "WAV2VEC2_BASE": Published(_BASE, "wav2vec2_fairseq_base_ls960.pth"),
    "WAV2VEC2_ASR_BASE_10M": Published(_BASE, "wav2vec2_fairseq_base_ls960_asr_ll10m.pth"),
    "WAV2VEC2_ASR_BASE_100H": Published(_BASE, "wav2vec2_fairseq_base_ls960_asr_ls100.pth"),
    "WAV2VEC2_ASR_BASE_960H": Published(_BASE, "wav2vec2_fairseq_base_ls960_asr_ls960.pth"),
    "WAV2VEC2_LARGE": Published(_LARGE, "wav2vec2_fairseq_large_ls960.pth"),
    "WAV2VEC2_ASR_LARGE_10M": Published(_LARGE, "wav2vec2_fairseq_large_ls960_asr_ll10m.pth"),
    "WAV2VEC2_ASR_LARGE_100H": Published(_LARGE, "wav2vec2_fairseq_large_ls960_asr_ls100.pth"),
    "WAV2VEC2_ASR_LARGE_960H": Published(_LARGE, "wav2vec2_fairseq_large_ls960_asr_ls960.pth"),
    "WAV2VEC2_LARGE_LV60K": Published(_LV60K, "wav2vec2_fairseq_large_lv60k.pth"),
    "WAV2VEC2_ASR_LARGE_LV60K_10M": Published(_LV60K, "wav2vec2_fairseq_large_lv60k_asr_ll10m.pth"),
    "WAV2VEC2_ASR_LARGE_LV60K_100H": Published(
        _LV60K, "wav2vec2_fairseq_large_lv60k_asr_ls100.pth"
    ),
    "WAV2VEC2_ASR_LARGE_LV60K_960H": Published(
        _LV60K, "wav2vec2_fairseq_large_lv60k_asr_ls960.pth"
    ),
    "WAV2VEC2_XLSR53": Published(_LV60K, "wav2vec2_fairseq_large_xlsr53.pth"),
    "WAV2VEC2_XLSR_300M": Published(_LV60K, "wav2vec2_xlsr_300m.pth"),
    "WAV2VEC2_XLSR_1B": Published(_XLSR_1B, "wav2vec2_xlsr_1b.pth"),
    "WAV2VEC2_XLSR_2B": Published(_XLSR_2B, "wav2vec2_xlsr_2b.pth"),
    "HUBERT_BASE": Published(_BASE, "hubert_fairseq_base_ls960.pth"),
    "HUBERT_LARGE": Published(_HUBERT_LARGE, "hubert_fairseq_large_ll60k.pth"),
    "HUBERT_XLARGE": Published(_HUBERT_XLARGE, "hubert_fairseq_xlarge_ll60k.pth"),
    "HUBERT_ASR_LARGE": Published(_HUBERT_LARGE, "hubert_fairseq_large_ll60k_asr_ls960.pth"),
    "HUBERT_ASR_XLARGE": Published(_HUBERT_XLARGE, "hubert_fairseq_xlarge_ll60k_asr_ls960.pth"),
    "VOXPOPULI_ASR_BASE_10K_DE": Published(
        _BASE, "wav2vec2_voxpopuli_base_10k_asr_de.pt", (1, 2, 3, 35)
    ),
    "VOXPOPULI_ASR_BASE_10K_EN": Published(
        _BASE, "wav2vec2_voxpopuli_base_10k_asr_en.pt", (1, 2, 3, 31)
    ),
    "VOXPOPULI_ASR_BASE_10K_ES": Published(
        _BASE, "wav2vec2_voxpopuli_base_10k_asr_es.pt", (1, 2, 3, 35)
    ),
    "VOXPOPULI_ASR_BASE_10K_FR": Published(_BASE, "wav2vec2_voxpopuli_base_10k_asr_fr.pt"),
    "VOXPOPULI_ASR_BASE_10K_IT": Published(_BASE, "wav2vec2_voxpopuli_base_10k_asr_it.pt"),
}


def read_torchaudio(source: str) -> tuple[dict[str, Any], dict[str, Tensor]]:
    """Read a pretrained model of torchaudio.

    Args:
        source: the name of a bundle in `torchaudio.pipelines`, such as `WAV2VEC2_ASR_BASE_960H`;
            its weights lie where torchaudio keeps what it fetched. Or `NAME:FILE` with the file of
            its weights.

    Returns:
        the graph as plain data, and float32 weights by `node.parameter`. A model that was not
        trained to recognise speech has no head.

    Raises:
        BundleError: PB050, there is no such model; PB051, its weights are not there, cannot be
            read, or are another model's.
    """
    name, _, file = source.partition(":")
    if name not in PUBLISHED:
        message = f"torchaudio has no wav2vec 2.0 or HuBERT model `{name}`"
        raise BundleError(Diagnostic("PB050", message, help=nearest(name, list(PUBLISHED))))
    published = PUBLISHED[name]
    fetched = Path(torch.hub.get_dir()) / "checkpoints" / published.file
    path = Path(file) if file else fetched
    if not path.exists():
        fetch = f"python -c 'import torchaudio; torchaudio.pipelines.{name}.get_model()'"
        help = f"fetch it: {fetch}; or say where it is: torchaudio:{name}:FILE"
        raise _refusal(path, f"there is no file with the weights of {name}", help)
    labels = Labels(_labels(name), published.spare) if "_ASR_" in name else None
    try:
        weights = Weights(_tensors(path))
        model = translate(name, published.architecture.arguments(), weights, labels)
    except MissingTensorError as error:
        raise _refusal(path, f"{name} has a weight `{error.name}`, which it lacks") from None
    except ValueError as error:
        raise _refusal(path, f"it does not hold {name}: {error}") from None
    graph, named = acoustic_graph(model)
    if told := misfits(graph, named, name):
        raise _refusal(path, f"it does not hold {name}: {told[0]}")
    return graph, named


@dataclass(frozen=True, slots=True)
class Labels:
    """What the rows of a head stand for.

    Args:
        tokens: those behind the blank, which comes first.
        spare: rows that stand for nothing, where the head has more than that.
    """

    tokens: Sequence[str]
    spare: tuple[int, ...] = ()


def translate(
    name: str, arguments: Mapping[str, Any], weights: Weights, labels: Labels | None = None
) -> AcousticModel:
    """Return a model of `torchaudio.models.wav2vec2_model` in our terms.

    Args:
        name: what it is called.
        arguments: of `asr.wav2vec2`, as in YAML.
        weights: of its state_dict.
        labels: of its head, if it has one.

    Raises:
        MissingTensorError: the weights lack one that the arguments ask for.
        ValueError: the weights have others, or another number of rows.
    """
    parts = EncoderWeights(
        convs=weights.under("feature_extractor."),
        projection=weights.under("encoder.feature_projection."),
        transformer=weights.under("encoder.transformer."),
    )
    encoder = Part("asr.wav2vec2", arguments, named_as_ours(parts, arguments))
    front_end = {}
    if arguments["convs"]["norm"] == "each":
        front_end["norm"] = Part("asr.waveform_norm", {"epsilon": _EPSILON})
    head = _head(weights.under("aux."), labels) if labels else None
    if untaken := weights.untaken():
        raise ValueError(f"it has `{untaken[0]}`")
    tokenizer = _tokenizer(labels.tokens) if labels else None
    return AcousticModel(name, _SAMPLE_RATE, encoder, front_end, tokenizer, head)


def _tokenizer(tokens: Sequence[str]) -> dict[str, Any]:
    boundary = {"word_boundary": _BOUNDARY} if _BOUNDARY in tokens else {}
    return {"type": "tokens", "tokens": list(tokens), **boundary}


def _head(weights: Mapping[str, Tensor], labels: Labels) -> Part:
    weight, bias = weights["weight"], weights["bias"]
    rows = list(range(bias.numel()))
    if len(rows) > len(labels.tokens) + 1:
        rows = [row for row in rows if row not in labels.spare]
    if len(rows) != len(labels.tokens) + 1 or weight.shape[:1] != bias.shape:
        wanted = f"not {len(labels.tokens) + 1}, or {len(labels.spare)} more"
        raise ValueError(f"its head has {bias.numel()} rows, {wanted}")
    order = [*rows[1:], rows[0]]
    named = {"linear.weight": weight[order], "linear.bias": bias[order]}
    return Part("asr.ctc_head", weights=named)


def _tensors(path: Path) -> dict[str, Tensor]:
    try:
        with path.open("rb") as file:
            if path.stat().st_size > MAX_WEIGHT_BYTES:
                raise ValueError(f"it has more than {MAX_WEIGHT_BYTES:,} bytes")
            return read_torch_checkpoint(file, path.name)
    except OSError as error:
        raise _refusal(path, error.strerror or str(error)) from None


def _labels(name: str) -> tuple[str, ...]:
    from torchaudio import pipelines

    tokens: tuple[str, ...] = getattr(pipelines, name).get_labels(blank=_BLANK)
    return tokens[1:]


def _refusal(path: Path, reason: str, help: str = "") -> BundleError:
    message = f"cannot import it: {reason}"
    return BundleError(Diagnostic("PB051", message, Place(str(path)), help=help))
