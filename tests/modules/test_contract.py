"""Lies planted in small modules; each must be found."""

from __future__ import annotations

import math
import re

import pytest
import torch
from torch import nn

from phonograph.modules.contract import contract_faults, source_faults
from phonograph.types.declaration import declaration_of
from phonograph.types.kinds import (
    Encoded,
    Features,
    Hypotheses,
    Lengths,
    LogProbs,
    Loss,
    Mask,
    Network,
    Probs,
    Text,
    Tokens,
)
from phonograph.types.ports import ports
from phonograph.types.registry import register

HALVED = {"encoded": Encoded("B 4 ceil(T/2)"), "lengths": Lengths("B", of="ceil(T/2)")}


def declared(forward, out, **attributes):
    """Declare a module that takes features of width 3 and does `forward`."""

    class Tiny(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv = nn.Conv1d(3, 4, 1, stride=2)

        @ports(features=Features("B 3 T"), lengths=Lengths("B", of="T"), out=out)
        def forward(self, features, lengths):
            return forward(self, features, lengths)

    for name, value in attributes.items():
        setattr(Tiny, name, value)
    return declaration_of(register("test.tiny", version=1)(Tiny))


def faults(forward, out=HALVED, *, export=False, **attributes):
    return contract_faults(declared(forward, out, **attributes), {}, seed=0, export=export)


def halve(self, features, lengths):
    return self.conv(features), (lengths + 1) // 2


def valid(features, lengths):
    return torch.arange(features.shape[2]) < lengths[:, None]


def test_an_honest_module_has_no_faults():
    assert faults(halve, export=True) == []


def test_a_larger_stride_than_declared_is_found():
    def third(self, features, lengths):
        return self.conv(features)[:, :, ::2], (lengths + 1) // 2

    assert faults(third) == [
        "encoded: `ceil(T/2)` says at least 19 for T=38, there are 10",
        "encoded: `ceil(T/2)` says at least 13 for T=26, there are 7",
    ]


def test_a_smaller_stride_than_declared_is_found():
    def whole(self, features, lengths):
        return self.conv(features).repeat_interleave(2, dim=2), (lengths + 1) // 2

    assert faults(whole)[0] == "encoded: `ceil(T/2)` says about 19 for T=38, there are 38"


def test_a_wrong_width_is_found():
    out = {**HALVED, "encoded": Encoded("B 5 ceil(T/2)")}
    assert faults(halve, out) == ["encoded: `5` is 5, there are 4"]


def test_swapped_axes_are_found():
    out = {**HALVED, "encoded": Encoded("B ceil(T/2) 4")}
    assert faults(halve, out)[:2] == [
        "encoded: `ceil(T/2)` says at least 19 for T=38, there are 4",
        "encoded: `4` is 4, there are 19",
    ]


def test_a_missing_axis_is_found():
    def flat(self, features, lengths):
        return self.conv(features).mean(dim=1), (lengths + 1) // 2

    assert faults(flat)[0] == "encoded: declared as [B 4 ceil(T/2)], its shape is [4, 19]"


def test_ports_that_share_an_axis_and_differ_in_size_are_found():
    def uneven(self, features, lengths):
        mask = torch.ones(len(lengths), (features.shape[2] + 1) // 2 + 1, dtype=torch.bool)
        return self.conv(features), mask

    out = {"encoded": HALVED["encoded"], "mask": Mask("B ceil(T/2)")}
    assert faults(uneven, out)[0] == "mask: `ceil(T/2)` is 20 long here and 19 in encoded"


def test_wrong_lengths_are_found():
    def rounded_down(self, features, lengths):
        return self.conv(features), lengths // 2

    assert faults(rounded_down)[0] == (
        "lengths: `ceil(T/2)` says [19, 10, 11, 19], they are [19, 9, 11, 19]"
    )


def test_lengths_of_another_type_are_found():
    def narrow(self, features, lengths):
        return self.conv(features), ((lengths + 1) // 2).int()

    assert faults(narrow) == ["lengths: Lengths cannot be torch.int32"]


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16])
def test_lengths_that_are_no_whole_numbers_are_found(dtype):
    def halved(self, features, lengths):
        return self.conv(features), ((lengths + 1) / 2).to(dtype)

    assert faults(halved) == [f"lengths: Lengths cannot be {dtype}"]


def test_a_wrong_number_of_results_is_an_error():
    def bare(self, features, lengths):
        return (self.conv(features),)

    with pytest.raises(ValueError, match="zip"):
        faults(bare)


def test_leaking_padding_is_found():
    def leaking(self, features, lengths):
        return self.conv(features - features.mean(dim=2, keepdim=True)), (lengths + 1) // 2

    found = faults(leaking)
    assert found
    message = r"encoded: an utterance differs by [\d.]+ between alone and in a batch"
    assert all(re.fullmatch(message, fault) for fault in found)


def test_padding_that_makes_results_infinite_is_found():
    def overflowing(self, features, lengths):
        return self.conv(features) * (features.amax() / 10).exp().exp(), (lengths + 1) // 2

    message = "encoded: an utterance differs by inf between alone and in a batch"
    assert message in faults(overflowing)


def test_a_named_waiver_allows_leaking_padding():
    def leaking(self, features, lengths):
        return self.conv(features - features.mean(dim=2, keepdim=True)), (lengths + 1) // 2

    whole = staticmethod(lambda: math.inf)
    waiver = "a published model was trained so"
    assert faults(leaking, padding_waiver=waiver, look_ahead=whole) == []


def test_a_loss_that_hears_the_padding_is_found():
    def loss(self, features, lengths):
        return self.conv(features).square().mean()

    found = faults(loss, {"loss": Loss("")})
    assert re.fullmatch(r"loss: what is in the padding changes it by [\d.e+]+", found[0])


def test_a_dead_parameter_is_found():
    def half_dead(self, features, lengths):
        return nn.functional.conv1d(features, self.conv.weight, stride=2), (lengths + 1) // 2

    assert faults(half_dead) == ["conv.bias: no gradient reaches it"]


def test_a_detached_parameter_is_found():
    def detached(self, features, lengths):
        weight, bias = self.conv.weight.detach(), self.conv.bias
        return nn.functional.conv1d(features, weight, bias, stride=2), (lengths + 1) // 2

    assert faults(detached) == ["conv.weight: no gradient reaches it"]


def test_a_gradient_that_is_not_finite_is_found():
    def rooted(self, features, lengths):
        return (self.conv(features) * 0).square().sqrt(), (lengths + 1) // 2

    assert faults(rooted) == [
        "conv.weight: its gradient is not finite",
        "conv.bias: its gradient is not finite",
    ]


def test_a_module_that_cuts_the_gradient_off_is_found():
    def cut(self, features, lengths):
        return self.conv(features).detach(), (lengths + 1) // 2

    assert faults(cut) == [
        "conv.weight: no gradient reaches it",
        "conv.bias: no gradient reaches it",
    ]


def test_randomness_in_evaluation_is_found():
    def noisy(self, features, lengths):
        return self.conv(nn.functional.dropout(features, 0.5)), (lengths + 1) // 2

    assert faults(noisy) == ["encoded: changes from run to run"]


def test_a_change_of_the_input_in_place_is_found():
    def rude(self, features, lengths):
        return self.conv(features.clamp_(min=0)), (lengths + 1) // 2

    assert faults(rude) == ["features: changed in place"]


def test_values_that_are_not_finite_are_found():
    def divided(self, features, lengths):
        return self.conv(features) / 0, (lengths + 1) // 2

    assert faults(divided)[0] == "encoded: not finite in utterance 0"


@pytest.mark.parametrize("kind", [LogProbs, Probs])
def test_scores_that_are_no_probabilities_are_found(kind):
    def scored(self, features, lengths):
        return self.conv(features).transpose(1, 2)

    found = faults(scored, {"scores": kind("B ceil(T/2) 4", vocab="")})
    assert found[0] == "scores: probabilities do not sum to 1 in utterance 0"


def test_a_tensor_from_a_port_of_text_is_found():
    def numbers(self, features, lengths):
        return lengths

    assert faults(numbers, {"text": Text("B")}) == ["text: Text is a list, not a Tensor"]


@register("test.searcher", version=1)
class Searcher(nn.Module):
    """Read a number per utterance off a network, and off the padding when asked to."""

    def __init__(self, frames: int = 0) -> None:
        super().__init__()
        self.frames = frames

    @ports(
        features=Features("B D T"),
        lengths=Lengths("B", of="T"),
        joint=Network(role="joint", vocab=""),
        out={"hypotheses": Hypotheses("B")},
    )
    def forward(self, features, lengths, joint):
        steps = lengths + self.frames
        totals = [joint(row[:, :end].mT).sum() for row, end in zip(features, steps, strict=True)]
        return [(float(total) * (1 + len(totals) * 1e-7),) for total in totals]


@pytest.mark.parametrize("frames", [0, 1])
def test_a_module_with_a_network_is_run_with_one_that_fits(frames):
    found = contract_faults(
        declaration_of(Searcher),
        {"frames": frames},
        seed=0,
        networks=lambda sizes: {"joint": nn.Linear(sizes["D"], 1)},
    )
    wrong = "hypotheses: an utterance differs by inf between alone and in a batch"
    assert found == [wrong] * frames  # rounding is no difference, the padding is


def test_a_module_that_cannot_be_exported_is_found():
    def peeking(self, features, lengths):
        longest = int(lengths.max())
        return self.conv(features)[:, :, : (longest + 1) // 2 + 1], (lengths + 1) // 2

    found = faults(peeking, export=True)
    assert len(found) == 1
    assert found[0].startswith("cannot be exported: ")
    assert faults(peeking, export=True, exports="it looks at the lengths") == []


def test_a_length_that_the_export_would_fix_is_found():
    def unrolled(self, features, lengths):
        frames = [self.conv(frame) for frame in features[:, :, ::2].split(1, dim=2)]
        return torch.cat(frames, dim=2), (lengths + 1) // 2

    found = faults(unrolled, export=True)
    assert len(found) == 1
    assert found[0].startswith("cannot be exported: ")


def test_a_fresh_axis_takes_its_lengths_from_the_outputs():
    def repeat(self, features, lengths):
        mask = valid(features, lengths)[:, None]
        frames = self.conv(features.masked_fill(~mask, 0).repeat_interleave(4, dim=2))
        return frames, lengths * 2

    out = {"encoded": Encoded("B 4 T2"), "lengths": Lengths("B", of="T2")}
    assert faults(repeat, out, export=True) == []

    def too_long(self, features, lengths):
        return repeat(self, features, lengths)[0], lengths * 3

    assert (
        faults(too_long, out)[0] == "lengths: `T2` is 76 long, the lengths are [114, 57, 66, 114]"
    )


class Source:
    def __init__(self, vocab: int) -> None: ...

    @ports(out={"tokens": Tokens("B L"), "token_lengths": Lengths("B", of="L"), "text": Text("B")})
    def batch(self): ...


def source_with(**batch):
    good = {
        "tokens": torch.tensor([[0, 1], [2, 0]]),
        "token_lengths": torch.tensor([2, 1]),
        "text": ["a", "b"],
    }
    declaration = declaration_of(register("test.source", version=1)(Source))
    return source_faults(declaration, {"vocab": 3}, {**good, **batch})


def test_an_honest_source_has_no_faults():
    assert source_with() == []


def test_what_a_source_gets_wrong_is_found():
    assert source_with(text=["a"]) == ["text: `B` is 2, there are 1"]
    assert source_with(token_lengths=torch.tensor([3, 1])) == [
        "token_lengths: `L` is 2 long, the lengths are [3, 1]"
    ]
    assert source_with(tokens=torch.tensor([[0, 3], [2, 9]])) == [
        "tokens: tokens outside 0 to 2 in utterance 0"
    ]


def test_a_source_that_forgets_a_port_is_found():
    declaration = declaration_of(register("test.source", version=1)(Source))
    assert source_faults(declaration, {"vocab": 3}, {"text": ["a"]}) == [
        "tokens: declared, not given",
        "token_lengths: declared, not given",
    ]
