from __future__ import annotations

from fractions import Fraction

import pytest
import torch
from torch import nn

from phonograph.modules.random_inputs import alone, draw, numbers_of, spoilt
from phonograph.types.declaration import declaration_of
from phonograph.types.kinds import (
    Audio,
    Durations,
    Features,
    Id,
    Lengths,
    LogProbs,
    Loss,
    Mask,
    Network,
    Probs,
    Tokens,
)
from phonograph.types.ports import ports
from phonograph.types.registry import register
from phonograph.types.vocabulary import Vocabulary

KINDS = {
    "audio": Audio("B S"),
    "audio_lengths": Lengths("B", of="S"),
    "features": Features("B D ceil(S/hop)"),
    "feature_lengths": Lengths("B", of="ceil(S/hop)"),
    "log_probs": LogProbs("B T vocab+1"),
    "probs": Probs("B T vocab+1"),
    "mask": Mask("B T"),
    "tokens": Tokens("B L"),
    "durations": Durations("B L"),
    "id": Id("B"),
}
NUMBERS = {"hop": Fraction(160), "vocab": Fraction(5)}


def batch(seed):
    generator = torch.Generator().manual_seed(seed)
    return draw(KINDS, NUMBERS, generator), generator


@pytest.mark.parametrize("seed", range(10))
def test_values_fit_their_ports(seed):
    drawn, _ = batch(seed)
    sizes, values = drawn.axes.sizes, drawn.values
    assert values["audio"].shape == (sizes["B"], sizes["S"])
    assert values["features"].shape == (sizes["B"], sizes["D"], -(-sizes["S"] // 160))
    assert values["log_probs"].shape == (sizes["B"], sizes["T"], 6)
    assert values["audio_lengths"].max() == sizes["S"]
    assert values["feature_lengths"].tolist() == (-(-values["audio_lengths"] // 160)).tolist()
    torch.testing.assert_close(values["log_probs"].exp().sum(-1), torch.ones(values["mask"].shape))
    assert values["mask"].sum(1).tolist() == drawn.axes.lengths["T"].tolist()
    assert 0 <= values["tokens"].min() <= values["tokens"].max() < 5
    assert len(values["id"]) == sizes["B"]


@pytest.mark.parametrize("seed", range(10))
def test_an_utterance_alone_is_its_valid_part(seed):
    drawn, _ = batch(seed)
    for row in range(drawn.axes.sizes["B"]):
        single = alone(KINDS, drawn, row)
        steps = int(drawn.axes.lengths["S"][row])
        assert single.values["audio"].shape == (1, steps)
        assert torch.equal(single.values["audio"][0], drawn.values["audio"][row, :steps])
        assert single.values["audio_lengths"].tolist() == [steps]
        assert single.values["features"].shape[2] == -(-steps // 160)
        assert single.values["mask"].all()
        assert single.values["id"] == [drawn.values["id"][row]]


@pytest.mark.parametrize("seed", range(10))
def test_spoiling_changes_all_of_the_padding_and_nothing_else(seed):
    drawn, generator = batch(seed)
    other = spoilt(KINDS, drawn, generator)
    for row in range(drawn.axes.sizes["B"]):
        for name, value in alone(KINDS, drawn, row).values.items():
            found = alone(KINDS, other, row).values[name]
            assert found == value if KINDS[name].host else torch.equal(found, value)
    steps = torch.arange(drawn.axes.sizes["S"])
    padding = steps >= drawn.axes.lengths["S"][:, None]
    assert torch.equal(other.values["audio"] != drawn.values["audio"], padding)


def test_numbers_come_from_parameters_defaults_and_derived_values():
    class Tiny(nn.Module):
        def __init__(self, vocab: Vocabulary, rows: tuple[int, ...], hop: float = 0.01) -> None:
            super().__init__()

        @staticmethod
        def derived(rows):
            return {"stride": len(rows)}

        @ports(tokens=Tokens("B L"), out={"features": Features("B vocab L*stride*hop")})
        def forward(self, tokens):
            return tokens

    declaration = declaration_of(register("test.tiny", version=1)(Tiny))
    vocab = Vocabulary.of(7, {"type": "characters"})
    assert numbers_of(declaration, {"vocab": vocab, "rows": (1, 2)}) == {
        "vocab": 7,
        "hop": Fraction(1, 100),
        "stride": 2,
    }


def test_values_without_utterances_stay_as_they_are():
    kinds = {"loss": Loss(""), "jumps": Durations("N"), "network": Network(role="joint")}
    generator, network = torch.Generator().manual_seed(0), nn.Linear(2, 2)
    batch = draw(kinds, {}, generator, lambda sizes: {"network": network})
    assert batch.values["network"] is network
    for other in (alone(kinds, batch, 0), spoilt(kinds, batch, generator)):
        assert all(other.values[name] is batch.values[name] for name in kinds)


def test_networks_are_built_for_the_sizes_drawn():
    kinds = {"features": Features("B D T"), "network": Network(role="joint")}
    generator = torch.Generator().manual_seed(0)
    batch = draw(kinds, {}, generator, lambda sizes: {"network": nn.Linear(sizes["D"], 1)})
    assert batch.values["network"].in_features == batch.values["features"].shape[1]
