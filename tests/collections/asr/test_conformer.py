"""The Conformer encoder keeps its word."""

import re

import pytest
import torch

from phonograph.collections.asr.conformer import Conformer
from phonograph.modules.conformer_block import BlockSettings
from phonograph.modules.contract import contract_faults
from phonograph.types.declaration import declaration_of

SMALL = BlockSettings(heads=2, kernel=3)


@pytest.mark.parametrize("subsampling", ["conv2d", "conv1d"])
@pytest.mark.parametrize("stride", [1, 2, 4])
@pytest.mark.parametrize(
    ("positions", "norm"), [("relative", "batch"), ("none", "layer"), ("relative", "none")]
)
def test_every_form_of_it_keeps_the_contract(subsampling, stride, positions, norm):
    parameters = {
        "feat_in": 7,
        "d_model": 8,
        "layers": 2,
        "stride": stride,
        "subsampling": subsampling,
        "block": BlockSettings(heads=2, kernel=3, positions=positions, norm=norm),
    }
    export = stride == 2
    assert contract_faults(declaration_of(Conformer), parameters, seed=3, export=export) == []


def test_the_padding_of_the_result_is_zero():
    encoder = Conformer(7, d_model=8, layers=1, block=SMALL)
    encoded, lengths = encoder(torch.randn(2, 7, 20), torch.tensor([20, 9]))
    assert lengths.tolist() == [5, 3]
    assert not encoded[1, :, 3:].any()
    assert encoded[1, :, :3].all()


def test_the_small_one_of_the_paper_has_about_ten_million_parameters():
    encoder = Conformer(80, d_model=144, layers=16, stride=4, block=BlockSettings(kernel=31))
    total = sum(parameter.numel() for parameter in encoder.parameters())
    assert 8.5e6 < total < 10.5e6  # 10.3 million there, with a decoder


def test_weights_have_the_names_that_checkpoints_use():
    names = Conformer(7, d_model=8, layers=2, block=SMALL).state_dict()
    for name in ("layers.0.attention.query.weight", "layers.1.attention.bias_u"):
        assert name in names
    assert names["layers.0.attention.bias_v"].shape == (2, 4)
    assert "layers.0.attention.position.bias" not in names
    assert "subsampling.convs.1.weight" in names
    assert "subsampling.out.weight" in names


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ({"layers": 0}, "`layers` must be at least 1, not 0"),
        ({"d_model": 0}, "`d_model` must be at least 1, not 0"),
        ({"d_model": 10}, "`block.heads`: 4 heads do not divide `d_model` 10"),
        ({"stride": 3}, "`stride` must be a power of two such as 1, 2, 4 or 8, not 3"),
    ],
)
def test_an_argument_out_of_range_is_refused(arguments, told):
    with pytest.raises(ValueError, match=f"^{re.escape(told)}$"):
        Conformer(7, **arguments)
