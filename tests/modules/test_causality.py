"""Modules that look further than they say, less far than they say, and exactly as far."""

import math
from dataclasses import replace

import pytest
import torch
from torch import nn
from torch.nn import functional

from phonograph.modules.contract import contract_faults
from phonograph.modules.resample import Resample
from phonograph.types.declaration import declaration_of
from phonograph.types.kinds import Encoded, Features, Lengths
from phonograph.types.ports import ports
from phonograph.types.registry import register


def faults_of(forward, ahead, stride=1):
    term = f"ceil(T/{stride})" if stride > 1 else "T"

    class Tiny(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.weight = nn.Parameter(torch.randn(3, 3, 5))

        @staticmethod
        def look_ahead() -> float:
            return ahead

        @ports(
            features=Features("B 3 T"),
            lengths=Lengths("B", of="T"),
            out={"encoded": Encoded(f"B 3 {term}"), "lengths": Lengths("B", of=term)},
        )
        def forward(self, features, lengths):
            mask = torch.arange(features.shape[2]) < lengths[:, None]
            encoded = forward(features * mask[:, None], self.weight)
            return encoded, (lengths + stride - 1) // stride

    return contract_faults(
        declaration_of(register("test.tiny", version=1)(Tiny)), {}, seed=0, export=False
    )


def around(x, weight):
    return functional.conv1d(x, weight, padding=2)


def before(x, weight):
    return functional.conv1d(functional.pad(x, (4, 0)), weight)


def halving(x, weight):
    return functional.conv1d(x, weight, padding=2, stride=2)


def whole(x, weight):
    return around(x, weight) + x.sum(2, keepdim=True)


def fading(x, weight):
    """Read from the end, each step a tenth as loud as the one before."""
    reach = torch.arange(x.shape[2])
    fall = torch.where(reach >= reach[:, None], 0.1 ** (reach - reach[:, None]), 0.0)
    return x @ fall.T + around(x, weight)


@pytest.mark.parametrize(
    ("forward", "ahead", "stride"),
    [
        (around, 2, 1),
        (before, 0, 1),
        (halving, 2, 2),
        (whole, math.inf, 1),
        (fading, math.inf, 1),
    ],
)
def test_an_honest_look_ahead_is_accepted(forward, ahead, stride):
    assert faults_of(forward, ahead, stride) == []


def test_looking_further_than_declared_is_found():
    assert faults_of(around, 1) == [
        "encoded: frame 0 depends on steps after 1, against its look_ahead"
    ]


def test_looking_less_far_than_declared_is_found():
    assert faults_of(before, 1) == ["encoded: no frame looks 1 steps ahead, as look_ahead says"]


def test_claiming_the_whole_utterance_without_need_is_found():
    assert faults_of(around, math.inf) == [
        "encoded: it does not depend on the whole utterance, as look_ahead says"
    ]


@pytest.mark.parametrize(("sample_rate", "rate"), [(16000, 8000), (16000, 12000), (8000, 10000)])
@pytest.mark.parametrize("more", [-1, 0, 1])
def test_one_sample_too_many_or_too_few_is_found_though_not_every_sample_is_tried(
    sample_rate, rate, more
):
    declared = declaration_of(Resample)
    claimed = replace(
        declared, look_ahead=lambda sample_rate, rate: Resample.look_ahead(sample_rate, rate) + more
    )
    parameters = {"sample_rate": sample_rate, "rate": rate}
    faults = contract_faults(claimed, parameters, seed=1, export=False)
    assert [("against its look_ahead" in one, "no frame looks" in one) for one in faults] == (
        [] if more == 0 else [(more < 0, more > 0)]
    )
