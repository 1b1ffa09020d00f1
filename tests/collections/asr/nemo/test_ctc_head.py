"""A convolution over single frames is a linear layer."""

import torch
from torch import nn

from phonograph.collections.asr.ctc_head import CtcHead
from phonograph.collections.asr.foreign_settings import read_settings
from phonograph.collections.asr.nemo.ctc_head import translate


def test_the_scores_are_those_of_the_convolution():
    theirs = nn.Conv1d(6, 4, 1)
    weights = {f"decoder_layers.0.{k}": v.detach() for k, v in theirs.state_dict().items()}
    settings = read_settings("{feat_in: 6, num_classes: 3, vocabulary: [a, b, c], init_mode: x}")
    part = translate(settings, weights)
    assert settings.faults() == []
    ours = CtcHead(6, 3)
    ours.load_state_dict(dict(part.weights))
    frames = torch.randn(2, 6, 5)
    expected = theirs(frames).transpose(1, 2).log_softmax(2)
    torch.testing.assert_close(ours(frames), expected)


def test_another_decoder_or_no_blank_is_refused():
    lstm = read_settings("_target_: nemo.collections.asr.modules.LSTMDecoder")
    translate(lstm, {})
    layer = {f"decoder_layers.0.{name}": torch.ones(1, 1, 1) for name in ("weight", "bias")}
    bare = read_settings("add_blank: false")
    translate(bare, layer)
    told = [fault.message for settings in (lstm, bare) for fault in settings.faults()]
    assert told == [
        "`_target_`: `nemo.collections.asr.modules.LSTMDecoder` is not supported; "
        "ConvASRDecoder is",
        "`add_blank`: the blank must be the last class",
    ]
