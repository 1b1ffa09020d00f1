"""Transducers have the sizes of NeMo's with 1,024 pieces, and state them."""

import pytest

from phonograph.collections import default_registry
from phonograph.collections.recipes import locate
from phonograph.graphs.check import load_graph
from phonograph.graphs.model import sketch
from phonograph.graphs.spec import PortName

# Counted in NeMo 3.0.0: ConformerEncoder, RNNTDecoder, RNNTJoint, ConvASRDecoder.
SIZES = {
    "conformer-transducer-small": 14_610_753,
    "conformer-transducer-medium": 32_497_153,
    "conformer-transducer-large": 120_444_929,
    "fastconformer-transducer-large": 114_095_617,
    "fastconformer-hybrid-large": 114_621_442,
    "fastconformer-tdt-large": 114_098_822,
}


def recipe(name):
    path, title = locate(f"phonograph://asr/{name}")
    return load_graph(path, [], default_registry(), name=title)


@pytest.mark.parametrize(("name", "expected"), SIZES.items())
def test_a_recipe_has_its_size_and_states_it(name, expected):
    assert sum(sketch(recipe(name)).parameter_counts().values()) == expected
    head, _, _ = locate(f"phonograph://asr/{name}")[0].read_text().partition("phonograph: 1")
    assert f"{expected / 1e6:.1f} million" in head.replace("\n# ", " ")


def test_transcribing_runs_neither_network_on_transcripts():
    view = sketch(recipe("fastconformer-tdt-large")).plan("infer")
    assert view.nodes == ("mel", "encoder", "text")
    assert view.networks == (PortName("predictor", "network"), PortName("joint", "network"))
