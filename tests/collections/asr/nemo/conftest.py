"""Checkpoints as NeMo writes them, made here: random weights under the names that it gives them."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml
from torch import Tensor

from phonograph.modules.mel_filters import MelFilters

LABELS = [" ", *"abcdefghijklmnopqrstuvwxyz'"]
WIDTHS = (8, 6, 4)

Write = Callable[..., Path]


def configuration() -> dict[str, Any]:
    """A convolutional CTC model of three blocks, as a section `model` of a training file."""
    row = {"repeat": 1, "dilation": [1], "dropout": 0.0, "residual": False, "separable": True}
    return {
        "sample_rate": 16000,
        "labels": list(LABELS),
        "preprocessor": {
            "_target_": "nemo.collections.asr.modules.AudioToMelSpectrogramPreprocessor",
            "sample_rate": 16000,
            "features": WIDTHS[0],
            "window_size": 0.02,
            "n_fft": 512,
            "dither": 1e-05,
            "pad_to": 16,
        },
        "spec_augment": {
            "_target_": "nemo.collections.asr.modules.SpectrogramAugmentation",
            "rect_masks": 5,
        },
        "encoder": {
            "_target_": "nemo.collections.asr.modules.ConvASREncoder",
            "feat_in": WIDTHS[0],
            "activation": "relu",
            "conv_mask": True,
            "jasper": [
                {**row, "filters": WIDTHS[1], "kernel": [5], "stride": [2]},
                {**row, "filters": WIDTHS[2], "kernel": [1], "stride": [1], "separable": False},
            ],
        },
        "decoder": {
            "_target_": "nemo.collections.asr.modules.ConvASRDecoder",
            "feat_in": WIDTHS[2],
            "num_classes": len(LABELS),
            "vocabulary": list(LABELS),
        },
        "optim": {"name": "novograd", "lr": 0.01},
        "target": "nemo.collections.asr.models.ctc_models.EncDecCTCModel",
        "nemo_version": "3.0.0",
    }


def weights() -> dict[str, Tensor]:
    """The weights of that model."""
    generator = torch.Generator().manual_seed(1)

    def noise(*shape: int) -> Tensor:
        return torch.randn(shape, generator=generator) / 2

    filters = MelFilters(n_fft=512).bank(16000, n_mels=WIDTHS[0], window=320)
    first, last = "encoder.encoder.0.mconv", "encoder.encoder.1.mconv"
    return {
        "preprocessor.featurizer.window": torch.hann_window(320, periodic=False),
        "preprocessor.featurizer.fb": filters.T.unsqueeze(0),
        f"{first}.0.conv.weight": noise(WIDTHS[0], 1, 5),
        f"{first}.1.conv.weight": noise(WIDTHS[1], WIDTHS[0], 1),
        **_batch_norm(f"{first}.2", WIDTHS[1], noise),
        f"{last}.0.conv.weight": noise(WIDTHS[2], WIDTHS[1], 1),
        **_batch_norm(f"{last}.1", WIDTHS[2], noise),
        "decoder.decoder_layers.0.weight": noise(len(LABELS) + 1, WIDTHS[2], 1),
        "decoder.decoder_layers.0.bias": noise(len(LABELS) + 1),
    }


def hybrid_changes(durations: Sequence[int] = ()) -> dict[str, Any]:
    """Changes to the configuration, by path, that make it a transducer with a CTC head beside."""
    module = "nemo.collections.asr.modules"
    decoder = configuration()["decoder"]
    predictor = {"pred_hidden": 5, "pred_rnn_layers": 1, "dropout": 0.1, "t_max": None}
    joint = {"joint_hidden": 7, "activation": "relu", "dropout": 0.1}
    tdt = {"loss_name": "tdt", "tdt_kwargs": {"durations": list(durations), "sigma": 0.02}}
    return {
        "target": "nemo.collections.asr.models.EncDecHybridRNNTCTCModel",
        "decoder": {"_target_": f"{module}.RNNTDecoder", "prednet": predictor},
        "joint": {
            "_target_": f"{module}.RNNTJoint",
            "jointnet": joint,
            "num_extra_outputs": len(durations),
        },
        "aux_ctc": {"ctc_loss_weight": 0.3, "use_cer": False, "decoder": decoder},
        "loss": tdt if durations else {"loss_name": "default"},
        "decoding": {"strategy": "greedy_batch", "greedy": {"max_symbols": 5}},
    }


def hybrid_weights(durations: Sequence[int] = ()) -> dict[str, Tensor | None]:
    """The weights that come with it; None where a name is not used any more."""
    generator = torch.Generator().manual_seed(2)

    def noise(*shape: int) -> Tensor:
        return torch.randn(shape, generator=generator) / 2

    head = {k.removeprefix("decoder."): v for k, v in weights().items() if "decoder_layers" in k}
    tokens, hidden, width = len(LABELS) + 1, 5, 7
    return {
        **{f"decoder.{name}": None for name in head},
        **{f"ctc_decoder.{name}": value for name, value in head.items()},
        "decoder.prediction.embed.weight": noise(tokens, hidden),
        "decoder.prediction.dec_rnn.lstm.weight_ih_l0": noise(4 * hidden, hidden),
        "decoder.prediction.dec_rnn.lstm.weight_hh_l0": noise(4 * hidden, hidden),
        "decoder.prediction.dec_rnn.lstm.bias_ih_l0": noise(4 * hidden),
        "decoder.prediction.dec_rnn.lstm.bias_hh_l0": noise(4 * hidden),
        "joint.pred.weight": noise(width, hidden),
        "joint.pred.bias": noise(width),
        "joint.enc.weight": noise(width, WIDTHS[2]),
        "joint.enc.bias": noise(width),
        "joint.joint_net.2.weight": noise(tokens + len(durations), width),
        "joint.joint_net.2.bias": noise(tokens + len(durations)),
    }


def _batch_norm(name: str, width: int, noise: Callable[..., Tensor]) -> dict[str, Tensor]:
    return {
        f"{name}.weight": 1 + noise(width),
        f"{name}.bias": noise(width),
        f"{name}.running_mean": noise(width),
        f"{name}.running_var": 1 + noise(width).square(),
        f"{name}.num_batches_tracked": torch.tensor(3),
    }


def saved(tensors: object, **settings: Any) -> bytes:
    """What torch.save writes."""
    file = io.BytesIO()
    torch.save(tensors, file, **settings)
    return file.getvalue()


def write_tar(
    path: Path, members: Mapping[str, bytes], *, mode: str = "w", start: str = "./"
) -> Path:
    """Write files into a tar."""
    with tarfile.open(path, mode) as archive:  # type: ignore[call-overload]
        for name, content in members.items():
            member = tarfile.TarInfo(start + name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return path


@pytest.fixture
def write_hybrid(write: Write) -> Write:
    """Write a transducer, with a CTC head beside or without; it may predict durations too."""

    def written(durations: Sequence[int] = (), *, ctc: bool = True) -> Path:
        changes, tensors = hybrid_changes(durations), hybrid_weights(durations)
        if not ctc:
            changes["target"] = "nemo.collections.asr.models.EncDecRNNTModel"
            del changes["aux_ctc"]
            tensors = {k: v for k, v in tensors.items() if not k.startswith("ctc_decoder.")}
        return write(changes, tensors)

    return written


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write a checkpoint: changes to configuration (by path) and weights, None takes one away."""

    def written(
        config: Mapping[str, Any] | None = None,
        tensors: Mapping[str, Tensor | None] | None = None,
        **more: bytes,
    ) -> Path:
        data = configuration()
        for path, value in (config or {}).items():
            *parents, last = path.split(".")
            section: Any = data
            for key in parents:
                section = section[int(key) if key.isdigit() else key]
            section[last] = value
        stored = {k: v for k, v in {**weights(), **(tensors or {})}.items() if v is not None}
        members = {
            "model_config.yaml": yaml.safe_dump(data, sort_keys=False).encode(),
            "model_weights.ckpt": saved(stored),
            **{name.replace("_DOT_", "."): content for name, content in more.items()},
        }
        return write_tar(tmp_path / "tiny.nemo", members)

    return written
