"""Every registered module is what it declares to be."""

from __future__ import annotations

import json

import numpy as np
import pytest
import soundfile

from phonograph.collections import shipped_registry
from phonograph.collections.asr.attention_decoder import AttentionDecoder
from phonograph.collections.asr.joint import Joint
from phonograph.collections.asr.log_mel import Compression
from phonograph.collections.asr.predictor import Predictor
from phonograph.collections.asr.recurrent import Recurrent
from phonograph.collections.asr.row_conv import RowConv
from phonograph.collections.asr.subsampling import Reduction, Subsampling
from phonograph.collections.asr.tdt_joint import TdtJoint
from phonograph.data.tokenizers import build_tokenizer
from phonograph.modules.conformer_block import BlockSettings
from phonograph.modules.context import Context
from phonograph.modules.contract import contract_faults, source_faults
from phonograph.modules.conv_block import ConvBlock
from phonograph.modules.feature_scale import FixedScale
from phonograph.modules.frame_norm import FrameNorm
from phonograph.modules.framing import Framing
from phonograph.modules.frequency_convs import FrequencyConv
from phonograph.modules.location_attention import AttentionSettings
from phonograph.modules.mel_filters import MelFilters
from phonograph.modules.positional_conv import PositionSettings
from phonograph.modules.random_inputs import Networks
from phonograph.modules.recurrent_stack import Recurrence
from phonograph.modules.squeeze_excite import Excite
from phonograph.modules.transformer_layer import TransformerSettings
from phonograph.modules.waveform_convs import WaveformConvSettings
from phonograph.types.declaration import declaration_of
from phonograph.types.part import Part
from phonograph.types.vocabulary import Vocabulary

REGISTRY = shipped_registry()
SOURCES = [name for name in REGISTRY.ids if REGISTRY.load(name).is_source]
ALPHABET = {"type": "characters", "alphabet": "ab "}
ROW_CONV = Part(declaration_of(RowConv), {"feat_in": 4, "ahead": 2})
BOTH_WAYS = Part(declaration_of(Recurrent), {"feat_in": 4, "d_model": 4})

