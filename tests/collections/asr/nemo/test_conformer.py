"""Conformer encoders of NeMo give the same here.

The goldens were made by scripts/make_conformer_goldens.py.
"""

from __future__ import annotations

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

GOLDENS = Path(__file__).parent / "goldens"
CASES = sorted(path.stem for path in GOLDENS.glob("conformer_*.npz"))
FIXTURES = Path("/work/shared/fixtures")
MODELS = (
    "conformer_ctc_tiny_bpe",
    "conformer_ctc_tiny_char",
    "conformer_transducer_tiny_bpe",
    "fastconformer_ctc_tiny_bpe",
)


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
    part = translate(settings.section("encoder"), weights.under("encoder."))
    assert (settings.faults(), weights.untaken()) == ([], [])
    assert_alike(built(part), reference)


def test_the_goldens_are_here():
    assert len(CASES) == 26


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
