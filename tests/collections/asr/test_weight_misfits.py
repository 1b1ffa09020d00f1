"""Weights that a graph wants otherwise are named with both shapes."""

import torch

from phonograph.collections.asr.acoustic_graph import AcousticModel, acoustic_graph
from phonograph.collections.asr.foreign_part import Part
from phonograph.collections.asr.weight_misfits import misfits


def test_weights_that_are_missing_or_too_many_or_of_another_shape_are_told():
    encoder, mel = Part("asr.dense", {"d_model": 3}), Part("asr.log_mel", {"n_mels": 4})
    model = AcousticModel("tiny", 8000, encoder, {"mel": mel}, head=Part("asr.ctc_head"))
    graph, _ = acoustic_graph(model)
    found = misfits(graph, {"head.linear.bias": torch.ones(()), "x": torch.ones(2)}, "tiny")
    told = [str(one) for one in found if not one.name.startswith("encoder.")]
    assert told == [
        "`head.linear.bias` is [], not [29]",
        "`head.linear.weight` is missing, not [29, 3]",
        "`x` is [2], not wanted",
    ]
