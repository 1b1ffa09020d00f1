"""Look-ahead adds up along the wires."""

import math

from phonograph.graphs.look_ahead import look_aheads
from phonograph.graphs.spec import PortName

KERNELS = "modules.mel={module: asr.stored_log_mel, from: data.audio, with: {n_mels: 8}}"
CONV = (
    "modules.encoder={module: asr.conv_encoder, from: augment.features,"
    " with: {blocks: [{filters: 8, kernel: 5}]}}"
)


def test_the_ends_of_windows_and_kernels_are_counted(tiny):
    found = look_aheads(tiny(KERNELS, CONV))
    assert found[PortName("data", "audio")] == 0
    assert found[PortName("mel", "features")] == 199 / 16000
    assert found[PortName("augment", "features")] == 199 / 16000
    assert math.isclose(found[PortName("encoder", "encoded")], 199 / 16000 + 2 * 0.01)
    assert math.isclose(found[PortName("head", "log_probs")], 199 / 16000 + 2 * 0.01)


def test_what_needs_the_whole_utterance_is_infinite(tiny):
    found = look_aheads(tiny(KERNELS))
    assert found[PortName("head", "log_probs")] == math.inf


def test_only_outputs_with_time_have_one(tiny):
    assert PortName("text", "text") not in look_aheads(tiny())
    assert PortName("encoder", "lengths") not in look_aheads(tiny())


def test_what_a_setting_left_open_decides_is_not_known(tiny):
    row = 'modules.row={module: asr.row_conv, from: encoder.encoded, with: {ahead: "???"}}'
    found = look_aheads(tiny(KERNELS, CONV, row, "modules.head.from=row.encoded"))
    assert PortName("encoder", "encoded") in found
    assert PortName("row", "encoded") not in found
    assert PortName("head", "log_probs") not in found
