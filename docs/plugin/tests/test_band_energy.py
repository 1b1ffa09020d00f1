import pytest
import torch

from mylab.band_energy import BandEnergy
from phonograph.modules.contract import contract_faults
from phonograph.types.declaration import declaration_of


@pytest.mark.parametrize(
    "parameters",
    [
        {"sample_rate": 8000},
        {"sample_rate": 11025, "bands": 7, "hop": 0.005, "preemphasis": 0.0, "slopes": True},
    ],
)
@pytest.mark.parametrize("seed", range(3))
def test_it_is_what_it_declares_to_be(parameters, seed):
    assert contract_faults(declaration_of(BandEnergy), parameters, seed=seed) == []


def test_a_tone_is_loudest_in_its_band():
    tone = torch.sin(2 * torch.pi * 3000 * torch.arange(8000) / 8000).unsqueeze(0)
    features, _ = BandEnergy(8000, bands=4)(tone, torch.tensor([8000]))
    assert features[0, :, 10].argmax() == 3


@pytest.mark.parametrize("wrong", [{"hop": 1e-4}, {"bands": 0}, {"preemphasis": 2.0}])
def test_what_is_out_of_range_is_refused_by_name(wrong):
    with pytest.raises(ValueError, match=f"`{next(iter(wrong))}` must be"):
        BandEnergy(8000, **wrong)
