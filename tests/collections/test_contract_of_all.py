"""Every registered module is what it declares to be."""

from __future__ import annotations

import json

import numpy as np
import pytest
import soundfile

from phonograph.collections import default_registry
from phonograph.data.tokenizers import build_tokenizer
from phonograph.modules.conformer_block import BlockSettings
from phonograph.modules.contract import contract_faults, source_faults
from phonograph.modules.conv_block import ConvBlock
from phonograph.types.vocabulary import Vocabulary

REGISTRY = default_registry()
SOURCES = [name for name in REGISTRY.ids if REGISTRY.load(name).is_source]
ALPHABET = {"type": "characters", "alphabet": "ab "}

PARAMETERS: dict[str, list[dict[str, object]]] = {
    "asr.log_mel": [
        {"sample_rate": 16000, "n_mels": 8},
        {
            "sample_rate": 8000,
            "n_mels": 5,
            "hop": 0.0125,
            "normalize": "none",
            "padding": "reflect",
        },
    ],
    "asr.stored_log_mel": [
        {"sample_rate": 16000, "n_mels": 8},
        {"sample_rate": 8000, "n_mels": 5, "window": 0.02, "hop": 0.0125, "precision": "half"},
    ],
    "asr.spec_augment": [{"freq_width": 2, "time_width": 0.3}],
    "asr.conv_encoder": [
        {
            "feat_in": 5,
            "blocks": (
                ConvBlock(6, kernel=5, stride=2),
                ConvBlock(8, kernel=3, repeat=2, dilation=2, dropout=0.1),
                ConvBlock(4, kernel=3, stride=3, separable=False, residual=False),
            ),
        }
    ],
    "asr.quartznet": [{"feat_in": 4, "blocks": 5, "repeat": 1}],
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
    ],
    "asr.recurrent": [
        {"feat_in": 4, "d_model": 6, "layers": 2, "dropout": 0.1},
        {"feat_in": 4, "d_model": 3, "cell": "lstm", "bidirectional": False},
    ],
    "asr.ctc_head": [{"feat_in": 4, "vocab": 3}],
    "asr.ctc_loss": [{"vocab": 3}],
    "asr.ctc_greedy": [{"vocab": Vocabulary.of(3, ALPHABET), "frame_period": 0.04}],
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
    faults = contract_faults(REGISTRY.load(name), parameters, seed=seed, export=seed == 1)
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
