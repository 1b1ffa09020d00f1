"""Conformer encoders of NeMo give the same here.

The goldens were made by scripts/make_conformer_goldens.py.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import get_type_hints

import numpy as np
import pytest
import torch
import yaml

from phonograph.collections.asr.conformer import Conformer
from phonograph.collections.asr.foreign_part import Part
from phonograph.collections.asr.foreign_settings import read_settings
from phonograph.collections.asr.foreign_weights import Weights
from phonograph.collections.asr.nemo.archive import read_archive
from phonograph.collections.asr.nemo.conformer import translate
from phonograph.graphs.parameters import convert

PADDED = 90  # frames of the batches in the goldens
GOLDENS = Path(__file__).parent / "goldens"
CASES = sorted(path.stem for path in GOLDENS.glob("conformer_*.npz"))
FIXTURES = Path(os.environ.get("PHONOGRAPH_FIXTURES", "fixtures"))
MODELS = (
    "conformer_ctc_tiny_bpe",
    "conformer_ctc_tiny_char",
    "conformer_transducer_tiny_bpe",
    "fastconformer_ctc_tiny_bpe",
)


class Everything(dict[str, torch.Tensor]):
    """Weights of any name."""

    def __missing__(self, name: str) -> torch.Tensor:
        return torch.zeros(1, 1, 1)


def built(part: Part) -> Conformer:
    hints = get_type_hints(Conformer.__init__)
    given = {name: convert(value, hints[name], Path()) for name, value in part.arguments.items()}
    encoder = Conformer(**given)
    encoder.load_state_dict(dict(part.weights))
    return encoder.eval()


def assert_alike(encoder: Conformer, reference) -> None:
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
    part = translate(settings.section("encoder"), weights.under("encoder."), pad_to=PADDED)
    assert (settings.faults(), weights.untaken()) == ([], [])
    assert_alike(built(part), reference)


def test_the_goldens_are_here():
    assert len(CASES) == 30


@pytest.mark.parametrize(
    ("written", "pad_to", "padding"),
    [
        ("subsampling: stacking, subsampling_factor: 4", 16, None),
        ("subsampling: stacking, subsampling_factor: 3", 16, 16),
        ("subsampling: stacking_norm, subsampling_factor: 4", 0, 1),
        ("conv_norm_type: group_norm4", 8, 8),
        ("conv_norm_type: instance_norm", 0, 1),
        ("conv_norm_type: layer_norm", 16, None),
    ],
)
def test_the_padding_of_the_front_end_counts_where_it_does_for_nemo(written, pad_to, padding):
    settings = read_settings(f"{{feat_in: 6, n_layers: 1, d_model: 8, {written}}}")
    part = translate(settings, Everything(), pad_to=pad_to)
    assert settings.faults() == []
    assert part.arguments["subsampling"].get("padding") == padding


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("conv_norm_type: group_norm3", "`conv_norm_type`: the groups do not divide `d_model`"),
        (
            "conv_norm_type: group_norm0",
            '`conv_norm_type` is the text "group_norm0", which is not supported',
        ),
        (
            "subsampling: stacking, subsampling_factor: 3",
            "`subsampling`: stacks would be filled up with the front end's `pad_value`",
        ),
    ],
)
def test_norms_and_padding_that_cannot_be_are_refused(written, told):
    settings = read_settings(f"{{feat_in: 6, n_layers: 1, d_model: 8, {written}}}")
    translate(settings, {}, pad_to=16, pad_value=-3.0)
    assert [fault.message for fault in settings.faults()] == [told]


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


@pytest.mark.parametrize("key", ["att_context_size", "att_context_probs"])
@pytest.mark.parametrize("value", [3, True, 1.5])
def test_a_context_that_is_no_list_is_refused(key, value):
    section = {"feat_in": 8, "n_layers": 1, "d_model": 8, "att_context_size": [[4, 1], [2, 1]]}
    settings = read_settings(yaml.safe_dump({**section, key: value}))
    translate(settings, {})
    assert [fault.message.partition(":")[0] for fault in settings.faults()] == [f"`{key}`"]
