"""Parts: modules that are arguments of others."""

import torch
from torch import nn

from phonograph.types.declaration import declaration_of
from phonograph.types.kinds import Encoded, Frames
from phonograph.types.part import Part, build_parts, filled, parts_in
from phonograph.types.ports import ports
from phonograph.types.registry import register


@register("toy.scale", version=1, random=True)
class Scale(nn.Module):
    def __init__(self, width: int, factor: float = 2.0) -> None:
        super().__init__()
        self.width, self.factor = width, factor

    @ports(x=Frames("B width T"), out={"y": Encoded("B width T")})
    def forward(self, x):
        return self.factor * x


@register("toy.around", version=1)
class Around(nn.Module):
    def __init__(self, width: int, inside: nn.Module) -> None:
        super().__init__()
        self.inside = inside

    @ports(x=Frames("B width T"), out={"y": Encoded("B width T")})
    def forward(self, x):
        return self.inside(x)


SCALE, AROUND = declaration_of(Scale), declaration_of(Around)


def test_what_is_required_and_not_given_is_lacking():
    assert Part(SCALE, {}).lacks() == ["width"]
    assert Part(SCALE, {"width": 3}).lacks() == []


def test_the_owner_gives_what_is_lacking_and_defaults_the_rest():
    assert Part(SCALE, {}).filled({"width": 4, "factor": 9.0}).parameters == {
        "width": 4,
        "factor": 2.0,
    }


def test_what_is_given_wins_over_the_owner():
    assert Part(SCALE, {"width": 3}).filled({"width": 4}).parameters["width"] == 3


def test_parts_in_lists_are_filled_and_built():
    arguments = {"blocks": [Part(SCALE, {}), Part(SCALE, {"factor": 3.0})], "n": [1, 2]}
    done = build_parts({k: filled(v, {"width": 4}) for k, v in arguments.items()})
    assert [block(torch.ones(1)).item() for block in done["blocks"]] == [2.0, 3.0]
    assert done["n"] == [1, 2]


def test_parts_inside_parts_are_built_and_found():
    part = Part(AROUND, {"width": 2, "inside": Part(SCALE, {"width": 2})})
    assert part.build()(torch.ones(1)).item() == 2.0
    assert [one.declaration.id for one in parts_in(part)] == ["toy.around", "toy.scale"]


def test_a_part_inside_a_part_takes_what_it_lacks_from_the_nearest_that_has_it():
    part = Part(AROUND, {"inside": Part(SCALE, {})})
    inner = part.filled({"width": 4}).parameters["inside"]
    assert inner.parameters == {"width": 4, "factor": 2.0}
    narrow = Part(AROUND, {"width": 3, "inside": Part(SCALE, {})}).filled({"width": 4})
    assert narrow.parameters["inside"].parameters["width"] == 3
