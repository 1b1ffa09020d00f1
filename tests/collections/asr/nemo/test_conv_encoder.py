"""Convolutional encoders of NeMo give the same here.

The goldens were made by scripts/make_conv_encoder_goldens.py.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import get_type_hints

import numpy as np
import pytest
import torch

from phonograph.collections.asr.conv_encoder import ConvEncoder
from phonograph.collections.asr.foreign_part import Part
from phonograph.collections.asr.foreign_settings import read_settings
from phonograph.collections.asr.foreign_weights import Weights
from phonograph.collections.asr.nemo.archive import read_archive
from phonograph.collections.asr.nemo.conv_encoder import translate
from phonograph.graphs.parameters import convert

GOLDENS = Path(__file__).parent / "goldens"
CASES = sorted(path.stem for path in GOLDENS.glob("conv_*.npz"))
FIXTURES = Path(os.environ.get("PHONOGRAPH_FIXTURES", "fixtures"))
MODELS = ("quartznet_tiny", "jasper_tiny", "citrinet_tiny_bpe")

ROW = "filters: 8, repeat: 1, kernel: [3], stride: [1], dilation: [1], residual: false"


def built(part: Part) -> ConvEncoder:
    hints = get_type_hints(ConvEncoder.__init__)
    given = {name: convert(value, hints[name], Path()) for name, value in part.arguments.items()}
    encoder = ConvEncoder(**given)
    encoder.load_state_dict(dict(part.weights))
    return encoder.eval()


def assert_alike(encoder: ConvEncoder, reference) -> None:
    features, lengths = (torch.from_numpy(reference[key]) for key in ("features", "features_len"))
    with torch.no_grad():
        encoded, counts = encoder(features, lengths)
    assert counts.tolist() == reference["encoded_len"].tolist()
    for row, count in enumerate(counts.tolist()):
        expected = torch.from_numpy(reference["encoded"][row, :, :count])
        torch.testing.assert_close(encoded[row, :, :count], expected, atol=1e-4, rtol=0)


@pytest.mark.parametrize("name", CASES)
def test_an_encoder_of_any_kind_gives_the_same(name):
    with np.load(GOLDENS / f"{name}.npz") as stored:
        reference = dict(stored)
    settings = read_settings(str(reference.pop("configuration")))
    tensors = {name: torch.from_numpy(array) for name, array in reference.items()}
    weights = Weights({n: t for n, t in tensors.items() if n.startswith("encoder.")})
    part = translate(settings.section("encoder"), weights.under("encoder."))
    assert (settings.faults(), weights.untaken()) == ([], [])
    assert_alike(built(part), reference)


def test_the_goldens_are_here():
    assert len(CASES) == 10


@pytest.mark.skipif(not FIXTURES.is_dir(), reason="the reference checkpoints are not here")
@pytest.mark.parametrize("model", MODELS)
def test_a_reference_checkpoint_gives_the_same(model):
    archive = read_archive(FIXTURES / model / "model.nemo")
    section = read_settings(archive.configuration).section("encoder")
    weights = Weights(archive.tensors).under("encoder.")
    encoder = built(translate(section, weights))
    assert section.sound
    assert weights.untaken() == []
    with np.load(FIXTURES / model / "reference.npz") as reference:
        assert_alike(encoder, reference)


class Everything(dict[str, torch.Tensor]):
    """Weights of any name."""

    def __missing__(self, name: str) -> torch.Tensor:
        return torch.zeros(1)


def faults_of(settings: str) -> list[str]:
    read = read_settings(f"{{feat_in: 4, {settings}}}")
    translate(read, Everything())
    return [fault.message for fault in read.faults()]


def row(**changed: object) -> str:
    given = dict(pair.split(": ", 1) for pair in ROW.split(", "))
    given |= {name: str(value).lower() for name, value in changed.items()}
    return "{" + ", ".join(f"{name}: {value}" for name, value in given.items()) + "}"


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ("conv_mask: false,", "`conv_mask`: must be true: else padding changes results"),
        ("quantize: true,", "`quantize`: quantised weights are not supported"),
        ("activation: mish,", '`activation` is the text "mish", which is not supported'),
        ("shuffle: 3,", "`shuffle` is not supported"),
    ],
)
def test_a_setting_that_is_not_supported_is_named(settings, told):
    assert faults_of(f"{settings} jasper: [{row()}]") == [told]


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        ([row(heads=2)], "`jasper.0.heads`: weights shared between channels are not supported"),
        (
            [row(), row(residual="true", residual_mode="concat")],
            "`jasper.1.residual_mode`: only add, stride_add, max are supported",
        ),
        (
            [row(residual="true", residual_dense="true", residual_mode="max")],
            "`jasper.0.residual_mode`: must be add in a dense block",
        ),
        (
            [row(stride="[2]", residual="true", residual_mode="max")],
            "`jasper.0.residual_mode`: must be stride_add where a residual block strides",
        ),
        (
            [row(stride="[2]", residual="true")],
            "`jasper.0.residual_mode`: must be stride_add where a residual block strides",
        ),
        (
            [row(stride="[2]", repeat=2, residual="true", residual_mode="stride_add")],
            "`jasper.0.stride_last`: must be true where a residual block repeats and strides",
        ),
        (
            [row(stride="[2]", dilation="[2]")],
            "`jasper.0.dilation`: must be 1 where a block strides",
        ),
        (
            [row(dilation="[2]", future_context=1)],
            "`jasper.0.future_context`: is not supported where a block dilates",
        ),
        ([row(residual_dense="true")], "`jasper.0.residual_dense`: needs `residual`"),
        (
            [row(residual="true", residual_dense="true"), row(residual="true")],
            "`jasper.1.residual`: must be dense, or false, after a dense block",
        ),
        (
            [
                row(residual="true", residual_dense="true"),
                row(),
                row(residual="true", residual_dense="true"),
            ],
            "`jasper.2.residual_dense`: only one run of dense blocks is supported",
        ),
        (
            [row(stride="[2]", residual="true", residual_dense="true", residual_mode="stride_add")],
            "`jasper.0.residual_dense`: is not supported where a block strides",
        ),
        ([row(kernel="[3, 3]")], "`jasper.0.kernel`: one whole number in brackets is wanted"),
        ([row(inplace="true")], "`jasper.0.inplace` is not supported"),
        ([row().replace("filters: 8, ", "")], "`jasper.0.filters` is missing"),
    ],
)
def test_a_row_that_is_not_supported_is_named_with_its_place(rows, told):
    assert faults_of(f"jasper: [{', '.join(rows)}]") == [told]


def test_a_mode_holds_on_until_another_row_changes_it():
    rows = [
        row(residual="true", stride="[2]", residual_mode="stride_add"),
        row(residual="true", stride="[2]"),
        row(residual="true", residual_mode="add"),
        row(residual="true", stride="[2]"),
    ]
    told = "`jasper.3.residual_mode`: must be stride_add where a residual block strides"
    assert faults_of(f"jasper: [{', '.join(rows)}]") == [told]


@pytest.mark.parametrize(("pad_to", "counted"), [(16, 16), (0, 1)])
def test_norms_of_single_utterances_count_the_padding_of_the_front_end(pad_to, counted):
    read = read_settings(f"{{feat_in: 4, normalization_mode: layer, jasper: [{row()}]}}")
    part = translate(read, Everything(), pad_to=pad_to)
    assert part.arguments["norm"] == {"kind": "layer", "padding": counted}
