import pytest
import torch

from phonograph.collections.asr.foreign_part import Part
from phonograph.collections.asr.foreign_settings import read_settings
from phonograph.collections.asr.nemo import ctc_head
from phonograph.collections.asr.nemo.inverse import inverse_weights


def test_renaming_there_and_back_changes_nothing():
    ours = {"linear.weight": torch.randn(3, 4), "linear.bias": torch.randn(3)}
    theirs = inverse_weights(ctc_head.translate, read_settings("{}"), ours)
    again = ctc_head.translate(read_settings("{}"), theirs).weights
    assert again.keys() == ours.keys()
    assert all(torch.equal(again[name], ours[name]) for name in ours)


def test_what_all_layers_share_is_given_to_each():
    def translate(settings, weights):
        copies = [weights[f"layers.{number}.bias"] for number in range(3)]
        return Part("asr.conformer", {}, {"bias": copies[0]})

    shared = torch.randn(4)
    found = inverse_weights(translate, read_settings("{}"), {"bias": shared})
    assert list(found) == ["layers.0.bias", "layers.1.bias", "layers.2.bias"]
    assert all(torch.equal(tensor, shared) for tensor in found.values())


def test_a_translator_may_walk_over_the_names_it_is_told():
    def translate(settings, weights):
        return Part("asr.conformer", {}, {name.upper(): weights[name] for name in weights})

    found = inverse_weights(translate, read_settings("{}"), {"A": torch.ones(1)}, ["a"])
    assert list(found) == ["a"]


def test_a_tensor_that_we_do_not_have_is_an_error():
    with pytest.raises(KeyError, match=r"linear\.bias"):
        inverse_weights(
            ctc_head.translate, read_settings("{}"), {"linear.weight": torch.ones(2, 2)}
        )
