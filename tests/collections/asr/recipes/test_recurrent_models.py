"""Deep Speech, Deep Speech 2, Wav2Letter and LAS have the sizes and the latency they state."""

import math

import pytest

from phonograph.collections import default_registry
from phonograph.collections.recipes import locate
from phonograph.graphs.check import load_graph
from phonograph.graphs.look_ahead import look_aheads
from phonograph.graphs.model import build
from phonograph.graphs.spec import PortName

# With 28 characters. Deep Speech 2 has the 86,618,400 parameters of deepspeech.pytorch, whose head
# has no biases, and 29 of those.
SIZES = {
    "deep-speech": 35_700_765,
    "deep-speech-2": 86_618_429,
    "deep-speech-2-online": 43_475_261,
    "las": 14_817_821,
    "las-ctc": 17_324_574,
    "wav2letter": 26_210_529,
    "wav2letter-wave": 26_189_279,
}


def recipe(name):
    path, title = locate(f"phonograph://asr/{name}")
    return load_graph(path, [], default_registry(), name=title)


@pytest.mark.parametrize(("name", "expected"), SIZES.items())
def test_a_recipe_has_its_size_and_states_it(name, expected):
    module = build(recipe(name), "meta").module
    assert sum(weight.numel() for weight in module.parameters()) == expected
    head, _, _ = locate(f"phonograph://asr/{name}")[0].read_text().partition("phonograph: 1")
    assert f"{expected / 1e6:.1f} million" in head.replace("\n# ", " ")


def test_the_online_form_waits_half_a_second():
    found = look_aheads(recipe("deep-speech-2-online"))[PortName("head", "log_probs")]
    # half a window, two kernels over 10 ms frames, a row convolution over 20 ms frames
    assert math.isclose(found, 159 / 16000 + 15 * 0.01 + 19 * 0.02)
    assert look_aheads(recipe("deep-speech-2"))[PortName("head", "log_probs")] == math.inf