PARAMETERS: dict[str, list[dict[str, object]]] = {
    "adapt.log_softmax": [{"vocab": 3}],
    "adapt.mono": [{"sample_rate": 16000}],
    "adapt.project": [{"feat_in": 4, "width": 6}],
    "adapt.resample": [
        {"sample_rate": 16000, "rate": 8000},
        {"sample_rate": 16000, "rate": 12000},
        {"sample_rate": 8000, "rate": 10000},
    ],
    "adapt.time_first": [{}],
    "adapt.transpose": [{}],
    "combine.concatenate": [{}],
    "combine.gate": [{"feat_in": 4}, {"feat_in": 3, "bias": -1.0}],
    "combine.residual": [{}, {"scale": 0.5}],
    "combine.stack_frames": [
        {"feat_in": 3},
        {"feat_in": 2, "frames": 8, "stride": 3},
        {"feat_in": 2, "frames": 3, "stride": 2},
        {"feat_in": 4, "frames": 1},
    ],
    "combine.sum": [{}],
    "combine.weighted_layers": [{"layers": 3}, {"layers": 2, "norm": "layer"}],
    "pool.attentive": [{"feat_in": 4, "hidden": 5}],
    "pool.max": [{}],
    "pool.mean": [{}],
    "pool.statistics": [{}],
    "pool.time": [
        {"feat_in": 3},
        {"feat_in": 3, "stride": 3, "of": "max"},
        {"feat_in": 2, "stride": 1},
    ],
    "asr.dither": [{"sample_rate": 16000}],
    "asr.add_noise": [{"sample_rate": 16000, "probability": 0.0}],
    "asr.gain": [{"sample_rate": 16000}],
    "asr.speed_perturb": [{"sample_rate": 16000}],
    "asr.log_mel": [
        {"sample_rate": 16000, "n_mels": 8},
        {
            "sample_rate": 8000,
            "n_mels": 5,
            "hop": 0.0125,
            "normalize": "none",
            "framing": Framing(padding="reflect"),
        },
        {
            "sample_rate": 16000,
            "n_mels": 4,
            "normalize": "all_features",
            "framing": Framing(periodic=False, frames="whole", preemphasis=0.97),
            "compression": Compression(guard="add", floor=2**-24),
        },
        {
            "sample_rate": 8000,
            "n_mels": 6,
            "window": 0.04,
            "normalize": FixedScale((0.5,) * 6, (2.0,) * 6),
            "framing": Framing(shape="blackman", periodic=False, frames="between"),
            "compression": Compression(power=1.0),
            "filters": MelFilters(n_fft=512, copies=2),
        },
        {
            "sample_rate": 16000,
            "n_mels": 5,
            "normalize": "none",
            "framing": Framing(periodic=False, frames="whole", preemphasis=0.97),
            "filters": MelFilters(n_fft=512),
        },
        {"sample_rate": 8000, "n_mels": 5, "window": 0.01, "hop": 0.02, "normalize": "none"},
    ],
    "asr.stored_log_mel": [
        {"sample_rate": 16000, "n_mels": 8},
        {"sample_rate": 8000, "n_mels": 5, "window": 0.02, "hop": 0.0125, "precision": "half"},
    ],
    "asr.spec_augment": [{"freq_width": 2, "time_width": 0.3}],
    "asr.mfcc": [
        {"sample_rate": 16000, "n_mfcc": 3, "n_mels": 4},
        {"sample_rate": 8000, "n_mfcc": 5, "n_mels": 5, "framing": Framing(frames="whole")},
        {"sample_rate": 8000, "n_mfcc": 3, "n_mels": 4, "window": 0.02, "framing": Framing()},
        {"sample_rate": 8000, "n_mfcc": 3, "n_mels": 4, "normalize": "per_feature"},
        {
            "sample_rate": 8000,
            "n_mfcc": 2,
            "n_mels": 4,
            "framing": Framing(),
            "normalize": FixedScale((1.0, -1.0), (2.0, 0.5)),
        },
    ],
    "asr.conv_encoder": [
        {
            "feat_in": 5,
            "blocks": (
                ConvBlock(6, kernel=5, stride=2),
                ConvBlock(8, kernel=3, repeat=2, dilation=2, dropout=0.1),
                ConvBlock(4, kernel=3, stride=3, separable=False, residual=False),
            ),
        },
        {
            "feat_in": 4,
            "blocks": (
                ConvBlock(6, kernel=3, repeat=2, stride=2, stride_at="every", ahead=0),
                ConvBlock(6, kernel=5, repeat=2, separable=False, residual="dense", ahead=1),
                ConvBlock(4, kernel=3, residual="dense", groups=2, dilation=2),
            ),
            "activation": "hardtanh",
        },
        {
            "feat_in": 4,
            "blocks": (
                ConvBlock(6, kernel=3, excite=Excite(reduction=2)),
                ConvBlock(6, kernel=5, stride=2, excite=Excite(reduction=3, window=4)),
            ),
            "activation": "silu",
        },
        {
            "feat_in": 4,
            "blocks": (ConvBlock(6, kernel=3), ConvBlock(4, kernel=3, separable=False)),
            "activation": "selu",
            "norm": FrameNorm("group", 2),
        },
    ],
    "asr.jasper": [{"feat_in": 3, "blocks": 5, "repeat": 1, "d_model": 16}],
    "asr.quartznet": [{"feat_in": 4, "blocks": 5, "repeat": 1}],
    "asr.citrinet": [{"feat_in": 3, "width": 48, "repeat": 1, "gamma": 0.25, "d_model": 48}],
    "asr.conformer": [
        {"feat_in": 8, "d_model": 8, "layers": 1, "block": BlockSettings(heads=2, kernel=5)},
        {
            "feat_in": 5,
            "d_model": 6,
            "layers": 1,
            "stride": 2,
            "subsampling": "conv1d",
            "block": BlockSettings(heads=1, kernel=3, positions="none", norm="none"),
        },
        {
            "feat_in": 5,
            "d_model": 8,
            "layers": 2,
            "stride": 4,
            "subsampling": Subsampling("dw_conv2d", channels=8, causal=True, scale=True),
            "block": BlockSettings(heads=2, kernel=3, positions="relative_shared", norm="layer"),
            "context": Context(2, 1, "chunked", conv_right=0, others=[(4, 0)]),
            "feat_out": 6,
        },
        {
            "feat_in": 5,
            "d_model": 8,
            "layers": 2,
            "stride": 2,
            "subsampling": Subsampling("vgg", channels=4, reduction=Reduction("striding", after=1)),
            "block": BlockSettings(heads=2, kernel=3, positions="absolute", norm="instance"),
        },
        {
            "feat_in": 5,
            "d_model": 8,
            "layers": 1,
            "stride": 2,
            "subsampling": "stack_norm",
            "block": BlockSettings(heads=2, kernel=3, bias=False),
            "context": Context(3, 1, "local", conv_right=1),
        },
        {
            "feat_in": 5,
            "d_model": 8,
            "layers": 1,
            "stride": 4,
            "block": BlockSettings(heads=2, kernel=5, positions="absolute"),
            "context": Context(4, 2),
        },
        {
            "feat_in": 5,
            "d_model": 8,
            "layers": 2,
            "stride": 4,
            "subsampling": "dw_conv1d",
            "block": BlockSettings(heads=2, kernel=5, norm="layer"),
            "context": Context(None, 0, conv_right=0),
        },
    ],
    "asr.recurrent": [
        {"feat_in": 4, "d_model": 6, "layers": 2, "dropout": 0.1},
        {"feat_in": 4, "d_model": 3, "cell": "lstm", "bidirectional": False},
        {"feat_in": 4, "d_model": 5, "layers": 2, "cell": "relu", "join": "sum", "norm": "batch"},
        {"feat_in": 3, "d_model": 4, "layers": 2, "bidirectional": False, "norm": "batch"},
        {"feat_in": 3, "d_model": 5, "layers": 3, "cell": "relu", "bidirectional": False},
    ],
    "asr.conv_recurrent": [
        {
            "feat_in": 9,
            "convs": (FrequencyConv(3, (5, 3), (2, 2)), FrequencyConv(2, (3, 3), (2, 1))),
            "d_model": 4,
            "layers": 2,
        },
        {
            "feat_in": 7,
            "convs": (FrequencyConv(3, (3, 3), pool=(2, 2)), FrequencyConv(2, (3, 5), (1, 3))),
            "d_model": 3,
            "layers": 1,
            "recurrence": Recurrence(bidirectional=False, dropout=0.1),
        },
        {
            "feat_in": 5,
            "convs": (FrequencyConv(2, (3, 1), (2, 3)), FrequencyConv(2, (3, 5), (1, 2))),
            "d_model": 4,
            "layers": 2,
            "recurrence": Recurrence("lstm", bidirectional=False, norm="batch"),
        },
        {
            "feat_in": 3,
            "convs": (),
            "d_model": 3,
            "layers": 1,
            "recurrence": Recurrence("relu", bidirectional=False),
        },
    ],
    "block.residual": [
        {"feat_in": 4, "block": ROW_CONV, "repeat": 2, "scale": 0.5, "dropout": 0.1},
        {"feat_in": 4, "block": BOTH_WAYS},
    ],
    "asr.row_conv": [{"feat_in": 4, "ahead": 3}, {"feat_in": 2, "ahead": 1}],
    "asr.pyramid": [
        {"feat_in": 3, "d_model": 4, "layers": 2},
        {"feat_in": 3, "d_model": 3, "recurrence": Recurrence(bidirectional=False)},
    ],
    "asr.dense": [
        {"feat_in": 4, "d_model": 5, "context": 2, "dropout": 0.1},
        {"feat_in": 4, "d_model": 3, "layers": 1},
    ],
    "asr.attention_decoder": [
        {"feat_in": 4, "vocab": 3, "d_model": 5, "dropout": 0.1, "noise": 0.2},
        {
            "feat_in": 4,
            "vocab": 3,
            "d_model": 4,
            "layers": 1,
            "attention": AttentionSettings(width=3, filters=0),
        },
    ],
    "asr.attention_loss": [{"vocab": 3}, {"vocab": 3, "smoothing": 0.1}],
    "asr.attention_greedy": [{"vocab": Vocabulary.of(3, ALPHABET), "frame_period": 0.04}],
    "asr.wav2letter": [{"feat_in": 3, "width": 4, "wide": 5, "layers": 1, "dropout": 0.1}],
    "asr.learned_filters": [
        {"sample_rate": 16000, "filters": 3},
        {"sample_rate": 8000, "filters": 4, "window": 0.025, "hop": 0.0125},
    ],
    "asr.log_spectrogram": [
        {"sample_rate": 16000},
        {"sample_rate": 8000, "bins": 129, "window": 0.025, "normalize": "none"},
        {"sample_rate": 8000, "bins": 41, "window": 0.01, "hop": 0.02, "normalize": "none"},
        {"sample_rate": 8000, "bins": 81, "normalize": "all_features"},
        {"sample_rate": 8000, "bins": 81, "normalize": FixedScale((0.5,) * 81, (2.0,) * 81)},
    ],
    "asr.waveform_norm": [{"sample_rate": 16000}],
    "asr.wav2vec2": [
        {
            "sample_rate": 16000,
            "d_model": 8,
            "layers": 1,
            "convs": WaveformConvSettings((4, 6), kernels=(10, 8), strides=(5, 8)),
            "positions": PositionSettings(kernel=4, groups=2),
            "block": TransformerSettings(heads=2, middle=12),
        },
        {
            "sample_rate": 8000,
            "d_model": 6,
            "layers": 2,
            "convs": WaveformConvSettings((4, 5), (20, 3), (20, 2), norm="each", bias=True),
            "projection_norm": False,
            "positions": PositionSettings(kernel=3, groups=1),
            "block": TransformerSettings(heads=3, middle=5, norm_first=True, activation="relu"),
        },
    ],
    "asr.ctc_head": [{"feat_in": 4, "vocab": 3}],
    "asr.ctc_loss": [{"vocab": 3}],
    "asr.command_head": [{"feat_in": 4, "vocab": 3}],
    "asr.command_loss": [{"vocab": 3}],
    "asr.command_greedy": [
        {"vocab": Vocabulary.of(2, {"type": "tokens", "tokens": ["left", "right"]})}
    ],
    "asr.predictor": [{"vocab": 3, "d_model": 6}, {"vocab": 3, "d_model": 4, "layers": 2}],
    "asr.stateless_predictor": [
        {"vocab": 3, "d_model": 7, "context": 3},
        {"vocab": 3, "d_model": 6, "context": 1, "norm": "layer"},
    ],
    "asr.joint": [
        {"feat_in": 4, "pred_in": 3, "vocab": 3, "d_model": 6},
        {"feat_in": 4, "pred_in": 3, "vocab": 3, "d_model": 6, "activation": "tanh"},
    ],
    "asr.tdt_joint": [
        {"feat_in": 4, "pred_in": 3, "vocab": 3, "d_model": 6, "durations": (0, 1, 4)}
    ],
    "asr.transducer_loss": [{"vocab": 3}],
    "asr.tdt_loss": [{"vocab": 3, "sigma": 0.05, "omega": 0.1}],
    "asr.weighted_loss": [{"weight": 0.3}],
    "asr.transducer_greedy": [{"vocab": Vocabulary.of(3, ALPHABET), "max_symbols": 2}],
    "asr.tdt_greedy": [{"vocab": Vocabulary.of(3, ALPHABET), "frame_period": 0.08}],
    "asr.ctc_greedy": [{"vocab": Vocabulary.of(3, ALPHABET), "frame_period": 0.04}],
}
NETWORKS: dict[str, Networks] = {
    "asr.attention_greedy": lambda sizes: {
        "decoder": AttentionDecoder(sizes["D"], 3, d_model=4).eval()
    },
    "asr.transducer_greedy": lambda sizes: {
        "predictor": Predictor(3, d_model=4).eval(),
        "joint": Joint(sizes["D"], 4, 3, d_model=5).eval(),
    },
    "asr.tdt_greedy": lambda sizes: {
        "predictor": Predictor(3, d_model=4).eval(),
        "joint": TdtJoint(sizes["D"], 4, 3, d_model=5).eval(),
    },
}
CASES = [
    pytest.param(name, parameters, id=f"{name}-{number}")
    for name, choices in PARAMETERS.items()
    for number, parameters in enumerate(choices, start=1)
]


def test_every_module_is_in_the_table_here():
    assert sorted([*PARAMETERS, *SOURCES]) == REGISTRY.ids


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize(("name", "parameters"), CASES)
def test_a_module_keeps_its_contract(name, parameters, seed):
    # Exporting takes seconds, and its result does not depend on the sizes it was shown.
    faults = contract_faults(
        REGISTRY.load(name), parameters, seed=seed, export=seed == 1, networks=NETWORKS.get(name)
    )
    assert faults == []


@pytest.mark.parametrize("name", SOURCES)
def test_a_data_layer_keeps_its_contract(name, tmp_path):
    lines = []
    for number, text in enumerate(["ab", "b a b"]):
        audio = np.full(1600 * (number + 1), 0.1, dtype="float32")
        soundfile.write(tmp_path / f"{number}.wav", audio, 16000)
        line = {"audio_filepath": f"{number}.wav", "duration": len(audio) / 16000, "text": text}
        lines.append(json.dumps(line))
    manifest = tmp_path / "train.jsonl"
    manifest.write_text("\n".join(lines))
    declaration = REGISTRY.load(name)
    parameters = {"sample_rate": 16000, "tokenizer": ALPHABET, "train": manifest}
    source = declaration.cls(**parameters)
    dataset = source.dataset("train")
    batch = source.collate([dataset[0], dataset[1]])
    assert batch["text"] == ["ab", "b a b"]
    assert build_tokenizer(ALPHABET).decode(batch["tokens"][1].tolist()) == "b a b"
    assert source_faults(declaration, parameters, batch) == []
